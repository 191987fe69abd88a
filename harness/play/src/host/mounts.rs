//! Which parts of /proc and /sys are what the kernel made them, and whether new ones may be mounted.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use nix::unistd::AccessFlags;
use rustix::fs::{PROC_SUPER_MAGIC, StatVfsMountFlags};
use serde::{Serialize, Serializer};

use super::fact::errno_name;
use super::path::may;
use super::statfs::{statfs, statvfs, why};

/// SYSFS_MAGIC of statfs(2).
const SYSFS_MAGIC: i64 = 0x6265_6572;

/// The parts of /proc that tests read or write, and that container runtimes hide or write-protect.
const PARTS: [&str; 8] = [
    "/proc/sys",
    "/proc/sys/user",
    "/proc/sys/kernel",
    "/proc/sys/fs",
    "/proc/sysvipc",
    "/proc/keys",
    "/proc/self/ns",
    "/proc/self/setgroups",
];

/// The directories of procfs and sysfs that are always empty, so that a mount there hides nothing.
///
/// Source: proc_create_mount_point() and sysfs_create_mount_point() in the kernel.
const EMPTY: [&str; 16] = [
    "/proc/fs/nfsd",
    "/proc/fs/nfs",
    "/proc/openprom",
    "/proc/sys/fs/binfmt_misc",
    "/sys/firmware/efi/efivars",
    "/sys/fs/bpf",
    "/sys/fs/cgroup",
    "/sys/fs/fuse/connections",
    "/sys/fs/pstore",
    "/sys/fs/resctrl",
    "/sys/fs/selinux",
    "/sys/fs/smackfs",
    "/sys/kernel/config",
    "/sys/kernel/debug",
    "/sys/kernel/security",
    "/sys/kernel/tracing",
];

/// A part of /proc.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A file or directory of a procfs that takes writes, as far as permissions allow.
    Writable,
    /// One of a procfs that is mounted read-only.
    ReadOnly,
    /// Another file system is mounted over it.
    Hidden,
    /// It does not exist, or cannot be reached. The text is the errno.
    Missing(String),
}

impl Part {
    /// Reads what is at a path of /proc. Never fails.
    pub fn at(path: &str) -> Part {
        match statfs(Path::new(path)) {
            Err(errno) => return Part::Missing(why(errno)),
            Ok(found) if found.f_type != PROC_SUPER_MAGIC => return Part::Hidden,
            Ok(_) => {}
        }
        match statvfs(Path::new(path)) {
            Ok(mount) if mount.f_flag.contains(StatVfsMountFlags::RDONLY) => Part::ReadOnly,
            _ => Part::Writable,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Writable => f.write_str("writable"),
            Part::ReadOnly => f.write_str("read-only"),
            Part::Hidden => f.write_str("hidden by another file system"),
            Part::Missing(errno) => write!(f, "missing ({errno})"),
        }
    }
}

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The parts of /proc, and /sys.
pub(super) fn parts() -> BTreeMap<&'static str, Part> {
    let of_proc = PARTS.into_iter().map(|path| (path, Part::at(path)));
    of_proc.chain([("/sys", sysfs())]).collect()
}

/// Whether a test can write to a file or create files in a directory, as far as mounts decide, and permissions too
/// outside of /proc.
///
/// # Errors
/// The reason, which names the path: it does not exist, another file system hides it, it is mounted read-only, the
/// caller has no permission, or the file system is full.
pub fn writable(path: &str) -> Result<(), String> {
    readable(path)?;
    let mount = statvfs(Path::new(path)).map_err(|errno| format!("{path}: {}", why(errno)))?;
    if mount.f_flag.contains(StatVfsMountFlags::RDONLY) {
        return Err(format!("{} is mounted read-only", mount_point(path)));
    }
    // Root may write everything in /proc, and others only some files, which open(2) decides.
    if path.starts_with("/proc") {
        return Ok(());
    }
    may(Path::new(path), AccessFlags::W_OK).map_err(|errno| format!("{path} is not writable ({errno:?})"))?;
    let is_counted = Path::new(path).is_dir() && mount.f_blocks > 0;
    match is_counted && mount.f_bavail * mount.f_frsize < SPACE {
        true => Err(format!("the file system of {path} has less than {} kB left", SPACE / 1024)),
        false => Ok(()),
    }
}

/// The room that a test's files take at most, in bytes.
const SPACE: u64 = 1 << 20;

/// Whether a path exists and, below /proc, belongs to a procfs: container runtimes hide some files by /dev/null and
/// some directories by an empty tmpfs.
///
/// # Errors
/// The reason, which names the path.
pub fn readable(path: &str) -> Result<(), String> {
    if !path.starts_with("/proc/") {
        return fs::metadata(path).map(|_| ()).map_err(|error| format!("{path}: {}", errno_name(&error)));
    }
    match Part::at(path) {
        Part::Writable | Part::ReadOnly => Ok(()),
        Part::Hidden => Err(format!("another file system is mounted over {}", mount_point(path))),
        Part::Missing(errno) => Err(format!("{path}: {errno}")),
    }
}

/// The mount point above a path, or the path itself without /proc.
fn mount_point(path: &str) -> String {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let points = mounts.lines().filter_map(|line| line.split(' ').nth(4));
    let above = points.filter(|point| Path::new(path).starts_with(point));
    above.max_by_key(|point| point.len()).unwrap_or(path).to_owned()
}

