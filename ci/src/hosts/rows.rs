//! The rows of `ci/hosts.toml`: restricted hosts, and what the suite may answer on each.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use glob::Pattern;
use serde::Deserialize;

/// The rows, as they were when this program was built: cargo builds it anew when they change.
const ROWS: &str = include_str!("../../hosts.toml");
/// What stands for the member of a family.
const MEMBER: &str = "{}";

/// One restricted host.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// What it is called and selected by.
    pub name: String,
    /// Where such hosts occur, in one line.
    pub about: String,
    /// The words of a shell, run as root, that make the host and end with `exec`. The suite's command follows them.
    pub make: String,
    /// The words of a shell that fail on a machine that cannot make this host. Such a row is left out, with a message.
    pub possible: Option<String>,
    /// Functions of the shell that `make` may call, the same for all rows.
    #[serde(skip)]
    pub prelude: String,
    /// Each of these is in a reason for which a test is skipped here.
    #[serde(default)]
    pub expect: Vec<String>,
    /// Reasons that the plain host does not have contain one of these, or of `expect`. Case does not matter.
    #[serde(default)]
    pub may: Vec<String>,
    /// The fewest tests that have to run.
    #[serde(default = "one")]
    pub least: usize,
    /// Only these tests are run, whether they are listed as skipped or not. Empty: all.
    #[serde(default)]
    pub only: Vec<String>,
    /// Each test fails here and prints this. Such a row shows that a failure is noticed.
    pub fails: Option<String>,
    /// Skips exactly the tests that the row of this name skips, for the same reasons.
    pub like: Option<String>,
    /// Is part of `cargo ci test`. In a family: the members that are.
    #[serde(default)]
    pub quick: bool,
    /// It has a PID namespace of its own, so that the numbers of its processes mean others outside.
    #[serde(default)]
    pub own_pids: bool,
    /// The plain host, whose reasons are known everywhere.
    #[serde(default)]
    pub plain: bool,
}

fn one() -> usize {
    1
}

impl Row {
    /// Whether this machine can make the host, as far as [`Row::possible`] asks.
    pub fn is_possible(&self) -> bool {
        let succeeds =
            |words| Command::new("/bin/sh").args(["-c", words]).status().is_ok_and(|it| it.success());
        self.possible.as_deref().is_none_or(succeeds)
    }
}

