//! Which capabilities system calls ask for that few tests make: vectors of buffers, handles, mounts as descriptors.

use harness_scenario::caps::Cap;

/// The capabilities over the caller's namespace that can decide such a call. `None` for other calls.
///
/// Source: capabilities(7), "Capabilities list"; the manual page of each call.
pub fn asked(number: i64) -> Option<&'static [Cap]> {
    Some(match number {
        libc::SYS_writev
        | libc::SYS_pwritev2
        | libc::SYS_pwrite64
        | libc::SYS_sendfile
        | libc::SYS_splice
        | libc::SYS_copy_file_range
        | libc::SYS_ftruncate
        | libc::SYS_fallocate
        | libc::SYS_fsync
        | libc::SYS_epoll_create1
        | libc::SYS_epoll_ctl
        | libc::SYS_inotify_init1
        | libc::SYS_munmap => &[],
        libc::SYS_pidfd_send_signal => &[Cap::Kill],
        libc::SYS_mlock => &[Cap::IpcLock],
        libc::SYS_sched_setscheduler => &[Cap::SysNice],
        libc::SYS_ioprio_set => &[Cap::SysNice, Cap::SysAdmin],
        libc::SYS_fanotify_init | libc::SYS_swapoff => &[Cap::SysAdmin],
        libc::SYS_syslog => &[Cap::Syslog],
        libc::SYS_reboot => &[Cap::SysBoot],
        libc::SYS_settimeofday => &[Cap::SysTime],
        libc::SYS_acct => &[Cap::SysPacct],
        libc::SYS_pidfd_getfd => &[Cap::SysPtrace],
        libc::SYS_name_to_handle_at | libc::SYS_getxattr => &[Cap::DacOverride, Cap::DacReadSearch],
        libc::SYS_open_by_handle_at => &[Cap::DacReadSearch],
        libc::SYS_mount_setattr | libc::SYS_open_tree | libc::SYS_unshare | libc::SYS_seccomp => {
            &[Cap::SysAdmin]
        }
        libc::SYS_socket => &[Cap::NetRaw],
        libc::SYS_bind => &[Cap::NetBindService],
        _ => return None,
    })
}
