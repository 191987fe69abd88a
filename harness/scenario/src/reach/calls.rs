//! What raw system calls can change.

use super::known::{IPC, OWN, OWN_I386};
use super::paths::Found;
use super::standing::{Certain, Held, Root, Whose};
use super::{Reach, Stage};
use crate::action::{Entry, OnRefusal, RawArg, Results, Syscall};
use crate::actors::Actor;

/// The number in an argument; one that is left out is 0.
pub fn number(args: &[RawArg], at: usize) -> Option<i64> {
    match args.get(at) {
        Some(RawArg::Number(number)) => Some(*number),
        None => Some(0),
        Some(_) => None,
    }
}

impl Stage<'_> {
    /// A system call that has no action of its own.
    pub(super) fn call(&mut self, actor: Actor, call: &Syscall) -> Result<(), Reach> {
        let certain = match call.on_refusal {
            OnRefusal::Stop => Certain::Yes,
            OnRefusal::GoOn => Certain::No,
        };
        let args = &call.args;
        let returned = match call.entry {
            Entry::Native => self.native(actor, call.number, args, certain)?,
            Entry::I386 => self.compat(actor, call.number, args)?,
        };
        if call.results == Results::Fd {
            self.of(actor).held = returned;
        }
        Ok(())
    }

    /// A call by its number: what it returns as a descriptor.
    fn native(&mut self, actor: Actor, call: i64, args: &[RawArg], certain: Certain) -> Result<Held, Reach> {
        let (first, second) = (args.first(), args.get(1));
        if let Some(newer) = self.newer(actor, call, args) {
            return newer;
        }
        match call {
            _ if OWN.contains(&call) => return Ok(Held::Nothing),
            _ if IPC.contains(&call) && self.of(actor).ipc == Whose::Own => return Ok(Held::Number),
            _ if IPC.contains(&call) => return Err(Reach::Ipc),
            libc::SYS_memfd_create => return Ok(Held::Private),
            libc::SYS_pidfd_open => return Ok(Held::Process),
            libc::SYS_signalfd4 => return Ok(Held::Socket),
            libc::SYS_openat => {
                let flags = number(args, 2).ok_or(Reach::Unknown)?;
                return self.open(actor, self.locate(actor, first, second), flags);
            }
            libc::SYS_ioctl => return Self::ioctl(&self.referred(actor, first), second),
            libc::SYS_keyctl | libc::SYS_add_key => {
                return self.keys(actor, call, args, certain).map(|()| Held::Number);
            }
            libc::SYS_mount
            | libc::SYS_move_mount
            | libc::SYS_umount2
            | libc::SYS_fsopen
            | libc::SYS_fsconfig
            | libc::SYS_fsmount => return self.mounting(actor, call, args, certain),
            _ => self.without_descriptor(actor, call, args, certain)?,
        }
        Ok(Held::Nothing)
    }

    /// Calls that return no descriptor.
    fn without_descriptor(
        &mut self,
        actor: Actor,
        call: i64,
        args: &[RawArg],
        certain: Certain,
    ) -> Result<(), Reach> {
        let first = args.first();
        match call {
            libc::SYS_unshare => self.unshare(actor, flags(args, 0)?, certain),
            libc::SYS_setns => self.setns(actor, first, flags(args, 1)?),
            libc::SYS_close if first == Some(&RawArg::Held) => self.of(actor).held = Held::Nothing,
            libc::SYS_close => {}
            libc::SYS_dup3 => {
                let (held, to) = (self.referred(actor, first), number(args, 1).ok_or(Reach::Unknown)?);
                self.of(actor).numbered.push((to, held));
            }
            libc::SYS_write | libc::SYS_pwrite64 => self.write_held(&self.referred(actor, first))?,
            libc::SYS_fchown | libc::SYS_fchmod | libc::SYS_ftruncate | libc::SYS_fsetxattr => {
                self.change_held(&self.referred(actor, first))?;
            }
            libc::SYS_fchdir | libc::SYS_chdir => self.change_directory(actor, call, args, certain),
            libc::SYS_chroot => self.change_root(actor, args),
            libc::SYS_sethostname | libc::SYS_setdomainname if self.of(actor).uts != Whose::Own => {
                return Err(Reach::HostName);
            }
            libc::SYS_sethostname | libc::SYS_setdomainname => {}
            libc::SYS_getsockopt | libc::SYS_setsockopt | libc::SYS_sendto | libc::SYS_recvfrom => {
                match self.referred(actor, first) {
                    Held::Socket | Held::Nothing => {}
                    _ => return Err(Reach::Unknown),
                }
            }
            // 0 is the process itself here, and its process group for kill(2).
            libc::SYS_prlimit64 if first == Some(&RawArg::Number(0)) => {}
            libc::SYS_kill | libc::SYS_rt_sigqueueinfo | libc::SYS_prlimit64 => signal(call, args)?,
            libc::SYS_setpriority => match (number(args, 0), args.get(1)) {
                (Some(0), Some(RawArg::Number(0) | RawArg::Pid | RawArg::PidOf(_))) => {}
                _ => return Err(Reach::Processes),
            },
            _ => self.files(actor, call, args)?,
        }
        Ok(())
    }

    /// Calls that name a file by its path.
    fn files(&self, actor: Actor, call: i64, args: &[RawArg]) -> Result<(), Reach> {
        const HERE: RawArg = RawArg::Number(libc::AT_FDCWD as i64);
        let at = |directory, path| self.change(&self.locate(actor, directory, args.get(path)));
        match call {
            libc::SYS_mknodat => {
                let kind = number(args, 2).and_then(|mode| u32::try_from(mode).ok()).ok_or(Reach::Unknown)?;
                match kind & libc::S_IFMT {
                    libc::S_IFBLK => Err(Reach::Unknown),
                    libc::S_IFCHR => self.device(actor, args, &self.locate(actor, args.first(), args.get(1))),
                    _ => at(args.first(), 1),
                }
            }
            // No file that lies directly in /proc can be executed.
            libc::SYS_execve => match self.locate(actor, Some(&HERE), args.first()) {
                Found::Hosts(path) if path.strip_prefix("/proc/").is_some_and(|name| !name.contains('/')) => {
                    Ok(())
                }
                _ => Err(Reach::Unknown),
            },
            libc::SYS_mkdirat | libc::SYS_fchownat | libc::SYS_fchmodat | libc::SYS_unlinkat => {
                at(args.first(), 1)
            }
            libc::SYS_setxattr | libc::SYS_lsetxattr | libc::SYS_truncate => at(Some(&HERE), 0),
            libc::SYS_symlinkat => {
                // A link that leads out of the place would take later steps with it.
                match args.first() {
                    Some(RawArg::Bytes(target))
                        if !target.starts_with(b"/") && !target.starts_with(b"..") => {}
                    _ => return Err(Reach::Files),
                }
                at(args.get(1), 2)
            }
            _ => Err(Reach::Unknown),
        }
    }

    /// Calls through int 0x80.
    fn compat(&self, actor: Actor, call: i64, args: &[RawArg]) -> Result<Held, Reach> {
        const LCHOWN: i64 = 16;
        const FCHOWN: i64 = 95;
        const CHOWN: i64 = 182;
        const HERE: RawArg = RawArg::Number(libc::AT_FDCWD as i64);
        match call {
            LCHOWN | CHOWN => self.change(&self.locate(actor, Some(&HERE), args.first()))?,
            FCHOWN => self.change_held(&self.referred(actor, args.first()))?,
            _ if OWN_I386.contains(&call) => {}
            _ => return Err(Reach::Unknown),
        }
        Ok(Held::Nothing)
    }

    /// The working directory belongs to the scenario only if it certainly has become one that does.
    fn change_directory(&mut self, actor: Actor, call: i64, args: &[RawArg], certain: Certain) {
        let whose = match (call, self.referred(actor, args.first())) {
            (libc::SYS_fchdir, Held::Private | Held::Mount) => Whose::Own,
            // EBADF: it stays where it is.
            (libc::SYS_fchdir, Held::Nothing) => self.of(actor).cwd,
            (libc::SYS_fchdir, _) => Whose::Hosts,
            _ => match self.locate(actor, Some(&RawArg::Number(libc::AT_FDCWD.into())), args.first()) {
                Found::Private => Whose::Own,
                _ => Whose::Hosts,
            },
        };
        let standing = self.of(actor);
        standing.cwd = match certain {
            Certain::Yes => whose,
            Certain::No => whose.min(standing.cwd),
        };
    }

    fn change_root(&mut self, actor: Actor, args: &[RawArg]) {
        if args.first() != Some(&RawArg::Bytes(b"/\0".as_slice().into())) {
            self.of(actor).root = Root::Changed;
        }
    }

    /// setns(2), whose descriptor may be one of a namespace or of a process.
    fn setns(&mut self, actor: Actor, fd: Option<&RawArg>, nstype: i32) {
        match self.referred(actor, fd) {
            Held::Namespace(of, kind) => self.join(actor, of, kind),
            // Whether it is above, beside or below is not known: nothing is certain of its user namespace any more.
            Held::SomeUserns => self.of(actor).userns = Whose::Hosts,
            Held::Process | Held::Unknown => {
                let standing = self.of(actor);
                (standing.userns, standing.uts) = (Whose::Hosts, Whose::Hosts);
                (standing.ipc, standing.net) = (Whose::Hosts, Whose::Hosts);
                if nstype == 0 || nstype & libc::CLONE_NEWNS != 0 {
                    (standing.mounts, standing.cwd) = (0, Whose::Hosts);
                }
            }
            _ => {}
        }
    }
}

fn flags(args: &[RawArg], at: usize) -> Result<i32, Reach> {
    number(args, at).and_then(|flags| i32::try_from(flags).ok()).ok_or(Reach::Unknown)
}

/// A call whose first argument is a process id, as of kill(2) and prlimit(2). Signal 0 only asks.
fn signal(call: i64, args: &[RawArg]) -> Result<(), Reach> {
    match (args.first(), args.get(1)) {
        (Some(RawArg::Pid | RawArg::PidOf(_)), _) => Ok(()),
        (_, Some(RawArg::Number(0))) if call == libc::SYS_kill => Ok(()),
        _ => Err(Reach::Processes),
    }
}
