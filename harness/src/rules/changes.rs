//! What changed between the kernels that the suite runs on, and between the programs: the one table by which what
//! is expected depends on a release.

mod programs;

pub use programs::{ProgramChange, SG_OF_UTIL_LINUX, SUDO_KEEPS_ERRNO};

/// A change by which a snapshot varies: a test names it as `varies(SATURATING_NUMBERS)`.
pub trait Variation: Sync {
    /// Its name: where it is missing, the snapshot is called `test@without-NAME`.
    fn name(&self) -> &'static str;

    /// Whether this host's kernel, or program, has it. Told by its version, never by what it does.
    fn is_here(&self) -> bool;
}

use crate::host::system;

/// A change of the kernel that a program can see.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    /// Its name: a snapshot of a kernel without it is called `test@without-NAME`.
    pub name: &'static str,
    /// The rule that it brought or altered.
    pub rule: &'static str,
    /// What it brought, as a reason of a skip ends: "CAP_SETFCAP to map uid 0".
    pub what: &'static str,
    /// The first release that has it.
    pub release: (u32, u32),
    /// The stable series that it came to: series and number of the first release that has it, or of a later one.
    pub stable: &'static [(u32, u32, u32)],
    /// The commit.
    pub commit: &'static str,
}

/// Whoever maps uid 0 of the parent needs CAP_SETFCAP there.
pub static SETFCAP: Change = Change {
    name: "setfcap-for-root",
    rule: "allow.uid-0-from-inside",
    what: "CAP_SETFCAP to map uid 0",
    release: (5, 12),
    stable: &[(5, 10, 35)],
    commit: "db2e718a4798",
};

/// setresuid(2) and setresgid(2) that change nothing leave the filesystem id.
pub static NOTHING_TO_CHANGE: Change = Change {
    name: "nothing-to-change",
    rule: "id.nothing-to-change",
    what: "set*id calls that change nothing",
    release: (6, 3),
    stable: &[(5, 4, 243), (5, 10, 179), (5, 15, 110), (6, 1, 26)],
    commit: "659c0ce1cb9e",
};

/// Numbers of more than 64 bits in a map are the greatest one.
pub static SATURATING_NUMBERS: Change = Change {
    name: "saturating-numbers",
    rule: "text.numbers-wrap",
    what: "numbers of more than 64 bits are the greatest one",
    release: (7, 2),
    stable: &[],
    commit: "lib: fix _parse_integer_limit() to handle overflow",
};

/// SECBIT_EXEC_RESTRICT_FILE and SECBIT_EXEC_DENY_INTERACTIVE, which anybody may set.
pub static BITS_FOR_ALL: Change = Change {
    name: "unprivileged-securebits",
    rule: "change.locked-bits",
    what: "securebits without CAP_SETPCAP",
    release: (6, 14),
    stable: &[],
    commit: "a0623b2a1db5",
};

/// The sender of kill(2) is named as the receiver's namespace names it, not by way of what the sender's own says.
/// Read in the source of 7.3.4; the commit is not known here.
pub static SENDER_BY_RECEIVER: Change = Change {
    name: "sender-by-receiver",
    rule: "mean.signals",
    what: "kill(2) names its sender as the receiver does",
    release: (7, 3),
    stable: &[],
    commit: "kernel/signal.c: kill(2) gives SEND_SIG_NOINFO in the place of prepare_kill_siginfo()",
};

/// Every change, the oldest first.
pub static ALL: [&Change; 5] =
    [&SETFCAP, &NOTHING_TO_CHANGE, &BITS_FOR_ALL, &SATURATING_NUMBERS, &SENDER_BY_RECEIVER];

/// Everything by which a snapshot may vary: the changes of the kernel, then those of programs.
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

/// A kernel by its release, which decides what of the table it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    /// Major and minor version.
    pub version: (u32, u32),
    /// Which release of its stable series, such as 26 of 6.1.26; 0 where that is not known.
    pub stable: u32,
}

impl Release {
    /// That of this host; none that is older than any change where uname(2) does not tell.
    pub fn of_host() -> Self {
        let system = &crate::host::facts().system;
        Self::told(&system.kernel_release, &system.kernel_version)
    }

    /// That of a kernel with this `uname -r` and `uname -v`, as [`Release::of_host`].
    pub fn told(release: &str, version: &str) -> Self {
        Self {
            version: system::version(release).unwrap_or((u32::MAX, 0)),
            stable: system::stable_release(release, version),
        }
    }

    /// Whether a kernel of this release has a change.
    pub fn has(self, change: &Change) -> bool {
        self.reaches(change.release, change.stable)
    }

    /// Whether it is this release or a later one, or a later one of a stable series.
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
