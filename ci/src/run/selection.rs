//! Which tests a filter selects. nextest reports a test that cannot run here as skipped, whether a filter selects it or
//! not.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use harness::suite::LIST;
use serde::Deserialize;

use crate::run::nextest::NextestExit;
use crate::sys::process;
use crate::sys::workspace::{SUITE, Workspace};

/// The id that nextest gives to the suite's test binary.
const BINARY_ID: &str = "userns-suite::userns";
/// A cold build on a slow machine; more is a hang.
const BUILD_LIMIT: Duration = Duration::from_secs(1800);
/// The options of nextest that take a filter.
const FILTERS: [&str; 3] = ["-E", "--filterset", "--filter-expr"];

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct List {
    rust_suites: BTreeMap<String, Listed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Listed {
    binary_path: PathBuf,
    testcases: BTreeMap<String, Case>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Case {
    filter_match: Match,
}

#[derive(Deserialize)]
struct Match {
    status: String,
}

/// What nextest lists.
#[derive(Debug, PartialEq, Eq)]
pub struct Selected {
    /// The suite's binary.
    pub binary: PathBuf,
    /// The tests that are selected, wherever they can run.
    pub tests: Vec<String>,
    /// All tests.
    pub all: Vec<String>,
}

/// Builds the suite with these arguments of cargo, and asks nextest what the others select. It is not found out which of
/// the tests can run on this host.
///
/// # Errors
/// When it does not build, or nothing is selected.
pub fn list(workspace: &Workspace, build: &[&str], selecting: &[String]) -> Result<Selected, String> {
    let mut command = workspace.cargo(["nextest", "list", "--package", SUITE]);
    command.args(build).args(["--run-ignored", "all", "--message-format", "json"]).args(selecting);
    command.env(LIST, "names");
    let output = process::capture_stdout(&mut command, BUILD_LIMIT)?;
    match NextestExit::from(output.status) {
        NextestExit::Passed => selected(&output.stdout),
        NextestExit::BuildFailed => Err("the suite did not build: see the compiler's messages above".into()),
        other => Err(format!("`{}` failed: {other:?}", process::show(&command))),
    }
}

/// Those of the arguments of `cargo nextest run` that select tests: filters with their values, and names. What follows
/// another option is its value.
pub fn selecting(arguments: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let mut after: Option<&str> = None;
    for argument in arguments {
        let is_filter = |option: &str| FILTERS.contains(&option);
        let joined = FILTERS.iter().any(|filter| argument.starts_with(filter) && argument != filter);
        let names = !argument.starts_with('-') && after.is_none_or(is_filter);
        if names || joined || is_filter(argument) {
            found.push(argument.clone());
        }
        after = argument.starts_with('-').then_some(argument.as_str()).filter(|_| !joined);
    }
    found
}

fn selected(json: &str) -> Result<Selected, String> {
    let list: List =
        serde_json::from_str(json).map_err(|error| format!("nextest's list of tests is odd: {error}"))?;
    let suite = list.rust_suites.into_iter().find(|(id, _)| id == BINARY_ID);
    let (_, suite) = suite.ok_or_else(|| format!("nextest lists no test binary {BINARY_ID}"))?;
    let all = suite.testcases.keys().cloned().collect();
    let matching = suite.testcases.into_iter().filter(|(_, case)| case.filter_match.status == "matches");
    let tests: Vec<String> = matching.map(|(name, _)| name).collect();
    match tests.is_empty() {
        true => Err("no test is selected".to_owned()),
        false => Ok(Selected { binary: suite.binary_path, tests, all }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_filter_matches_is_selected() {
        let case = |status: &str| format!(r#"{{"ignored":true,"filter-match":{{"status":"{status}"}}}}"#);
        let json = |first: &str| {
            format!(
                r#"{{"rust-suites":{{"userns-suite::userns":{{"binary-path":"/u","testcases":{{"a":{},"b":{}}}}}}}}}"#,
                case(first),
                case("mismatch")
            )
        };

        let all = ["a", "b"].map(str::to_owned);
        let found = Selected { binary: "/u".into(), tests: all[..1].to_vec(), all: all.to_vec() };
        assert_eq!(selected(&json("matches")), Ok(found));
        assert_eq!(selected(&json("mismatch")), Err("no test is selected".to_owned()));
        let lacking = Err(format!("nextest lists no test binary {BINARY_ID}"));
        assert_eq!(selected(r#"{"rust-suites":{}}"#), lacking);
        let odd = selected("{}").err().unwrap_or_default();
        assert!(odd.starts_with("nextest's list of tests is odd: "), "{odd}");
    }

    #[test]
    fn filters_and_names_select_and_values_of_other_options_do_not() {
        let of = |words: &str| selecting(&words.split(' ').map(str::to_owned).collect::<Vec<_>>()).join(" ");

        assert_eq!(of("--stress-count 50 -E test(a) --no-capture"), "-E test(a)");
        assert_eq!(of("map_order --filterset=test(a) other"), "map_order --filterset=test(a) other");
        assert_eq!(of("--retries 2"), "");
    }
}
