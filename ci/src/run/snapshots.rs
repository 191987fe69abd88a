//! Where snapshots are, and which of them a run used.

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

/// What the path of a snapshot says about it.
///
/// Each topic has a folder of its own: `snapshots/map_order/own_gid__before_deny@without-x.snap` is the variant
/// `without-x` of `map_order__own_gid__before_deny`. Pending ones (`.snap.new`) are named alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotName {
    /// The test, as [`owner`] writes it. A test may keep more than one snapshot: insta appends -2, the suite may
    /// append a name after `__`.
    pub owner: String,
    /// The variant; empty for the plain snapshot.
    pub variant: String,
}

impl SnapshotName {
    /// Reads the path of a file; `None` if the file is no snapshot.
    pub fn of(path: &Path) -> Option<Self> {
        let file = path.file_name()?.to_str()?;
        let stem = file.strip_suffix(".new").unwrap_or(file).strip_suffix(".snap")?;
        let (name, variant) = stem.split_once('@').unwrap_or((stem, ""));
        let folder = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        // A test outside of all modules has no topic.
        let topic = if folder == "snapshots" { String::new() } else { format!("{folder}__") };
        Some(Self { owner: topic + name, variant: variant.to_owned() })
    }
}

/// The name of a test as part of a file's name.
pub fn owner(test: &str) -> String {
    test.replace("::", "__")
}

/// The snapshots whose header has more than the line of their source. A review is about the kernel's answers, and not
/// about the machine on which a person accepted them.
///
/// # Errors
/// When one cannot be read.
pub fn with_more_than_a_source(root: &Path, snapshots: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    for snapshot in snapshots {
        let path = root.join(snapshot);
        let text =
            fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let mut header = text.lines().skip(1).take_while(|line| *line != "---");
        if header.any(|line| !line.starts_with("source: ")) {
            found.push(snapshot.clone());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_snapshot_is_its_topic() {
        let name = |path: &str| SnapshotName::of(Path::new(path)).map(|name| (name.owner, name.variant));
        let named = |owner: &str, variant: &str| Some((owner.to_owned(), variant.to_owned()));

        assert_eq!(name("s/map_order/own_gid__a.snap"), named("map_order__own_gid__a", ""));
        assert_eq!(name("s/map_order/own_gid@without-x.snap.new"), named("map_order__own_gid", "without-x"));
        assert_eq!(name("tests/snapshots/a.snap"), named("a", ""));
        assert_eq!(name("s/a__b.txt"), None);
        assert_eq!(owner("a::b"), "a__b");
    }

    #[test]
    fn a_header_that_names_a_machine_is_found() -> Result<(), Box<dyn std::error::Error>> {
        let dir = tempfile::tempdir()?;
        let header = |more: &str| format!("---\nsource: tests/a.rs\n{more}---\ninside  begins\n---\nhost:\n");
        fs::write(dir.path().join("plain.snap"), header(""))?;
        fs::write(dir.path().join("pending.snap"), header("host:\n  kernel: \"6.18\"\n"))?;
        fs::write(dir.path().join("info.snap"), header("info:\n  lsm: unknown\n"))?;
        let all = ["info.snap", "pending.snap", "plain.snap"].map(PathBuf::from);

        assert_eq!(with_more_than_a_source(dir.path(), &all)?, all[..2]);
        let missing = with_more_than_a_source(dir.path(), &["gone.snap".into()]).err().unwrap_or_default();
        assert!(missing.starts_with("cannot read "), "{missing}");
        Ok(())
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
