//! /proc/PID/setgroups, the calls setgroups(2) and getgroups(2), and what groups decide.

use super::{Rule, rule};
use nix::errno::Errno::{EACCES, EFAULT, EINVAL, ENOMEM, EPERM, ESPIPE};

pub(super) const FILE: &[Rule] = &[
    rule(
        "deny.position",
        &[EINVAL, ESPIPE],
        "setgroups is written at position 0 (EINVAL); pwrite(2) is ESPIPE at any offset.",
        "kernel 9cc46516ddf4, proc_setgroups_write()",
    )
    .since("3.19"),
    rule("deny.size", &[EINVAL], "The text is shorter than 8 bytes.", "kernel proc_setgroups_write()").since("3.19"),
    rule("deny.bad-buffer", &[EFAULT], "The text must be readable.", "write(2): EFAULT").since("3.19"),
    rule(
        "deny.unknown-word",
        &[EINVAL],
        "The text is \"allow\" or \"deny\".",
        "user_namespaces(7), \"The /proc/pid/setgroups file\"; kernel proc_setgroups_write()",
    )
    .since("3.19"),
    rule(
        "deny.trailing-junk",
        &[EINVAL],
        "White space may follow the word and nothing else; nothing may come before it.",
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
        "\"deny\" is refused once gid_map is written, though it holds already, and so in the initial namespace.",
        "user_namespaces(7), \"The /proc/pid/setgroups file\"; kernel proc_setgroups_write()",
    )
    .since("3.19"),
    rule(
        "deny.inherited",
        &[EPERM],
        "A new namespace takes over what its parent says; \"allow\" is refused where that is \"deny\".",
        "user_namespaces(7), \"The /proc/pid/setgroups file\"; kernel create_user_ns(): flags are copied",
    )
    .since("3.19"),
    rule(
        "deny.from-above",
        &[],
        "setgroups may be written from any namespace above, by the grandparent, too.",
        "kernel proc_setgroups_open(): CAP_SYS_ADMIN in the namespace is all it asks",
    )
    .since("3.19"),
    rule(
        "deny.opener",
        &[],
        "What was opened with the right may be written by anybody without it, and stays the file of the namespace it was opened for.",
        "kernel proc_setgroups_write(): the namespace is the file's, no capability is asked for",
    )
    .since("3.19"),
    rule(
        "deny.apart",
        &[],
        "Each namespace has a word of its own: one written later reaches neither the parent nor a child.",
        "user_namespaces(7), \"The /proc/pid/setgroups file\"; kernel create_user_ns(): flags are copied",
    )
    .since("3.19"),
    rule(
        "deny.shared",
        &[],
        "All processes of a namespace have the same word, and a refused write leaves it.",
        "user_namespaces(7), \"The /proc/pid/setgroups file\"; kernel proc_setgroups_write()",
    )
    .since("3.19"),
    rule(
        "deny.setgroups-alone",
        &[],
        "\"deny\" refuses setgroups(2) and none of the calls that set a gid, nor getgroups(2).",
        "user_namespaces(7), \"The /proc/pid/setgroups file\"; kernel may_setgroups() has one caller",
    )
    .since("3.19"),
    rule(
        "deny.read-back",
        &[],
        "The file reads as one word and a line feed, \"allow\" at first.",
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
        "setgroups(2) waits for gid_map to be written.",
        "setgroups(2): EPERM; kernel 273d2c67c3e1, userns_may_setgroups()",
    )
    .since("3.19"),
    rule(
        "groups.denied",
        &[EPERM],
        "\"deny\" refuses setgroups(2).",
        "setgroups(2): EPERM; kernel 9cc46516ddf4, userns_may_setgroups()",
    )
    .since("3.19"),
    rule(
        "groups.allowed",
        &[],
        "With \"allow\" and a written gid_map, CAP_SETGID sets any list of mapped groups.",
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
        "First the permission, then the size, then the pointer and the groups.",
        "kernel setgroups()",
    ),
    rule(
        "groups.security-module",
        &[EPERM, EACCES],
        "A security module may refuse a change of groups.",
        "kernel fcfe0ac2fcfa, security_task_fix_setgroups()",
    )
    .since("6.0")
    .untested("it takes SafeSetID with a policy, which belongs to the host"),
    rule(
        "groups.no-memory",
        &[ENOMEM],
        "setgroups(2) fails when there is no memory for the list.",
        "setgroups(2): ENOMEM; kernel groups_alloc()",
    )
    .untested("an allocation of this size fails under fault injection alone"),
    rule(
        "groups.list",
        &[],
        "The list is replaced as a whole, sorted by the ids of the initial namespace, with duplicates kept.",
        "getgroups(2); kernel groups_sort(), set_groups()",
    ),
    rule(
        "groups.refusal-changes-nothing",
        &[EPERM, EINVAL, EFAULT],
        "A refused setgroups(2) leaves the old list.",
        "setgroups(2); kernel setgroups(): put_group_info()",
    ),
    rule(
        "groups.own-list",
        &[],
        "A process changes its own list alone, a child keeps the one that it was forked with.",
        "credentials(7); kernel copy_creds(), set_groups()",
    ),
    rule(
        "groups.told",
        &[],
        "getgroups(2) gives the number of groups, and the overflow gid for one without a mapping.",
        "getgroups(2); user_namespaces(7); kernel groups_to_user()",
    ),
    rule("groups.negative", &[EINVAL], "getgroups(2) refuses a negative size.", "getgroups(2): EINVAL"),
    rule(
        "groups.too-small",
        &[EINVAL],
        "getgroups(2) refuses a list shorter than what it would tell, unless its size is 0.",
        "getgroups(2): EINVAL",
    ),
    rule("groups.told-nowhere", &[EFAULT], "The room for the list must be writable.", "getgroups(2): EFAULT"),
    rule(
        "groups.compat",
        &[EPERM, EINVAL, EFAULT],
        "The 16-bit and 32-bit entry points behave alike; beyond 16 bits a group reads as the overflow gid.",
        "setgroups(2), \"C library/kernel differences\"; kernel/uid16.c",
    ),
];

pub(super) const MEMBERSHIP: &[Rule] = &[
    rule(
        "member.which-ids",
        &[EACCES],
        "The filesystem gid and the supplementary groups make a member of a file's group, no other id does.",
        "path_resolution(7); credentials(7); kernel in_group_p()",
    ),
    rule(
        "member.every-place",
        &[],
        "A group is found wherever it stands in the list, and no other is.",
        "kernel groups_search()",
    ),
    rule(
        "member.effective-gid",
        &[EPERM],
        "A few decisions, such as who may attach to a tun device of a group, ask for the effective gid in place of the filesystem gid.",
        "kernel in_egroup_p(), tun_not_capable()",
    ),
    rule(
        "member.access-list",
        &[EACCES],
        "Groups that an access control list names grant and deny as the file's own group does.",
        "acl(5), \"Access check algorithm\"; kernel posix_acl_permission(): in_group_p()",
    ),
    rule(
        "member.ipc",
        &[EACCES],
        "For System V IPC a member of the creator's or of the owner's group, as for files, gets the group's bits.",
        "kernel ipcperms(): in_group_p() (credentials(7) has the effective gid decide)",
    ),
    rule(
        "member.denied",
        &[EACCES],
        "A group that denies goes on denying in a namespace, mapped or not, and cannot be dropped under \"deny\".",
        "user_namespaces(7), \"The /proc/pid/setgroups file\"; kernel in_group_p()",
    ),
];
