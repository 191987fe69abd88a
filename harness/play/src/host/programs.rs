//! Programs that tests run, and the attributes that make some of them privileged.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{StatVfsMountFlags, getxattr};
use serde::Serialize;

use super::fact::Fact;
use super::statfs::statvfs;
use crate::host::path;
use harness_scenario::caps::CapSet;

/// The mode bit with which execve(2) sets the owner's uid.
const SETUID: u32 = 0o4000;

/// The mode bit with which execve(2) sets the owner's gid.
const SETGID: u32 = 0o2000;

/// An executable file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Program {
    /// The path at which it was found. Links are not resolved.
    pub path: PathBuf,
    /// Its permissions with setuid, setgid and sticky bit, as octal digits such as "4755".
    pub mode: String,
    /// Whether execve(2) gives it the uid of its owner.
    pub setuid: bool,
    /// Whether execve(2) gives it the gid of its group.
    pub setgid: bool,
    /// The owner, as seen in this user namespace.
    pub owner: u32,
    /// Its file capabilities. Absent if it has none.
    pub capabilities: Fact<FileCaps>,
    /// Whether its file system ignores setuid bits and file capabilities.
    pub nosuid: bool,
}

/// File capabilities, the extended attribute `security.capability`.
///
/// Source: capabilities(7), "File capability extended attribute versioning".
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileCaps {
    /// The permitted set: capabilities that the program gets.
    pub permitted: CapSet,
    /// The inheritable set: capabilities that it keeps of the caller's inheritable set.
    pub inheritable: CapSet,
    /// Whether the capabilities are effective immediately.
    pub effective: bool,
    /// The uid, in this namespace, of root of the namespace in which they apply (version 3).
    pub root: Option<u32>,
}

impl Program {
    /// Looks up a program where scenarios find it: in the standard directories, independent of the caller's PATH,
    /// unless the name has a slash. `None` if the caller may execute no such program.
    pub fn find(name: &str) -> Option<Program> {
        let file = path::find(name).filter(|file| path::is_program(file))?;
        Program::at(&file)
    }

    /// The facts of the program in this file. `None` if the file cannot be inspected.
    pub fn at(path: &Path) -> Option<Program> {
        let file = fs::metadata(path).ok()?;
        let mount = statvfs(path);
        Some(Program {
            path: path.to_owned(),
            mode: format!("{:04o}", file.mode() & 0o7777),
            setuid: file.mode() & SETUID != 0,
            setgid: file.mode() & SETGID != 0,
            owner: file.uid(),
            capabilities: file_caps(path),
            nosuid: mount.is_ok_and(|mount| mount.f_flag.contains(StatVfsMountFlags::NOSUID)),
        })
    }
}

fn file_caps(path: &Path) -> Fact<FileCaps> {
    let mut value = [0; 24];
    match getxattr(path, "security.capability", &mut value[..]) {
        Ok(length) => match decode(&value[..length]) {
            Some(caps) => Fact::Known(caps),
            None => Fact::Unreadable(format!("unknown version: {:02x?}", &value[..length])),
        },
        Err(rustix::io::Errno::NODATA | rustix::io::Errno::OPNOTSUPP) => Fact::Absent,
        Err(errno) => Fact::of(Err(errno.into())),
    }
}

/// Reads the three versions. Version 1 has 32 bits for each set.
///
/// Source: struct vfs_cap_data and struct vfs_ns_cap_data, include/uapi/linux/capability.h.
fn decode(value: &[u8]) -> Option<FileCaps> {
    let (words, []) = value.as_chunks::<4>() else {
        return None;
    };
    let words: Vec<u32> = words.iter().map(|word| u32::from_le_bytes(*word)).collect();
    let (sets, root) = match words[..] {
        [magic, a, b] if magic >> 24 == 1 => ([magic, a, b, 0, 0], None),
        [magic, a, b, c, d] if magic >> 24 == 2 => ([magic, a, b, c, d], None),
        [magic, a, b, c, d, root] if magic >> 24 == 3 => ([magic, a, b, c, d], Some(root)),
        _ => return None,
    };
    let [magic, permitted_low, inheritable_low, permitted_high, inheritable_high] = sets;
    let set = |low: u32, high: u32| CapSet(u64::from(high) << 32 | u64::from(low));
    Some(FileCaps {
        permitted: set(permitted_low, permitted_high),
        inheritable: set(inheritable_low, inheritable_high),
        effective: magic & 1 != 0,
        root,
    })
}

