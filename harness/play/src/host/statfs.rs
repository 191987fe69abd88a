//! statfs(2), and what stands in for it where a filter refuses it.

use rustix::fd::OwnedFd;
use rustix::fs::{self, Mode, OFlags, StatFs, StatVfs};
use rustix::io::{Errno, Result};
use std::path::Path;

use super::fact::errno_name;
use super::filter::refused_call;

/// The file system at a path.
///
/// # Errors
/// That of statfs(2); where a filter gives it, that of fstatfs(2).
pub(super) fn statfs(path: &Path) -> Result<StatFs> {
    fs::statfs(path).or_else(|errno| fs::fstatfs(file(path, errno)?))
}

/// The same with the flags of the mount.
///
/// # Errors
/// As for [`statfs`].
pub(super) fn statvfs(path: &Path) -> Result<StatVfs> {
    fs::statvfs(path).or_else(|errno| fs::fstatvfs(file(path, errno)?))
}

/// Why a file system is not known: a filter that refuses the calls, or the errno.
pub(super) fn why(errno: Errno) -> String {
    refused_call(libc::SYS_statfs, &[]).unwrap_or_else(|| errno_name(&errno.into()))
}

/// The path as a descriptor, if the errno is a filter's. The kernel gives others for what is not there.
fn file(path: &Path, errno: Errno) -> Result<OwnedFd> {
    match refused_call(libc::SYS_statfs, &[]) {
        Some(_) => fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()),
        None => Err(errno),
    }
}
