//! Snapshots that differ, and snapshots that no test uses.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// All files below `dir` whose name ends with `suffix`, relative to `dir`, in order.
///
/// # Errors
/// When a directory cannot be read. A `dir` that does not exist holds nothing.
pub fn files(dir: &Path, suffix: &str) -> Result<Vec<PathBuf>, String> {
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in WalkDir::new(dir).sort_by_file_name() {
        let entry = entry.map_err(|error| format!("cannot look for {suffix} files: {error}"))?;
        if entry.file_type().is_file() && entry.file_name().to_string_lossy().ends_with(suffix) {
            found.push(entry.path().strip_prefix(dir).unwrap_or(entry.path()).to_owned());
        }
    }
    Ok(found)
}

/// The snapshots that a run asked for, relative to its workspace, from the file insta appends to.
///
/// # Errors
/// When the file is there and cannot be read. Without a test that uses a snapshot there is none.
pub fn references(file: &Path, root: &Path) -> Result<BTreeSet<PathBuf>, String> {
    if !file.exists() {
        return Ok(BTreeSet::new());
    }
    let text =
        fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    // Paths from elsewhere stay whole: they match no snapshot of this workspace.
    Ok(text.lines().map(Path::new).map(|path| path.strip_prefix(root).unwrap_or(path).to_owned()).collect())
}

/// The name of a snapshot's file: `owner.snap`, `owner@variant.snap`, or one of these with `.new` behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotName<'a> {
    /// The test, as [`owner`] writes it. A test may keep more than one snapshot: insta appends -2, the suite may
    /// append a name after `__`.
    pub owner: &'a str,
    /// The variant; empty for the plain snapshot.
    pub variant: &'a str,
}

impl<'a> SnapshotName<'a> {
    /// Reads the name of a file; `None` where it is no snapshot's.
    pub fn of(file: &'a Path) -> Option<Self> {
        let name = file.file_name()?.to_str()?;
        let stem = name.strip_suffix(".new").unwrap_or(name).strip_suffix(".snap")?;
        let (owner, variant) = stem.split_once('@').unwrap_or((stem, ""));
        Some(Self { owner, variant })
    }
}

/// The name of a test as part of a file's name.
pub fn owner(test: &str) -> String {
    test.replace("::", "__")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_for_its_test_and_its_variant() {
        let name = |owner, variant| Some(SnapshotName { owner, variant });

        assert_eq!(SnapshotName::of(Path::new("s/a__b.snap")), name("a__b", ""));
        assert_eq!(SnapshotName::of(Path::new("s/a__b@without-x.snap.new")), name("a__b", "without-x"));
        assert_eq!(SnapshotName::of(Path::new("s/a__b.txt")), None);
        assert_eq!(owner("a::b"), "a__b");
    }
    #[test]
    fn references_of_another_directory_are_mapped_back() -> Result<(), Box<dyn std::error::Error>> {
        let dir = tempfile::tempdir()?;
        let file = dir.path().join("references");
        fs::write(&file, "/tmp/copy/./tests/s/a.snap\n/tmp/copy/tests/s/b.snap\n/elsewhere/c.snap\n")?;

        let found = references(&file, Path::new("/tmp/copy"))?;

        let expected = ["/elsewhere/c.snap", "tests/s/a.snap", "tests/s/b.snap"];
        assert_eq!(found.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(), expected);
        Ok(())
    }
}
