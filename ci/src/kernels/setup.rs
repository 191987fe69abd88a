//! What this host needs so that kernels can be fetched and started, and how it is installed.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::unistd::geteuid;

use super::apt;
use super::luggage::TARGET;
use super::rows::{Row, Source, Start};
use super::start::QEMU;
use crate::say::say;
use crate::{packages, process, tools};

/// Asking the compiler for a directory.
const QUICK: Duration = Duration::from_secs(60);

/// Something that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A Debian package with a program or a file.
    Package(&'static str),
    /// The compiler's part for static programs.
    Target,
}

impl Missing {
    /// The command that installs it.
    pub fn command(self) -> String {
        match self {
            Self::Package(name) => format!("apt-get install -y --no-install-recommends {name}"),
            Self::Target => format!("rustup target add {TARGET}"),
        }
    }
}

/// What of all that these kernels need is missing.
pub fn missing(rows: &[Row]) -> Vec<Missing> {
    let some = |wanted: fn(&Row) -> bool| rows.iter().any(wanted);
    let fetched = |row: &Row| matches!(row.source, Source::Package(_));
    let there = |program: &str| tools::find(program).is_some();
    let needed = [
        (some(|_| true), has_target(), Missing::Target),
        (some(|row| row.start == Start::Qemu), there(QEMU), Missing::Package("qemu-system-x86")),
        (some(fetched), there("apt-get") && Path::new(apt::HELPER).exists(), Missing::Package("apt")),
        (some(fetched), there("dpkg-deb"), Missing::Package("dpkg")),
        (some(fetched), apt::keyring().is_some(), Missing::Package("debian-archive-keyring")),
        (some(fetched), there("xz"), Missing::Package("xz-utils")),
        // Only where the host's C library is older than the kernel's release; that shows too late to ask.
        (some(|row| row.start == Start::Uml), there("patchelf"), Missing::Package("patchelf")),
    ];
    needed.into_iter().filter(|(needed, there, _)| *needed && !there).map(|(.., what)| what).collect()
}

/// Whether the suite can be built as a static program.
///
/// # Errors
/// When it cannot; the message holds the command to type.
pub fn target() -> Result<(), String> {
    let command = Missing::Target.command();
    if has_target() {
        return Ok(());
    }
    Err(format!("the compiler cannot build for {TARGET}; run `{command}`, or `cargo ci kernels --setup`"))
}

fn has_target() -> bool {
    let Some(rustc) = tools::find("rustc") else { return false };
    let mut command = Command::new(rustc);
    let said = process::capture(command.args(["--print", "target-libdir", "--target", TARGET]), QUICK);
    said.is_ok_and(|said| said.status.success() && Path::new(said.stdout.trim()).is_dir())
}

/// Installs what is missing.
///
/// # Errors
/// When something cannot be installed, or only by root; the message holds the command to type.
pub fn install(rows: &[Row]) -> Result<(), String> {
    let missing = missing(rows);
    let names: Vec<&str> = missing
        .iter()
        .filter_map(|it| if let Missing::Package(name) = it { Some(*name) } else { None })
        .collect();
    if missing.contains(&Missing::Target) {
        let mut command = Command::new("rustup");
        let status = process::stream(command.args(["target", "add", TARGET]))?;
        if !status.success() {
            return Err(format!("`{}` failed ({status})", process::show(&command)));
        }
    }
    if names.is_empty() {
        say("everything that the kernels need is there\n");
        return Ok(());
    }
    let typed = format!("apt-get install -y --no-install-recommends {}", names.join(" "));
    if !geteuid().is_root() {
        return Err(format!("missing: {}; as root: {typed}", names.join(", ")));
    }
    packages::install_packages(&names).map_err(|error| format!("{error}; try: apt-get update && {typed}"))
}

/// How to come by a program that a kernel turned out to need.
pub fn advice(package: &'static str) -> String {
    format!("as root: {}, or `cargo ci kernels --setup`", Missing::Package(package).command())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::rows;

    #[test]
    fn what_is_missing_is_named_with_its_command() {
        assert!(missing(&[]).is_empty());
        assert_eq!(Missing::Target.command(), "rustup target add x86_64-unknown-linux-musl");
        assert_eq!(
            advice("patchelf"),
            "as root: apt-get install -y --no-install-recommends patchelf, or `cargo ci kernels --setup`"
        );
    }

    #[test]
    fn this_host_needs_only_what_every_kernel_needs() -> Result<(), String> {
        let host = rows::select(&rows::all()?, &["host".to_owned()], &[])?;

        assert!(missing(&host).iter().all(|it| *it == Missing::Target));
        Ok(())
    }
}
