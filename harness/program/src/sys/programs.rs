//! The programs that the tests run, and the packages that bring them, for the package managers of several distributions.

use std::path::Path;

use harness::host::path::find;

/// A file or program that the tests use.
pub struct Wanted {
    /// Its name, or its path.
    pub name: &'static str,
    /// The package that brings it, in the order of [`MANAGERS`].
    pub packages: [&'static str; 5],
}

/// A program that installs packages.
#[derive(Debug, PartialEq, Eq)]
pub struct Manager {
    /// Its name.
    pub program: &'static str,
    /// Its arguments before the names of packages.
    pub install: &'static [&'static str],
    /// Its arguments to fetch the lists of packages.
    pub update: &'static [&'static str],
}

/// The package managers that are known.
pub const MANAGERS: [Manager; 5] = [
    Manager {
        program: "apt-get",
        install: &["install", "-y", "--no-install-recommends"],
        update: &["update"],
    },
    Manager { program: "dnf", install: &["install", "-y"], update: &["makecache"] },
    Manager { program: "apk", install: &["add"], update: &["update"] },
    Manager { program: "pacman", install: &["-S", "--noconfirm", "--needed"], update: &["-Sy"] },
    Manager { program: "zypper", install: &["--non-interactive", "install"], update: &["refresh"] },
];

const SHADOW: [&str; 5] = ["uidmap", "shadow-utils", "shadow-subids", "shadow", "shadow"];
const C_LIBRARY: [&str; 5] = ["libc6-dev", "glibc-devel", "musl-dev", "glibc", "glibc-devel"];

const fn everywhere(name: &'static str) -> [&'static str; 5] {
    [name; 5]
}

/// What the tests use.
pub const WANTED: [Wanted; 9] = [
    Wanted { name: "sudo", packages: everywhere("sudo") },
    Wanted { name: "newuidmap", packages: SHADOW },
    Wanted { name: "newgidmap", packages: SHADOW },
    Wanted { name: "strace", packages: everywhere("strace") },
    Wanted { name: "setpriv", packages: everywhere("util-linux") },
    Wanted { name: "su", packages: everywhere("util-linux") },
    Wanted { name: "useradd", packages: ["passwd", "shadow-utils", "shadow", "shadow", "shadow"] },
    Wanted { name: "gcc", packages: everywhere("gcc") },
    // No program: without it gcc cannot build a reproducer.
    Wanted { name: "/usr/include/stdlib.h", packages: C_LIBRARY },
];

/// The names of the missing programs and files.
pub fn missing() -> Vec<&'static Wanted> {
    let there = |name: &str| Path::new(name).is_file() || find(name).is_some();
    WANTED.iter().filter(|it| !there(it.name)).collect()
}

/// The package manager of this machine, as its place in [`MANAGERS`].
pub fn manager() -> Option<usize> {
    MANAGERS.iter().position(|it| find(it.program).is_some())
}

/// The packages of this manager that bring these programs.
pub fn packages(wanted: &[&Wanted], manager: usize) -> Vec<&'static str> {
    let mut packages: Vec<&str> = wanted.iter().map(|it| it.packages[manager]).collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

/// A command as root types it.
pub fn typed(manager: usize, packages: &[&str]) -> String {
    let Manager { program, install, .. } = &MANAGERS[manager];
    format!("{program} {} {}", install.join(" "), packages.join(" "))
}

/// The command that installs these programs here, as root types it; `None` where a program has no known package, or
/// this machine has no known package manager.
pub fn advice(programs: &[&str]) -> Option<String> {
    let manager = manager()?;
    let wanted: Option<Vec<&Wanted>> =
        programs.iter().map(|name| WANTED.iter().find(|it| it.name == *name)).collect();
    Some(typed(manager, &packages(&wanted?, manager)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_without_a_known_package_has_no_advice() {
        assert_eq!(advice(&["no-such-program"]), None);
    }
}
