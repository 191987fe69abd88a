//! Where reproducers are written.

use super::{Header, Prediction, c, shell};
use crate::scenario::Scenario;
use crate::suite;
use crate::trace::Trace;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Names the directory of the programs of tests that fail.
const DIRECTORY: &str = "USERNS_SUITE_REPRODUCERS";

/// Names a directory in which every scenario that is played leaves its program: for the test that has the
/// suite's scenarios played once more by these.
const RECORD: &str = "USERNS_SUITE_RECORD";

/// Writes the C program of a scenario to a file of the test's name, and beside it the shell script where the steps
/// allow one, in the directory that the environment
/// variable USERNS_SUITE_REPRODUCERS names, or else in target/reproducers of the workspace.
///
/// # Errors
/// If the directory or the file cannot be written; [`ErrorKind::Unsupported`] with the reason if no program
/// can show the scenario.
pub fn save(scenario: &Scenario, prediction: &Prediction, header: &Header) -> Result<PathBuf> {
    let workspace = || Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target").join("reproducers");
    let directory = std::env::var_os(DIRECTORY).map_or_else(workspace, PathBuf::from);
    save_in(&directory, scenario, prediction, header)
}

/// The same in another directory.
///
/// # Errors
/// As for [`save`].
pub fn save_in(
    directory: &Path,
    scenario: &Scenario,
    prediction: &Prediction,
    header: &Header,
) -> Result<PathBuf> {
    let program =
        c(scenario, prediction, header).map_err(|reason| Error::new(ErrorKind::Unsupported, reason))?;
    std::fs::create_dir_all(directory)?;
    let path = directory.join(file_name(&header.name) + ".c");
    std::fs::write(&path, program)?;
    let script = path.with_extension("sh");
    match shell(scenario, prediction, header) {
        Ok(text) => std::fs::write(script, text)?,
        // One of an earlier failure of this name would show something else.
        Err(_) => drop(std::fs::remove_file(script)),
    }
    Ok(path)
}

/// The name of a test as that of a file.
pub fn file_name(name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '-' };
    let name: String = name.replace("::", "-").chars().map(plain).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "reproducer".to_owned() } else { name.to_owned() }
}

/// Leaves the program of what was played, or why there is none, if somebody wants it.
pub fn record(trace: &Trace) {
    static DIRECTORY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let Some(directory) = DIRECTORY.get_or_init(|| std::env::var_os(RECORD).map(PathBuf::from)) else {
        return;
    };
    let name = suite::current_test().unwrap_or_default();
    let made = c(&trace.scenario, &Prediction::from(trace), &Header { name, about: Vec::new() });
    let (text, kind) = made.map_or_else(|reason| (reason.to_string(), "txt"), |program| (program, "c"));
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let path = directory.join(format!("{:016x}.{kind}", hasher.finish()));
    if let Err(error) = std::fs::write(&path, text) {
        panic!("{RECORD}: {}: {error}", path.display());
    }
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_file_has_the_name_of_its_test() {
        assert_eq!(file_name("map_order::own_gid::before_deny"), "map_order-own_gid-before_deny");
        assert_eq!(file_name("../a b"), "a-b");
        assert_eq!(file_name(""), "reproducer");
    }
}