impl FileCaps {
    /// Whether execve(2) gives a program these capabilities, all of `wanted` among them, at once. The kernel shows a root
    /// id only to processes of a namespace that is not below that root.
    ///
    /// Source: capabilities(7), "Transformation of capabilities during execve()"; cap_inode_getsecurity() and
    /// get_vfs_caps_from_disk(), security/commoncap.c.
    pub fn give(&self, wanted: CapSet) -> bool {
        let all = wanted != CapSet::EMPTY && self.permitted.0 & wanted.0 == wanted.0;
        all && self.effective && self.root.is_none_or(|root| root == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness_scenario::caps::Cap;

    /// The attribute that `setcap cap_setuid=ep` writes.
    const SETUID_EP: [u8; 20] = [1, 0, 0, 2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    #[test]
    fn file_capabilities_are_decoded() {
        let caps = decode(&SETUID_EP).expect("version 2 is known");

        assert_eq!(caps.permitted, CapSet::EMPTY.with(Cap::Setuid));
        assert!(caps.effective);
        assert_eq!(caps.root, None);
    }

    #[test]
    fn the_third_version_names_its_root() {
        let mut value = [SETUID_EP.as_slice(), &1000u32.to_le_bytes()].concat();
        value[3] = 3;

        assert_eq!(decode(&value).and_then(|caps| caps.root), Some(1000));
        assert_eq!(decode(&value[..19]), None);
        assert_eq!(decode(&[]), None);
    }

    #[test]
    fn the_first_version_has_short_sets() {
        let caps = decode(&[1, 0, 0, 1, 0x80, 0, 0, 0, 0, 0, 0, 0]).expect("version 1 is known");

        assert!(caps.give(CapSet::EMPTY.with(Cap::Setuid)), "{caps:?}");
    }

    #[test]
    fn capabilities_are_given_at_once_and_to_their_own_root() {
        let caps = decode(&SETUID_EP).expect("version 2 is known");
        let setuid = CapSet::EMPTY.with(Cap::Setuid);

        assert!(caps.give(setuid));
        assert!(!caps.give(setuid.with(Cap::Setgid)));
        assert!(!caps.give(CapSet::EMPTY));
        assert!(!FileCaps { effective: false, ..caps.clone() }.give(setuid));
        assert!(!FileCaps { root: Some(1000), ..caps.clone() }.give(setuid));
        assert!(FileCaps { root: Some(0), ..caps }.give(setuid));
    }

    /// What the kernel stores is read back, where the caller may store it.
    #[test]
    fn the_attribute_of_a_real_file_is_read() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let stored = rustix::fs::setxattr(
            file.path(),
            "security.capability",
            &SETUID_EP,
            rustix::fs::XattrFlags::empty(),
        );

        let read = Program::at(file.path()).expect("a file").capabilities;

        match stored {
            Ok(()) => assert_eq!(read, Fact::Known(decode(&SETUID_EP).expect("version 2 is known"))),
            Err(errno) => assert_eq!(read, Fact::Absent, "setxattr(2): {errno}"),
        }
    }

    #[test]
    fn a_shell_is_found_and_an_invented_program_is_not() {
        assert!(Program::find("sh").is_some());
        assert_eq!(Program::find("no-such-program-anywhere"), None);
        assert!(Program::find("/bin/sh").is_some());
        assert_eq!(Program::find("/bin"), None);
    }
}
