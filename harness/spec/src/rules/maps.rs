//! The files uid_map, gid_map and projid_map: opening and writing them.

use super::{Rule, rule};
use nix::errno::Errno::{EACCES, EFAULT, EINVAL, ENOENT, EPERM, EROFS, ESPIPE, ESRCH};

pub(super) const OPENING: &[Rule] = &[
    rule(
        "open.dead-process",
        &[ESRCH, EINVAL],
        "The maps of a process that was reaped cannot be opened (EINVAL), nor its setgroups (ESRCH); by its directory neither is reached (ESRCH).",
        "kernel proc_pid_permission(), proc_id_map_open(), proc_setgroups_open(): get_proc_task()",
    ),
    rule(
        "open.not-owner",
        &[EACCES],
        "The files belong to the process's effective ids, or to root if it is not dumpable; nobody else may open them for writing.",
        "proc(5), /proc/pid; kernel task_dump_owner()",
    ),
    rule(
        "open.setgroups-needs-sys-admin",
        &[EACCES],
        "setgroups is opened for writing with CAP_SYS_ADMIN in the namespace alone.",
        "kernel 9cc46516ddf4, proc_setgroups_open()",
    )
    .since("3.19"),
    rule(
        "open.read-only-proc",
        &[EROFS],
        "On a procfs mounted read-only the files cannot be opened for writing.",
        "open(2): EROFS; kernel sb_permission()",
    ),
    rule(
        "open.hidepid",
        &[EPERM, ENOENT],
        "With hidepid=1 another user's files may not be opened (EPERM), with hidepid=2 or 4 they are not there (ENOENT); gid= exempts a group, but not from 4.",
        "proc(5), hidepid; kernel proc_pid_permission(), has_pid_permissions()",
    ),
];

pub(super) const WRITING: &[Rule] = &[
    rule(
        "map.initial-namespace",
        &[EPERM],
        "The maps of the initial namespace cannot be written.",
        "kernel proc_uid_map_write(): no parent",
    ),
    rule(
        "map.opener-from-elsewhere",
        &[EPERM],
        "The opener must be in the namespace or in its parent.",
        "user_namespaces(7), \"Defining user and group ID mappings\"; kernel proc_uid_map_write()",
    ),
    rule(
        "map.position",
        &[EINVAL, ESPIPE],
        "A map is written at position 0 (EINVAL), and a successful write moves on; pwrite(2) is ESPIPE at any offset, 0 included.",
        "user_namespaces(7): EINVAL; kernel 5820f140edef, map_write(), seq_open()",
    ),
    rule(
        "map.page-size",
        &[EINVAL],
        "The text is shorter than a page.",
        "user_namespaces(7): EINVAL; kernel map_write()",
    ),
    rule("map.bad-buffer", &[EFAULT], "The text must be readable.", "write(2): EFAULT; kernel memdup_user_nul()"),
    rule(
        "map.written-once",
        &[EPERM],
        "A map is written once.",
        "user_namespaces(7), \"Defining user and group ID mappings\"; kernel map_write()",
    ),
    rule(
        "map.refusal-leaves-empty",
        &[],
        "A refused write leaves the map empty, and a valid one may follow.",
        "kernel map_write(): the map is installed last",
    ),
    rule(
        "map.opener-needs-sys-admin",
        &[EPERM],
        "The opener needs CAP_SYS_ADMIN in the namespace, for uid_map and gid_map.",
        "kernel map_write(): file_ns_capable() (user_namespaces(7) names CAP_SETUID and CAP_SETGID)",
    ),
    rule(
        "map.projid-free",
        &[],
        "projid_map asks for no capability and allows any range.",
        "user_namespaces(7), \"Project ID mappings\"; kernel new_idmap_permitted()",
    ),
    rule(
        "map.order-of-checks",
        &[EPERM, EINVAL, EFAULT],
        "First the opener's namespace, then position, size and buffer, then written already and CAP_SYS_ADMIN, then the text, then the ids.",
        "kernel 5820f140edef, map_write()",
    )
    .since("4.19"),
    rule(
        "map.shared",
        &[],
        "All processes of a namespace have the same maps, whoever's file is written.",
        "user_namespaces(7); kernel proc_id_map_open()",
    ),
];

