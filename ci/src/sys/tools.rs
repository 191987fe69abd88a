//! The cargo programs that the commands need, at the versions they were tried with.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::sys::process;
use harness_program::ui::print::note;

/// The first nextest whose JUnit file tells of skipped tests. `.config/nextest.toml` asks for it, too.
const NEXTEST: &str = "0.9.143";
const DENY: &str = "0.20.2";
const QUICK: Duration = Duration::from_secs(60);

/// Whether anything outside the target directory may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Install {
    /// Missing programs and packages are installed.
    Missing,
    /// They are reported.
    Nothing,
}

impl Install {
    /// [`Install::Nothing`] when `--skip-install` was given.
    pub fn unless(skip_install: bool) -> Self {
        if skip_install { Self::Nothing } else { Self::Missing }
    }
}

/// Makes sure that `cargo nextest` is there and new enough.
///
/// # Errors
/// When it is not and may not or cannot be installed; the message holds the command to type.
pub fn nextest(install: Install) -> Result<(), String> {
    cargo_program("cargo-nextest", NEXTEST, install)
}

/// Makes sure that `cargo deny` is there and new enough.
///
/// # Errors
/// As for [`nextest`].
pub fn deny(install: Install) -> Result<(), String> {
    cargo_program("cargo-deny", DENY, install)
}

/// Makes sure that a component of the toolchain, such as rustfmt, is there.
///
/// # Errors
/// As for [`nextest`].
pub fn component(name: &str, program: &str, install: Install) -> Result<(), String> {
    if says_version(program).is_some() {
        return Ok(());
    }
    let mut command = Command::new("rustup");
    install_with(command.args(["component", "add", name]), name, install)
}

fn cargo_program(program: &str, version: &str, install: Install) -> Result<(), String> {
    if is_new_enough(program, version) {
        return Ok(());
    }
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Speed of the program itself matters little beside the minutes that optimising it takes.
    command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1").env("CARGO_PROFILE_RELEASE_LTO", "off");
    command.args(["install", "--locked", program, "--version", version]);
    install_with(&mut command, program, install)?;
    if is_new_enough(program, version) {
        return Ok(());
    }
    let found = find(program).unwrap_or_default();
    Err(format!(
        "{program} {version} was installed, but {} comes first on PATH and is older; remove it",
        found.display()
    ))
}

fn is_new_enough(program: &str, version: &str) -> bool {
    says_version(program)
        .and_then(|output| version_of(&output))
        .is_some_and(|found| Some(found) >= numbers(version))
}

fn says_version(program: &str) -> Option<String> {
    let output = process::capture(Command::new(find(program)?).arg("--version"), QUICK).ok()?;
    output.status.success().then_some(output.stdout)
}

fn install_with(command: &mut Command, what: &str, install: Install) -> Result<(), String> {
    let shown = process::show(command);
    if install == Install::Nothing {
        return Err(format!("{what} is missing or too old; install it with `{shown}`"));
    }
    note(format_args!("{what} is missing or too old, installing it: {shown} (this can take minutes)\n"));
    process::install(command).map_err(|error| format!("{what} is missing and {error}: see its output above"))
}

/// The version in the first line of what `--version` prints: `cargo-nextest 0.9.143 (...)`.
fn version_of(output: &str) -> Option<[u64; 3]> {
    numbers(output.split_whitespace().nth(1)?)
}

fn numbers(version: &str) -> Option<[u64; 3]> {
    let mut parts = version.split(['.', '-', '+']).map(|part| part.parse().ok());
    Some([parts.next()??, parts.next()??, parts.next()??])
}

/// Where a program is: among cargo's own, on PATH, or where administrators' programs are.
pub fn find(program: &str) -> Option<PathBuf> {
    let path: Vec<PathBuf> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    // What `cargo install` brings need not be on PATH. cargo itself looks there first, too.
    let cargo_bin = cargo_home().map(|home| home.join("bin")).filter(|bin| !path.contains(bin));
    // An unprivileged user's PATH often lacks these, where Debian keeps useradd.
    let system = [PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")];
    let dirs = cargo_bin.into_iter().chain(path).chain(system);
    which::which_in(program, Some(env::join_paths(dirs).ok()?), "/").ok()
}

fn cargo_home() -> Option<PathBuf> {
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert_eq!(version_of("cargo-nextest 0.9.143 (60fa45f63 2026-08-04)\n"), Some([0, 9, 143]));
        assert!(numbers("0.9.99") < numbers(NEXTEST));
        assert_eq!(version_of("nonsense"), None);
        assert_eq!(numbers("1.2"), None);
    }

    #[test]
    fn nothing_is_installed_when_that_is_forbidden() {
        let refused = cargo_program("cargo-no-such-program", "1.2.3", Install::Nothing);

        let message = refused.err().unwrap_or_default();
        assert!(message.contains("install --locked cargo-no-such-program --version 1.2.3"), "{message}");
    }
}
