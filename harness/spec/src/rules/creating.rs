//! Creating user namespaces, and how many there may be.

use super::{Rule, rule};
use nix::errno::Errno::{EACCES, EAGAIN, EINVAL, EMFILE, ENOMEM, ENOSPC, EPERM};

pub(super) const CREATING: &[Rule] = &[
    rule(
        "create.unprivileged",
        &[],
        "Creating a user namespace takes no privilege.",
        "user_namespaces(7); kernel create_user_ns()",
    ),
    rule(
        "create.not-configured",
        &[EINVAL],
        "A kernel built without user namespaces refuses CLONE_NEWUSER.",
        "unshare(2), clone(2): EINVAL; kernel create_user_ns() of include/linux/user_namespace.h",
    ),
    rule(
        "create.unknown-flag",
        &[EINVAL],
        "unshare(2) refuses a bit that no flag has.",
        "unshare(2): EINVAL; kernel check_unshare_flags()",
    ),
    rule(
        "create.threads",
        &[EINVAL],
        "A process with a second thread cannot unshare its user namespace.",
        "unshare(2): EINVAL; kernel check_unshare_flags()",
    ),
    rule(
        "create.shared-fs",
        &[EINVAL],
        "A child in a new user namespace cannot share root and working directory with its parent.",
        "clone(2): EINVAL; kernel e66eded8309e, copy_process()",
    )
    .since("3.9"),
    rule(
        "create.shared-thread-group",
        &[EINVAL],
        "A thread cannot be in another user namespace than its process.",
        "clone(2): EINVAL; kernel copy_process()",
    ),
    rule(
        "create.shared-parent",
        &[],
        "A child in a new user namespace may have its parent's parent.",
        "clone(2), CLONE_PARENT; kernel copy_process()",
    ),
    rule(
        "create.user-first",
        &[],
        "With other namespaces in the same call the user namespace is made first and owns them.",
        "user_namespaces(7), \"Interaction of user namespaces and other types of namespaces\"",
    ),
    rule(
        "create.pid-namespace-below",
        &[EINVAL],
        "A PID namespace belongs to the user namespace that owns the one above it, or to one below that.",
        "kernel a2b426267c56, create_pid_namespace(): in_userns()",
    )
    .since("4.14"),
    rule(
        "create.chrooted",
        &[EPERM],
        "A process whose root directory is not that of its mount namespace cannot create a user namespace.",
        "unshare(2), clone(2): EPERM; kernel 3151527ee007, current_chrooted()",
    )
    .since("3.9"),
    rule(
        "create.unmapped-uid",
        &[EPERM],
        "The creator's effective uid must have a mapping in its namespace.",
        "unshare(2), clone(2): EPERM; kernel create_user_ns(): kuid_has_mapping()",
    ),
    rule(
        "create.unmapped-gid",
        &[EPERM],
        "The creator's effective gid must have a mapping in its namespace.",
        "unshare(2), clone(2): EPERM; kernel create_user_ns(): kgid_has_mapping()",
    ),
    rule(
        "create.security-module",
        &[EPERM, EACCES],
        "A security module may refuse to have a user namespace created.",
        "kernel 7cd4c5c2101c, security_create_user_ns()",
    )
    .since("6.1")
    .untested("it takes a security module whose policy says so, which belongs to the host"),
    rule(
        "create.distribution-sysctl",
        &[EPERM],
        "Where kernel.unprivileged_userns_clone is 0, creating takes CAP_SYS_ADMIN.",
        "Debian's patch \"add sysctl to disallow unprivileged CLONE_NEWUSER by default\"",
    ),
    rule(
        "create.no-memory",
        &[ENOMEM],
        "Creating fails when there is no memory for the namespace.",
        "unshare(2), clone(2): ENOMEM; kernel create_user_ns()",
    )
    .untested("an allocation that may wait fails under fault injection alone, and there as the debugfs of the host says"),
];

pub(super) const LIMITS: &[Rule] = &[
    rule(
        "limit.depth",
        &[ENOSPC],
        "33 user namespaces may lie below the initial one, each below the last; one more is refused (EUSERS before 4.9).",
        "user_namespaces(7), \"Nested namespaces\"; unshare(2); kernel create_user_ns()",
    )
    .since("3.11"),
    rule(
        "limit.count",
        &[ENOSPC],
        "user.max_user_namespaces limits the namespaces that one owner has below the namespace whose limit it is.",
        "namespaces(7), \"The /proc/sys/user directory\"; kernel df75e7748bae, inc_ucount()",
    )
    .since("4.9"),
    rule(
        "limit.count-in-ancestor",
        &[ENOSPC],
        "A namespace counts against the limits of all namespaces above it, and a refusal is taken back in all of them.",
        "namespaces(7); kernel inc_ucount(): the walk up",
    )
    .since("4.9"),
    rule(
        "limit.count-comes-back",
        &[],
        "A namespace that is gone makes room for another.",
        "kernel free_user_ns(): dec_user_namespaces()",
    )
    .since("4.9"),
    rule(
        "limit.who-sets",
        &[EACCES],
        "user.max_user_namespaces of a namespace is set with CAP_SYS_RESOURCE there.",
        "namespaces(7); kernel set_permissions() of kernel/ucount.c",
    )
    .since("4.9"),
    rule(
        "limit.processes",
        &[EAGAIN],
        "Beyond RLIMIT_NPROC a process of that user cannot have a child, in a new user namespace or not; root of the initial namespace can, and whoever has CAP_SYS_ADMIN or CAP_SYS_RESOURCE there.",
        "clone(2): EAGAIN; kernel copy_process(): INIT_USER, capable()",
    ),
    rule(
        "limit.rlimits-of-creator",
        &[EAGAIN, EMFILE, ENOMEM],
        "The creator's limits of processes, pending signals, message queues and locked memory bind all that happens in the namespace.",
        "getrlimit(2); kernel 21d1c5e386bc, d64696905554, 6e52a9f0532f, d7c9e99aee48: set_userns_rlimit_max()",
    )
    .since("5.14"),
];
