//! Where programs are, and which version they have.

use super::filter;
use nix::unistd::{AccessFlags, access};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where programs are looked for, and what they are given as PATH.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The environment of a program: messages without translation, a terminal without colours.
pub const ENVIRONMENT: [&str; 4] =
    ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/", "TERM=dumb"];

/// The file of a program, looked up in [`PATH`] unless it is named with a slash. `None` if no directory has it.
pub fn find(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name));
    }
    PATH.split(':').map(|directory| Path::new(directory).join(name)).find(|path| is_program(path))
}

/// Whether the caller may execute the file. Root may search every directory, which is no program.
pub fn is_program(path: &Path) -> bool {
    path.is_file() && may(path, AccessFlags::X_OK).is_ok()
}

/// access(2). Where a filter refuses it, one of the bits of the mode is enough.
pub(super) fn may(path: &Path, how: AccessFlags) -> nix::Result<()> {
    access(path, how).or_else(|errno| {
        let bits = if how.contains(AccessFlags::X_OK) { 0o111 } else { 0o222 };
        let by_mode = || path.metadata().is_ok_and(|file| file.permissions().mode() & bits != 0);
        if filter::refuses_access() && by_mode() { Ok(()) } else { Err(errno) }
    })
}

/// The first line that a program prints when it is run with `--version`. `None` if the program is not there or
/// prints nothing to its standard output.
pub fn version_of(name: &str) -> Option<String> {
    let mut command = Command::new(find(name)?);
    command.arg("--version").env_clear().envs(ENVIRONMENT.iter().filter_map(|one| one.split_once('=')));
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    String::from_utf8_lossy(&output.stdout).lines().next().map(str::to_owned)
}
