//! Scenarios on which the kernel and the model once disagreed. They are kept as files for people to read and review:
//! the trace of the disagreement in comments, then the credentials, then a line for each step.

use super::Mismatch;
use harness_scenario::file::{self, ENDING};
use harness_scenario::scenario::Scenario;
use harness_spec::model;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A kept scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptScenario {
    /// The path.
    pub path: PathBuf,
    /// The scenario.
    pub scenario: Scenario,
}

/// Where kept scenarios are, in the workspace.
pub const DIRECTORY: &str = "tests/regressions";

/// The kept scenarios among texts that are known by their paths in the workspace, by name.
///
/// # Errors
/// If a text contains no scenario. The message names the path.
pub fn among(files: &[(&str, &str)]) -> Result<Vec<KeptScenario>, String> {
    let kept = files.iter().filter(|(path, _)| {
        let path = Path::new(path);
        path.starts_with(DIRECTORY) && path.extension().is_some_and(|ending| ending == ENDING)
    });
    kept.map(|(path, text)| read(PathBuf::from(path), text)).collect()
}

/// A scenario from its text.
fn read(path: PathBuf, text: &str) -> Result<KeptScenario, String> {
    let scenario = file::read(text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(KeptScenario { path, scenario })
}

/// The kept scenarios of a directory, by name. Empty if there is no such directory.
///
/// # Errors
/// If a file cannot be read or contains no scenario. The message names the file.
pub fn kept(directory: &Path) -> Result<Vec<KeptScenario>, String> {
    let failed = |path: &Path, why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| failed(directory, &error))?,
    };
    let paths: Result<Vec<PathBuf>, io::Error> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(|error| failed(directory, &error))?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == ENDING));
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).map_err(|error| failed(&path, &error))?;
        read(path, &text)
    };
    paths.into_iter().map(read).collect()
}

/// Keeps a disputed scenario in a directory, in a file named after its subject.
///
/// # Errors
/// If the file cannot be written, or the scenario has an action that has no text form. The message names it.
pub fn keep(directory: &Path, dispute: &Mismatch) -> Result<PathBuf, String> {
    let text = written(dispute)?;
    let steps: String = text.lines().filter(|line| !line.starts_with('#')).collect();
    let rule = dispute.points.iter().find_map(|point| point.rule).map_or("disputed", |rule| rule.name);
    let path = directory.join(format!("{rule}-{:08x}.{ENDING}", fnv(steps.as_bytes())));
    let write = || fs::create_dir_all(directory).and_then(|()| fs::write(&path, &text));
    write().map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(path)
}

/// The text of such a file.
fn written(dispute: &Mismatch) -> Result<String, String> {
    let mut told = String::from("What kernel and model said when this was found:\n");
    for point in &dispute.points {
        told.push_str(&model::described(&dispute.trace, point));
    }
    let _ = write!(told, "in\n{}", dispute.trace);
    let mut text = String::new();
    for line in told.lines() {
        let _ = writeln!(text, "{}", format!("# {line}").trim_end());
    }
    text.push_str(&file::write(&dispute.trace.scenario)?);
    Ok(text)
}

/// The FNV-1a hash, which gives the same name in every build.
fn fnv(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::{Casts, scenarios};
    use harness_scenario::ids::{Names, Own};
    use harness_scenario::trace::Trace;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_is_read((scenario, _) in scenarios(Casts::All)) {
            let own = Own { uid: 0, gid: 0 };
            let names = Names { own, overflow: [65_534; 2], last_cap: 40 };
            let trace =
                Trace { scenario: scenario.clone(), outcomes: Vec::new(), states: Vec::new(), names };

            let text = written(&Mismatch { trace, points: Vec::new() });

            prop_assert_eq!(text.and_then(|text| file::read(&text)), Ok(scenario));
        }
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        let read = file::read("# nothing\ncast \"Root\"\nnobody \"Look\"\n");

        assert_eq!(read, Err("line 3: no actor is called nobody".to_owned()));
    }
}
