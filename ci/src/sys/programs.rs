//! The programs that the tests run, and the packages that bring them, for the package managers of several distributions.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::unistd::geteuid;

use crate::sys::process;
use crate::sys::tools::{self, Install};

/// A file or program that the tests use.
struct Wanted {
    name: &'static str,
    /// The package that brings it, in the order of [`MANAGERS`].
    packages: [&'static str; 5],
}

/// A program that installs packages.
#[derive(Debug, PartialEq, Eq)]
struct Manager {
    program: &'static str,
    /// Its arguments before the names of packages.
    install: &'static [&'static str],
    /// Its arguments to fetch the lists of packages.
    update: &'static [&'static str],
}

const MANAGERS: [Manager; 5] = [
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

const WANTED: [Wanted; 9] = [
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

/// What skips are worth that programs would prevent.
const WITHOUT: &str = "tests that need them are skipped";
/// Asking sudo whether it asks for a password.
const QUICK: Duration = Duration::from_secs(20);

/// Who may install.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rights {
    Root,
    Sudo,
    None,
}

impl Rights {
    fn of_caller(with_sudo: bool) -> Self {
        if geteuid().is_root() {
            return Self::Root;
        }
        let sudo = || {
            let mut command = Command::new(tools::find("sudo")?);
            process::capture(command.args(["-n", "true"]), QUICK).ok().filter(|it| it.status.success())
        };
        if with_sudo && sudo().is_some() { Self::Sudo } else { Self::None }
    }
}

/// The names of the missing programs and files.
fn missing() -> Vec<&'static Wanted> {
    let there = |name: &str| Path::new(name).is_file() || tools::find(name).is_some();
    WANTED.iter().filter(|it| !there(it.name)).collect()
}

fn manager() -> Option<usize> {
    MANAGERS.iter().position(|it| tools::find(it.program).is_some())
}

/// The packages of this manager that bring these programs.
fn packages(wanted: &[&Wanted], manager: usize) -> Vec<&'static str> {
    let mut packages: Vec<&str> = wanted.iter().map(|it| it.packages[manager]).collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

/// A command as root types it.
fn typed(manager: usize, packages: &[&str]) -> String {
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

/// Installs what the tests use and what is missing, as root. Returns the names of the packages.
///
/// # Errors
/// What is missing then, what that means, and what to type.
pub fn ensure(install: Install) -> Result<Vec<&'static str>, String> {
    let rights = if install == Install::Nothing { Rights::None } else { Rights::of_caller(false) };
    install_as(rights, &missing(), manager())
}

/// Like [`ensure`], also by a sudo that asks for no password: the caller wants it.
///
/// # Errors
/// As for [`ensure`], and where a program is still missing afterwards.
pub fn setup() -> Result<Vec<&'static str>, String> {
    let installed = install_as(Rights::of_caller(true), &missing(), manager())?;
    let left: Vec<&str> = missing().iter().map(|it| it.name).collect();
    match left.is_empty() {
        true => Ok(installed),
        false => Err(format!("{} brought no {}; {WITHOUT}", installed.join(" "), left.join(", "))),
    }
}

fn install_as(
    rights: Rights,
    missing: &[&'static Wanted],
    manager: Option<usize>,
) -> Result<Vec<&'static str>, String> {
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let names = missing.iter().map(|it| it.name).collect::<Vec<_>>().join(", ");
    let Some(number) = manager else {
        return Err(format!("missing: {names}; {WITHOUT}; install them with this machine's package manager"));
    };
    let packages = packages(missing, number);
    let typed = typed(number, &packages);
    if rights == Rights::None {
        return Err(format!("missing: {names}; {WITHOUT}; as root: {typed}"));
    }
    let Manager { install, update, .. } = &MANAGERS[number];
    // Fetching the lists takes longer than the rest, so that it is done only when those at hand do not do.
    let attempt = || run(rights, number, &[install, packages.as_slice()].concat());
    let done = attempt().or_else(|_| run(rights, number, update).and_then(|()| attempt()));
    done.map(|()| packages.clone()).map_err(|error| format!("{error}; {WITHOUT}; as root: {typed}"))
}

fn run(rights: Rights, manager: usize, arguments: &[&str]) -> Result<(), String> {
    let program = MANAGERS[manager].program;
    let mut command = match rights {
        Rights::Sudo => {
            let mut command = Command::new("sudo");
            // sudo drops the variable that is set for the other case.
            command.args(["-n", "env", "DEBIAN_FRONTEND=noninteractive", program]);
            command
        }
        Rights::Root | Rights::None => Command::new(program),
    };
    process::install(command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_be_installed_is_named_with_the_command_of_this_machine() {
        let missing = [&WANTED[0], &WANTED[1], &WANTED[2]];
        let why = |manager| install_as(Rights::None, &missing, manager).err().unwrap_or_default();

        let skipped = "missing: sudo, newuidmap, newgidmap; tests that need them are skipped";
        let apt = "as root: apt-get install -y --no-install-recommends sudo uidmap";
        assert_eq!(why(Some(0)), format!("{skipped}; {apt}"));
        assert_eq!(why(Some(1)), format!("{skipped}; as root: dnf install -y shadow-utils sudo"));
        assert!(why(None).ends_with("with this machine's package manager"), "{}", why(None));
        assert_eq!(install_as(Rights::None, &[], None), Ok(Vec::new()));
    }

    #[test]
    fn a_program_without_a_known_package_has_no_advice() {
        assert_eq!(advice(&["no-such-program"]), None);
    }
}
