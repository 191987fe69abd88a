//! Which capabilities over the caller's namespace can decide a step whose outcome the model does not predict.
//!
//! The model predicts what credentials decide: maps, setgroups, set*id, namespaces. Of a mount or a message queue it
//! predicts nothing, but the manual pages list the capabilities that such a call asks for. A caller without one of
//! them may be refused where root is not.

use harness_scenario::action::{Action, RawArg, Syscall};
use harness_scenario::caps::{Cap, CapSet};
use std::borrow::Cow;

/// The capabilities that can decide the outcome of this step. Of a call that is not in the table it is nearly
/// every capability: a new call cannot be forgotten.
///
/// Source: capabilities(7), "Capabilities list"; the manual page of each call.
pub fn wants(action: &Action) -> CapSet {
    let caps = match action {
        Action::Syscall(call) => of_call(call),
        Action::OpenFile(..) => FILES,
        Action::Chroot(..) => &[Cap::SysChroot],
        Action::Run(words) => return of_words(words),
        Action::Setns { .. } => &[Cap::SysAdmin],
        Action::WriteHeld { .. } => MAPS,
        Action::Fork
        | Action::ForkCloned
        | Action::Write { .. }
        | Action::Open { .. }
        | Action::PassFd(_)
        | Action::Read { .. }
        | Action::ReadToEnd(_)
        | Action::Setgroups(..)
        | Action::Getgroups { .. }
        | Action::CountGroups { .. }
        | Action::GetCredentials
        | Action::SetId(..)
        | Action::Unshare(_)
        | Action::UnshareOrStop(_)
        | Action::Clone(_)
        | Action::Capset(_)
        | Action::Prctl(..)
        | Action::ReadHeld { .. }
        | Action::Socketpair(_)
        | Action::SendCredentials(_)
        | Action::ReceiveCredentials
        | Action::Clone3(_)
        | Action::CloneAndKeep(_)
        | Action::Exit(_)
        | Action::Child(_)
        | Action::OwnerUid
        | Action::ProcOwner(_) => &[],
    };
    caps.iter().fold(CapSet::EMPTY, |all, cap| all.with(*cap))
}

/// Which capabilities let a process do this beyond a resource limit of its user. The limit of processes does not bind a
/// process that has one of them over the initial namespace.
///
/// Source: getrlimit(2), RLIMIT_NPROC; kernel copy_process().
pub fn exempts_from_limits(action: &Action) -> CapSet {
    match action {
        Action::Fork
        | Action::ForkCloned
        | Action::Clone(_)
        | Action::Clone3(_)
        | Action::CloneAndKeep(_)
        | Action::Child(_)
        | Action::Run(_) => CapSet::EMPTY.with(Cap::SysAdmin).with(Cap::SysResource),
        _ => CapSet::EMPTY,
    }
}

/// A write to a map, where the model does not know what the descriptor is.
///
/// Source: user_namespaces(7), "Defining user and group ID mappings: writing to uid_map and gid_map".
const MAPS: &[Cap] = &[Cap::Setfcap, Cap::Setuid, Cap::Setgid, Cap::SysAdmin];
/// Paths: permission bits and search of directories.
const FILES: &[Cap] = &[Cap::DacOverride, Cap::DacReadSearch];
const MOUNTS: &[Cap] = &[Cap::SysAdmin];
const NODES: &[Cap] = &[Cap::Mknod, Cap::DacOverride, Cap::Fsetid];
const MODES: &[Cap] = &[Cap::Fowner, Cap::Fsetid, Cap::DacOverride, Cap::DacReadSearch];
const OWNERS: &[Cap] = &[Cap::Chown, Cap::Fowner, Cap::Fsetid, Cap::DacOverride, Cap::DacReadSearch];
const ATTRIBUTES: &[Cap] = &[Cap::SysAdmin, Cap::Setfcap, Cap::Fowner, Cap::DacOverride];
const IPC: &[Cap] = &[Cap::IpcOwner, Cap::DacOverride];
const IPC_CONTROL: &[Cap] = &[Cap::IpcOwner, Cap::SysAdmin];
const SOCKETS: &[Cap] = &[Cap::NetAdmin, Cap::NetRaw, Cap::NetBroadcast, Cap::NetBindService];

