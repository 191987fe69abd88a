//! What raw system calls can change.

use super::paths::Found;
use super::standing::{Certain, Held, Root, Whose};
use super::{Reach, Stage};
use crate::action::{Entry, OnRefusal, RawArg, Results, Syscall};
use crate::actors::Actor;

/// Calls that change nothing but the process that makes them, or nothing at all.
const OWN: [i64; 46] = [
    libc::SYS_brk,
    libc::SYS_capget,
    libc::SYS_capset,
    libc::SYS_clock_gettime,
    libc::SYS_close_range,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_fstat,
    libc::SYS_futex,
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getgroups,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getpriority,
    libc::SYS_getresgid,
    libc::SYS_getresuid,
    libc::SYS_getsid,
    libc::SYS_getuid,
    libc::SYS_lseek,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_prctl,
    libc::SYS_pread64,
    libc::SYS_read,
    libc::SYS_readlinkat,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_sched_yield,
    libc::SYS_seccomp,
    libc::SYS_setfsgid,
    libc::SYS_setfsuid,
    libc::SYS_setgid,
    libc::SYS_setgroups,
    libc::SYS_setregid,
    libc::SYS_setresgid,
    libc::SYS_setresuid,
    libc::SYS_setreuid,
    libc::SYS_setrlimit,
    libc::SYS_setuid,
    libc::SYS_statx,
    libc::SYS_uname,
    libc::SYS_wait4,
    libc::SYS_waitid,
];

/// The calls of i386 that set or return the ids and groups of the process, through int 0x80.
const OWN_I386: [i64; 42] = [
    // setuid16, getuid16, setgid16, getgid16, geteuid16, getegid16, setreuid16, setregid16
    23, 24, 46, 47, 49, 50, 70, 71, // getgroups16, setgroups16, setfsuid16, setfsgid16
    80, 81, 138, 139, // setresuid16, getresuid16, setresgid16, getresgid16
    164, 165, 170, 171, // getuid32 to getgid32, geteuid32, getegid32, setreuid32, setregid32
    199, 200, 201, 202, 203,
    204, // getgroups32, setgroups32, setresuid32, getresuid32, setresgid32, getresgid32
    205, 206, 208, 209, 210, 211, // setuid32, setgid32, setfsuid32, setfsgid32
    213, 214, 215,
    216, // exit, getpid, getppid, umask, getpgrp, time, nanosleep, sched_yield, uname, prctl
    1, 20, 64, 60, 65, 13, 162, 158, 122, 172,
];

/// Calls about System V objects and message queues, which belong to an IPC namespace.
const IPC: [i64; 13] = [
    libc::SYS_semget,
    libc::SYS_semctl,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_msgget,
    libc::SYS_msgctl,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_shmget,
    libc::SYS_shmctl,
    libc::SYS_shmat,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
];

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
                Self::change_held(&self.referred(actor, first))?;
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
        let at = |directory, path| Self::change(&self.locate(actor, directory, args.get(path)));
        match call {
            libc::SYS_mknodat => {
                let kind = number(args, 2).and_then(|mode| u32::try_from(mode).ok()).ok_or(Reach::Unknown)?;
                match kind & libc::S_IFMT {
                    // A device would reach what it stands for.
                    libc::S_IFCHR | libc::S_IFBLK => Err(Reach::Unknown),
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
            LCHOWN | CHOWN => Self::change(&self.locate(actor, Some(&HERE), args.first()))?,
            FCHOWN => Self::change_held(&self.referred(actor, args.first()))?,
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