/// Why a process in a new user namespace may not mount a new procfs ("proc") or sysfs ("sysfs"). `None` if it may.
///
/// The kernel allows it only if the mount namespace has one of which nothing is hidden, and the new mount takes on that
/// mount's flags.
///
/// Source: mount_too_revealing() and mnt_already_visible(), fs/namespace.c.
pub fn new_mount_refused(fs_type: &str) -> Option<String> {
    match fs::read_to_string("/proc/self/mountinfo") {
        Ok(text) => hidden_parts(&text, fs_type),
        Err(error) => Some(format!("/proc/self/mountinfo: {}", errno_name(&error))),
    }
}

/// A line of mountinfo, see proc(5).
pub(super) struct Mount<'a> {
    id: &'a str,
    parent: &'a str,
    pub(super) root: &'a str,
    pub(super) point: &'a str,
    options: &'a str,
    pub(super) fs_type: &'a str,
    /// Those of the file system, which all of its mounts share.
    pub(super) super_options: &'a str,
}

/// The mount that a line of mountinfo is about; `None` if it is no such line.
pub(super) fn mount(line: &str) -> Option<Mount<'_>> {
    let (front, back) = line.split_once(" - ")?;
    let mut fields = front.split(' ');
    let (id, parent) = (fields.next()?, fields.next()?);
    let (root, point, options) = (fields.nth(1)?, fields.next()?, fields.next()?);
    let mut back = back.split(' ');
    let (fs_type, super_options) = (back.next()?, back.nth(1)?);
    Some(Mount { id, parent, root, point, options, fs_type, super_options })
}

fn hidden_parts(mountinfo: &str, fs_type: &str) -> Option<String> {
    let all: Vec<Mount<'_>> = mountinfo.lines().filter_map(mount).collect();
    let mut reason = format!("no whole {fs_type} is mounted, so that the kernel allows no new one");
    for candidate in all.iter().filter(|one| one.fs_type == fs_type && one.root == "/") {
        let covers = |other: &&Mount<'_>| {
            other.parent == candidate.id && other.id != candidate.id && !EMPTY.contains(&other.point)
        };
        let point = candidate.point;
        if let Some(over) = all.iter().find(covers) {
            reason = format!("a mount hides {}, so that the kernel allows no new {fs_type}", over.point);
        } else if candidate.options.split(',').any(|option| option == "ro") {
            reason = format!("{point} is mounted read-only, and so must be every new {fs_type}");
        } else {
            return None;
        }
    }
    Some(reason)
}

/// Whether /sys is a sysfs.
fn sysfs() -> Part {
    match statfs(Path::new("/sys")) {
        Err(errno) => Part::Missing(why(errno)),
        Ok(found) if found.f_type != SYSFS_MAGIC => Part::Hidden,
        Ok(_) => match statvfs(Path::new("/sys")) {
            Ok(mount) if mount.f_flag.contains(StatVfsMountFlags::RDONLY) => Part::ReadOnly,
            _ => Part::Writable,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "22 27 0:21 / /proc rw - proc proc rw\n23 27 0:22 / /sys rw - sysfs sysfs rw\n\
                         31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n27 1 254:0 / / rw - ext4 /dev/vda rw\n";

    #[test]
    fn a_mount_over_an_empty_directory_hides_nothing() {
        assert_eq!(hidden_parts(PLAIN, "proc"), None);
        assert_eq!(hidden_parts(PLAIN, "sysfs"), None);
        let binfmt = "40 22 0:30 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw\n";
        assert_eq!(hidden_parts(&format!("{PLAIN}{binfmt}"), "proc"), None);
    }

    /// As Docker, podman and systemd mount them.
    #[test]
    fn a_mount_over_a_part_forbids_a_new_one() {
        for (line, reason) in [
            ("40 22 0:21 /sys /proc/sys ro - proc proc rw", "a mount hides /proc/sys, so that"),
            ("40 22 0:6 /null /proc/keys rw - devtmpfs devtmpfs rw", "a mount hides /proc/keys, so that"),
            ("40 22 0:30 / /proc/acpi ro - tmpfs tmpfs ro", "a mount hides /proc/acpi, so that"),
        ] {
            let told = hidden_parts(&format!("{PLAIN}{line}\n"), "proc").unwrap_or_default();
            assert!(told.starts_with(reason), "{told}");
        }
        let sysfs = "23 27 0:22 / /sys ro,nosuid - sysfs sysfs ro\n";
        let reason = "/sys is mounted read-only, and so must be every new sysfs";
        assert_eq!(hidden_parts(sysfs, "sysfs").as_deref(), Some(reason));
    }

    #[test]
    fn one_whole_procfs_is_enough() {
        let hidden = "40 22 0:30 / /proc/acpi ro - tmpfs tmpfs ro\n";
        let other = "41 27 0:21 / /mnt/proc rw - proc proc rw\n";

        assert!(hidden_parts(&format!("{PLAIN}{hidden}"), "proc").is_some());
        assert_eq!(hidden_parts(&format!("{PLAIN}{hidden}{other}"), "proc"), None);
        assert_eq!(hidden_parts("", "proc").map(|told| told.starts_with("no whole proc")), Some(true));
    }

    #[test]
    fn what_is_missing_is_named() {
        let reason = writable("/proc/sys/no-such-sysctl").expect_err("no such file");

        assert_eq!(reason, "/proc/sys/no-such-sysctl: ENOENT");
        assert_eq!(readable("/proc/self/status"), Ok(()));
        assert_eq!(Part::at("/proc/self/ns"), Part::Writable);
    }
}
