//! The root directory of a guest: kept in memory, written as an archive that a kernel unpacks, or to a disk.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use cpio::newc;

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Directory,
    File(Vec<u8>),
    Link(String),
    /// A character device with its numbers.
    Device(u32, u32),
}

/// Files with their modes; root owns all of them.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// By absolute path without the leading slash, so that each directory comes before what is in it.
    nodes: BTreeMap<String, (u32, Node)>,
}

const S_IFDIR: u32 = 0o040_000;
const S_IFCHR: u32 = 0o020_000;
const S_IFREG: u32 = 0o100_000;
const S_IFLNK: u32 = 0o120_000;

impl Tree {
    /// Adds a directory and those above it; one that is there keeps its mode.
    pub fn directory(&mut self, path: &str, mode: u32) {
        self.put(path, mode, Node::Directory);
    }

    /// Adds a file.
    pub fn file(&mut self, path: &str, mode: u32, content: impl Into<Vec<u8>>) {
        self.put(path, mode, Node::File(content.into()));
    }

    /// Adds a symbolic link.
    pub fn link(&mut self, path: &str, to: &str) {
        self.put(path, 0o777, Node::Link(to.to_owned()));
    }

    /// Adds a character device.
    pub fn device(&mut self, path: &str, mode: u32, numbers: (u32, u32)) {
        self.put(path, mode, Node::Device(numbers.0, numbers.1));
    }

    /// Adds another tree below a directory.
    pub fn graft(&mut self, below: &str, other: &Self) {
        for (path, (mode, node)) in &other.nodes {
            self.put(&format!("{}/{path}", key(below)), *mode, node.clone());
        }
    }

    /// Whether something is at a path.
    #[cfg(test)]
    pub fn has(&self, path: &str) -> bool {
        self.nodes.contains_key(key(path))
    }

    fn put(&mut self, path: &str, mode: u32, node: Node) {
        let path = key(path);
        let above = path.match_indices('/').map(|(at, _)| &path[..at]);
        for directory in above {
            self.nodes.entry(directory.to_owned()).or_insert((0o755, Node::Directory));
        }
        if node != Node::Directory || !self.nodes.contains_key(path) {
            self.nodes.insert(path.to_owned(), (mode, node));
        }
    }

    /// Writes the archive that a kernel takes as its initial root: cpio in the format "newc".
    ///
    /// Archives may follow each other in a file; what comes later is put over what came before.
    /// Source: Documentation/driver-api/early-userspace/buffer-format.rst.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn archive(&self, out: &mut impl Write) -> io::Result<()> {
        for (number, (path, (mode, node))) in (1..).zip(&self.nodes) {
            let (kind, device, content): (u32, (u32, u32), &[u8]) = match node {
                Node::Directory => (S_IFDIR, (0, 0), &[]),
                Node::File(content) => (S_IFREG, (0, 0), content),
                Node::Link(to) => (S_IFLNK, (0, 0), to.as_bytes()),
                Node::Device(major, minor) => (S_IFCHR, (*major, *minor), &[]),
            };
            record(out, number, kind | mode, device, path, content)?;
        }
        newc::trailer(out).map(drop)
    }

    /// Writes the tree below a directory, without devices.
    ///
    /// # Errors
    /// When something cannot be made; the message names it.
    pub fn unpack(&self, below: &Path) -> Result<(), String> {
        for (path, (mode, node)) in &self.nodes {
            let at: PathBuf = below.join(path);
            let set = || fs::set_permissions(&at, Permissions::from_mode(*mode));
            let made = match node {
                Node::Directory => fs::create_dir_all(&at).and_then(|()| set()),
                Node::File(content) => fs::write(&at, content).and_then(|()| set()),
                Node::Link(to) => symlink(to, &at),
                Node::Device(..) => Ok(()),
            };
            made.map_err(|error| format!("cannot make {}: {error}", at.display()))?;
        }
        Ok(())
    }
}

fn key(path: &str) -> &str {
    path.trim_matches('/')
}

fn record(
    out: &mut impl Write,
    number: u32,
    mode: u32,
    device: (u32, u32),
    path: &str,
    content: &[u8],
) -> io::Result<()> {
    let size = u32::try_from(content.len()).map_err(|_| io::Error::other("a file of 4 GiB or more"))?;
    let entry = newc::Builder::new(path).ino(number).mode(mode).nlink(1);
    let mut entry = entry.rdev_major(device.0).rdev_minor(device.1).write(out, size);
    entry.write_all(content)?;
    entry.finish().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Tree {
        let mut tree = Tree::default();
        tree.file("/usr/bin/odd", 0o4755, "12345");
        tree.directory("/tmp", 0o1777);
        tree.link("/bin", "usr/bin");
        tree.device("/dev/console", 0o600, (5, 1));
        tree
    }

    #[test]
    fn an_archive_is_as_the_kernel_wants_it() -> io::Result<()> {
        let mut archive = Vec::new();
        sample().archive(&mut archive)?;

        let text = String::from_utf8_lossy(&archive);
        assert_eq!(archive.len() % 4, 0);
        assert_eq!(text.matches("070701").count(), 8, "{text}");
        assert!(text.ends_with("TRAILER!!!\0\0\0\0"), "{text}");
        // Mode, links and size of the file: what makes it set-user-ID, and where the next header begins.
        let odd = text.find("usr/bin/odd").unwrap_or(0);
        let header_of_odd = &text[odd - 110..odd];
        assert_eq!(&header_of_odd[..6], "070701");
        assert_eq!(header_of_odd[14..22].to_uppercase(), "000089ED");
        assert_eq!(&header_of_odd[54..62], "00000005");
        assert!(text[odd..].starts_with("usr/bin/odd\0\0\0"), "{text}");
        Ok(())
    }

    #[test]
    fn a_tree_is_unpacked_with_its_modes() -> Result<(), Box<dyn std::error::Error>> {
        let dir = tempfile::tempdir()?;
        sample().unpack(dir.path())?;

        assert_eq!(fs::metadata(dir.path().join("bin/odd"))?.permissions().mode() & 0o7777, 0o4755);
        assert_eq!(fs::metadata(dir.path().join("tmp"))?.permissions().mode() & 0o7777, 0o1777);
        Ok(())
    }
}
