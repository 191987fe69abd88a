//! Joining namespaces, and asking the kernel about them.

use super::{Rule, rule};
use nix::errno::Errno::{EACCES, EBADF, EINVAL, EPERM, ESRCH};

pub(super) const JOINING: &[Rule] = &[
    rule("join.bad-descriptor", &[EBADF], "setns(2) needs an open descriptor.", "setns(2): EBADF"),
    rule(
        "join.not-a-namespace",
        &[EINVAL],
        "Only descriptors of namespaces and of processes can be joined.",
        "setns(2): EINVAL",
    ),
    rule(
        "join.other-type",
        &[EINVAL],
        "A type that is named must be that of the namespace.",
        "setns(2): EINVAL; kernel setns()",
    ),
    rule(
        "join.own",
        &[EINVAL],
        "No process joins the user namespace that it is in.",
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
        "A process that shares its root and working directory cannot join a user namespace.",
        "setns(2): EINVAL; kernel userns_install(): current->fs->users",
    ),
    rule(
        "join.needs-sys-admin",
        &[EPERM],
        "Joining takes CAP_SYS_ADMIN in the namespace that is joined.",
        "setns(2): EPERM; kernel userns_install()",
    ),
    rule(
        "join.by-owner",
        &[],
        "The owner of a namespace joins it from its parent without any capability.",
        "user_namespaces(7), \"Capabilities\"; kernel cap_capable()",
    ),
    rule(
        "join.pidfd-flags",
        &[EINVAL],
        "Through a pidfd the namespaces to join have to be named, by known flags.",
        "setns(2); kernel 303cc571d107, check_setns_flags()",
    )
    .since("5.8"),
    rule(
        "join.pidfd-of-the-dead",
        &[ESRCH],
        "The namespaces of a process that is gone cannot be joined.",
        "setns(2): ESRCH; kernel validate_nsset()",
    )
    .since("5.8"),
    rule(
        "join.pidfd-without-ptrace",
        &[EPERM],
        "Through a pidfd the process has to be one that the caller could trace.",
        "setns(2): EPERM; kernel validate_nsset(): ptrace_may_access()",
    )
    .since("5.8"),
    rule(
        "join.several",
        &[EPERM],
        "Through a pidfd several namespaces are joined at once, the user namespace first, or none of them.",
        "setns(2); kernel 303cc571d107, validate_nsset(), commit_nsset()",
    )
    .since("5.8"),
];

pub(super) const ASKING: &[Rule] = &[
    rule(
        "ask.owner",
        &[],
        "NS_GET_OWNER_UID gives the creator's effective uid as the caller names it, or the overflow id.",
        "ioctl_ns(2); kernel ns_ioctl(): from_kuid_munged()",
    )
    .since("4.11"),
    rule(
        "ask.owner-of-others",
        &[EINVAL],
        "A namespace that is no user namespace has neither owner uid nor parent.",
        "ioctl_ns(2): EINVAL; kernel ns_ioctl()",
    )
    .since("4.11"),
    rule(
        "ask.parent",
        &[],
        "NS_GET_PARENT and NS_GET_USERNS of a user namespace give the one in which its creator was.",
        "ioctl_ns(2); kernel ns_get_owner(), userns_owner()",
    )
    .since("4.9"),
    rule(
        "ask.owning-namespace",
        &[],
        "NS_GET_USERNS of any other namespace gives the user namespace that owns it.",
        "ioctl_ns(2); namespaces(7)",
    )
    .since("4.9"),
    rule(
        "ask.out-of-sight",
        &[EPERM],
        "What lies above or beside the caller's own user namespace cannot be asked for.",
        "ioctl_ns(2): EPERM; kernel ns_get_owner()",
    )
    .since("4.9"),
    rule(
        "ask.type",
        &[],
        "NS_GET_NSTYPE gives the CLONE_ flag of any namespace, wherever it lies.",
        "ioctl_ns(2); kernel e5ff5ce6e20e, ns_ioctl()",
    )
    .since("4.11"),
    rule(
        "ask.link",
        &[EACCES],
        "The link /proc/PID/ns/user is for those who could trace the process.",
        "namespaces(7), \"The /proc/pid/ns/ directory\"; kernel proc_ns_get_link()",
    ),
];
