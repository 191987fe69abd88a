//! What this host needs so that kernels can be fetched and started, and how it is installed.

use std::path::Path;
use std::process::Command;

use clap::ValueEnum as _;
use nix::unistd::geteuid;

use crate::debian::apt;
use crate::guests::start::Start;
use crate::kernels::list::{Row, Source};
use crate::sys::architecture::Architecture;
use crate::sys::packages::{self, Missing, has_target};
use crate::sys::{process, tools};
use harness_program::ui::print::note;

/// The programs that make a root and enter it, and the packages that bring them.
const ROOTS: [(&str, &str); 5] = [
    ("mmdebstrap", "mmdebstrap"),
    ("unshare", "util-linux"),
    ("pivot_root", "util-linux"),
    ("mount", "mount"),
    ("tar", "tar"),
];

/// What of all that these kernels need is missing.
pub fn missing(rows: &[Row]) -> Vec<Missing> {
    let some = |wanted: fn(&Row) -> bool| rows.iter().any(wanted);
    let fetched = |row: &Row| matches!(row.source, Source::Package(_));
    let there = |program: &str| tools::find(program).is_some();
    let of = |architecture: Architecture| {
        let rows = || rows.iter().filter(move |row| row.architecture == architecture);
        let (emulator, package) = architecture.qemu();
        [
            (rows().next().is_some(), has_target(architecture), Missing::Target(architecture)),
            (rows().any(|row| row.start == Start::Qemu), there(emulator), Missing::Package(package)),
        ]
    };
    let needed = [
        (some(fetched), there("apt-get") && Path::new(apt::HELPER).exists(), Missing::Package("apt")),
        (some(fetched), there("dpkg-deb"), Missing::Package("dpkg")),
        (some(fetched), apt::keyring().is_some(), Missing::Package("debian-archive-keyring")),
        (some(fetched), there("xz"), Missing::Package("xz-utils")),
        // Only where the host's C library is older than the kernel's release; that shows too late to ask.
        (some(|row| row.start == Start::Uml), there("patchelf"), Missing::Package("patchelf")),
    ];
    let roots = some(|row| row.start == Start::Rootfs);
    let roots = ROOTS.map(|(program, package)| (roots, there(program), Missing::Package(package)));
    let built = Architecture::value_variants().iter().copied().flat_map(of);
    let needed = built.chain(needed).chain(roots);
    needed.filter(|(needed, there, _)| *needed && !there).map(|(.., what)| what).collect()
}

/// Whether the root of a distribution can be made and entered.
///
/// # Errors
/// When a program is missing; the message holds the command to type.
pub fn roots() -> Result<(), String> {
    let missing = ROOTS.iter().filter(|it| tools::find(it.0).is_none());
    let missing: Vec<&str> = missing.map(|it| it.1).collect();
    let typed = packages::install_command(&missing);
    match missing.is_empty() {
        true => Ok(()),
        false => {
            Err(format!("missing: {}; as root: {typed}, or `cargo ci distros --setup`", missing.join(", ")))
        }
    }
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
    for what in &missing {
        if let Missing::Target(architecture) = what {
            process::install(Command::new("rustup").args(["target", "add", architecture.target()]))?;
        }
    }
    if names.is_empty() {
        note("everything that the kernels need is there\n");
        return Ok(());
    }
    let typed = packages::install_command(&names);
    if !geteuid().is_root() {
        return Err(format!("missing: {}; as root: {typed}", names.join(", ")));
    }
    packages::install_packages(&names).map_err(|error| format!("{error}; try: apt-get update && {typed}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::list;

    #[test]
    fn nothing_is_missing_where_nothing_is_asked_for() {
        assert!(missing(&[]).is_empty());
    }

    #[test]
    fn this_host_needs_only_what_every_kernel_needs() -> Result<(), String> {
        let host = list::select(&list::all()?, &["host".to_owned()], &[])?;

        assert!(missing(&host).iter().all(|it| *it == Missing::Target(Architecture::X86_64)));
        Ok(())
    }
}
