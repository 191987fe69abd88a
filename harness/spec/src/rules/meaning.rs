//! What a written map means.

use super::{Rule, rule};
use nix::errno::Errno::{EINVAL, EOVERFLOW, EPERM, ESRCH};

pub(super) const MEANING: &[Rule] = &[
    rule(
        "mean.down",
        &[EINVAL, ESRCH],
        "An id that a call names in a namespace stands for the id below it that the map gives; without a mapping it is EINVAL, or ESRCH for a call that looks for a user's processes.",
        "user_namespaces(7); kernel make_kuid(), map_id_range_down()",
    ),
    rule(
        "mean.up",
        &[],
        "An id that a call tells in a namespace is the one that the map has for it, or the overflow id.",
        "user_namespaces(7), \"Unmapped user and group IDs\"; kernel from_kuid_munged(), map_id_up()",
    ),
    rule(
        "mean.levels",
        &[],
        "Through several namespaces an id goes through all their maps.",
        "user_namespaces(7); kernel map_write(): lower ids are kept as the initial namespace has them",
    ),
    rule(
        "mean.many-extents",
        &[],
        "A map of more than five extents, which the kernel sorts both ways, means the same as a short one.",
        "kernel 6397fac4915a, insert_extent(), sort_idmaps(), map_id_up_max()",
    )
    .since("4.15"),
    rule(
        "mean.read-back",
        &[],
        "A map is read back in columns of ten, in the written order up to five extents and sorted by the upper id from six.",
        "user_namespaces(7); kernel uid_m_show(), m_start(), sort_idmaps()",
    ),
    rule(
        "mean.reader",
        &[],
        "The lower ids are shown as the namespace of the file's opener names them, to an opener in the namespace itself as its parent does; 4294967295 has no name there.",
        "user_namespaces(7); kernel uid_m_show(): seq_user_ns()",
    ),
    rule(
        "mean.project-ids",
        &[EPERM],
        "A projid_map decides which project ids the maps below may name and how they are read back; no call takes or tells a project id through it.",
        "user_namespaces(7), \"Project ID mappings\"; kernel projid_m_show(), map_write(); fileattr_set_prepare() and check_quotactl_permission() keep to the initial namespace",
    ),
    rule(
        "mean.files",
        &[EINVAL],
        "chown(2) takes and stat(2) tells ids through the map; chown(2) to one without a mapping is EINVAL.",
        "user_namespaces(7), \"Unmapped user and group IDs\"; kernel chown_common(), cp_new_stat()",
    ),
    rule(
        "mean.made-files",
        &[EOVERFLOW],
        "A new file belongs to the filesystem ids of its maker, which the namespace that its file system was mounted in must map.",
        "open(2); user_namespaces(7); kernel 036d523641c6, may_create(), inode_init_owner()",
    )
    .since("4.8"),
    rule(
        "mean.processes",
        &[],
        "/proc/PID/status tells ids as the namespace of the file's opener names them, the owner of /proc/PID as that of the one who asks.",
        "proc_pid_status(5); proc(5); kernel task_state(): seq_user_ns(), task_dump_owner()",
    ),
    rule(
        "mean.ipc",
        &[EINVAL],
        "The permissions of System V objects are told and set through the caller's map.",
        "msgctl(2); kernel kernel_to_ipc64_perm(), ipc_update_perm()",
    ),
    rule(
        "mean.peers",
        &[EINVAL, EPERM],
        "SO_PEERCRED, SO_PEERGROUPS and SCM_CREDENTIALS tell ids through the receiver's map; what a sender gives goes through its own and has to be its own without the capability.",
        "user_namespaces(7); unix(7); kernel cred_to_ucred(), scm_check_creds()",
    ),
    rule(
        "mean.signals",
        &[],
        "The uid in a signal is taken through the sender's map and told through the receiver's, that of a child through its parent's; since 7.3 kill(2) names its sender as the receiver does.",
        "user_namespaces(7); sigaction(2), si_uid; waitid(2); kernel send_signal_locked(), do_notify_parent()",
    ),
];
