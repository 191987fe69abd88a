//! /proc/PID/setgroups, the calls setgroups(2) and getgroups(2), and what groups decide.

use super::{Rule, rule};
use nix::errno::Errno::{EACCES, EFAULT, EINVAL, ENOMEM, EPERM, ESPIPE};

pub(super) const FILE: &[Rule] = &[
    rule(
        "deny.position",
        &[EINVAL, ESPIPE],
        "setgroups can only be written at position 0 (EINVAL). pwrite(2) is ESPIPE at any offset.",
        "kernel 9cc46516ddf4, proc_setgroups_write()",
    )
    .since("3.19"),
    rule("deny.size", &[EINVAL], "The text must be shorter than 8 bytes.", "kernel proc_setgroups_write()").since("3.19"),
    rule("deny.bad-buffer", &[EFAULT], "The text must be readable.", "write(2): EFAULT").since("3.19"),
    rule(
        "deny.unknown-word",
        &[EINVAL],
        "The text must be \"allow\" or \"deny\".",
        "user_namespaces(7), \"The /proc/pid/setgroups file\"; kernel proc_setgroups_write()",
    )
    .since("3.19"),
    rule(
        "deny.trailing-junk",
        &[EINVAL],
        "Only white space may follow the word, and nothing may precede it.",
        "kernel proc_setgroups_write(): skip_spaces()",
    )
    .since("3.19"),
    rule(
        "deny.no-way-back",
        &[EPERM],
        "\"allow\" is refused after \"deny\".",
        "user_namespaces(7), \"The /proc/pid/setgroups file\"; kernel proc_setgroups_write()",
    )
    .since("3.19"),
    rule(
        "deny.after-gid-map",
        &[EPERM],
        "\"deny\" is refused after gid_map is written, even if the file already reads \"deny\". In the initial namespace it is always refused.",
        "user_namespaces(7), \"The /proc/pid/setgroups file\"; kernel proc_setgroups_write()",
    )
    .since("3.19"),
    rule(
        "deny.inherited",
        &[EPERM],
        "A new namespace inherits the word of its parent. If that is \"deny\", \"allow\" is refused.",
        "user_namespaces(7), \"The /proc/pid/setgroups file\"; kernel create_user_ns(): flags are copied",
    )
    .since("3.19"),
    rule(
        "deny.from-above",
        &[],
        "setgroups may be written from any namespace above, also from the grandparent.",
        "kernel proc_setgroups_open(): the one check is CAP_SYS_ADMIN in the namespace",
    )
    .since("3.19"),
    rule(
        "deny.opener",
        &[],
        "After a process with the capability opened the file, a process without it may write through the descriptor. The descriptor always refers to the namespace for which it was opened.",
        "kernel proc_setgroups_write(): the namespace is the file's, no capability is checked",
    )
    .since("3.19"),
    rule(
        "deny.apart",
        &[],
        "Each namespace has its own word. A later write affects neither its parent nor its children.",
        "user_namespaces(7), \"The /proc/pid/setgroups file\"; kernel create_user_ns(): flags are copied",
    )
    .since("3.19"),
    rule(
        "deny.shared",
        &[],
        "All processes of a namespace share one word, and a refused write does not change it.",
        "user_namespaces(7), \"The /proc/pid/setgroups file\"; kernel proc_setgroups_write()",
    )
    .since("3.19"),
    rule(
        "deny.setgroups-alone",
        &[],
        "\"deny\" makes the kernel refuse setgroups(2), but not getgroups(2) and not the calls that set a gid.",
        "user_namespaces(7), \"The /proc/pid/setgroups file\"; kernel may_setgroups() has one caller",
    )
    .since("3.19"),
    rule(
        "deny.read-back",
        &[],
        "The file reads as one word and a line feed. The initial word is \"allow\".",
        "user_namespaces(7); kernel proc_setgroups_show()",
    )
    .since("3.19"),
];

