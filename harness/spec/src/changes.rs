//! The changes between releases of the kernel, and between versions of programs. This is the one table by which an
//! expectation depends on a release.

mod programs;

pub use programs::{ProgramChange, SG_OF_UTIL_LINUX, SUDO_KEEPS_ERRNO};

/// A change for which a test has two snapshots. The test names it: `varies(SATURATING_NUMBERS)`.
pub trait Variation: Sync {
    /// Its name. On a kernel without the change, the snapshot is `test@without-NAME`.
    fn name(&self) -> &'static str;

    /// Whether a host has the change: its kernel is of this release, and its programs print these versions of
    /// themselves. The version decides, never the behaviour.
    fn is_here(&self, release: Release, version_of: &dyn Fn(&str) -> Option<String>) -> bool;

    /// The change of the kernel that it is. `None` for one of a program.
    fn of_the_kernel(&self) -> Option<&Change>;
}

pub use harness_scenario::release::{Release, Stable};

/// A change of the kernel that a program can see.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    /// Its name. The snapshot for a kernel without the change is `test@without-NAME`.
    pub name: &'static str,
    /// The rule that the change added or altered.
    pub rule: &'static str,
    /// What the change added, in the words that end the reason of a skip: "CAP_SETFCAP to map uid 0".
    pub what: &'static str,
    /// The first release that has the change.
    pub release: (u32, u32),
    /// The stable series that received the change: the series, and the number of the first release with the change or of
    /// a later one.
    pub stable: &'static [(u32, u32, u32)],
    /// The commit.
    pub commit: &'static str,
}

/// A process that maps uid 0 of the parent needs CAP_SETFCAP there.
pub static SETFCAP: Change = Change {
    name: "setfcap-for-root",
    rule: "allow.uid-0-from-inside",
    what: "CAP_SETFCAP to map uid 0",
    release: (5, 12),
    stable: &[(5, 10, 35)],
    commit: "db2e718a4798",
};

/// A setresuid(2) or setresgid(2) call that changes nothing leaves the filesystem id as it is.
pub static NOTHING_TO_CHANGE: Change = Change {
    name: "nothing-to-change",
    rule: "id.nothing-to-change",
    what: "set*id calls that change nothing",
    release: (6, 3),
    stable: &[(5, 4, 243), (5, 10, 179), (5, 15, 110), (6, 1, 26)],
    commit: "659c0ce1cb9e",
};

/// A number of more than 64 bits in a map is read as the greatest number.
pub static SATURATING_NUMBERS: Change = Change {
    name: "saturating-numbers",
    rule: "text.numbers-wrap",
    what: "numbers of more than 64 bits read as the greatest number",
    release: (7, 2),
    stable: &[],
    commit: "lib: fix _parse_integer_limit() to handle overflow",
};

/// SECBIT_EXEC_RESTRICT_FILE and SECBIT_EXEC_DENY_INTERACTIVE, which every process may set.
pub static BITS_FOR_ALL: Change = Change {
    name: "unprivileged-securebits",
    rule: "change.locked-bits",
    what: "securebits without CAP_SETPCAP",
    release: (6, 14),
    stable: &[],
    commit: "a0623b2a1db5",
};

/// A signal of kill(2) shows the sender's uid as the receiver's namespace maps it. Before, the sender's namespace
/// translated the uid first. The source of 7.3.4 has the change; its commit is not known.
pub static SENDER_BY_RECEIVER: Change = Change {
    name: "sender-by-receiver",
    rule: "mean.signals",
    what: "kill(2) shows its sender as the receiver maps it",
    release: (7, 3),
    stable: &[],
    commit: "kernel/signal.c: kill(2) passes SEND_SIG_NOINFO instead of prepare_kill_siginfo()",
};

/// SECBIT_EXEC_RESTRICT_FILE, SECBIT_EXEC_DENY_INTERACTIVE and their locks stay when a process enters a user namespace.
/// The source of 7.3.4 has the change; its commit is not known.
pub static EXEC_BITS_KEPT: Change = Change {
    name: "exec-securebits-kept",
    rule: "enter.exec-securebits",
    what: "the exec securebits kept in a new namespace",
    release: (7, 3),
    stable: &[],
    commit: "kernel/user_namespace.c: set_cred_user_ns() keeps SECURE_ALL_UNPRIVILEGED",
};

/// The dumpable flag belongs to the process and no longer to its memory, so that a process keeps it when it ends. The source
/// of 7.2.13 has the change, and 7.1.13 behaves as before; its commit is not known.
pub static DEAD_KEEP_DUMPABLE: Change = Change {
    name: "dead-keep-dumpable",
    rule: "open.dead-owner",
    what: "the files of a dead process that was dumpable belong to its ids",
    release: (7, 2),
    stable: &[],
    commit: "kernel/exec_state.c, task_dump_owner(): the flag left struct mm_struct",
};

