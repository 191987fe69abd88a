//! What failed, as files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::report::document;
use crate::report::user_run::UserRun;
use crate::run::gathered::Gathered;

/// Writes the [files] of a run to a directory. Those of an earlier run stay if this one has none of their names.
///
/// # Errors
/// Which file could not be written.
pub fn write(directory: &Path, run: &UserRun, gathered: &Gathered) -> Result<(), String> {
    for (path, text) in files(run, gathered)? {
        let path = directory.join(path);
        let parent = path.parent().unwrap_or(directory);
        let written = fs::create_dir_all(parent).and_then(|()| fs::write(&path, text));
        written.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(())
}

/// The JSON document of a run as `run.json`, snapshots that differ below `snapshots`, reproducers below `reproducers`, and what
/// the tests printed that failed below `output`.
///
/// # Errors
/// When the run cannot be written as JSON.
pub fn files(run: &UserRun, gathered: &Gathered) -> Result<Vec<(PathBuf, String)>, String> {
    let below = |part: &str, path: &Path| Path::new(part).join(path);
    let mut files = vec![(PathBuf::from("run.json"), document::json(run)?)];
    let outputs = gathered.outputs.iter();
    files.extend(outputs.map(|(test, text)| (below("output", file_of(test).as_ref()), text.clone())));
    let snapshots = gathered.snapshots.iter();
    files.extend(snapshots.map(|(path, text)| (below("snapshots", path), text.clone())));
    let reproducers = gathered.reproducers.iter();
    files.extend(reproducers.map(|(name, text)| (below("reproducers", name), text.clone())));
    Ok(files)
}

fn file_of(test: &str) -> String {
    harness::reproducer::file_name(test) + ".txt"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{End, Event};

    #[test]
    fn what_failed_is_written_below_the_directory() -> Result<(), Box<dyn std::error::Error>> {
        let directory = tempfile::tempdir()?;
        let mut gathered = Gathered::default();
        gathered.hear(Event::Snapshot { path: "tests/a.snap.new".into(), text: "seen".into() });
        gathered.hear(Event::Reproducer { name: "a.c".into(), text: "int main;".into() });
        gathered.hear(Event::Ended {
            test: "a::b".into(),
            end: End::Failed("exit code 101".into()),
            milliseconds: 1,
            output: "words".into(),
            differences: Vec::new(),
        });

        write(directory.path(), &UserRun::default(), &gathered)?;

        let read = |name: &str| fs::read_to_string(directory.path().join(name));
        assert_eq!(read("snapshots/tests/a.snap.new")?, "seen");
        assert_eq!(read("reproducers/a.c")?, "int main;");
        assert_eq!(read("output/a-b.txt")?, "words");
        assert!(read("run.json")?.contains("\"tests\""));
        let refused = write(Path::new("/dev/null/no"), &UserRun::default(), &gathered);
        assert!(refused.is_err_and(|why| why.starts_with("cannot write /dev/null/no/run.json: ")));
        Ok(())
    }
}
