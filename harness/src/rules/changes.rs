//! The changes between releases of the kernel, and between versions of programs. This is the one table by which an
//! expectation depends on a release.

mod programs;

pub use programs::{ProgramChange, SG_OF_UTIL_LINUX, SUDO_KEEPS_ERRNO};

/// A change for which a test has two snapshots. The test names it: `varies(SATURATING_NUMBERS)`.
pub trait Variation: Sync {
    /// Its name. On a kernel without the change, the snapshot is `test@without-NAME`.
    fn name(&self) -> &'static str;

    /// Whether this host's kernel or program has the change. The version decides, never the behaviour.
    fn is_here(&self) -> bool;
}

use crate::host::system;

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

/// Every change, oldest first.
pub static ALL: [&Change; 5] =
    [&SETFCAP, &NOTHING_TO_CHANGE, &BITS_FOR_ALL, &SATURATING_NUMBERS, &SENDER_BY_RECEIVER];

/// Every change for which a snapshot may vary: first those of the kernel, then those of programs.
pub fn variations() -> impl Iterator<Item = &'static dyn Variation> {
    let of_programs = programs::ALL.into_iter().map(|change| change as &dyn Variation);
    ALL.into_iter().map(|change| change as &dyn Variation).chain(of_programs)
}

impl Variation for Change {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is_here(&self) -> bool {
        Release::of_host().has(self)
    }
}

/// The release of a kernel. It decides which changes of the table the kernel has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    /// Major and minor version.
    pub version: (u32, u32),
    /// The number within its stable series, such as 26 of 6.1.26. 0 if it is not known.
    pub stable: u32,
}

impl Release {
    /// The release of this host. If uname(2) does not show one, a release that is later than every change.
    pub fn of_host() -> Self {
        let system = &crate::host::facts().system;
        Self::told(&system.kernel_release, &system.kernel_version)
    }

    /// The release of a kernel with this `uname -r` and `uname -v`, as for [`Release::of_host`].
    pub fn told(release: &str, version: &str) -> Self {
        Self {
            version: system::version(release).unwrap_or((u32::MAX, 0)),
            stable: system::stable_release(release, version),
        }
    }

    /// Whether a kernel of this release has the change.
    pub fn has(self, change: &Change) -> bool {
        self.reaches(change.release, change.stable)
    }

    /// Whether this release is `first` or later, or is in a stable series and at least the release given for it.
    pub fn reaches(self, first: (u32, u32), stable: &[(u32, u32, u32)]) -> bool {
        let in_series = |(major, minor, least): &(u32, u32, u32)| {
            (*major, *minor) == self.version && self.stable >= *least
        };
        self.version >= first || stable.iter().any(in_series)
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
    fn a_release_is_read_from_what_uname_says() {
        let debian = Release::told("6.1.0-26-amd64", "#1 SMP Debian 6.1.112-1 (2024-09-30)");

        assert_eq!(debian, Release { version: (6, 1), stable: 112 });
        assert!(Release::told("odd", "").has(&SENDER_BY_RECEIVER));
    }

    #[test]
    fn a_stable_release_may_have_it_before_the_next_series() {
        let release = |major, minor, stable| Release { version: (major, minor), stable };

        assert!(release(5, 12, 0).has(&SETFCAP));
        assert!(release(5, 10, 35).has(&SETFCAP));
        assert!(!release(5, 10, 34).has(&SETFCAP));
        assert!(!release(5, 11, 99).has(&SETFCAP));
    }
}
