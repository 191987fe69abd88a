//! Whether this process is in a chroot, where creating a user namespace is refused.

use std::fmt;
use std::fs::{self, File};

use nix::sched::{CloneFlags, setns};
use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
use serde::{Serialize, Serializer};

use crate::actor::in_a_child;

/// Whether the root directory is the root of the mount namespace.
///
/// Source: `current_chrooted()`, fs/namespace.c. From inside, a chroot into a mount point looks like a root. Only a
/// comparison with process 1 or with the namespace's own root shows the difference. Both need privilege. Without it, a
/// root that is mounted on the kernel's first mount is that of the first mount namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chroot {
    /// It is a different directory. The text names the evidence.
    Yes(String),
    /// It is the root directory of process 1 in the same mount namespace, or the root of the namespace.
    No,
    /// There is no sign of a chroot, and nothing to compare with.
    NoSign,
}

impl fmt::Display for Chroot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Chroot::Yes(evidence) => write!(f, "yes: {evidence}"),
            Chroot::No => f.write_str("no"),
            Chroot::NoSign => {
                f.write_str("unknown: no sign of it, but the root of the mount namespace is hidden")
            }
        }
    }
}

impl Serialize for Chroot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Inspects the root directory, then that of process 1, then that of the mount namespace.
pub(super) fn chroot() -> Chroot {
    match root_is_mounted() {
        Some(false) => Chroot::Yes("/ is not the root of a mount".to_owned()),
        Some(true) | None => match same_root_as_process_1() {
            Some(true) => Chroot::No,
            Some(false) => Chroot::Yes("/ is not the root of process 1".to_owned()),
            None => match same_root_as_namespace() {
                Some(true) => Chroot::No,
                Some(false) => Chroot::Yes("/ is not the root of the mount namespace".to_owned()),
                None if is_on_rootfs() => Chroot::No,
                None => Chroot::NoSign,
            },
        },
    }
}

/// Whether `/` is a mount point. `None` if neither statx(2) (5.8) nor mountinfo shows it.
fn root_is_mounted() -> Option<bool> {
    let told = statx(CWD, "/", AtFlags::empty(), StatxFlags::empty()).ok().and_then(|root| {
        let known = root.stx_attributes_mask.contains(StatxAttributes::MOUNT_ROOT);
        known.then(|| root.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
    });
    told.or_else(|| {
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        Some(has_root(&mounts))
    })
}

/// Whether `/` is mounted on rootfs, the first mount that the kernel makes visible. Its id is 1, because the kernel's own
/// tmpfs has 0. Other mount namespaces have copies of it with other ids, and a mount point below `/` has another parent.
///
/// Source: proc(5), /proc/PID/mountinfo, the parent; `init_mount_tree()`, fs/namespace.c.
fn is_on_rootfs() -> bool {
    fs::read_to_string("/proc/self/mountinfo").is_ok_and(|mounts| root_on_rootfs(&mounts))
}

fn root_on_rootfs(mountinfo: &str) -> bool {
    mountinfo.lines().any(|line| {
        let fields: Vec<&str> = line.split(' ').take(5).collect();
        matches!(fields[..], [_, "1", _, "/", "/"])
    })
}

/// mountinfo shows only mount points below the reader's root. In a chroot into a plain directory, none is at `/`.
fn has_root(mountinfo: &str) -> bool {
    mountinfo.lines().any(|line| line.split(' ').nth(4) == Some("/"))
}

fn same_root_as_process_1() -> Option<bool> {
    let own_mounts = fs::read_link("/proc/self/ns/mnt").ok()?;
    if fs::read_link("/proc/1/ns/mnt").ok()? != own_mounts {
        return None;
    }
    // The trailing slash follows the link to the directory itself.
    Some(identity("/")? == identity("/proc/1/root/")?)
}

/// A process that joins a mount namespace, even its own, is moved to the root of that namespace. A forked child joins
/// it, so no other process is moved. `None` without CAP_SYS_ADMIN and CAP_SYS_CHROOT.
///
/// Source: setns(2); `mntns_install()`, fs/namespace.c.
fn same_root_as_namespace() -> Option<bool> {
    in_a_child(|| {
        let before = identity("/")?;
        let mounts = File::open("/proc/self/ns/mnt").ok()?;
        setns(mounts, CloneFlags::CLONE_NEWNS).ok()?;
        Some(identity("/")? == before)
    })
}

/// The mount id distinguishes a directory from a bind mount of it (5.8; 0 before).
fn identity(directory: &str) -> Option<(u64, u32, u32, u64)> {
    let flags = StatxFlags::INO | StatxFlags::MNT_ID;
    let found = statx(CWD, directory, AtFlags::empty(), flags).ok()?;
    Some((found.stx_ino, found.stx_dev_major, found.stx_dev_minor, found.stx_mnt_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chroot_shows_no_mount_at_its_root() {
        assert!(has_root("22 27 0:21 / /proc rw - proc proc rw\n27 1 254:0 / / rw - ext4 /dev/vda rw\n"));
        assert!(!has_root("22 27 0:21 / /proc rw - proc proc rw\n"));
        assert!(!has_root(""));
    }

    #[test]
    fn a_root_on_the_first_mount_is_no_chroot() {
        assert!(root_on_rootfs("27 1 254:0 / / rw - ext4 /dev/vda rw\n"));
        assert!(!root_on_rootfs("27 1 254:0 / /mnt rw - ext4 /dev/vda rw\n"));
        assert!(!root_on_rootfs("90 27 0:44 / / rw - tmpfs tmpfs rw\n"));
        assert!(!root_on_rootfs("27 1 254:0 /jail / rw - ext4 /dev/vda rw\n"));
    }

    /// The caller is not moved, whether the comparison succeeds or is refused.
    #[test]
    fn a_comparison_moves_nobody() {
        let places = || (identity("/"), identity("."), fs::read_link("/proc/self/cwd").ok());
        let before = places();

        let found = same_root_as_namespace();

        assert_eq!(places(), before, "after {found:?}");
    }
}
