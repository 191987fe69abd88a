//! Joining namespaces, and querying the kernel about them.

use super::{Rule, rule};
use nix::errno::Errno::{EACCES, EBADF, EINVAL, ENOENT, EPERM, ESRCH};

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
