//! What the privileges of a process in a namespace apply to.

use super::{Rule, rule};
use nix::errno::Errno::{EACCES, EINVAL, EPERM};

pub(super) const OWNERSHIP: &[Rule] = &[
    rule(
        "owner.capabilities",
        &[EPERM],
        "In the parent of a namespace, its owner has every capability over it. Other processes have the capabilities that they hold in the parent or above.",
        "user_namespaces(7), \"Capabilities\", rules 2 and 3; kernel cap_capable()",
    ),
    rule(
        "owner.only-from-parent",
        &[EPERM],
        "The owner's uid gives capabilities only in the parent of the namespace, not two levels up.",
        "user_namespaces(7), \"Capabilities\", rule 3; kernel cap_capable()",
    ),
    rule(
        "owner.only-there",
        &[EPERM],
        "Capabilities in a namespace do not apply to resources of its parent.",
        "user_namespaces(7), \"Interaction of user namespaces and other types of namespaces\"",
    ),
    rule(
        "owner.signals",
        &[EPERM],
        "kill(2) to a process with a different uid takes CAP_KILL in the receiver's namespace.",
        "kill(2): EPERM; kernel kill_ok_by_cred()",
    ),
    rule(
        "owner.files",
        &[EPERM],
        "Capabilities apply to a file only if its owner and its group both have a mapping.",
        "user_namespaces(7), \"Capabilities\"; kernel capable_wrt_inode_uidgid(), 23adbe12ef7d",
    )
    .since("3.16"),
    rule(
        "owner.setuid-programs",
        &[],
        "A set-user-ID bit takes effect only if the owner and the group of the program have a mapping and its file system was not mounted in another user namespace.",
        "execve(2); kernel 380cf5ba6b0a, 0d4d717f2583, mnt_may_suid(): current_in_userns(), bprm_fill_uid()",
    )
    .since("4.8"),
];

