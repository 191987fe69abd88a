//! Where reproducers are written.

use super::{Header, NotPossible, Prediction, c, shell};
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
    let texts =
        texts(scenario, prediction, header).map_err(|reason| Error::new(ErrorKind::Unsupported, reason))?;
    std::fs::create_dir_all(directory)?;
    let path = directory.join(file_name(&header.name) + ".c");
    // A script from an earlier failure of this test would show another scenario.
    let _ = std::fs::remove_file(path.with_extension("sh"));
    for (name, text) in texts {
        std::fs::write(directory.join(name), text)?;
    }
    Ok(path)
}

/// The C program of a scenario, and the shell script where the steps allow one, with the names of their files.
///
/// # Errors
/// The step that C cannot run.
pub fn texts(
    scenario: &Scenario,
    prediction: &Prediction,
    header: &Header,
) -> std::result::Result<Vec<(String, String)>, NotPossible> {
    let name = file_name(&header.name);
    let mut texts = vec![(format!("{name}.c"), c(scenario, prediction, header)?)];
    texts.extend(shell(scenario, prediction, header).ok().map(|text| (format!("{name}.sh"), text)));
    Ok(texts)
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