/// unshare(2) takes UNSHARE_EMPTY_MNTNS, the bit that clone(2) calls CLONE_PARENT_SETTID. The source of 7.2.13 has the change;
/// its commit is not known.
pub static EMPTY_MOUNT_NAMESPACE: Change = Change {
    name: "empty-mount-namespace",
    rule: "create.empty-mount-namespace",
    what: "UNSHARE_EMPTY_MNTNS",
    release: (7, 2),
    stable: &[],
    commit: "kernel/fork.c: check_unshare_flags() knows UNSHARE_EMPTY_MNTNS",
};

/// The handle of a namespace is no longer opened by the owner of that namespace. 6.19.6 and 6.18.15 open it, 6.19.14 and 7.0.4
/// do not; the commit is not known.
pub static HANDLE_OF_OWNER: Change = Change {
    name: "no-handle-for-owners",
    rule: "ask.handle",
    what: "handles of namespaces for those inside alone",
    release: (7, 0),
    stable: &[(6, 19, 14)],
    commit: "fs/nsfs.c: nsfs_fh_to_dentry() asks may_see_all_namespaces()",
};

/// A procfs with subset=pid is another thing than one that shows everything. The source of 7.2.13 has the change; its commit is
/// not known.
pub static PROC_SUBSET: Change = Change {
    name: "proc-subset-shows-less",
    rule: "mount.proc-subset",
    what: "a procfs with subset=pid where another is covered",
    release: (7, 2),
    stable: &[],
    commit: "fs/proc/root.c: SB_I_RESTRICTED_VARIANT; fs/namespace.c: mnt_already_visible()",
};

/// The limits that a namespace takes from its creator bind it. In 5.14 and 5.15.0 they were compared with the wrong
/// namespace's. The kernels from 5.15.12 to 5.15.26 have it with a regression of RLIMIT_NPROC, and so have 5.16.0 to 5.16.12
/// (c16bdeb5a39f, 0ac983f51203); a test has to show this.
pub static LIMITS_OF_CREATOR: Change = Change {
    name: "limits-of-creator",
    rule: "limit.rlimits-of-creator",
    what: "limits per namespace",
    release: (5, 16),
    stable: &[(5, 15, 12)],
    commit: "59ec71575ab4",
};

/// Every change, oldest first.
pub static ALL: [&Change; 11] = [
    &SETFCAP,
    &LIMITS_OF_CREATOR,
    &NOTHING_TO_CHANGE,
    &BITS_FOR_ALL,
    &HANDLE_OF_OWNER,
    &SATURATING_NUMBERS,
    &DEAD_KEEP_DUMPABLE,
    &EMPTY_MOUNT_NAMESPACE,
    &PROC_SUBSET,
    &SENDER_BY_RECEIVER,
    &EXEC_BITS_KEPT,
];

/// Every change for which a snapshot may vary: first those of the kernel, then those of programs.
pub fn variations() -> impl Iterator<Item = &'static dyn Variation> {
    let of_programs = programs::ALL.into_iter().map(|change| change as &dyn Variation);
    ALL.into_iter().map(|change| change as &dyn Variation).chain(of_programs)
}

impl Variation for Change {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is_here(&self, release: Release, _: &dyn Fn(&str) -> Option<String>) -> bool {
        self.is_in(release)
    }

    fn of_the_kernel(&self) -> Option<&Change> {
        Some(self)
    }
}

impl Change {
    /// Whether a kernel of this release has it. `None` if the release does not show it, because the kernel is one of a
    /// distribution that takes changes on its own, or hides the number of its stable series.
    pub fn has(&self, release: Release) -> Option<bool> {
        release.reaches(self.release, self.stable)
    }

    /// The same, with the newer behaviour where the release does not show it. A test that expects one of the two has to
    /// need a release that decides.
    pub fn is_in(&self, release: Release) -> bool {
        self.has(release) != Some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_belongs_to_a_rule() {
        for change in ALL {
            assert!(crate::rules::all().any(|rule| rule.name == change.rule), "{}", change.rule);
        }
    }

    #[test]
    fn a_kernel_of_unknown_release_is_newer_than_any_change() {
        assert_eq!(SENDER_BY_RECEIVER.has(Release::told("odd", "", None)), Some(true));
    }

    #[test]
    fn a_stable_release_may_have_it_before_the_next_series() {
        assert!(SETFCAP.is_in(Release::of(5, 12, 0)));
        assert!(SETFCAP.is_in(Release::of(5, 10, 35)));
        assert!(!SETFCAP.is_in(Release::of(5, 10, 34)));
        assert!(!SETFCAP.is_in(Release::of(5, 11, 99)));
    }

    /// A kernel that may have the change is not held to the older behaviour.
    #[test]
    fn a_release_that_does_not_show_it_decides_nothing() {
        let red_hat = Release::told("5.14.0-427.el9.x86_64", "#1 SMP", None);

        assert_eq!(SETFCAP.has(red_hat), Some(true));
        assert_eq!(NOTHING_TO_CHANGE.has(red_hat), None);
        assert!(NOTHING_TO_CHANGE.is_in(red_hat));
    }
}
