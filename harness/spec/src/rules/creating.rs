//! Creating user namespaces, and how many there may be.

use super::{Rule, rule};
use nix::errno::Errno::{EACCES, EAGAIN, EINVAL, EMFILE, ENOMEM, ENOSPC, EPERM, ERANGE};

pub(super) const CREATING: &[Rule] = &[
    rule(
        "create.unprivileged",
        &[],
        "Creating a user namespace needs no privilege.",
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
        "unshare(2) refuses a bit that is not a known flag.",
        "unshare(2): EINVAL; kernel check_unshare_flags()",
    ),
    rule(
        "create.empty-mount-namespace",
        &[EINVAL],
        "Since 7.2, bit 0x00100000 of unshare(2) (UNSHARE_EMPTY_MNTNS) makes a mount namespace without mounts, which the new user namespace owns. Before, it is an unknown flag.",
        "kernel 7.2, check_unshare_flags(), copy_mnt_ns()",
    )
    .since("7.2"),
    rule(
        "create.threads",
        &[EINVAL],
        "A process with a second thread cannot unshare its user namespace.",
        "unshare(2): EINVAL; kernel check_unshare_flags()",
    ),
    rule(
        "create.shared-fs",
        &[EINVAL],
        "A child in a new user namespace cannot share its root and working directory with its parent.",
        "clone(2): EINVAL; kernel e66eded8309e, copy_process()",
    )
    .since("3.9"),
    rule(
        "create.shared-thread-group",
        &[EINVAL],
        "A thread cannot be in a different user namespace from its process.",
        "clone(2): EINVAL; kernel copy_process()",
    ),
    rule(
        "create.shared-parent",
        &[],
        "A child in a new user namespace may have the same parent as its creator.",
        "clone(2), CLONE_PARENT; kernel copy_process()",
    ),
    rule(
        "create.user-first",
        &[],
        "If one call creates a user namespace and other namespaces, the user namespace is created first and owns the others.",
        "user_namespaces(7), \"Interaction of user namespaces and other types of namespaces\"",
    ),
    rule(
        "create.ipc-and-undo",
        &[EINVAL],
        "A child in a new IPC namespace cannot share the list of semaphore operations that are undone at the end with its parent.",
        "clone(2): EINVAL, CLONE_NEWIPC and CLONE_SYSVSEM; kernel copy_namespaces()",
    ),
    rule(
        "create.pid-namespace-below",
        &[EINVAL],
        "A new PID namespace must belong to the user namespace that owns the parent PID namespace, or to a user namespace below that one.",
        "kernel a2b426267c56, create_pid_namespace(): in_userns()",
    )
    .since("4.14"),
    rule(
        "create.one-pid-namespace",
        &[EINVAL],
        "A process that has made a PID namespace for its children makes no other.",
        "pid_namespaces(7); unshare(2): EINVAL; kernel copy_pid_ns()",
    ),
    rule(
        "create.pid-and-threads",
        &[EINVAL],
        "A process whose children are in another PID namespace has no further threads.",
        "clone(2): EINVAL; kernel copy_process(): pid_ns_for_children",
    ),
    rule(
        "create.pid-first-gone",
        &[ENOMEM],
        "When the first process of a PID namespace has ended, no other process is made there.",
        "pid_namespaces(7), \"The namespace init process\": ENOMEM; kernel alloc_pid(): PIDNS_ADDING",
    ),
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
        "A security module may refuse the creation of a user namespace.",
        "kernel 7cd4c5c2101c, security_create_user_ns()",
    )
    .since("6.1")
    .untested("it needs a security module with such a policy, and the policy belongs to the host"),
    rule(
        "create.distribution-sysctl",
        &[EPERM],
        "If kernel.unprivileged_userns_clone is 0, creating a user namespace takes CAP_SYS_ADMIN.",
        "Debian's patch \"add sysctl to disallow unprivileged CLONE_NEWUSER by default\"",
    ),
    rule(
        "create.no-memory",
        &[ENOMEM],
        "Creating a user namespace fails if there is no memory for it.",
        "unshare(2), clone(2): ENOMEM; kernel create_user_ns()",
    )
    .untested("an allocation that may wait fails only under fault injection, which the debugfs of the host controls"),
];

