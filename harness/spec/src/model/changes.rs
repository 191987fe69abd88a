//! The changes between releases of the kernel on which the model depends.

use crate::changes::{
    BITS_FOR_ALL, Change, DEAD_KEEP_DUMPABLE, EMPTY_MOUNT_NAMESPACE, EXEC_BITS_KEPT, NOTHING_TO_CHANGE,
    Release, SATURATING_NUMBERS, SETFCAP,
};

/// The changes that the kernel has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Changes {
    pub(super) setfcap: bool,
    pub(super) nothing_to_change: bool,
    pub(super) bits_for_all: bool,
    pub(super) saturating: bool,
    pub(super) dead_keep_dumpable: bool,
    pub(super) empty_mount_namespace: bool,
    pub(super) exec_bits_kept: bool,
}

impl From<Release> for Changes {
    /// The newer behaviour where the release does not show which the kernel has.
    fn from(release: Release) -> Self {
        Self {
            setfcap: SETFCAP.is_in(release),
            nothing_to_change: NOTHING_TO_CHANGE.is_in(release),
            bits_for_all: BITS_FOR_ALL.is_in(release),
            saturating: SATURATING_NUMBERS.is_in(release),
            dead_keep_dumpable: DEAD_KEEP_DUMPABLE.is_in(release),
            empty_mount_namespace: EMPTY_MOUNT_NAMESPACE.is_in(release),
            exec_bits_kept: EXEC_BITS_KEPT.is_in(release),
        }
    }
}

impl Changes {
    /// Every set of changes that a kernel of this release may have.
    pub(super) fn possible(release: Release) -> Vec<Self> {
        type Without = fn(Changes) -> Changes;
        let older: [(&Change, Without); 7] = [
            (&SETFCAP, |new| Self { setfcap: false, ..new }),
            (&NOTHING_TO_CHANGE, |new| Self { nothing_to_change: false, ..new }),
            (&BITS_FOR_ALL, |new| Self { bits_for_all: false, ..new }),
            (&SATURATING_NUMBERS, |new| Self { saturating: false, ..new }),
            (&DEAD_KEEP_DUMPABLE, |new| Self { dead_keep_dumpable: false, ..new }),
            (&EMPTY_MOUNT_NAMESPACE, |new| Self { empty_mount_namespace: false, ..new }),
            (&EXEC_BITS_KEPT, |new| Self { exec_bits_kept: false, ..new }),
        ];
        let open = older.into_iter().filter(|(change, _)| change.has(release).is_none());
        open.fold(vec![Self::from(release)], |all, (_, without)| {
            let others: Vec<Self> = all.iter().map(|changes| without(*changes)).collect();
            [all, others].concat()
        })
    }
}
