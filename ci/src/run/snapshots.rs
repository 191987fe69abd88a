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

/// The test that a snapshot belongs to, with `::` written as `__`, and the variant that it is, from its path.
///
/// Each topic has a folder of its own: `snapshots/map_order/own_gid__before_deny@without-x.snap` is the variant
/// `without-x` of `map_order__own_gid__before_deny`. Pending ones (`.snap.new`) are named alike.
pub fn owner(path: &Path) -> (String, Option<String>) {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = file.strip_suffix(".snap").or_else(|| file.strip_suffix(".snap.new")).unwrap_or(&file);
    let (name, variant) = stem.split_once('@').map_or((stem, None), |(name, variant)| (name, Some(variant)));
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    // A test outside of all modules has no topic.
    let topic = if folder == "snapshots" { String::new() } else { format!("{folder}__") };
    (topic + name, variant.map(str::to_owned))
}

/// The snapshots whose header has more than the line of their source: what a kernel answers is reviewed, and not on
/// which machine somebody accepted it.
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
        let owner = |path: &str| owner(Path::new(path));
        let without_x = Some("without-x".to_owned());

        assert_eq!(owner("s/map_order/own_gid__a.snap"), ("map_order__own_gid__a".to_owned(), None));
        assert_eq!(
            owner("s/map_order/own_gid@without-x.snap.new"),
            ("map_order__own_gid".to_owned(), without_x)
        );
        assert_eq!(owner("tests/snapshots/a.snap"), ("a".to_owned(), None));
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
