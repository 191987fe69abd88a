//! Mounting in a namespace, and idmapped mounts.

use super::{Rule, rule};
use nix::errno::Errno::{EBADF, EINVAL, EOVERFLOW, EPERM};

pub(super) const MOUNTING: &[Rule] = &[
    rule(
        "mount.own-mounts",
        &[EPERM],
        "Mounting takes CAP_SYS_ADMIN in the user namespace that owns the mount namespace. Root of a namespace cannot mount in the mount namespace of its parent.",
        "mount(2): EPERM; kernel may_mount()",
    ),
    rule(
        "mount.types",
        &[EPERM],
        "Root of a namespace may mount the types of file systems that allow it, such as tmpfs. Its ids need no mapping for that.",
        "mount_namespaces(7); kernel mount_capable(): FS_USERNS_MOUNT",
    ),
    rule(
        "mount.shown-namespace",
        &[EPERM],
        "Mounting proc, sysfs, mqueue or cgroup2 takes CAP_SYS_ADMIN in the user namespace that owns the PID, network, IPC or cgroup namespace.",
        "mq_overview(7), cgroup_namespaces(7); kernel proc_fill_super(), mqueue_get_tree(), cgroup_init_fs_context()",
    ),
    rule(
        "mount.option-ids",
        &[EINVAL],
        "The ids in the options of a tmpfs are ids of the namespace that mounts it, and need a mapping there.",
        "tmpfs(5); kernel shmem_parse_one(): kuid_has_mapping()",
    ),
    rule(
        "mount.fully-visible",
        &[EPERM],
        "Root of a namespace may mount proc only where a procfs of its mount namespace shows everything.",
        "kernel mount_too_revealing(), mnt_already_visible()",
    ),
    rule(
        "mount.locked",
        &[EINVAL],
        "A mount that came from the mount namespace of a parent cannot be unmounted alone, or be moved.",
        "mount_namespaces(7), \"Restrictions on mount namespaces\"; kernel can_umount(): MNT_LOCKED",
    ),
    rule(
        "mount.locked-flags",
        &[EPERM],
        "The flags read-only, nosuid, nodev and noexec of a mount that came from the mount namespace of a parent cannot be cleared.",
        "mount_namespaces(7), \"Restrictions on mount namespaces\"; kernel can_change_locked_flags()",
    )
    .since("3.16"),
    rule(
        "mount.locked-times",
        &[EPERM],
        "How a mount that came from the mount namespace of a parent keeps times of access cannot be changed.",
        "mount_namespaces(7), \"Restrictions on mount namespaces\"; kernel can_change_locked_flags(): MNT_LOCK_ATIME",
    )
    .since("3.17"),
    rule(
        "mount.bind-whole",
        &[EINVAL],
        "A tree of mounts that came from the mount namespace of a parent can be bound as a whole, and not without what is mounted below.",
        "mount_namespaces(7), \"Restrictions on mount namespaces\"; kernel has_locked_children()",
    ),
    rule(
        "mount.one-way",
        &[],
        "What a parent mounts later in a shared mount reaches the namespaces below it. What these mount does not reach the parent.",
        "mount_namespaces(7), \"Restrictions on mount namespaces\"; kernel copy_mnt_ns(): CL_SHARED_TO_SLAVE",
    ),
    rule(
        "mount.proc-subset",
        &[EPERM],
        "Since 7.2, a procfs with subset=pid may be mounted where a part of /proc is covered, and does not count as one that shows everything. Before, the option makes no difference.",
        "proc(5), subset=pid; kernel 7.2, mount_too_revealing(): SB_I_RESTRICTED_VARIANT",
    )
    .since("5.8"),
    rule(
        "mount.fuse-opener",
        &[EINVAL],
        "A fuse file system is mounted in the user namespace in which /dev/fuse was opened.",
        "kernel 8cb08329b080, fuse_fill_super()",
    )
    .since("4.18"),
];

pub(super) const IDMAPPED: &[Rule] = &[
    rule(
        "idmap.written-maps",
        &[EINVAL],
        "The user namespace of an idmapped mount must have a uid_map and a gid_map. What its setgroups file says does not matter.",
        "mount_setattr(2): EINVAL; kernel build_mount_idmapped(), copy_mnt_idmap(): nr_extents == 0",
    )
    .since("6.12"),
    rule(
        "idmap.what-maps",
        &[EINVAL, EPERM, EBADF],
        "A mount is idmapped by a descriptor of a user namespace: not by the initial one (EPERM), by the one that owns the file system (EINVAL) or by another kind (EINVAL).",
        "mount_setattr(2): EINVAL, EPERM, EBADF; kernel build_mount_idmapped(), can_idmap_mount()",
    )
    .since("5.12"),
    rule(
        "idmap.once",
        &[EPERM],
        "A mount that is idmapped is not idmapped again.",
        "mount_setattr(2): EPERM; kernel can_idmap_mount()",
    )
    .since("5.12"),
    rule(
        "idmap.ids",
        &[],
        "A file that is made through an idmapped mount has the ids in the file system that the map translates to those of its maker.",
        "mount_setattr(2), \"ID-mapped mounts\"; kernel mapped_fsuid(), i_uid_into_vfsuid()",
    )
    .since("5.12"),
    rule(
        "idmap.without-a-place",
        &[EOVERFLOW],
        "A process whose ids have no place in the map of a mount can make no file there, and no file is given such ids.",
        "mount_setattr(2), \"ID-mapped mounts\"; kernel fsuidgid_has_mapping()",
    )
    .since("5.12"),
    rule(
        "idmap.overflow",
        &[],
        "A file whose ids have no place in the map of a mount shows the overflow ids there.",
        "mount_setattr(2), \"ID-mapped mounts\"; kernel i_uid_into_vfsuid()",
    )
    .since("5.12"),
    rule(
        "idmap.detached",
        &[EINVAL],
        "A mount is idmapped before it is attached.",
        "mount_setattr(2): EINVAL; kernel can_idmap_mount()",
    )
    .since("5.12"),
    rule(
        "idmap.file-system-owner",
        &[EPERM],
        "Idmapping a mount takes CAP_SYS_ADMIN in the user namespace in which its file system was mounted.",
        "mount_setattr(2): EPERM; kernel can_idmap_mount(): ns_capable(fs_userns)",
    )
    .since("5.12"),
];
