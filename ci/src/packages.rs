//! The Debian packages whose programs the suite runs.

use std::path::Path;
use std::process::Command;

use nix::unistd::geteuid;

use crate::process;
use crate::steps::Outcome;
use crate::tools::{self, Install};

/// A file or program, and the Debian package that brings it.
const NEEDED: [(&str, &str); 7] = [
    ("sudo", "sudo"),
    ("newuidmap", "uidmap"),
    ("strace", "strace"),
    ("setpriv", "util-linux"),
    ("useradd", "passwd"),
    ("gcc", "gcc"),
    // No program: without it gcc cannot build a reproducer.
    ("/usr/include/stdlib.h", "libc6-dev"),
];

/// Installs what is missing, where that is possible.
pub fn ensure(install: Install) -> Outcome {
    let missing = missing();
    if missing.is_empty() {
        return Outcome::Passed(String::new());
    }
    let list = missing.join(" ");
    let typed = format!("apt-get install -y --no-install-recommends {list}");
    let without = "tests that need them are skipped";
    if install == Install::Nothing || !geteuid().is_root() {
        return Outcome::NotRun(format!("missing: {list}; {without}; as root: {typed}"));
    }
    if tools::find("apt-get").is_none() {
        return Outcome::NotRun(format!("missing here, by their Debian names: {list}; {without}"));
    }
    match install_packages(&missing) {
        Ok(()) => Outcome::Passed(format!("installed {list}")),
        Err(error) => Outcome::NotRun(format!("{error}; {without}; try: apt-get update && {typed}")),
    }
}

/// What Chromium is called in Debian and elsewhere.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Makes sure that there is a browser of Chromium's kind: the page of `cargo ci matrix` is looked at in one.
///
/// # Errors
/// When there is none and it may not or cannot be installed; the message tells what to type.
pub fn browser(install: Install) -> Result<(), String> {
    if BROWSERS.iter().any(|name| tools::find(name).is_some()) {
        return Ok(());
    }
    let typed = "apt-get install -y --no-install-recommends chromium";
    if install == Install::Nothing || !geteuid().is_root() || tools::find("apt-get").is_none() {
        return Err(format!("missing: Chromium; as root on Debian: {typed}"));
    }
    install_packages(&["chromium"]).map_err(|error| format!("{error}; try: apt-get update && {typed}"))
}

fn missing() -> Vec<&'static str> {
    let there = |file: &str| Path::new(file).is_file() || tools::find(file).is_some();
    NEEDED.iter().filter(|(file, _)| !there(file)).map(|(_, package)| *package).collect()
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
        apt(&[&["install", "-y", "--no-install-recommends"], packages].concat())
    };
    attempt(false).or_else(|_| attempt(true))
}

fn apt(arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new("apt-get");
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    let status = process::stream(&mut command)?;
    if status.success() { Ok(()) } else { Err(format!("`{}` failed ({status})", process::show(&command))) }
}
