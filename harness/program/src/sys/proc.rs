//! /proc, where it is not mounted: in an empty root, as a distribution's installer or a container made by hand has it.

use std::path::Path;

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

/// Where it belongs.
const PROC: &str = "/proc";

/// Mounts proc in a mount namespace of this process's own, if there is none and this process may. Nobody else sees the mount, and
/// it ends with this process.
///
/// # Errors
/// A sentence about what is missing, and what to type. Tests need /proc: maps are written there.
pub fn ensure() -> Result<(), String> {
    if Path::new("/proc/self").exists() {
        return Ok(());
    }
    if !Path::new(PROC).is_dir() {
        return Err(
            "there is no /proc: `mkdir /proc` and run this again; as root, it mounts proc for itself"
                .to_owned(),
        );
    }
    mounted().map_err(|errno| {
        format!(
            "proc is not mounted on /proc, and cannot be mounted ({errno}): as root, mount -t proc proc /proc"
        )
    })
}

fn mounted() -> Result<(), Errno> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    // Otherwise the mount would reach the namespace that this one was copied from. In a chroot "/" is no mount (EINVAL): nothing
    // is mounted there.
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)?;
    mount(
        Some("proc"),
        PROC,
        Some("proc"),
        MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC,
        None::<&str>,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proc_that_is_there_is_left_alone() {
        assert_eq!(ensure(), Ok(()));
    }
}
