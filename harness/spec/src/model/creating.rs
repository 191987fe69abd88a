//! How namespaces are created, and how a process enters one.

use super::credentials::{Caps, Credentials, FOR_ALL, with_locks};
use super::world::{Creator, Dumpable, Namespace, NsId, Pids, Process};
use super::{Checked, Refusal, World, refuse, refuse_by};
use crate::rules::named;
use harness_scenario::action::{IdFile, NsFile};
use harness_scenario::caps::{Cap, CapSet};
use libc::{
    CLONE_FILES, CLONE_FS, CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID,
    CLONE_NEWTIME, CLONE_NEWUSER, CLONE_NEWUTS, CLONE_SIGHAND, CLONE_SYSVSEM, CLONE_THREAD, CLONE_VM,
};
use nix::errno::Errno::{EACCES, EINVAL, ENOMEM, ENOSPC, EPERM};

/// The greatest number of namespaces above a parent.
/// Source: user_namespaces(7), "Nested namespaces"; kernel create_user_ns().
const DEEPEST_PARENT: u32 = 32;

/// The flags of the namespaces that a user namespace owns.
const OWNED: i32 =
    CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWCGROUP | CLONE_NEWTIME;

/// The flags that unshare(2) accepts.
const KNOWN: i32 =
    OWNED | CLONE_NEWUSER | CLONE_FILES | CLONE_FS | CLONE_SYSVSEM | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;

/// UNSHARE_EMPTY_MNTNS: a mount namespace with nothing in it.
const EMPTY_MNTNS: i32 = 0x0010_0000;

impl World {
    /// Creates a user namespace, and changes these credentials to those that its creator has in it.
    /// Source: user_namespaces(7); kernel create_user_ns(), set_cred_user_ns().
    pub(super) fn create(&mut self, creator: &Process) -> Result<Credentials, Refusal> {
        let (all, cred) = (&mut self.namespaces, &creator.cred);
        let parent = cred.ns;
        if all[parent].level > DEEPEST_PARENT {
            return Err(Refusal::by(ENOSPC, const { named("limit.depth") }));
        }
        if creator.chrooted {
            return Err(Refusal::by(EPERM, const { named("create.chrooted") }));
        }
        if all.map(parent, IdFile::UidMap).up(cred.uid.effective).is_none() {
            return Err(Refusal::by(EPERM, const { named("create.unmapped-uid") }));
        }
        if all.map(parent, IdFile::GidMap).up(cred.gid.effective).is_none() {
            return Err(Refusal::by(EPERM, const { named("create.unmapped-gid") }));
        }
        let ns = all.add(Namespace {
            parent: Some(parent),
            owner: cred.uid.effective,
            level: all[parent].level + 1,
            setgroups: all[parent].setgroups,
            creator: match cred.caps.effective.contains(Cap::Setfcap) {
                true => Creator::HadSetfcap,
                false => Creator::LackedSetfcap,
            },
            maps: Default::default(),
        });
        Ok(self.entered(cred, ns))
    }

    /// The credentials of a process that enters a namespace: ids and groups stay, every capability is there.
    /// Source: user_namespaces(7), "Capabilities"; kernel set_cred_user_ns().
    fn entered(&self, cred: &Credentials, ns: NsId) -> Credentials {
        let full = CapSet::up_to(self.names.last_cap);
        let none = CapSet::EMPTY;
        let caps =
            Caps { effective: full, permitted: full, bounding: full, inheritable: none, ambient: none };
        let kept = if self.changes.exec_bits_kept { with_locks(FOR_ALL) } else { 0 };
        Credentials { ns, caps, securebits: cred.securebits & kept, ..cred.clone() }
    }

    /// Source: unshare(2); kernel ksys_unshare(), check_unshare_flags().
    pub(super) fn unshare(&mut self, process: &mut Process, flags: i32) -> Checked {
        let empty = if self.changes.empty_mount_namespace { EMPTY_MNTNS } else { 0 };
        if flags & !(KNOWN | empty) != 0 {
            return refuse_by(EINVAL, const { named("create.unknown-flag") });
        }
        let flags = if flags & EMPTY_MNTNS != 0 { flags | CLONE_NEWNS } else { flags };
        // A new user namespace applies to the whole process, which must not share its root directory.
        let apart = flags & (CLONE_NEWUSER | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM) != 0;
        if apart && process.shares & CLONE_THREAD != 0 {
            return refuse_by(EINVAL, const { named("create.threads") });
        }
        // A process that stops sharing memory also stops sharing signal handlers. It may stop sharing signal handlers
        // alone.
        let handlers = flags & (CLONE_SIGHAND | CLONE_VM) != 0 && process.shares & CLONE_SIGHAND != 0;
        if handlers || flags & process.shares & CLONE_VM != 0 {
            return refuse(EINVAL);
        }
        let new = if flags & CLONE_NEWUSER != 0 { self.create(process)? } else { process.cred.clone() };
        let needs = flags & OWNED != 0;
        if needs && !self.namespaces.capable(&process.cred, new.ns, Cap::SysAdmin) {
            return refuse_by(EPERM, const { named("owner.only-there") });
        }
        if flags & CLONE_NEWPID != 0 {
            Self::new_pids(process)?;
            process.pids = Pids::New;
        }
        if flags & CLONE_NEWUTS != 0 {
            process.uts_owner = new.ns;
        }
        if flags & (CLONE_NEWUSER | CLONE_NEWNS | CLONE_FS) != 0 {
            process.shares &= !CLONE_FS;
        }
        if flags & CLONE_NEWUSER != 0 {
            process.commit(new, &self.namespaces);
        }
        Ok(())
    }

