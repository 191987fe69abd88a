//! What a written map means.

use super::{Rule, rule};
use nix::errno::Errno::{EINVAL, EOVERFLOW, EPERM, ESRCH};

pub(super) const MEANING: &[Rule] = &[
    rule(
        "mean.down",
        &[EINVAL, ESRCH],
        "The map translates an id that a process passes to a call. An id without a mapping is EINVAL, or ESRCH in a call that looks for a user's processes.",
        "user_namespaces(7); kernel make_kuid(), map_id_range_down()",
    ),
    rule(
        "mean.up",
        &[],
        "The map translates an id that a call returns. An id without a mapping is returned as the overflow id.",
        "user_namespaces(7), \"Unmapped user and group IDs\"; kernel from_kuid_munged(), map_id_up()",
    ),
    rule(
        "mean.levels",
        &[],
        "Through several levels of namespaces, an id is translated by all their maps.",
        "user_namespaces(7); kernel map_write(): lower ids are kept as the initial namespace has them",
    ),
    rule(
        "mean.many-extents",
        &[],
        "A map of more than five extents, which the kernel sorts in both directions, has the same meaning as a short one.",
        "kernel 6397fac4915a, insert_extent(), sort_idmaps(), map_id_up_max()",
    )
    .since("4.15"),
    rule(
        "mean.read-back",
        &[],
        "A map is read back in columns of ten characters. Up to five extents are in the written order, six or more are sorted by the upper id.",
        "user_namespaces(7); kernel uid_m_show(), m_start(), sort_idmaps()",
    ),
    rule(
        "mean.reader",
        &[],
        "The lower ids are shown as the namespace of the file's opener maps them. An opener in the namespace itself sees them as the parent maps them. An id without a mapping is shown as 4294967295.",
        "user_namespaces(7); kernel uid_m_show(): seq_user_ns()",
    ),
    rule(
        "mean.project-ids",
        &[EPERM],
        "A projid_map decides which project ids the maps below may name, and how these maps are read back. No call translates a project id through it.",
        "user_namespaces(7), \"Project ID mappings\"; kernel projid_m_show(), map_write(); fileattr_set_prepare() and check_quotactl_permission() keep to the initial namespace",
    ),
    rule(
        "mean.files",
        &[EINVAL],
        "chown(2) and stat(2) translate ids through the map. chown(2) to an id without a mapping is EINVAL.",
        "user_namespaces(7), \"Unmapped user and group IDs\"; kernel chown_common(), cp_new_stat()",
    ),
    rule(
        "mean.made-files",
        &[EOVERFLOW],
        "A new file belongs to the filesystem ids of its creator. The namespace in which the file system was mounted must map them.",
        "open(2); user_namespaces(7); kernel 036d523641c6, may_create(), inode_init_owner()",
    )
    .since("4.8"),
    rule(
        "mean.processes",
        &[],
        "/proc/PID/status shows ids as the namespace of the file's opener maps them. stat(2) shows the owner of /proc/PID as the caller's namespace maps it.",
        "proc_pid_status(5); proc(5); kernel task_state(): seq_user_ns(), task_dump_owner()",
    ),
    rule(
        "mean.ipc",
        &[EINVAL],
        "The owners of System V objects are read and set through the caller's map.",
        "msgctl(2); kernel kernel_to_ipc64_perm(), ipc_update_perm()",
    ),
    rule(
        "mean.peers",
        &[EINVAL, EPERM],
        "SO_PEERCRED, SO_PEERGROUPS and SCM_CREDENTIALS return ids through the receiver's map. The ids that a sender passes are translated by the sender's map. Without the capability they must be the sender's own.",
        "user_namespaces(7); unix(7); kernel cred_to_ucred(), scm_check_creds()",
    ),
    rule(
        "mean.signals",
        &[],
        "The uid in a signal is translated by the sender's map and then by the receiver's map. The uid of a child is translated by its parent's map. Since 7.3, kill(2) shows its sender as the receiver's namespace maps it.",
        "user_namespaces(7); sigaction(2), si_uid; waitid(2); kernel send_signal_locked(), do_notify_parent()",
    ),
    rule(
        "mean.keys",
        &[],
        "A key shows its owner and its group as the namespace of the reader maps them.",
        "keyctl_describe(3); kernel keyctl_describe_key(): from_kuid_munged()",
    ),
];
