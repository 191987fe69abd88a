//! What changed between the programs that the suite runs, of what a test can see and the kernel has no part in.

use super::{Release, Variation};

/// A change of a program, or the place that one program took of another with the same name.
#[derive(Debug, PartialEq, Eq)]
pub struct ProgramChange {
    /// Its name: a snapshot beside a program without it is called `test@without-NAME`.
    pub name: &'static str,
    /// The program. `--version` makes it tell what it is, and do nothing.
    pub program: &'static str,
    /// What the line that it tells then begins with, up to the version. Another program tells something else.
    pub says: &'static str,
    /// The first version that has it.
    pub version: [u32; 3],
    /// Where that is written.
    pub source: &'static str,
}

/// sudo's warning does not change errno, so that what sudo says next is about the call that was refused.
pub static SUDO_KEEPS_ERRNO: ProgramChange = ProgramChange {
    name: "sudo-keeps-errno",
    program: "sudo",
    says: "Sudo version ",
    version: [1, 9, 7],
    source: "sudo's ChangeLog, 2021-05-01: \"Avoid clobbering errno in warning()\", 3282a7db7f51",
};

/// util-linux's sg, which calls setgid(2) alone, in the place of shadow's, which calls setgroups(2), too.
pub static SG_OF_UTIL_LINUX: ProgramChange = ProgramChange {
    name: "sg-of-util-linux",
    program: "sg",
    says: "sg from util-linux ",
    version: [2, 41, 0],
    source: "util-linux's login-utils/newgrp.c, of 2.41 the first that runs a command; Debian's changelog of \
             util-linux 2.40.2-8",
};

/// Every change.
pub(super) static ALL: [&ProgramChange; 2] = [&SUDO_KEEPS_ERRNO, &SG_OF_UTIL_LINUX];

impl Variation for ProgramChange {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is_here(&self, _: Release, version_of: &dyn Fn(&str) -> Option<String>) -> bool {
        version_of(self.program).is_some_and(|line| self.is_in(&line))
    }
}

impl ProgramChange {
    /// Whether a program that tells this of itself has it.
    fn is_in(&self, line: &str) -> bool {
        line.strip_prefix(self.says).is_some_and(|version| numbers(version) >= self.version)
    }
}

/// The first three numbers of a version such as 1.9.5p2; 0 for what is not there.
fn numbers(version: &str) -> [u32; 3] {
    let version = version.split_whitespace().next().unwrap_or_default();
    let mut numbers = version.split(|digit: char| !digit.is_ascii_digit()).map(|number| number.parse().ok());
    std::array::from_fn(|_| numbers.next().flatten().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_that_a_program_tells_decides() {
        for (line, has) in [
            ("Sudo version 1.9.5p2", false),
            ("Sudo version 1.9.6p1", false),
            ("Sudo version 1.9.7", true),
            ("Sudo version 1.9.13p3", true),
            ("Sudo version 1.10", true),
            ("Sudo version 2", true),
            ("sudo-rs 0.2.8", false),
            ("", false),
        ] {
            assert_eq!(SUDO_KEEPS_ERRNO.is_in(line), has, "{line}");
        }
    }

    #[test]
    fn another_program_of_the_name_is_another_program() {
        assert!(SG_OF_UTIL_LINUX.is_in("sg from util-linux 2.41.5"));
        assert!(!SG_OF_UTIL_LINUX.is_in("Usage: sg group [[-c] command]"));
    }

    #[test]
    fn a_program_that_is_not_there_has_no_change() {
        let release = Release { version: (7, 3), stable: 0 };

        assert!(
            SUDO_KEEPS_ERRNO.is_here(release, &|name| Some(format!("{name} Sudo version 2")[5..].to_owned()))
        );
        assert!(!SUDO_KEEPS_ERRNO.is_here(release, &|_| None));
    }
}
