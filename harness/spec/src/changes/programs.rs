//! The changes between versions of the programs that the suite runs, as far as a test can see them and the kernel has
//! no part in them.

use super::{Change, Release, Variation};

/// A change of a program, or the replacement of a program by another of the same name.
#[derive(Debug, PartialEq, Eq)]
pub struct ProgramChange {
    /// Its name. The snapshot for a program without the change is `test@without-NAME`.
    pub name: &'static str,
    /// The program. With `--version` it prints its version and does nothing else.
    pub program: &'static str,
    /// The start of the line that it then prints, up to the version. Another program of the name prints another line.
    pub says: &'static str,
    /// The first version that has the change.
    pub version: [u32; 3],
    /// The document or the source file that shows the change.
    pub source: &'static str,
}

/// sudo's warning does not change errno, so that sudo's next message shows the errno of the refused call.
pub static SUDO_KEEPS_ERRNO: ProgramChange = ProgramChange {
    name: "sudo-keeps-errno",
    program: "sudo",
    says: "Sudo version ",
    version: [1, 9, 7],
    source: "sudo's ChangeLog, 2021-05-01: \"Avoid clobbering errno in warning()\", 3282a7db7f51",
};

/// util-linux's sg instead of shadow's. util-linux's calls only setgid(2), shadow's also calls setgroups(2).
pub static SG_OF_UTIL_LINUX: ProgramChange = ProgramChange {
    name: "sg-of-util-linux",
    program: "sg",
    says: "sg from util-linux ",
    version: [2, 41, 0],
    source: "util-linux's login-utils/newgrp.c, which runs a command since 2.41; Debian's changelog of \
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

    fn of_the_kernel(&self) -> Option<&Change> {
        None
    }
}

impl ProgramChange {
    /// Whether a program that prints this line with `--version` has the change.
    fn is_in(&self, line: &str) -> bool {
        line.strip_prefix(self.says).is_some_and(|version| numbers(version) >= self.version)
    }
}

/// The first three numbers of a version such as 1.9.5p2. A missing number is 0.
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
        let release = Release::of(7, 3, 0);
        let sudo_2 = |name: &str| Some(format!("{name} Sudo version 2")[5..].to_owned());

        assert!(SUDO_KEEPS_ERRNO.is_here(release, &sudo_2));
        assert!(!SUDO_KEEPS_ERRNO.is_here(release, &|_| None));
    }
}