/// Calls that ask for no capability. What raises a limit is decided by the limits of the caller, which are facts.
const ASK_FOR_NOTHING: [i64; 25] = [
    libc::SYS_prlimit64,
    libc::SYS_getpriority,
    libc::SYS_getsockopt,
    libc::SYS_memfd_create,
    libc::SYS_read,
    libc::SYS_pread64,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_dup3,
    libc::SYS_close,
    libc::SYS_mmap,
    libc::SYS_nanosleep,
    libc::SYS_getpid,
    libc::SYS_getuid,
    libc::SYS_getgid,
    libc::SYS_geteuid,
    libc::SYS_getegid,
    libc::SYS_getresuid,
    libc::SYS_getresgid,
    libc::SYS_getgroups,
    libc::SYS_signalfd4,
    libc::SYS_waitid,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_pidfd_open,
];

fn of_call(call: &Syscall) -> &'static [Cap] {
    match call.number {
        libc::SYS_write
        | libc::SYS_writev
        | libc::SYS_pwritev
        | libc::SYS_pwritev2
        | libc::SYS_splice
        | libc::SYS_sendfile
        | libc::SYS_copy_file_range => MAPS,
        libc::SYS_pwrite64 if call.args.first() == Some(&RawArg::Held) => MAPS,
        libc::SYS_mknodat if !makes_a_device(call) => FILES,
        libc::SYS_mknodat => NODES,
        libc::SYS_mount
        | libc::SYS_umount2
        | libc::SYS_pivot_root
        | libc::SYS_fsopen
        | libc::SYS_fsconfig
        | libc::SYS_fsmount
        | libc::SYS_move_mount
        | libc::SYS_sethostname
        | libc::SYS_keyctl
        | libc::SYS_add_key => MOUNTS,
        libc::SYS_setns => &[Cap::SysAdmin, Cap::SysChroot],
        libc::SYS_openat | libc::SYS_statx if names_a_link(call) => &[Cap::SysPtrace, Cap::DacOverride],
        libc::SYS_openat
        | libc::SYS_mkdirat
        | libc::SYS_symlinkat
        | libc::SYS_statx
        | libc::SYS_chdir
        | libc::SYS_execve
        | libc::SYS_fchdir => FILES,
        libc::SYS_fchmod | libc::SYS_fchmodat => MODES,
        libc::SYS_fchown | libc::SYS_fchownat => OWNERS,
        libc::SYS_setxattr => ATTRIBUTES,
        libc::SYS_semget | libc::SYS_msgget | libc::SYS_shmget | libc::SYS_semop | libc::SYS_mq_open => IPC,
        libc::SYS_semctl | libc::SYS_msgctl | libc::SYS_shmctl => IPC_CONTROL,
        libc::SYS_kill | libc::SYS_rt_sigqueueinfo => &[Cap::Kill],
        libc::SYS_setpriority => &[Cap::SysNice],
        libc::SYS_setsockopt | libc::SYS_sendto | libc::SYS_ioctl => SOCKETS,
        libc::SYS_chroot => &[Cap::SysChroot],
        libc::SYS_setgroups => &[Cap::Setgid],
        libc::SYS_prctl | libc::SYS_capset => &[Cap::Setpcap],
        number if ASK_FOR_NOTHING.contains(&number) => &[],
        number => super::asked::asked(number).unwrap_or(EVERY),
    }
}

/// Whether a path leads through a link of /proc/PID, such as ns/user or root, which asks for the right to trace.
/// Source: proc(5), "/proc/pid/ns/"; kernel ns_get_path(), proc_pid_get_link(): ptrace_may_access().
fn names_a_link(call: &Syscall) -> bool {
    let link = |name: &str| ["ns/", "root", "cwd", "exe", "fd"].iter().any(|link| name.starts_with(link));
    call.args.iter().any(|arg| matches!(arg, RawArg::ProcPath(_, name) if link(name)))
}

/// mknod(2) of a regular file, a socket or a FIFO needs no capability.
fn makes_a_device(call: &Syscall) -> bool {
    let mode = match call.args.get(2) {
        Some(RawArg::Number(mode)) => *mode,
        _ => return true,
    };
    let kind = mode & i64::from(libc::S_IFMT);
    [libc::S_IFCHR, libc::S_IFBLK].map(i64::from).contains(&kind)
}

