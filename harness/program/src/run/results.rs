//! What failed, as files in a directory.

use std::fs;
use std::path::Path;

use crate::report::document;
use crate::report::user_run::UserRun;
use crate::run::gathered::Gathered;

/// Writes the JSON document of a run to `run.json`, snapshots that differ below `snapshots`, reproducers below `reproducers`,
/// and what the tests printed that failed below `output`. Files of an earlier run stay if this one has none of their names.
///
/// # Errors
/// Which file could not be written.
pub fn write(directory: &Path, run: &UserRun, gathered: &Gathered) -> Result<(), String> {
    let outputs = gathered.outputs.iter().map(|(test, text)| (file_of(test), text));
    let snapshots = gathered.snapshots.iter().map(|(path, text)| (path.clone(), text));
    let reproducers = gathered.reproducers.iter().map(|(name, text)| (name.clone(), text));
    let below = |part: &str, name: &Path| directory.join(part).join(name);
    let mut files = vec![(directory.join("run.json"), document::json(run)?)];
    files.extend(outputs.map(|(name, text)| (below("output", name.as_ref()), text.clone())));
    files.extend(snapshots.map(|(name, text)| (below("snapshots", &name), text.clone())));
    files.extend(reproducers.map(|(name, text)| (below("reproducers", &name), text.clone())));
    for (path, text) in files {
        let parent = path.parent().unwrap_or(directory);
        let written = fs::create_dir_all(parent).and_then(|()| fs::write(&path, text));
        written.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(())
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
