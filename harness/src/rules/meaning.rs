//! What a written map means.

use super::{Rule, rule};
use nix::errno::Errno::EINVAL;

pub(super) const MEANING: &[Rule] = &[
    rule(
        "mean.down",
        &[EINVAL],
        "An id that a call names in a namespace stands for the id below it that the map gives; without a mapping it is EINVAL.",
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
        "The lower ids are shown as the reader's namespace names them, to a reader in the namespace itself as its parent does.",
        "user_namespaces(7); kernel uid_m_show()",
    ),
    rule(
        "mean.files",
        &[],
        "chown(2) takes and stat(2) tells ids through the map.",
        "user_namespaces(7), \"Unmapped user and group IDs\"; kernel chown_common(), cp_new_stat()",
    ),
    rule(
        "mean.peers",
        &[],
        "SO_PEERCRED and SCM_CREDENTIALS tell ids through the receiver's map.",
        "user_namespaces(7); unix(7); kernel cred_to_ucred(), scm_set_cred()",
    ),
    rule(
        "mean.signals",
        &[],
        "The sender's uid in a signal is told through the receiver's map.",
        "user_namespaces(7); sigaction(2), si_uid; kernel from_kuid_munged() in __send_signal()",
    ),
];
