//! The names of numbers in C.

use harness_scenario::show::clone_flags;

/// System calls by number: those that scenarios make without an action of their own, and their numbers of arguments.
const CALLS: [(i64, &str, usize); 84] = [
    (libc::SYS_add_key, "SYS_add_key", 5),
    (libc::SYS_bpf, "SYS_bpf", 3),
    (libc::SYS_capget, "SYS_capget", 2),
    (libc::SYS_capset, "SYS_capset", 2),
    (libc::SYS_chdir, "SYS_chdir", 1),
    (libc::SYS_chroot, "SYS_chroot", 1),
    (libc::SYS_clone, "SYS_clone", 5),
    (libc::SYS_clone3, "SYS_clone3", 2),
    (libc::SYS_close, "SYS_close", 1),
    (libc::SYS_close_range, "SYS_close_range", 3),
    (libc::SYS_dup, "SYS_dup", 1),
    (libc::SYS_dup3, "SYS_dup3", 3),
    (libc::SYS_execve, "SYS_execve", 3),
    (libc::SYS_faccessat, "SYS_faccessat", 3),
    (libc::SYS_fchdir, "SYS_fchdir", 1),
    (libc::SYS_fchmod, "SYS_fchmod", 2),
    (libc::SYS_fchmodat, "SYS_fchmodat", 3),
    (libc::SYS_fchown, "SYS_fchown", 3),
    (libc::SYS_fchownat, "SYS_fchownat", 5),
    (libc::SYS_fsconfig, "SYS_fsconfig", 5),
    (libc::SYS_fsmount, "SYS_fsmount", 3),
    (libc::SYS_fsopen, "SYS_fsopen", 2),
    (libc::SYS_ftruncate, "SYS_ftruncate", 2),
    (libc::SYS_getegid, "SYS_getegid", 0),
    (libc::SYS_geteuid, "SYS_geteuid", 0),
    (libc::SYS_getgid, "SYS_getgid", 0),
    (libc::SYS_getgroups, "SYS_getgroups", 2),
    (libc::SYS_getpid, "SYS_getpid", 0),
    (libc::SYS_getppid, "SYS_getppid", 0),
    (libc::SYS_getpriority, "SYS_getpriority", 2),
    (libc::SYS_getresgid, "SYS_getresgid", 3),
    (libc::SYS_getresuid, "SYS_getresuid", 3),
    (libc::SYS_getsockopt, "SYS_getsockopt", 5),
    (libc::SYS_getuid, "SYS_getuid", 0),
    (libc::SYS_ioctl, "SYS_ioctl", 3),
    (libc::SYS_keyctl, "SYS_keyctl", 5),
    (libc::SYS_kill, "SYS_kill", 2),
    (libc::SYS_linkat, "SYS_linkat", 5),
    (libc::SYS_memfd_create, "SYS_memfd_create", 2),
    (libc::SYS_mkdirat, "SYS_mkdirat", 3),
    (libc::SYS_mknodat, "SYS_mknodat", 4),
    (libc::SYS_mmap, "SYS_mmap", 6),
    (libc::SYS_mount, "SYS_mount", 5),
    (libc::SYS_move_mount, "SYS_move_mount", 5),
    (libc::SYS_mq_open, "SYS_mq_open", 4),
    (libc::SYS_msgctl, "SYS_msgctl", 3),
    (libc::SYS_msgget, "SYS_msgget", 2),
    (libc::SYS_nanosleep, "SYS_nanosleep", 2),
    (libc::SYS_openat, "SYS_openat", 4),
    (libc::SYS_pidfd_open, "SYS_pidfd_open", 2),
    (libc::SYS_pivot_root, "SYS_pivot_root", 2),
    (libc::SYS_ppoll, "SYS_ppoll", 5),
    (libc::SYS_prctl, "SYS_prctl", 5),
    (libc::SYS_pread64, "SYS_pread64", 4),
    (libc::SYS_prlimit64, "SYS_prlimit64", 4),
    (libc::SYS_pwrite64, "SYS_pwrite64", 4),
    (libc::SYS_read, "SYS_read", 3),
    (libc::SYS_rt_sigprocmask, "SYS_rt_sigprocmask", 4),
    (libc::SYS_rt_sigqueueinfo, "SYS_rt_sigqueueinfo", 3),
    (libc::SYS_rt_sigtimedwait, "SYS_rt_sigtimedwait", 4),
    (libc::SYS_semctl, "SYS_semctl", 4),
    (libc::SYS_semget, "SYS_semget", 3),
    (libc::SYS_sendto, "SYS_sendto", 6),
    (libc::SYS_setdomainname, "SYS_setdomainname", 2),
    (libc::SYS_setgroups, "SYS_setgroups", 2),
    (libc::SYS_sethostname, "SYS_sethostname", 2),
    (libc::SYS_setns, "SYS_setns", 2),
    (libc::SYS_setpriority, "SYS_setpriority", 3),
    (libc::SYS_setresgid, "SYS_setresgid", 3),
    (libc::SYS_setresuid, "SYS_setresuid", 3),
    (libc::SYS_setsockopt, "SYS_setsockopt", 5),
    (libc::SYS_setxattr, "SYS_setxattr", 5),
    (libc::SYS_shmctl, "SYS_shmctl", 3),
    (libc::SYS_shmget, "SYS_shmget", 3),
    (libc::SYS_signalfd4, "SYS_signalfd4", 4),
    (libc::SYS_socket, "SYS_socket", 3),
    (libc::SYS_statx, "SYS_statx", 5),
    (libc::SYS_symlinkat, "SYS_symlinkat", 3),
    (libc::SYS_umount2, "SYS_umount2", 2),
    (libc::SYS_unlinkat, "SYS_unlinkat", 3),
    (libc::SYS_unshare, "SYS_unshare", 1),
    (libc::SYS_utimensat, "SYS_utimensat", 4),
    (libc::SYS_waitid, "SYS_waitid", 5),
    (libc::SYS_write, "SYS_write", 3),
];

/// Options of prctl(2) by number.
const OPTIONS: [(i32, &str); 9] = [
    (libc::PR_SET_PDEATHSIG, "PR_SET_PDEATHSIG"),
    (libc::PR_GET_PDEATHSIG, "PR_GET_PDEATHSIG"),
    (libc::PR_SET_DUMPABLE, "PR_SET_DUMPABLE"),
    (libc::PR_SET_KEEPCAPS, "PR_SET_KEEPCAPS"),
    (libc::PR_SET_SECUREBITS, "PR_SET_SECUREBITS"),
    (libc::PR_CAPBSET_DROP, "PR_CAPBSET_DROP"),
    (libc::PR_CAP_AMBIENT, "PR_CAP_AMBIENT"),
    (libc::PR_SET_NO_NEW_PRIVS, "PR_SET_NO_NEW_PRIVS"),
    (libc::PR_SET_CHILD_SUBREAPER, "PR_SET_CHILD_SUBREAPER"),
];

/// A system call and its number of arguments. The call is a name that is the same on every architecture if this table
/// has it.
pub fn call(number: i64) -> (String, usize) {
    let known = CALLS.iter().find(|(other, ..)| *other == number);
    known.map_or_else(|| (number.to_string(), 6), |(_, name, count)| ((*name).to_owned(), *count))
}

/// An option of prctl(2).
pub fn option(number: i32) -> String {
    let known = OPTIONS.iter().find(|(other, _)| *other == number);
    known.map_or_else(|| number.to_string(), |(_, name)| (*name).to_owned())
}

/// CLONE_ flags.
pub fn flags(flags: i32) -> String {
    clone_flags(flags).replace('|', " | ")
}
