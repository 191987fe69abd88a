//! The rows of `ci/programs.toml`: a program, its command line, and how its result is read.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The rows, as they were when this program was built: cargo builds it anew when they change.
const ROWS: &str = include_str!("../../programs.toml");
/// The releases of Debian that rows may name, the oldest first.
pub const RELEASES: [&str; 3] = ["bookworm", "trixie", "sid"];

/// How the result of a row is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// `showid`, which the program runs, leaves its ids and groups.
    #[default]
    Command,
    /// The exit status alone shows whether it worked.
    Exit,
    /// It goes on, and its processes are looked at after a while.
    Daemon,
}

/// One program and one way of using it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// What it is called and selected by.
    pub name: String,
    /// The family on the page.
    pub family: String,
    /// The package whose version counts.
    pub package: String,
    /// Other packages that the row needs.
    #[serde(default)]
    pub packages: Vec<String>,
    /// The releases that have it. All, if it names none.
    #[serde(default = "all_releases")]
    pub releases: Vec<String>,
    /// The words of a shell that prepare the place, as root outside the namespace.
    #[serde(default)]
    pub setup: String,
    /// The words of a shell that run the program inside.
    pub run: String,
    /// How the result is read.
    #[serde(default)]
    pub target: Target,
    /// A daemon is looked at after so many seconds.
    #[serde(default = "three")]
    pub seconds: u64,
    /// Words of lines of the output that mean nothing.
    #[serde(default)]
    pub noise: Vec<String>,
    /// What of it differs from run to run, with the reason.
    #[serde(default)]
    pub varies: Vec<Varies>,
    /// What to set so that it works under "deny", if there is something.
    #[serde(default)]
    pub fix: String,
    /// States in which the prediction misses, each with the reason.
    #[serde(default)]
    pub misses: Vec<Miss>,
}

/// Something that differs from run to run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Varies {
    /// What.
    pub what: What,
    /// Why.
    pub why: String,
}

/// A part of what is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// The message.
    Says,
    /// The exit status.
    End,
    /// How often and in which process a call is made.
    Calls,
}

/// A state in which the program does not make the first refused call that is predicted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Miss {
    /// The state, by its name.
    pub state: String,
    /// The releases in which it misses. All, if it names none.
    #[serde(default = "all_releases")]
    pub releases: Vec<String>,
    /// Why.
    pub why: String,
}

/// A program that has no row.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// Its name, and the version if it is about one.
    pub name: String,
    /// Why it is not run.
    pub why: String,
}

/// The file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The rows, in the order of the page.
    #[serde(rename = "program")]
    pub rows: Vec<Row>,
    /// Programs without a row.
    #[serde(default, rename = "left-out")]
    pub left_out: Vec<LeftOut>,
}

fn all_releases() -> Vec<String> {
    RELEASES.map(str::to_owned).to_vec()
}

fn three() -> u64 {
    3
}

/// All rows of `ci/programs.toml`, or of the file.
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
    let table: Table = toml::from_str(text).map_err(|error| format!("ci/programs.toml: {error}"))?;
    let mut names = BTreeSet::new();
    for row in &table.rows {
        let wrong = |what: String| Err(format!("ci/programs.toml: {}: {what}", row.name));
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
        if row.target == Target::Command && !row.run.contains("showid") && !row.setup.contains("showid") {
            return wrong("its commands do not run showid, which leaves the ids".to_owned());
        }
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = "[[program]]\nname = \"su\"\nfamily = \"commands\"\npackage = \"util-linux\"\n";

    #[test]
    fn a_mistake_names_its_row() {
        for (text, message) in [
            (format!("{ROW}run = \"su daemon\"\n"), "su: its commands do not run showid"),
            (
                format!("{ROW}run = \"showid\"\nreleases = [\"buster\"]\n"),
                "su: no release is called \"buster\"",
            ),
            (format!("{ROW}run = \"showid\"\n{ROW}run = \"showid\"\n"), "su: two rows have this name"),
            (format!("{ROW}run = \"showid\"\n").replace("\"su\"", "\"a/b\""), "a/b: a name is letters"),
            (format!("{ROW}run = \"showid\"\nruns = 1\n"), "unknown field `runs`"),
        ] {
            let error = parse(&text).err().unwrap_or_default();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn the_rows_of_the_file_are_written_well() -> Result<(), String> {
        let table = all(None)?;

        let daemons = table.rows.iter().filter(|row| row.target == Target::Daemon).count();
        assert!(table.rows.len() > 40 && daemons > 10, "{} rows, {daemons} daemons", table.rows.len());
        Ok(())
    }
}
