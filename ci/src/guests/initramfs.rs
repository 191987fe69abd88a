//! The root directory of a guest: kept in memory, written as an archive that a kernel unpacks, or to a disk.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use cpio::newc;
use flate2::Compression;
use flate2::write::GzEncoder;

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
    /// Files of the same content and mode become links of one file, which has its content once. The kernel makes a link
    /// of a file whose inode it has seen. It keeps the content where the link has none.
    ///
    /// Archives may follow each other in a file; what comes later is put over what came before.
    /// Source: Documentation/driver-api/early-userspace/buffer-format.rst; init/initramfs.c, maybe_link().
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn archive(&self, out: &mut impl Write) -> io::Result<()> {
        let links = self.links();
        let mut inodes = HashMap::new();
        for (number, (path, (mode, node))) in (1..).zip(&self.nodes) {
            let (kind, device, content): (u32, (u32, u32), &[u8]) = match node {
                Node::Directory => (S_IFDIR, (0, 0), &[]),
                Node::File(content) => (S_IFREG, (0, 0), content),
                Node::Link(to) => (S_IFLNK, (0, 0), to.as_bytes()),
                Node::Device(major, minor) => (S_IFCHR, (*major, *minor), &[]),
            };
            let links = if kind == S_IFREG { links.get(&(*mode, content)).copied() } else { None };
            let links = links.unwrap_or(1);
            let inode = if links > 1 { *inodes.entry((mode, content)).or_insert(number) } else { number };
            let content = if inode == number { content } else { &[] };
            record(out, (inode, links), kind | mode, device, path, content)?;
        }
        newc::trailer(out).map(drop)
    }

    /// How many files there are of each mode and content, empty ones left out.
    fn links(&self) -> HashMap<(u32, &[u8]), u32> {
        let mut links = HashMap::new();
        for (mode, node) in self.nodes.values() {
            if let Node::File(content) = node
                && !content.is_empty()
            {
                *links.entry((*mode, content.as_slice())).or_insert(0) += 1;
            }
        }
        links
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

/// The [archive](Tree::archive) of a tree, compressed with gzip. It ends with zeros, which the kernel skips, so that another
/// archive may follow where it has to begin: at a multiple of four bytes.
///
/// # Errors
/// When it cannot be written.
pub fn packed(tree: &Tree) -> io::Result<Vec<u8>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    tree.archive(&mut gzip)?;
    let mut packed = gzip.finish()?;
    packed.resize(packed.len().next_multiple_of(4), 0);
    Ok(packed)
}

fn key(path: &str) -> &str {
    path.trim_matches('/')
}

fn record(
    out: &mut impl Write,
    (inode, links): (u32, u32),
    mode: u32,
    device: (u32, u32),
    path: &str,
    content: &[u8],
) -> io::Result<()> {
    let size = u32::try_from(content.len()).map_err(|_| io::Error::other("a file of 4 GiB or more"))?;
    let entry = newc::Builder::new(path).ino(inode).mode(mode).nlink(links);
    let mut entry = entry.rdev_major(device.0).rdev_minor(device.1).write(out, size);
    entry.write_all(content)?;
    entry.finish().map(drop)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

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
    fn what_is_there_twice_is_written_once() -> io::Result<()> {
        let mut tree = sample();
        tree.file("/usr/bin/same", 0o4755, "12345");
        tree.file("/usr/bin/other-mode", 0o755, "12345");
        let mut archive = Vec::new();
        tree.archive(&mut archive)?;

        let text = String::from_utf8_lossy(&archive);
        assert_eq!(text.matches("12345").count(), 2, "{text}");
        // Inode, links and size of a file.
        let of = |name: &str| {
            let header = text.find(&format!("{name}\0")).map_or("", |at| &text[at - 110..at]);
            [&header[6..14], &header[38..46], &header[54..62]].map(str::to_owned)
        };
        let (odd, same, other) = (of("usr/bin/odd"), of("usr/bin/same"), of("usr/bin/other-mode"));
        assert_eq!((&odd[0], &odd[1], odd[2].as_str()), (&same[0], &same[1], "00000005"));
        assert_eq!((same[1].as_str(), same[2].as_str()), ("00000002", "00000000"));
        assert_eq!((other[1].as_str(), other[2].as_str()), ("00000001", "00000005"));
        Ok(())
    }

    #[test]
    fn a_packed_archive_is_the_archive_and_another_may_follow() -> io::Result<()> {
        let mut archive = Vec::new();
        sample().archive(&mut archive)?;
        let packed = packed(&sample())?;

        assert_eq!(packed.len() % 4, 0);
        let mut unpacked = Vec::new();
        GzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked)?;
        assert!(unpacked == archive, "{}", String::from_utf8_lossy(&unpacked));
        assert!(packed.len() < archive.len() && packed.starts_with(b"\x1f\x8b"));
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