    /// The child of clone(2), before its first step.
    /// Source: clone(2); kernel copy_process(), copy_creds(), copy_namespaces().
    pub(super) fn clone_child(&mut self, parent: &Process, flags: i32) -> Result<Process, Refusal> {
        let both = |one: i32, other: i32| flags & one != 0 && flags & other != 0;
        if both(CLONE_NEWNS, CLONE_FS) || both(CLONE_NEWUSER, CLONE_FS) {
            return Err(Refusal::by(EINVAL, const { named("create.shared-fs") }));
        }
        let without = |one: i32, other: i32| flags & one != 0 && flags & other == 0;
        if without(CLONE_THREAD, CLONE_SIGHAND) || without(CLONE_SIGHAND, CLONE_VM) {
            return Err(Refusal::without_rule(EINVAL));
        }
        if both(CLONE_THREAD, CLONE_NEWUSER) || both(CLONE_THREAD, CLONE_NEWPID) {
            return Err(Refusal::by(EINVAL, const { named("create.shared-thread-group") }));
        }
        if flags & CLONE_THREAD != 0 && parent.pids != Pids::Own {
            return Err(Refusal::by(EINVAL, const { named("create.pid-and-threads") }));
        }
        // The parent stays alive beside the child that acts in its place.
        let mut child = Process { shares: flags & CLONE_FS, named: None, pids: Pids::Own, ..parent.clone() };
        if flags & CLONE_NEWUSER != 0 {
            child.cred = self.create(parent)?;
        }
        if flags & OWNED != 0 && !self.namespaces.capable(&parent.cred, child.cred.ns, Cap::SysAdmin) {
            return Err(Refusal::by(EPERM, const { named("owner.only-there") }));
        }
        if both(CLONE_NEWIPC, CLONE_SYSVSEM) {
            return Err(Refusal::by(EINVAL, const { named("create.ipc-and-undo") }));
        }
        if flags & CLONE_NEWUTS != 0 {
            child.uts_owner = child.cred.ns;
        }
        if flags & CLONE_NEWPID != 0 {
            Self::new_pids(parent)?;
        } else if parent.pids == Pids::Ended {
            return Err(Refusal::by(ENOMEM, const { named("create.pid-first-gone") }));
        }
        Ok(child)
    }

    /// Whether a process may make a PID namespace for its children.
    /// Source: pid_namespaces(7); kernel copy_pid_ns(): task_active_pid_ns().
    fn new_pids(process: &Process) -> Checked {
        match process.pids {
            Pids::Own => Ok(()),
            _ => refuse_by(EINVAL, const { named("create.one-pid-namespace") }),
        }
    }

    /// Opens a namespace file of another process, or of the process itself, and joins the namespace.
    /// Source: setns(2); namespaces(7), "The /proc/pid/ns/ directory"; kernel proc_ns_get_link(),
    /// userns_install(), utsns_install().
    pub(super) fn setns(
        &self,
        process: &mut Process,
        of: Option<&Process>,
        file: NsFile,
        nstype: i32,
    ) -> Checked {
        let all = &self.namespaces;
        if of.is_some_and(|other| !self.may_look_into(&process.cred, other)) {
            return Err(Refusal { call: "open", ..Refusal::by(EACCES, const { named("ask.link") }) });
        }
        let target = of.unwrap_or(process);
        let (kind, ns) = match file {
            NsFile::User => (CLONE_NEWUSER, target.cred.ns),
            NsFile::Uts => (CLONE_NEWUTS, target.uts_owner),
        };
        if nstype != 0 && nstype != kind {
            return refuse_by(EINVAL, const { named("join.other-type") });
        }
        if file == NsFile::Uts {
            let both = [ns, process.cred.ns].iter().all(|ns| all.capable(&process.cred, *ns, Cap::SysAdmin));
            if !both {
                return refuse_by(EPERM, const { named("owner.only-there") });
            }
            process.uts_owner = ns;
            return Ok(());
        }
        self.may_join(process, ns)?;
        let new = self.entered(&process.cred, ns);
        process.commit(new, all);
        Ok(())
    }

    /// Whether a process may join another user namespace.
    /// Source: setns(2); kernel userns_install().
    fn may_join(&self, process: &Process, ns: NsId) -> Checked {
        if ns == process.cred.ns {
            return refuse_by(EINVAL, const { named("join.own") });
        }
        if process.shares & CLONE_THREAD != 0 {
            return refuse_by(EINVAL, const { named("join.threads") });
        }
        if process.shares & CLONE_FS != 0 {
            return refuse_by(EINVAL, const { named("join.shared-fs") });
        }
        if !self.namespaces.capable(&process.cred, ns, Cap::SysAdmin) {
            return refuse_by(EPERM, const { named("join.needs-sys-admin") });
        }
        Ok(())
    }

    /// prctl(2) with the options that concern credentials. `None` for other options.
    pub(super) fn prctl(&self, process: &mut Process, option: i32, value: u64) -> Option<Checked> {
        let all = &self.namespaces;
        Some(match option {
            libc::PR_SET_DUMPABLE => match value {
                0 | 1 => {
                    process.dumpable = if value == 1 { Dumpable::Yes } else { Dumpable::No };
                    Ok(())
                }
                _ => refuse(EINVAL),
            },
            libc::PR_SET_KEEPCAPS => all.set_keepcaps(&mut process.cred, value),
            libc::PR_SET_SECUREBITS => {
                let for_all = if self.changes.bits_for_all { FOR_ALL } else { 0 };
                all.set_securebits(&mut process.cred, value, for_all)
            }
            libc::PR_SET_NO_NEW_PRIVS | libc::PR_SET_PDEATHSIG => Ok(()),
            _ => return None,
        })
    }
}
