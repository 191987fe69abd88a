//! The probes of calls that the C library and programs make, and that few scenarios make themselves.

use super::table::{BAD, NOBODY, NONE, Probe, UNKNOWN, bad_path, no_fd_alone, probe, zeros};
use libc::{EBADF, EFAULT, EINVAL, ERANGE, ESRCH};

/// A process that does not exist.
const fn nobody(_: [u64; 6]) -> [u64; 6] {
    [NOBODY, 0, 0, 0, 0, 0]
}

/// The calls by the numbers of the architecture.
///
/// Source: the manual page of each call, section ERRORS.
pub(super) static OTHERS: &[Probe] = &[
    probe("connect", libc::SYS_connect, 3, no_fd_alone, EBADF),
    probe("bind", libc::SYS_bind, 3, no_fd_alone, EBADF),
    probe("getsockname", libc::SYS_getsockname, 3, no_fd_alone, EBADF),
    probe("shutdown", libc::SYS_shutdown, 2, no_fd_alone, EBADF),
    probe("munmap", libc::SYS_munmap, 2, |_| [1, 1, 0, 0, 0, 0], EINVAL),
    probe("faccessat", libc::SYS_faccessat, 3, |_| [NONE, BAD, 0, 0, 0, 0], EFAULT),
    probe("newfstatat", libc::SYS_newfstatat, 4, |_| [NONE, BAD, BAD, 0, 0, 0], EFAULT),
    probe("fstat", libc::SYS_fstat, 2, no_fd_alone, EBADF),
    probe("statfs", libc::SYS_statfs, 2, bad_path, EFAULT),
    probe("fstatfs", libc::SYS_fstatfs, 2, no_fd_alone, EBADF),
    probe("fcntl", libc::SYS_fcntl, 3, no_fd_alone, EBADF),
    probe("dup", libc::SYS_dup, 1, no_fd_alone, EBADF),
    probe("pipe2", libc::SYS_pipe2, 2, |_| [BAD, UNKNOWN, 0, 0, 0, 0], EINVAL),
    probe("getcwd", libc::SYS_getcwd, 2, zeros, ERANGE),
    probe("umask", libc::SYS_umask, 1, zeros, 0),
    probe("ftruncate", libc::SYS_ftruncate, 2, no_fd_alone, EBADF),
    probe("copy_file_range", libc::SYS_copy_file_range, 6, |_| [NONE, 0, NONE, 0, 0, 0], EBADF).since(4, 5),
    probe("fadvise64", libc::SYS_fadvise64, 4, no_fd_alone, EBADF),
    probe("getpgid", libc::SYS_getpgid, 1, nobody, ESRCH),
    probe("getsid", libc::SYS_getsid, 1, nobody, ESRCH),
    probe("setpgid", libc::SYS_setpgid, 2, nobody, ESRCH),
    probe("setsid", libc::SYS_setsid, 0, zeros, 0),
    probe("gettid", libc::SYS_gettid, 0, zeros, 0),
    probe("uname", libc::SYS_uname, 1, bad_path, EFAULT),
    probe("sysinfo", libc::SYS_sysinfo, 1, bad_path, EFAULT),
    probe("getrandom", libc::SYS_getrandom, 3, |_| [BAD, 1, UNKNOWN, 0, 0, 0], EINVAL).since(3, 17),
    probe("sched_getaffinity", libc::SYS_sched_getaffinity, 3, |_| [NOBODY, 8, BAD, 0, 0, 0], ESRCH),
    probe("sched_setaffinity", libc::SYS_sched_setaffinity, 3, |_| [NOBODY, 0, BAD, 0, 0, 0], ESRCH),
    probe("clock_nanosleep", libc::SYS_clock_nanosleep, 4, |_| [99, 0, BAD, 0, 0, 0], EINVAL),
    probe("writev", libc::SYS_writev, 3, no_fd_alone, EBADF),
    probe("pwritev", libc::SYS_pwritev, 4, no_fd_alone, EBADF),
    probe("pwritev2", libc::SYS_pwritev2, 6, no_fd_alone, EBADF).since(4, 6),
    probe("sendfile", libc::SYS_sendfile, 4, |_| [NONE, NONE, 0, 1, 0, 0], EBADF),
    probe("splice", libc::SYS_splice, 6, |_| [NONE, 0, NONE, 0, 1, 0], EBADF),
    probe("epoll_create1", libc::SYS_epoll_create1, 1, |_| [UNKNOWN, 0, 0, 0, 0, 0], EINVAL),
    probe("epoll_ctl", libc::SYS_epoll_ctl, 4, |_| [NONE, 2, NONE, 0, 0, 0], EBADF),
    probe("fallocate", libc::SYS_fallocate, 4, no_fd_alone, EBADF),
    probe("fsync", libc::SYS_fsync, 1, no_fd_alone, EBADF),
    probe("inotify_init1", libc::SYS_inotify_init1, 1, |_| [UNKNOWN, 0, 0, 0, 0, 0], EINVAL),
    probe("getxattr", libc::SYS_getxattr, 4, |_| [BAD, BAD, 0, 0, 0, 0], EFAULT),
    probe("pidfd_getfd", libc::SYS_pidfd_getfd, 3, |_| [NONE, 0, 1, 0, 0, 0], EINVAL).since(5, 6),
    probe("seccomp", libc::SYS_seccomp, 3, |_| [999, 0, 0, 0, 0, 0], EINVAL).since(3, 17),
    probe("pidfd_send_signal", libc::SYS_pidfd_send_signal, 4, no_fd_alone, EBADF).since(5, 1),
    probe("mlock", libc::SYS_mlock, 2, zeros, 0),
    probe("sched_setscheduler", libc::SYS_sched_setscheduler, 3, |_| [NOBODY, 0, BAD, 0, 0, 0], EFAULT),
    probe("ioprio_set", libc::SYS_ioprio_set, 3, |_| [99, 0, 0, 0, 0, 0], EINVAL),
    probe("sigaltstack", libc::SYS_sigaltstack, 2, bad_path, EFAULT),
];

/// Calls that newer architectures do not have.
///
/// Source: arch/x86/entry/syscalls/syscall_64.tbl.
#[cfg(target_arch = "x86_64")]
pub(super) static LEGACY: &[Probe] = &[
    probe("access", libc::SYS_access, 2, bad_path, EFAULT),
    probe("readlink", libc::SYS_readlink, 3, |_| [BAD, BAD, 1, 0, 0, 0], EFAULT),
    probe("mkdir", libc::SYS_mkdir, 2, bad_path, EFAULT),
    probe("unlink", libc::SYS_unlink, 1, bad_path, EFAULT),
    probe("dup2", libc::SYS_dup2, 2, |_| [NONE, 0, 0, 0, 0, 0], EBADF),
    probe("poll", libc::SYS_poll, 3, |_| [BAD, 1, 0, 0, 0, 0], EFAULT),
    probe("alarm", libc::SYS_alarm, 1, zeros, 0),
    probe("getpgrp", libc::SYS_getpgrp, 0, zeros, 0),
];
#[cfg(not(target_arch = "x86_64"))]
pub(super) static LEGACY: &[Probe] = &[];
