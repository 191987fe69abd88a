//! Where reproducers are written.

use super::{Header, Prediction, c, shell};
use harness_scenario::scenario::Scenario;
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

/// Writes the C program of a scenario to a file of the test's name in this directory, which is made if it is not
/// there, and beside it the shell script where the steps allow one. Returns the path of the C program.
///
/// # Errors
/// If the directory or a file cannot be written; [`ErrorKind::Unsupported`] with the reason if no program
/// can show the scenario.
pub fn save(
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
        // A script from an earlier failure of this test would show another scenario.
        Err(_) => drop(std::fs::remove_file(script)),
    }
    Ok(path)
}

/// The name of a test as the name of a file.
pub fn file_name(name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '-' };
    let name: String = name.replace("::", "-").chars().map(plain).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "reproducer".to_owned() } else { name.to_owned() }
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
