//! Joining namespaces, and querying the kernel about them.

use super::{Rule, rule};
use nix::errno::Errno::{
    EACCES, EBADF, EFAULT, EINVAL, ENOENT, ENOTTY, EOPNOTSUPP, EOVERFLOW, EPERM, ESRCH, ESTALE, EUSERS,
};

pub(super) const JOINING: &[Rule] = &[
    rule("join.bad-descriptor", &[EBADF], "setns(2) needs an open file descriptor.", "setns(2): EBADF"),
    rule(
        "join.not-a-namespace",
        &[EINVAL],
        "setns(2) takes only file descriptors of namespaces and of processes.",
        "setns(2): EINVAL",
    ),
    rule(
        "join.other-type",
        &[EINVAL],
        "If the caller names a type, it must be the type of the namespace.",
        "setns(2): EINVAL; kernel setns()",
    ),
    rule(
        "join.own",
        &[EINVAL],
        "A process cannot join the user namespace that it is in.",
        "setns(2): EINVAL; kernel userns_install()",
    ),
    rule(
        "join.threads",
        &[EINVAL],
        "A process with a second thread cannot join a user namespace.",
        "setns(2): EINVAL; kernel userns_install()",
    ),
    rule(
        "join.shared-fs",
        &[EINVAL],
        "A process that shares its root and working directory with another process cannot join a user namespace.",
        "setns(2): EINVAL; kernel userns_install(): current->fs->users",
    ),
    rule(
        "join.needs-sys-admin",
        &[EPERM],
        "Joining a user namespace takes CAP_SYS_ADMIN in that namespace.",
        "setns(2): EPERM; kernel userns_install()",
    ),
    rule(
        "join.by-owner",
        &[],
        "The owner of a namespace may join it from its parent without any capability.",
        "user_namespaces(7), \"Capabilities\"; kernel cap_capable()",
    ),
    rule(
        "join.pidfd-flags",
        &[EINVAL],
        "With a pidfd, the caller must name the namespaces to join, by known flags.",
        "setns(2); kernel 303cc571d107, check_setns_flags()",
    )
    .since("5.8"),
    rule(
        "join.pidfd-of-the-dead",
        &[ESRCH],
        "The namespaces of a process that has ended cannot be joined through its pidfd.",
        "setns(2): ESRCH; kernel validate_nsset()",
    )
    .since("5.8"),
    rule(
        "join.pidfd-without-ptrace",
        &[EPERM],
        "With a pidfd, the process must be one that the caller may trace.",
        "setns(2): EPERM; kernel validate_nsset(): ptrace_may_access()",
    )
    .since("5.8"),
    rule(
        "join.several",
        &[EPERM],
        "With a pidfd, the caller joins several namespaces at once, the user namespace first, or none of them.",
        "setns(2); kernel 303cc571d107, validate_nsset(), commit_nsset()",
    )
    .since("5.8"),
];

pub(super) const OTHERS: &[Rule] = &[
    rule(
        "join.both-namespaces",
        &[EPERM],
        "Joining a UTS, IPC, network or cgroup namespace takes CAP_SYS_ADMIN in the user namespace that owns it and in the caller's own.",
        "setns(2): EPERM; kernel utsns_install(), ipcns_install(), netns_install(), cgroupns_install()",
    ),
    rule(
        "join.mount-needs-sys-chroot",
        &[EPERM],
        "Joining a mount namespace takes CAP_SYS_CHROOT besides CAP_SYS_ADMIN.",
        "setns(2): EPERM; kernel mntns_install()",
    ),
    rule(
        "join.mount-shared-fs",
        &[EINVAL],
        "A process that shares its root and working directory with another process cannot join a mount namespace.",
        "setns(2): EINVAL; kernel mntns_install(): fs->users",
    ),
    rule(
        "join.pid-below",
        &[EINVAL],
        "A process can join its own PID namespace and those below it, and none above.",
        "setns(2): EINVAL; pid_namespaces(7); kernel pidns_install()",
    ),
    rule(
        "join.time-threads",
        &[EUSERS],
        "A process with a second thread cannot join a time namespace.",
        "setns(2): EUSERS; kernel timens_install()",
    )
    .since("5.6"),
    rule(
        "join.user-alone",
        &[],
        "Joining a user namespace joins none of the namespaces that it owns.",
        "user_namespaces(7), \"Interaction of user namespaces and other types of namespaces\"",
    ),
];

