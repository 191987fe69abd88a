//! The files uid_map, gid_map and projid_map: writing them.

use super::{Rule, rule};
use nix::errno::Errno::{EFAULT, EINVAL, ENODEV, EOPNOTSUPP, EPERM, ESPIPE, EXDEV};

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
        "The opener of a map must be in the namespace or in its parent.",
        "user_namespaces(7), \"Defining user and group ID mappings\"; kernel proc_uid_map_write()",
    ),
    rule(
        "map.position",
        &[EINVAL, ESPIPE],
        "A map can only be written at position 0 (EINVAL), and a successful write moves the position. pwrite(2) is ESPIPE at any offset, including 0.",
        "user_namespaces(7): EINVAL; kernel 5820f140edef, map_write(), seq_open()",
    ),
    rule(
        "map.page-size",
        &[EINVAL],
        "The text must be shorter than a page.",
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
        "map.vector",
        &[EINVAL],
        "writev(2) writes each buffer as a text of its own. If the first is a map it counts, the others are lost without an error, and the call returns the length of the first. If it is not, the call is refused.",
        "writev(2); kernel do_loop_readv_writev(), map_write(), proc_setgroups_write()",
    ),
    rule(
        "map.write-flags",
        &[EOPNOTSUPP],
        "A map takes no flag of pwritev2(2) except RWF_HIPRI.",
        "pwritev2(2): EOPNOTSUPP; kernel do_loop_readv_writev()",
    )
    .since("4.16"),
    rule(
        "map.no-copies",
        &[EINVAL, EXDEV],
        "sendfile(2) and splice(2) do not write a map (EINVAL), and neither does copy_file_range(2) (EXDEV).",
        "sendfile(2), copy_file_range(2); kernel warn_unsupported(), generic_copy_file_checks()",
    ),
    rule(
        "map.no-memory",
        &[ENODEV, EOPNOTSUPP, EINVAL],
        "A map cannot be mapped into memory (ENODEV), be given space (EOPNOTSUPP) or be synchronized (EINVAL).",
        "mmap(2), fallocate(2), fsync(2); kernel proc_uid_map_operations",
    ),
    rule(
        "map.no-length",
        &[],
        "ftruncate(2) and O_TRUNC succeed on a map and have no effect.",
        "ftruncate(2), open(2); kernel proc_setattr()",
    ),
    rule(
        "map.opener-of-each",
        &[EPERM],
        "A descriptor keeps the credentials of the process that opened it, on whatever way another process gets it. Opening it again through /proc/PID/fd makes the other process the opener.",
        "user_namespaces(7); kernel map_write(): file_ns_capable(), f_cred",
    ),
    rule(
        "map.refusal-leaves-empty",
        &[],
        "A refused write leaves the map empty, and a valid write may follow.",
        "kernel map_write(): the map is installed last",
    ),
    rule(
        "map.opener-needs-sys-admin",
        &[EPERM],
        "The opener of uid_map or gid_map needs CAP_SYS_ADMIN in the namespace.",
        "kernel map_write(): file_ns_capable() (user_namespaces(7) names CAP_SETUID and CAP_SETGID)",
    ),
    rule(
        "map.projid-free",
        &[],
        "Writing projid_map needs no capability, and any range is allowed.",
        "user_namespaces(7), \"Project ID mappings\"; kernel new_idmap_permitted()",
    ),
    rule(
        "map.order-of-checks",
        &[EPERM, EINVAL, EFAULT],
        "The kernel checks the opener's namespace first, then position, size and buffer, then whether the map is already written and CAP_SYS_ADMIN, then the text, then the ids.",
        "kernel 5820f140edef, map_write()",
    )
    .since("4.19"),
    rule(
        "map.shared",
        &[],
        "All processes of a namespace share its maps, so it does not matter through which process's file a map is written.",
        "user_namespaces(7); kernel proc_id_map_open()",
    ),
];

