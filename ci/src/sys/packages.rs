//! Debian packages that the commands need, and the commands that install what is missing.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::unistd::geteuid;

use crate::sys::architecture::Architecture;
use crate::sys::browsers::BROWSERS;
use crate::sys::process;
use crate::sys::tools::{self, Install};

/// Asking the compiler for a directory.
const QUICK: Duration = Duration::from_secs(60);

/// The arguments of apt-get before the names of packages.
const INSTALL: [&str; 3] = ["install", "-y", "--no-install-recommends"];

/// The command that installs Debian packages, as it is typed.
pub fn install_command(packages: &[&str]) -> String {
    format!("apt-get {} {}", INSTALL.join(" "), packages.join(" "))
}

/// Something that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A Debian package with a program or a file.
    Package(&'static str),
    /// The compiler's part for static programs of an architecture.
    Target(Architecture),
}

impl Missing {
    /// The command that installs it.
    pub fn command(self) -> String {
        match self {
            Self::Package(name) => install_command(&[name]),
            Self::Target(architecture) => format!("rustup target add {}", architecture.target()),
        }
    }
}

/// What to type where a package is missing that `cargo ci kernels` needs.
pub fn advice(package: &'static str) -> String {
    format!("as root: {}, or `cargo ci kernels --setup`", Missing::Package(package).command())
}

/// Whether the compiler can build static programs for an architecture.
pub fn has_target(architecture: Architecture) -> bool {
    let Some(rustc) = tools::find("rustc") else { return false };
    let mut command = Command::new(rustc);
    command.args(["--print", "target-libdir", "--target", architecture.target()]);
    let output = process::capture(&mut command, QUICK);
    output.is_ok_and(|it| it.status.success() && Path::new(it.stdout.trim()).is_dir())
}

/// Makes sure that the compiler can build static programs for an architecture.
///
/// # Errors
/// When it cannot; the message holds the command to type.
pub fn target(architecture: Architecture) -> Result<(), String> {
    match has_target(architecture) {
        true => Ok(()),
        false => Err(format!(
            "the compiler cannot build for {}; run `{}`",
            architecture.target(),
            Missing::Target(architecture).command()
        )),
    }
}

/// Makes sure that there is a browser of Chromium's kind: the page of `cargo ci matrix` is looked at in one.
///
/// # Errors
/// When there is none and it may not or cannot be installed; the message holds the command to type.
pub fn browser(install: Install) -> Result<(), String> {
    if BROWSERS.iter().any(|name| tools::find(name).is_some()) {
        return Ok(());
    }
    let typed = install_command(&["chromium"]);
    if install == Install::Nothing || !geteuid().is_root() || tools::find("apt-get").is_none() {
        return Err(format!("missing: Chromium; as root on Debian: {typed}"));
    }
    install_packages(&["chromium"]).map_err(|error| format!("{error}; try: apt-get update && {typed}"))
}

/// Installs Debian packages. The package lists are fetched only when those at hand do not do: that takes
/// longer than the rest.
///
/// # Errors
/// When apt fails, such as for want of privileges.
pub fn install_packages(packages: &[&str]) -> Result<(), String> {
    let attempt = |update: bool| {
        if update {
            apt(&["update"])?;
        }
        apt(&[&INSTALL, packages].concat())
    };
    attempt(false).or_else(|_| attempt(true))
}

fn apt(arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new("apt-get");
    process::install(command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_has_a_command() {
        assert_eq!(
            Missing::Target(Architecture::X86_64).command(),
            "rustup target add x86_64-unknown-linux-musl"
        );
        assert_eq!(
            advice("patchelf"),
            "as root: apt-get install -y --no-install-recommends patchelf, or `cargo ci kernels --setup`"
        );
    }
}