pub(super) const HOSTS: &[Rule] = &[
    rule(
        "owner.devices",
        &[EPERM],
        "Making a device takes CAP_MKNOD in the initial namespace. A whiteout (0, 0) is an exception since 5.8.",
        "mknod(2): EPERM; kernel a3c751a50fe6, vfs_mknod()",
    ),
    rule(
        "owner.hard-limits",
        &[EPERM],
        "Raising a hard resource limit takes CAP_SYS_RESOURCE in the initial namespace.",
        "getrlimit(2): EPERM; kernel do_prlimit()",
    ),
    rule(
        "owner.ports",
        &[EACCES],
        "Binding a port below net.ipv4.ip_unprivileged_port_start takes CAP_NET_BIND_SERVICE in the user namespace that owns the network namespace.",
        "ip(7): EACCES; kernel inet_port_requires_bind_service()",
    ),
    rule(
        "owner.raw-sockets",
        &[EPERM],
        "A raw socket takes CAP_NET_RAW in the user namespace that owns the network namespace.",
        "raw(7): EPERM; kernel inet_create()",
    ),
    rule(
        "owner.ping-groups",
        &[EACCES, EINVAL],
        "net.ipv4.ping_group_range has ids of the namespace that owns the network namespace. An id without a mapping is EINVAL, and a group outside the range has no ping sockets (EACCES).",
        "icmp(7); kernel ipv4_ping_group_range(), ping_init_sock()",
    ),
    rule(
        "owner.trusted-attributes",
        &[EPERM],
        "Setting an attribute named trusted.* takes CAP_SYS_ADMIN in the initial namespace.",
        "xattr(7); kernel xattr_permission()",
    ),
    rule(
        "owner.file-capabilities",
        &[],
        "Capabilities that root of a namespace gives to a file have the uid of that root. Those in the namespace read them without the uid, and others with it.",
        "capabilities(7), \"Namespaced file capabilities\"; kernel 8db6c34f1dbc, cap_convert_nscap()",
    )
    .since("4.14"),
    rule(
        "owner.seccomp",
        &[EACCES],
        "Installing a filter of system calls takes no_new_privs, or CAP_SYS_ADMIN in the caller's own namespace.",
        "seccomp(2): EACCES; kernel seccomp_prepare_filter()",
    ),
    rule(
        "owner.keys",
        &[EACCES, EINVAL],
        "Giving a key to another uid takes CAP_SYS_ADMIN in the initial namespace (EACCES). An id without a mapping is EINVAL.",
        "keyctl_chown(3): EACCES; kernel keyctl_chown_key()",
    ),
    rule(
        "owner.chroot",
        &[EPERM],
        "chroot(2) takes CAP_SYS_CHROOT in the caller's own namespace.",
        "chroot(2): EPERM; kernel ksys_chroot()",
    ),
    rule(
        "owner.limits-of-others",
        &[EPERM],
        "prlimit(2) of a process with other ids takes CAP_SYS_RESOURCE in the namespace of that process.",
        "prlimit(2): EPERM; kernel check_prlimit_permission()",
    ),
    rule(
        "owner.pidfd-signals",
        &[EPERM],
        "pidfd_send_signal(2) to a process with a different uid takes CAP_KILL in the namespace of that process.",
        "pidfd_send_signal(2): EPERM; kernel kill_ok_by_cred()",
    )
    .since("5.1"),
    rule(
        "owner.oom-score",
        &[EACCES],
        "Lowering oom_score_adj takes CAP_SYS_RESOURCE in the initial namespace.",
        "proc(5), /proc/pid/oom_score_adj; kernel __set_oom_adj()",
    ),
    rule(
        "owner.syslog",
        &[EPERM],
        "The log of the kernel takes CAP_SYSLOG in the initial namespace.",
        "syslog(2): EPERM; kernel check_syslog_permissions()",
    ),
    rule(
        "owner.reboot",
        &[EPERM],
        "reboot(2) takes CAP_SYS_BOOT in the user namespace that owns the PID namespace, before its arguments count.",
        "reboot(2): EPERM; kernel cf3f89214ef6, reboot()",
    ),
    rule(
        "owner.clock",
        &[EPERM],
        "Setting the clock takes CAP_SYS_TIME in the initial namespace.",
        "settimeofday(2): EPERM; kernel cap_settime()",
    ),
    rule(
        "owner.swap",
        &[EPERM],
        "Changing swap space takes CAP_SYS_ADMIN in the initial namespace.",
        "swapoff(2): EPERM; kernel swapoff()",
    ),
    rule(
        "owner.accounting",
        &[EPERM],
        "Process accounting takes CAP_SYS_PACCT in the initial namespace.",
        "acct(2): EPERM; kernel acct()",
    ),
    rule(
        "owner.fanotify",
        &[EPERM],
        "A class of fanotify(7) that decides about access takes CAP_SYS_ADMIN in the initial namespace.",
        "fanotify_init(2): EPERM; kernel fanotify_init()",
    ),
    rule(
        "owner.locked-memory",
        &[EPERM],
        "Locking memory beyond RLIMIT_MEMLOCK takes CAP_IPC_LOCK in the initial namespace.",
        "mlock(2): EPERM; kernel can_do_mlock()",
    ),
    rule(
        "owner.nice-values",
        &[EACCES],
        "Lowering a nice value beyond RLIMIT_NICE takes CAP_SYS_NICE in the initial namespace.",
        "setpriority(2): EACCES; kernel can_nice()",
    ),
    rule(
        "owner.realtime",
        &[EPERM],
        "Real-time scheduling beyond RLIMIT_RTPRIO takes CAP_SYS_NICE in the initial namespace.",
        "sched_setscheduler(2): EPERM; kernel user_check_sched_setscheduler()",
    ),
    rule(
        "owner.io-priorities",
        &[EPERM],
        "The real-time class of input and output takes CAP_SYS_NICE or CAP_SYS_ADMIN in the initial namespace.",
        "ioprio_set(2): EPERM; kernel ioprio_check_cap()",
    ),
    rule(
        "owner.socket-options",
        &[EPERM],
        "SO_MARK takes CAP_NET_ADMIN in the user namespace that owns the network namespace.",
        "socket(7): EPERM; kernel sk_setsockopt()",
    ),
    rule(
        "owner.net-sysctls",
        &[EACCES],
        "The sysctls of a network namespace are set with CAP_NET_ADMIN in the user namespace that owns it.",
        "namespaces(7); kernel net_ctl_permissions()",
    ),
    rule(
        "owner.ipc-sysctls",
        &[],
        "The sysctls of an IPC namespace are set by the uid that is 0 in the user namespace that owns it, also from a namespace below.",
        "kernel ipc_permissions()",
    )
    .since("5.19"),
];