pub(super) const TEXT: &[Rule] = &[
    rule(
        "text.first-field",
        &[EINVAL],
        "A line begins with a number in decimal digits, without sign.",
        "user_namespaces(7): EINVAL; kernel map_write(), simple_strtoul()",
    ),
    rule("text.second-field", &[EINVAL], "A second number must follow.", "as text.first-field"),
    rule("text.third-field", &[EINVAL], "A third number must follow.", "as text.first-field"),
    rule("text.trailing-junk", &[EINVAL], "Nothing else may follow on a line.", "as text.first-field"),
    rule(
        "text.numbers-wrap",
        &[],
        "Numbers wrap at 2 to the power of 32, but since 7.2 those of more than 64 bits are the greatest one.",
        "kernel map_write(): simple_strtoul() into 32 bits; \"lib: fix _parse_integer_limit() to handle overflow\"",
    ),
    rule(
        "text.white-space",
        &[],
        "Any white space may stand around the fields, the byte 0xA0 among it.",
        "kernel isspace(), lib/ctype.c",
    ),
    rule("text.nul", &[], "A NUL byte ends the text.", "kernel map_write(): strings"),
    rule(
        "text.last-id",
        &[EINVAL],
        "4294967295 is no id.",
        "user_namespaces(7); kernel map_write(): (u32)-1 is reserved",
    ),
    rule(
        "text.upper-range",
        &[EINVAL],
        "A range is not empty and ends before its first id wraps around.",
        "kernel map_write()",
    ),
    rule("text.lower-range", &[EINVAL], "The lower range ends before it wraps around.", "kernel map_write()"),
    rule(
        "text.upper-overlap",
        &[EINVAL],
        "Upper ranges do not overlap.",
        "user_namespaces(7): EINVAL; kernel mappings_overlap()",
    ),
    rule(
        "text.lower-overlap",
        &[EINVAL],
        "Lower ranges do not overlap.",
        "user_namespaces(7): EINVAL; kernel mappings_overlap()",
    ),
    rule("text.unordered", &[], "Extents may stand in any order.", "kernel 0bd14b4fd72a, mappings_overlap()")
        .since("3.9"),
    rule(
        "text.extents",
        &[EINVAL],
        "A map has at most 340 extents (5 before 4.15).",
        "user_namespaces(7): EINVAL; kernel 6397fac4915a, UID_GID_MAP_MAX_EXTENTS",
    )
    .since("4.15"),
];

pub(super) const PERMITTED: &[Rule] = &[
    rule(
        "allow.uid-0-from-inside",
        &[EPERM],
        "The parent's uid 0 is mapped from inside if the creator had CAP_SETFCAP; gids are exempt.",
        "user_namespaces(7); kernel db2e718a4798, verify_root_map(): parent_could_setfcap",
    )
    .since("5.12"),
    rule(
        "allow.uid-0-from-parent",
        &[EPERM],
        "The parent's uid 0 is mapped from the parent if the opener has CAP_SETFCAP there; gids are exempt.",
        "user_namespaces(7); kernel db2e718a4798, verify_root_map(): file_ns_capable()",
    )
    .since("5.12"),
    rule(
        "allow.own-id",
        &[EPERM],
        "Without privilege an id may be mapped if it is the opener's own.",
        "user_namespaces(7): EPERM; kernel new_idmap_permitted()",
    ),
    rule(
        "allow.one-id",
        &[EPERM],
        "Without privilege one id may be mapped and no more, in one line.",
        "user_namespaces(7): EPERM; kernel new_idmap_permitted()",
    ),
    rule(
        "allow.owner",
        &[EPERM],
        "Without privilege the owner alone may map its id.",
        "user_namespaces(7): EPERM; kernel f95d7918bd1e, new_idmap_permitted()",
    )
    .since("3.19"),
    rule(
        "allow.own-gid-needs-deny",
        &[EPERM],
        "Without privilege the own gid may be mapped once setgroups is \"deny\".",
        "user_namespaces(7): EPERM; kernel 66d2f338ee4c, new_idmap_permitted()",
    )
    .since("3.19"),
    rule(
        "allow.effective-id",
        &[EPERM],
        "One's own id is the effective one, not the real, the saved, the filesystem or a supplementary one.",
        "user_namespaces(7); kernel 80dd00a23784, new_idmap_permitted()",
    )
    .since("3.19"),
    rule(
        "allow.writer-needs-setid",
        &[EPERM],
        "For any other range the writer needs CAP_SETUID, or CAP_SETGID, in the parent.",
        "user_namespaces(7): EPERM; kernel new_idmap_permitted(): ns_capable()",
    ),
    rule(
        "allow.opener-needs-setid",
        &[EPERM],
        "For any other range the opener needs CAP_SETUID, or CAP_SETGID, in the parent, too.",
        "kernel 6708075f104c, new_idmap_permitted(): file_ns_capable()",
    )
    .since("3.9"),
    rule(
        "allow.mapped-in-parent",
        &[EPERM],
        "The lower range lies within one extent of the parent's map.",
        "user_namespaces(7): EPERM; kernel map_write(): map_id_range_down()",
    ),
];
