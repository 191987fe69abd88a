//! The directories of a host: a copy of the checkout, a temporary directory, and what is in them before and after.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// Open to each user, so that nothing fails to be left behind for want of a permission.
const DIRECTORY: u32 = 0o777;
const FILE: u32 = 0o666;

/// The directories of one host.
#[derive(Debug)]
pub struct Place {
    /// All of it. Removed with it.
    pub all: PathBuf,
    /// A copy of the checkout, where the suite runs.
    pub checkout: PathBuf,
    /// TMPDIR.
    pub temporary: PathBuf,
    /// Where reproducers of failures may be written. This is no residue.
    pub reproducers: PathBuf,
}

impl Place {
    /// Makes the directories below `all`, which must not exist, with a copy of `tests`.
    ///
    /// # Errors
    /// When something cannot be made or copied; the message names it.
    pub fn new(all: PathBuf, tests: &Path) -> Result<Self, String> {
        let place = Self {
            checkout: all.join("checkout"),
            temporary: all.join("tmp"),
            reproducers: all.join("reproducers"),
            all,
        };
        fs::create_dir(&place.all)
            .map_err(|error| format!("cannot make {}: {error}", place.all.display()))?;
        for dir in [&place.checkout, &place.temporary, &place.reproducers] {
            directory(dir)?;
        }
        copy(tests, &place.checkout.join("tests"))?;
        Ok(place)
    }

    /// What is in the checkout and in the temporary directory.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn listing(&self) -> Result<Listing, String> {
        let mut files = BTreeMap::new();
        for root in [&self.checkout, &self.temporary] {
            for entry in WalkDir::new(root) {
                let fail = |error: &dyn fmt::Display| format!("cannot list {}: {error}", root.display());
                let entry = entry.map_err(|error| fail(&error))?;
                let meta = entry.metadata().map_err(|error| fail(&error))?;
                let path = entry.path().strip_prefix(&self.all).unwrap_or(entry.path()).to_owned();
                files.insert(path, Entry::of(&meta));
            }
        }
        Ok(Listing(files))
    }
}

fn directory(path: &Path) -> Result<(), String> {
    let made =
        fs::create_dir(path).and_then(|()| fs::set_permissions(path, Permissions::from_mode(DIRECTORY)));
    made.map_err(|error| format!("cannot make {}: {error}", path.display()))
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    for entry in WalkDir::new(from) {
        let entry = entry.map_err(|error| format!("cannot copy {}: {error}", from.display()))?;
        let target = to.join(entry.path().strip_prefix(from).unwrap_or(entry.path()));
        if entry.file_type().is_dir() {
            directory(&target)?;
        } else {
            let copied = fs::copy(entry.path(), &target)
                .and_then(|_| fs::set_permissions(&target, Permissions::from_mode(FILE)));
            copied.map_err(|error| format!("cannot copy {}: {error}", entry.path().display()))?;
        }
    }
    Ok(())
}

/// What is known of a file. The time is that of the content of a file; that of a directory changes with each temporary
/// file in it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    mode: u32,
    owner: (u32, u32),
    content: Option<(u64, i64, i64)>,
}

impl Entry {
    fn of(meta: &fs::Metadata) -> Self {
        let content = (!meta.is_dir()).then(|| (meta.len(), meta.mtime(), meta.mtime_nsec()));
        Self { mode: meta.mode(), owner: (meta.uid(), meta.gid()), content }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "mode {:o}, owner {}:{}", self.mode, self.owner.0, self.owner.1)
    }
}

/// Files by their path, relative to the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing(BTreeMap<PathBuf, Entry>);

impl Listing {
    /// What is different afterwards, a line each.
    pub fn residue(&self, after: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        for (path, entry) in &after.0 {
            match self.0.get(path) {
                None => lines.push(format!("new: {} ({entry})", path.display())),
                Some(before) if before != entry => {
                    lines.push(format!("changed: {} ({before}, now {entry})", path.display()));
                }
                Some(_) => {}
            }
        }
        let gone = self.0.keys().filter(|path| !after.0.contains_key(*path));
        lines.extend(gone.map(|path| format!("gone: {}", path.display())));
        lines
    }
}

/// What a process could change of this host beside files: a text for each.
///
/// # Errors
/// When the mounts cannot be read.
pub fn state() -> Result<BTreeMap<String, String>, String> {
    let mounts = "/proc/self/mountinfo";
    let mut state = BTreeMap::new();
    let text = fs::read_to_string(mounts).map_err(|error| format!("cannot read {mounts}: {error}"))?;
    state.insert(mounts.to_owned(), text);
    let files = ["/proc/sys/kernel/hostname", "/proc/sys/kernel/domainname"].map(PathBuf::from).into_iter();
    let limits = fs::read_dir("/proc/sys/user").into_iter().flatten().flatten().map(|entry| entry.path());
    for file in files.chain(limits) {
        // Not each kernel has each of them.
        if let Ok(text) = fs::read_to_string(&file) {
            state.insert(file.display().to_string(), text);
        }
    }
    Ok(state)
}

/// What is different afterwards, a line each.
pub fn changed(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, text) in after {
        let old: Vec<&str> = before.get(name).map(|old| old.lines().collect()).unwrap_or_default();
        let new: Vec<&str> = text.lines().collect();
        lines.extend(
            new.iter().filter(|line| !old.contains(line)).map(|line| format!("{name} now has {line}")),
        );
        lines
            .extend(old.iter().filter(|line| !new.contains(line)).map(|line| format!("{name} lacks {line}")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    type Done = Result<(), Box<dyn std::error::Error>>;

    #[test]
    fn each_change_in_the_checkout_or_the_temporary_directory_is_residue() -> Done {
        let dir = tempfile::tempdir()?;
        let tests = dir.path().join("tests");
        fs::create_dir(&tests)?;
        for name in ["a", "b", "c"] {
            fs::write(tests.join(name), name)?;
        }
        let place = Place::new(dir.path().join("place"), &tests)?;
        let before = place.listing()?;
        assert_eq!(before.residue(&place.listing()?), Vec::<String>::new());

        fs::write(place.temporary.join("left"), "")?;
        fs::remove_file(place.checkout.join("tests/a"))?;
        fs::write(place.checkout.join("tests/b"), "longer")?;
        fs::set_permissions(&place.checkout, Permissions::from_mode(0o2777))?;
        fs::write(place.reproducers.join("no.c"), "")?;

        let residue = before.residue(&place.listing()?);
        let named: Vec<&str> = residue.iter().filter_map(|line| line.split(" (").next()).collect();
        assert_eq!(
            named,
            ["changed: checkout", "changed: checkout/tests/b", "new: tmp/left", "gone: checkout/tests/a"]
        );
        Ok(())
    }

    #[test]
    fn a_mount_that_stays_is_named() {
        let state = |mounts: &str| BTreeMap::from([("mounts".to_owned(), mounts.to_owned())]);

        assert_eq!(changed(&state("a\nb"), &state("a\nc")), ["mounts now has c", "mounts lacks b"]);
        assert_eq!(changed(&state("a"), &state("a")), Vec::<String>::new());
    }
}