/// A row as it is written in the file: a host, or with `each` a family of hosts.
#[derive(Deserialize)]
struct Written {
    each: Option<Each>,
    #[serde(flatten)]
    row: toml::Table,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Each {
    /// The members.
    Members(Vec<String>),
    /// The name of a list of them.
    List(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    prelude: String,
    #[serde(default)]
    lists: BTreeMap<String, Vec<String>>,
    host: Vec<Written>,
}

/// All rows of `ci/hosts.toml`, or of the file, in their order.
///
/// # Errors
/// When the file cannot be read or is written wrongly; the message names the row.
pub fn all(file: Option<&Path>) -> Result<Vec<Row>, String> {
    let Some(file) = file else { return parse(ROWS) };
    let text =
        fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    parse(&text)
}

fn parse(text: &str) -> Result<Vec<Row>, String> {
    let table: Table = toml::from_str(text).map_err(|error| format!("the rows: {error}"))?;
    let mut rows = Vec::new();
    for Written { each, row } in table.host {
        let members = match each {
            None => {
                rows.push(read(row)?);
                continue;
            }
            Some(Each::Members(members)) => members,
            Some(Each::List(name)) => {
                let list = table.lists.get(&name).cloned();
                list.ok_or_else(|| format!("the rows: no list is called {name:?}"))?
            }
        };
        for member in members {
            let toml::Value::Table(mut row) = replaced(toml::Value::Table(row.clone()), &member) else {
                continue;
            };
            // Of a family, some members may be quick.
            if let Some(toml::Value::Array(members)) = row.get("quick") {
                let quick = members.iter().any(|it| it.as_str() == Some(&member));
                row.insert("quick".to_owned(), toml::Value::Boolean(quick));
            }
            rows.push(read(row)?);
        }
    }
    check(&rows)?;
    rows.iter_mut().for_each(|row| row.prelude.clone_from(&table.prelude));
    Ok(rows)
}

fn read(row: toml::Table) -> Result<Row, String> {
    let name = row.get("name").and_then(toml::Value::as_str).unwrap_or_default().to_owned();
    row.try_into().map_err(|error| format!("the rows: {name:?}: {error}"))
}

/// The value with the member of a family in each text.
fn replaced(value: toml::Value, member: &str) -> toml::Value {
    match value {
        toml::Value::String(text) => toml::Value::String(text.replace(MEMBER, member)),
        toml::Value::Array(values) => {
            toml::Value::Array(values.into_iter().map(|value| replaced(value, member)).collect())
        }
        toml::Value::Table(table) => {
            toml::Value::Table(table.into_iter().map(|(key, value)| (key, replaced(value, member))).collect())
        }
        other => other,
    }
}

fn check(rows: &[Row]) -> Result<(), String> {
    let mut names = BTreeSet::new();
    for row in rows {
        if !names.insert(&row.name) {
            return Err(format!("the rows: two rows are called {:?}", row.name));
        }
        if row.make.trim().is_empty() {
            return Err(format!("the rows: nothing makes {:?}", row.name));
        }
    }
    match rows.iter().find(|row| row.like.as_ref().is_some_and(|like| !names.contains(like))) {
        Some(row) => Err(format!("the rows: {:?} is like a row that does not exist", row.name)),
        None => Ok(()),
    }
}

/// The rows that a pattern names, in their order; without a pattern all of them, or the quick ones.
///
/// # Errors
/// When a pattern is none, or fits no row.
pub fn select(rows: Vec<Row>, only: &[String], quick: bool) -> Result<Vec<Row>, String> {
    let mut patterns = Vec::new();
    for text in only {
        let pattern = Pattern::new(text).map_err(|error| format!("{text:?} is no pattern: {error}"))?;
        if !rows.iter().any(|row| pattern.matches(&row.name)) {
            return Err(format!("no row fits {text:?}; `cargo ci hosts --list` prints their names"));
        }
        patterns.push(pattern);
    }
    let asked = |row: &Row| patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(&row.name));
    Ok(rows.into_iter().filter(|row| asked(row) && (!quick || row.quick)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAMILY: &str = r#"
        [lists]
        calls = ["clone3", "fsopen"]
        [[host]]
        name = "plain"
        about = "nothing is missing"
        make = "exec"
        quick = true
        [[host]]
        each = "calls"
        name = "refused.{}"
        about = "{} is refused"
        make = "exec $FILTER --refuse {}=EPERM --"
        may = ["{}"]
        quick = ["fsopen"]
    "#;

    #[test]
    fn a_family_has_a_row_for_each_member() -> Result<(), String> {
        let rows = parse(&FAMILY.replace("\"exec\"", "\"exec env\""))?;

        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["plain", "refused.clone3", "refused.fsopen"]);
        assert_eq!(rows[2].make, "exec $FILTER --refuse fsopen=EPERM --");
        assert_eq!(rows[2].may, ["fsopen"]);
        assert_eq!((rows[0].quick, rows[1].quick, rows[0].least), (true, false, 1));
        Ok(())
    }

    #[test]
    fn a_mistake_names_its_row() {
        let row = |more: &str| format!("[[host]]\nname = \"a\"\nabout = \"\"\nmake = \"exec env\"\n{more}\n");
        for (text, message) in [
            (row("fail = \"x\""), "\"a\": unknown field `fail`"),
            (row("") + &row(""), "two rows are called \"a\""),
            (row("like = \"b\""), "\"a\" is like a row that does not exist"),
            (row("each = \"b\""), "no list is called \"b\""),
            (row("").replace("exec env", ""), "nothing makes \"a\""),
        ] {
            let error = parse(&text).err().unwrap_or_default();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn rows_are_selected_by_patterns() -> Result<(), String> {
        let rows = parse(&FAMILY.replace("\"exec\"", "\"exec env\""))?;
        let names = |only: &[&str], quick| {
            let only: Vec<String> = only.iter().map(|text| (*text).to_owned()).collect();
            let rows = select(rows.clone(), &only, quick)?;
            Ok::<_, String>(rows.into_iter().map(|row| row.name).collect::<Vec<_>>())
        };

        assert_eq!(names(&["refused.*"], false)?, ["refused.clone3", "refused.fsopen"]);
        assert_eq!(names(&[], true)?, ["plain", "refused.fsopen"]);
        let error = names(&["x*"], false).err().unwrap_or_default();
        assert!(error.starts_with("no row fits \"x*\""), "{error}");
        Ok(())
    }

    #[test]
    fn a_row_that_this_machine_cannot_make_is_known() -> Result<(), String> {
        let row = |possible: &str| parse(&format!("{FAMILY}\npossible = \"{possible}\""));

        for (words, is_possible) in [("true", true), ("test -e /no/such/file", false)] {
            let rows = row(words)?;
            assert_eq!(
                rows.iter().map(Row::is_possible).collect::<Vec<_>>(),
                [true, is_possible, is_possible]
            );
        }
        Ok(())
    }

    #[test]
    fn the_rows_of_the_file_are_written_well() -> Result<(), String> {
        let rows = all(None)?;

        assert!(rows.iter().any(|row| row.plain) && rows.iter().any(|row| row.quick));
        Ok(())
    }
}
