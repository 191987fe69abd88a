//! Installing the programs that the tests run.

use std::process::Command;
use std::time::Duration;

use harness_program::sys::programs::{MANAGERS, Manager, Wanted, manager, missing, packages, typed};
use nix::unistd::geteuid;

use crate::sys::process;
use crate::sys::tools::{self, Install};

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
    use harness_program::sys::programs::WANTED;

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
}