pub(super) const LIMITS: &[Rule] = &[
    rule(
        "limit.depth",
        &[ENOSPC],
        "User namespaces may be nested 33 levels deep below the initial one. One more level is refused (EUSERS before 4.9).",
        "user_namespaces(7), \"Nested namespaces\"; unshare(2); kernel create_user_ns()",
    )
    .since("3.11"),
    rule(
        "limit.count",
        &[ENOSPC],
        "user.max_user_namespaces of a namespace limits how many namespaces one owner may have below it.",
        "namespaces(7), \"The /proc/sys/user directory\"; kernel df75e7748bae, inc_ucount()",
    )
    .since("4.9"),
    rule(
        "limit.count-in-ancestor",
        &[ENOSPC],
        "A namespace counts against the limits of all namespaces above it. After a refusal, the count is taken back in all of them.",
        "namespaces(7); kernel inc_ucount(): the walk up",
    )
    .since("4.9"),
    rule(
        "limit.count-comes-back",
        &[],
        "When a namespace is freed, another may be created in its place.",
        "kernel free_user_ns(): dec_user_namespaces()",
    )
    .since("4.9"),
    rule(
        "limit.who-sets",
        &[EACCES],
        "Setting user.max_user_namespaces of a namespace takes CAP_SYS_RESOURCE in that namespace.",
        "namespaces(7); kernel set_permissions() of kernel/ucount.c",
    )
    .since("4.9"),
    rule(
        "limit.other-kinds",
        &[ENOSPC],
        "Each kind of namespace has a limit in /proc/sys/user, which binds as that of user namespaces does.",
        "namespaces(7), \"The /proc/sys/user directory\"; kernel inc_ucount()",
    )
    .since("4.9"),
    rule(
        "limit.inotify",
        &[EMFILE],
        "user.max_inotify_instances of a namespace limits the inotify instances of a user there and below.",
        "inotify(7), \"/proc interfaces\"; kernel 1cce1eea0aff, inotify_new_group()",
    )
    .since("4.11"),
    rule(
        "limit.text",
        &[EINVAL],
        "A limit is a number from 0 to 2147483647, in any base of the C language. What follows a blank is ignored.",
        "kernel proc_dointvec_minmax(), proc_get_long()",
    )
    .since("4.9"),
    rule(
        "limit.writer",
        &[EPERM],
        "Both the opener of a limit and its writer need CAP_SYS_RESOURCE in the namespace that the opener was in.",
        "kernel set_permissions() of kernel/ucount.c, proc_sys_call_handler()",
    )
    .since("4.9"),
    rule(
        "limit.kept-by-files",
        &[ENOSPC],
        "An open file keeps the user namespace in which it was opened, and the namespace counts until the file is closed.",
        "kernel alloc_empty_file(): f_cred; free_user_ns()",
    )
    .since("4.9"),
    rule(
        "limit.kept-by-links",
        &[ENOSPC],
        "A descriptor or a mount of the link of a namespace keeps the namespace, and it counts.",
        "namespaces(7), \"Namespace lifetime\"; kernel nsfs_evict()",
    )
    .since("4.9"),
    rule(
        "limit.processes",
        &[EAGAIN],
        "Beyond RLIMIT_NPROC, a process of that user cannot have a child, in a new user namespace or not. Root of the initial namespace can, and so can a process with CAP_SYS_ADMIN or CAP_SYS_RESOURCE there.",
        "clone(2): EAGAIN; kernel copy_process(): INIT_USER, capable()",
    ),
    rule(
        "limit.rlimits-of-creator",
        &[EAGAIN, EMFILE, ENOMEM],
        "The creator's limits on processes, pending signals, message queues and locked memory apply to everything in the namespace.",
        "getrlimit(2); kernel 21d1c5e386bc, d64696905554, 6e52a9f0532f, d7c9e99aee48: set_userns_rlimit_max()",
    )
    .since("5.14"),
];

pub(super) const TIME: &[Rule] = &[
    rule(
        "time.offsets",
        &[EPERM],
        "The offsets of a time namespace are written with CAP_SYS_TIME in the user namespace that owns it, which the opener must have.",
        "time_namespaces(7): EPERM; kernel proc_timens_set_offset()",
    )
    .since("5.6"),
    rule(
        "time.text",
        &[EINVAL, ERANGE],
        "An offset is a clock, seconds and nanoseconds (EINVAL). The clock must not be below 0 or overflow (ERANGE).",
        "time_namespaces(7): EINVAL, ERANGE; kernel timens_offsets_write()",
    )
    .since("5.6"),
];