/// What a command asks for: its program, and each program that it runs in turn, as `strace sudo -u daemon id` does.
fn of_words(words: &[Cow<'static, str>]) -> CapSet {
    let set = |caps: &[Cap]| caps.iter().fold(CapSet::EMPTY, |all, cap| all.with(*cap));
    let first = words.first().map_or("", |word| word);
    let others = words.iter().skip(1).filter(|word| known(word).is_some());
    let all = others.map(|word| of_program(word)).chain([of_program(first)]);
    all.fold(CapSet::EMPTY, |sum, caps| CapSet(sum.0 | set(caps).0))
}

/// What a program of this name asks for. A program that is not in the table may ask for anything.
fn of_program(name: &str) -> &'static [Cap] {
    known(name).unwrap_or(EVERY)
}

fn known(name: &str) -> Option<&'static [Cap]> {
    Some(match name.rsplit('/').next().unwrap_or(name) {
        "cat" | "id" | "stat" | "sleep" | "sed" | "grep" | "echo" | "true" | "false" => &[],
        "cp" => FILES,
        // A script may run anything, and leave it to be killed.
        "sh" => &[Cap::DacOverride, Cap::DacReadSearch, Cap::Kill],
        "chroot" => &[Cap::SysChroot, Cap::Setuid, Cap::Setgid],
        "mount" => MOUNTS,
        "unshare" => &[Cap::SysAdmin, Cap::Setuid, Cap::Setgid, Cap::Setfcap],
        "newuidmap" | "newgidmap" => &[Cap::Setuid, Cap::Setgid, Cap::Setfcap, Cap::DacOverride],
        "setpriv" => &[Cap::Setuid, Cap::Setgid, Cap::Setpcap],
        "strace" => &[Cap::Setuid, Cap::Setgid, Cap::SysPtrace],
        "sudo" | "su" | "runuser" | "sg" | "newgrp" | "start-stop-daemon" | "apt-helper" => {
            &[Cap::Setuid, Cap::Setgid, Cap::AuditWrite]
        }
        _ => return None,
    })
}

/// Those that a new call or program is most likely to need, so that a plain caller without them is not misjudged.
const EVERY: &[Cap] = &[
    Cap::Chown,
    Cap::DacOverride,
    Cap::DacReadSearch,
    Cap::Fowner,
    Cap::Fsetid,
    Cap::Kill,
    Cap::Setgid,
    Cap::Setuid,
    Cap::Setpcap,
    Cap::NetBindService,
    Cap::NetAdmin,
    Cap::NetRaw,
    Cap::IpcLock,
    Cap::IpcOwner,
    Cap::SysChroot,
    Cap::SysPtrace,
    Cap::SysAdmin,
    Cap::SysNice,
    Cap::SysResource,
    Cap::Mknod,
    Cap::AuditWrite,
    Cap::Setfcap,
    Cap::Perfmon,
    Cap::Bpf,
    Cap::CheckpointRestore,
];

#[cfg(test)]
mod tests {
    use super::*;
    use harness_scenario::action::{run, syscall};

    #[test]
    fn a_call_that_is_not_in_the_table_may_ask_for_everything() {
        let swapon = syscall("swapon", libc::SYS_swapon, Vec::new());

        for unknown in [swapon, run(&["/opt/unknown"])] {
            assert!(EVERY.iter().all(|cap| wants(&unknown).contains(*cap)));
        }
        assert_eq!(wants(&run(&["/usr/bin/id"])), CapSet::EMPTY);
    }

    #[test]
    fn only_devices_need_mknod() {
        let mknod = |mode: libc::mode_t| {
            let path = RawArg::Bytes(b"x\0"[..].into());
            syscall("mknod", libc::SYS_mknodat, vec![RawArg::Number(-100), path, RawArg::Number(mode.into())])
        };

        assert!(!wants(&mknod(libc::S_IFREG)).contains(Cap::Mknod));
        assert!(wants(&mknod(libc::S_IFCHR)).contains(Cap::Mknod));
    }
}