pub(super) const TEXT: &[Rule] = &[
    rule(
        "text.first-field",
        &[EINVAL],
        "A line begins with a number in decimal digits, without a sign.",
        "user_namespaces(7): EINVAL; kernel map_write(), simple_strtoul()",
    ),
    rule(
        "text.second-field",
        &[EINVAL],
        "A second number must follow.",
        "user_namespaces(7): EINVAL; kernel map_write(), simple_strtoul()",
    ),
    rule(
        "text.third-field",
        &[EINVAL],
        "A third number must follow.",
        "user_namespaces(7): EINVAL; kernel map_write(), simple_strtoul()",
    ),
    rule(
        "text.trailing-junk",
        &[EINVAL],
        "Nothing may follow the third number on a line.",
        "user_namespaces(7): EINVAL; kernel map_write(), simple_strtoul()",
    ),
    rule(
        "text.numbers-wrap",
        &[],
        "Numbers wrap at 2 to the power of 32. Since 7.2, a number of more than 64 bits is read as the greatest number.",
        "kernel map_write(): simple_strtoul() into 32 bits; \"lib: fix _parse_integer_limit() to handle overflow\"",
    ),
    rule(
        "text.white-space",
        &[],
        "Any white space may surround the fields, including the byte 0xA0.",
        "kernel isspace(), lib/ctype.c",
    ),
    rule("text.nul", &[], "A NUL byte ends the text.", "kernel map_write(): strings"),
    rule(
        "text.last-id",
        &[EINVAL],
        "4294967295 is not a valid id.",
        "user_namespaces(7); kernel map_write(): (u32)-1 is reserved",
    ),
    rule(
        "text.upper-range",
        &[EINVAL],
        "The upper range must not be empty, and must end before it wraps around.",
        "kernel map_write()",
    ),
    rule(
        "text.lower-range",
        &[EINVAL],
        "The lower range must end before it wraps around.",
        "kernel map_write()",
    ),
    rule(
        "text.upper-overlap",
        &[EINVAL],
        "Upper ranges must not overlap.",
        "user_namespaces(7): EINVAL; kernel mappings_overlap()",
    ),
    rule(
        "text.lower-overlap",
        &[EINVAL],
        "Lower ranges must not overlap.",
        "user_namespaces(7): EINVAL; kernel mappings_overlap()",
    ),
    rule("text.unordered", &[], "Extents may be in any order.", "kernel 0bd14b4fd72a, mappings_overlap()")
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
        "A process in the namespace may map the parent's uid 0 if the creator of the namespace had CAP_SETFCAP. Gids are exempt.",
        "user_namespaces(7); kernel db2e718a4798, verify_root_map(): parent_could_setfcap",
    )
    .since("5.12"),
    rule(
        "allow.uid-0-from-parent",
        &[EPERM],
        "A process in the parent may map the parent's uid 0 if the opener has CAP_SETFCAP in the parent. Gids are exempt.",
        "user_namespaces(7); kernel db2e718a4798, verify_root_map(): file_ns_capable()",
    )
    .since("5.12"),
    rule(
        "allow.own-id",
        &[EPERM],
        "Without privilege, only the opener's own id may be mapped.",
        "user_namespaces(7): EPERM; kernel new_idmap_permitted()",
    ),
    rule(
        "allow.one-id",
        &[EPERM],
        "Without privilege, only one line with one id may be mapped.",
        "user_namespaces(7): EPERM; kernel new_idmap_permitted()",
    ),
    rule(
        "allow.owner",
        &[EPERM],
        "Without privilege, only the owner of the namespace may map its id.",
        "user_namespaces(7): EPERM; kernel f95d7918bd1e, new_idmap_permitted()",
    )
    .since("3.19"),
    rule(
        "allow.own-gid-needs-deny",
        &[EPERM],
        "Without privilege, the opener's own gid may be mapped only after setgroups is \"deny\".",
        "user_namespaces(7): EPERM; kernel 66d2f338ee4c, new_idmap_permitted()",
    )
    .since("3.19"),
    rule(
        "allow.effective-id",
        &[EPERM],
        "The opener's own id is its effective id, not the real, saved or filesystem id, and not a supplementary group.",
        "user_namespaces(7); kernel 80dd00a23784, new_idmap_permitted()",
    )
    .since("3.19"),
    rule(
        "allow.writer-needs-setid",
        &[EPERM],
        "For any other range, the writer needs CAP_SETUID (CAP_SETGID) in the parent.",
        "user_namespaces(7): EPERM; kernel new_idmap_permitted(): ns_capable()",
    ),
    rule(
        "allow.opener-needs-setid",
        &[EPERM],
        "For any other range, the opener also needs CAP_SETUID (CAP_SETGID) in the parent.",
        "kernel 6708075f104c, new_idmap_permitted(): file_ns_capable()",
    )
    .since("3.9"),
    rule(
        "allow.mapped-in-parent",
        &[EPERM],
        "The lower range must lie within one extent of the parent's map.",
        "user_namespaces(7): EPERM; kernel map_write(): map_id_range_down()",
    ),
];