pub(super) const CALLS: &[Rule] = &[
    rule(
        "groups.needs-setgid",
        &[EPERM],
        "setgroups(2) takes CAP_SETGID in the namespace.",
        "setgroups(2): EPERM; kernel may_setgroups()",
    ),
    rule(
        "groups.needs-gid-map",
        &[EPERM],
        "setgroups(2) is refused until gid_map is written.",
        "setgroups(2): EPERM; kernel 273d2c67c3e1, userns_may_setgroups()",
    )
    .since("3.19"),
    rule(
        "groups.denied",
        &[EPERM],
        "setgroups(2) is refused while the namespace's setgroups file reads \"deny\".",
        "setgroups(2): EPERM; kernel 9cc46516ddf4, userns_may_setgroups()",
    )
    .since("3.19"),
    rule(
        "groups.allowed",
        &[],
        "With \"allow\", a written gid_map and CAP_SETGID, a process may set any list of mapped groups.",
        "setgroups(2); user_namespaces(7); kernel set_current_groups()",
    ),
    rule(
        "groups.size",
        &[EINVAL],
        "A list has at most 65536 entries.",
        "setgroups(2): EINVAL; kernel NGROUPS_MAX",
    ),
    rule("groups.bad-pointer", &[EFAULT], "The list must be readable.", "setgroups(2): EFAULT"),
    rule(
        "groups.unmapped",
        &[EINVAL],
        "A group without a mapping, or -1, makes the whole list invalid.",
        "setgroups(2); kernel groups_from_user(): gid_valid()",
    ),
    rule(
        "groups.order-of-checks",
        &[EPERM, EINVAL, EFAULT],
        "The kernel checks the permission first, then the size, then the pointer and the groups.",
        "kernel setgroups()",
    ),
    rule(
        "groups.security-module",
        &[EPERM, EACCES],
        "A security module may refuse a change of groups.",
        "kernel fcfe0ac2fcfa, security_task_fix_setgroups()",
    )
    .since("6.0")
    .untested("it needs SafeSetID with a policy, and the policy belongs to the host"),
    rule(
        "groups.no-memory",
        &[ENOMEM],
        "setgroups(2) fails if there is no memory for the list.",
        "setgroups(2): ENOMEM; kernel groups_alloc()",
    )
    .untested("an allocation of this size fails only under fault injection"),
    rule(
        "groups.list",
        &[],
        "setgroups(2) replaces the whole list. The kernel sorts it by the ids of the initial namespace and keeps duplicates.",
        "getgroups(2); kernel groups_sort(), set_groups()",
    ),
    rule(
        "groups.refusal-changes-nothing",
        &[EPERM, EINVAL, EFAULT],
        "A refused setgroups(2) does not change the list.",
        "setgroups(2); kernel setgroups(): put_group_info()",
    ),
    rule(
        "groups.own-list",
        &[],
        "A process changes only its own list. A child keeps the list that it was forked with.",
        "credentials(7); kernel copy_creds(), set_groups()",
    ),
    rule(
        "groups.told",
        &[],
        "getgroups(2) returns the number of groups and the list. A group without a mapping is returned as the overflow gid.",
        "getgroups(2); user_namespaces(7); kernel groups_to_user()",
    ),
    rule("groups.negative", &[EINVAL], "getgroups(2) refuses a negative size.", "getgroups(2): EINVAL"),
    rule(
        "groups.too-small",
        &[EINVAL],
        "getgroups(2) refuses a buffer that is too small for the list, unless its size is 0.",
        "getgroups(2): EINVAL",
    ),
    rule(
        "groups.told-nowhere",
        &[EFAULT],
        "The buffer for the list must be writable.",
        "getgroups(2): EFAULT",
    ),
    rule(
        "groups.compat",
        &[EPERM, EINVAL, EFAULT],
        "The 16-bit and 32-bit entry points behave alike. Through the 16-bit ones, a larger group reads as the overflow gid.",
        "setgroups(2), \"C library/kernel differences\"; kernel/uid16.c",
    ),
];

pub(super) const MEMBERSHIP: &[Rule] = &[
    rule(
        "member.which-ids",
        &[EACCES],
        "The filesystem gid and the supplementary groups decide whether a process is a member of a file's group. No other id does.",
        "path_resolution(7); credentials(7); kernel in_group_p()",
    ),
    rule(
        "member.every-place",
        &[],
        "A group is found at every position of the list, and no other group is found.",
        "kernel groups_search()",
    ),
    rule(
        "member.effective-gid",
        &[EPERM],
        "A few checks, such as the permission to attach to a tun device of a group, use the effective gid instead of the filesystem gid.",
        "kernel in_egroup_p(), tun_not_capable()",
    ),
    rule(
        "member.access-list",
        &[EACCES],
        "A group in an access control list grants and denies access like the file's own group.",
        "acl(5), \"Access check algorithm\"; kernel posix_acl_permission(): in_group_p()",
    ),
    rule(
        "member.ipc",
        &[EACCES],
        "For System V IPC, a member of the creator's or of the owner's group gets the group's bits. Membership is decided as for files.",
        "kernel ipcperms(): in_group_p() (in credentials(7) the effective gid decides)",
    ),
    rule(
        "member.denied",
        &[EACCES],
        "A group that denies access still denies it in a namespace, mapped or not, and a process cannot drop the group under \"deny\".",
        "user_namespaces(7), \"The /proc/pid/setgroups file\"; kernel in_group_p()",
    ),
];
