//! The rows of `ci/runtimes.toml`: a runtime, and a way of using it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;

/// The rows, as they were when this program was built: cargo builds it anew when they change.
const ROWS: &str = include_str!("../../runtimes.toml");
/// The releases of Debian that rows may name, the oldest first.
pub const RELEASES: [&str; 3] = ["bookworm", "trixie", "sid"];

/// Who runs the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum User {
    /// Root, with group 0 as its only supplementary group.
    Root,
    /// A user with a line of 65536 ids in /etc/subuid and /etc/subgid, and with a group of its own kind.
    Subordinate,
    /// The same user without these lines.
    Ordinary,
}

impl User {
    /// Its word in the script.
    pub fn word(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Subordinate => "subordinate",
            Self::Ordinary => "ordinary",
        }
    }
}

/// One runtime and one way of using it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// What it is called and selected by.
    pub name: String,
    /// The package whose version counts.
    pub package: String,
    /// Other packages that the row needs.
    #[serde(default)]
    pub packages: Vec<String>,
    /// The releases that have it. All, if it names none.
    #[serde(default = "all_releases")]
    pub releases: Vec<String>,
    /// Who runs it.
    pub user: User,
    /// The words of a shell that prepare the place, as root. They may call the functions of `functions.sh`.
    #[serde(default)]
    pub setup: String,
    /// The words of a shell that run the runtime. It has to run `probe`.
    pub run: String,
    /// The supplementary groups that the row asks for, if it asks for any.
    pub asks: Option<Vec<u32>>,
    /// Whether the row asks for a range of ids.
    #[serde(default)]
    pub range: bool,
    /// Programs that write with the privilege of root although a user runs them, besides newuidmap and newgidmap.
    #[serde(default)]
    pub privileged: Vec<String>,
    /// Words of lines of the output that mean nothing.
    #[serde(default)]
    pub noise: Vec<String>,
    /// The checks that it does not pass, each with the reason.
    #[serde(default)]
    pub known: Vec<Known>,
}

/// A check that a row does not pass.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The check, by its name.
    pub check: String,
    /// The releases in which it does not pass. All, if it names none.
    #[serde(default = "all_releases")]
    pub releases: Vec<String>,
    /// Why.
    pub why: String,
}

/// A runtime that has no row.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// Its name.
    pub name: String,
    /// Why it is not run.
    pub why: String,
}

/// The file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The rows, in the order of the page.
    #[serde(rename = "runtime")]
    pub rows: Vec<Row>,
    /// Runtimes without a row.
    #[serde(default, rename = "left-out")]
    pub left_out: Vec<LeftOut>,
}

fn all_releases() -> Vec<String> {
    RELEASES.map(str::to_owned).to_vec()
}

/// All rows of `ci/runtimes.toml`, or of the file.
///
/// # Errors
/// When the file cannot be read or is written wrongly; the message names the row.
pub fn all(file: Option<&Path>) -> Result<Table, String> {
    let Some(file) = file else { return parse(ROWS) };
    let text =
        fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    parse(&text)
}

fn parse(text: &str) -> Result<Table, String> {
    let table: Table = toml::from_str(text).map_err(|error| format!("ci/runtimes.toml: {error}"))?;
    let mut names = BTreeSet::new();
    for row in &table.rows {
        let wrong = |what: String| Err(format!("ci/runtimes.toml: {}: {what}", row.name));
        if !names.insert(&row.name) {
            return wrong("two rows have this name".to_owned());
        }
        if row.name.contains(|it: char| !it.is_ascii_alphanumeric() && !"-+.".contains(it)) {
            return wrong(
                "a name is letters, digits, `-`, `+` and `.`: snapshots are named by it".to_owned(),
            );
        }
        if let Some(release) = row.releases.iter().find(|name| !RELEASES.contains(&name.as_str())) {
            return wrong(format!("no release is called {release:?}; there are {}", RELEASES.join(", ")));
        }
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str =
        "[[runtime]]\nname = \"runc\"\npackage = \"runc\"\nuser = \"root\"\nrun = \"runc run probe\"\n";

    #[test]
    fn a_mistake_names_its_row() {
        for (text, message) in [
            (format!("{ROW}releases = [\"buster\"]\n"), "runc: no release is called \"buster\""),
            (format!("{ROW}{ROW}"), "runc: two rows have this name"),
            (ROW.replace("name = \"runc\"", "name = \"a/b\""), "a/b: a name is letters"),
            (ROW.replace("\"root\"", "\"nobody\""), "unknown variant `nobody`"),
        ] {
            let error = parse(&text).err().unwrap_or_default();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn the_rows_of_the_file_are_written_well() -> Result<(), String> {
        let table = all(None)?;

        assert!(table.rows.len() > 20, "{} rows", table.rows.len());
        Ok(())
    }
}
