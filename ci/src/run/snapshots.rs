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

#[cfg(test)]
mod tests {
    use super::*;
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
