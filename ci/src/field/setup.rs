//! What this host needs so that roots can be made and entered, and how it is installed.

use std::path::Path;

use nix::unistd::geteuid;

use crate::debian::apt;
use crate::sys::packages::{install_command, install_packages};
use crate::sys::tools;

/// The programs, and the packages that bring them.
const PROGRAMS: [(&str, &str); 6] = [
    ("mmdebstrap", "mmdebstrap"),
    ("apt-get", "apt"),
    ("unshare", "util-linux"),
    ("pivot_root", "util-linux"),
    ("mount", "mount"),
    ("hostname", "hostname"),
];

/// Makes sure that roots can be made and entered here; installs what is missing if that is asked for.
///
/// # Errors
/// When the caller is not root, or something is missing; the message holds the command to type.
pub fn ready(install: bool, keyring: Option<&Path>) -> Result<(), String> {
    if !geteuid().is_root() {
        return Err("only root can make another root of a directory; run it with sudo".to_owned());
    }
    let mut missing: Vec<&str> =
        PROGRAMS.iter().filter(|(program, _)| tools::find(program).is_none()).map(|it| it.1).collect();
    if keyring.is_none() && apt::keyring().is_none() {
        missing.push("debian-archive-keyring");
    }
    missing.dedup();
    match (missing.is_empty(), install) {
        (true, _) => Ok(()),
        (false, true) => install_packages(&missing),
        (false, false) => Err(format!(
            "missing: {}; as root: {}, or give --setup",
            missing.join(", "),
            install_command(&missing)
        )),
    }
}