pub(super) const ASKING: &[Rule] = &[
    rule(
        "ask.owner",
        &[],
        "NS_GET_OWNER_UID returns the creator's effective uid as the caller's namespace maps it, or the overflow id.",
        "ioctl_ns(2); kernel ns_ioctl(): from_kuid_munged()",
    )
    .since("4.11"),
    rule(
        "ask.owner-of-others",
        &[EINVAL],
        "A namespace that is not a user namespace has neither an owner uid nor a parent.",
        "ioctl_ns(2): EINVAL; kernel ns_ioctl()",
    )
    .since("4.11"),
    rule(
        "ask.bad-request",
        &[EFAULT, ENOTTY],
        "A request that no kernel knows is ENOTTY. One that writes its answer to a bad address is EFAULT.",
        "ioctl(2): EFAULT, ENOTTY; kernel ns_ioctl()",
    )
    .since("4.11"),
    rule(
        "ask.of-mounts",
        &[EINVAL],
        "NS_GET_MNTNS_ID is a request of mount namespaces alone.",
        "ioctl_nsfs(2): EINVAL; kernel ns_ioctl()",
    )
    .since("6.12"),
    rule(
        "ask.id",
        &[],
        "NS_GET_ID returns one id for a user namespace, regardless of who asks.",
        "kernel ns_ioctl(): NS_GET_ID",
    )
    .since("6.18"),
    rule(
        "ask.handle",
        &[ESTALE],
        "The handle of a user namespace can be opened by a process in it and by root of the host. To others it is stale; until 6.19 also its owner could open it.",
        "open_by_handle_at(2): ESTALE; kernel nsfs_fh_to_dentry()",
    )
    .since("6.18"),
    rule(
        "ask.pidfd-user",
        &[EACCES, EINVAL, ESRCH],
        "PIDFD_GET_USER_NAMESPACE returns the namespace of a process to those who may trace it (EACCES). It takes no argument (EINVAL), and a process that has ended has none (ESRCH).",
        "PIDFD_GET_USER_NAMESPACE(2const); kernel 5b08bd408534, pidfd_ioctl()",
    )
    .since("6.11"),
    rule(
        "ask.memory",
        &[EACCES],
        "Only a process that may trace another can open its files environ and mem.",
        "proc(5), /proc/pid/environ; kernel proc_mem_open()",
    ),
    rule(
        "ask.network-of-socket",
        &[EPERM],
        "SIOCGSKNS returns the network namespace of a socket with CAP_NET_ADMIN in the user namespace that owns it.",
        "kernel c62cce2caee5, sock_ioctl()",
    )
    .since("4.10"),
    rule(
        "list.own-alone",
        &[],
        "Without CAP_SYS_ADMIN in the initial user namespace, or outside the initial PID namespace, listns(2) lists the namespaces alone that the caller is in.",
        "kernel 7.2, may_list_ns(), may_see_all_namespaces() of kernel/nstree.c",
    )
    .since("7.0"),
    rule(
        "list.arguments",
        &[EINVAL, EOPNOTSUPP, EOVERFLOW],
        "listns(2) refuses flags and an owner that there is not (EINVAL), an unknown type (EOPNOTSUPP), and room for more than 1000000 ids (EOVERFLOW). It never refuses for a lack of privilege.",
        "kernel 7.2, listns() of kernel/nstree.c",
    )
    .since("6.19"),
    rule(
        "ask.parent",
        &[],
        "NS_GET_PARENT and NS_GET_USERNS of a user namespace return the user namespace that its creator was in.",
        "ioctl_ns(2); kernel ns_get_owner(), userns_owner()",
    )
    .since("4.9"),
    rule(
        "ask.owning-namespace",
        &[],
        "NS_GET_USERNS of any other namespace returns the user namespace that owns it.",
        "ioctl_ns(2); namespaces(7)",
    )
    .since("4.9"),
    rule(
        "ask.out-of-sight",
        &[EPERM],
        "A caller cannot query a user namespace above or beside its own.",
        "ioctl_ns(2): EPERM; kernel ns_get_owner()",
    )
    .since("4.9"),
    rule(
        "ask.type",
        &[],
        "NS_GET_NSTYPE returns the CLONE_ flag of any namespace, regardless of where it is.",
        "ioctl_ns(2); kernel e5ff5ce6e20e, ns_ioctl()",
    )
    .since("4.11"),
    rule(
        "ask.link",
        &[EACCES],
        "Only a process that may trace another can read its link /proc/PID/ns/user.",
        "namespaces(7), \"The /proc/pid/ns/ directory\"; kernel proc_ns_get_link()",
    ),
    rule(
        "ask.link-of-the-dead",
        &[ENOENT],
        "The link of the user namespace of a process that has ended remains until it is reaped. The links of its other namespaces lead nowhere.",
        "namespaces(7); kernel userns_get(), utsns_get(): nsproxy is NULL",
    ),
];
