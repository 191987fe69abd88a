//! What a kernel is known to do otherwise: rows of `ci/differences.toml`, held against what its tests did.
//!
//! A kernel that is not Linux may break a rule for good. A test that fails for a reason that is written down does
//! not make it red; one that fails for no such reason does, and so does one that passes although it is written
//! down, since nobody would notice any more when it fails again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use glob::Pattern;
use harness_program::protocol::End;
use serde::Deserialize;

use crate::guests::transcript::{TestRun, UserTranscript};
use crate::report::record::ExpectedFailureSeen;

/// The differences, as they were when this program was built.
const DIFFERENCES: &str = include_str!("../../differences.toml");
/// Where they are written.
pub const FILE: &str = "ci/differences.toml";

/// How the tests show a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// They say no, or crash.
    #[default]
    Differs,
    /// They are still running after their time.
    Hangs,
}

/// One thing that a kernel does otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedFailure {
    /// The row of `ci/kernels.toml`.
    pub kernel: String,
    /// The rule that it breaks, by its name.
    pub rule: String,
    /// What it does instead, in a sentence.
    pub what: String,
    /// Where that is written, or that the cause is not known.
    pub source: String,
    /// The build in which it was seen first.
    pub since: String,
    /// How the tests show it.
    #[serde(default)]
    pub kind: Kind,
    /// The tests that fail for it: names, or patterns with `*`.
    pub tests: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    difference: Vec<ExpectedFailure>,
}

/// The differences of all kernels: those of a file, or else those of `ci/differences.toml`.
///
/// # Errors
/// When they are written wrongly, or break a rule that does not exist; the message names it.
pub fn all(file: Option<&Path>) -> Result<Vec<ExpectedFailure>, String> {
    let Some(path) = file else { return parse(DIFFERENCES, FILE) };
    let shown = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read {shown}: {error}"))?;
    parse(&text, &shown)
}

fn parse(text: &str, file: &str) -> Result<Vec<ExpectedFailure>, String> {
    let table: Table = toml::from_str(text).map_err(|error| format!("{file}: {error}"))?;
    for it in &table.difference {
        let place = format!("{file}: {} of {}", it.rule, it.kernel);
        if !harness::rules::all().any(|rule| rule.name == it.rule) {
            return Err(format!("{place}: no rule has this name; `cargo ci rules` lists them"));
        }
        if [&it.what, &it.source, &it.since].iter().any(|text| text.trim().is_empty()) {
            return Err(format!("{place}: what, source and since must say something"));
        }
        if it.tests.is_empty() {
            return Err(format!("{place}: it names no test"));
        }
        for pattern in &it.tests {
            Pattern::new(pattern).map_err(|error| format!("{place}: the pattern {pattern:?}: {error}"))?;
        }
    }
    Ok(table.difference)
}

/// That each difference of these kernels is about tests that there are.
///
/// # Errors
/// The first name or pattern that fits none of the tests of the suite.
pub fn fits(differences: &[ExpectedFailure], kernels: &[&str], suite: &[String]) -> Result<(), String> {
    for it in differences.iter().filter(|it| kernels.contains(&it.kernel.as_str())) {
        let idle = |pattern: &&String| !suite.iter().any(|test| matches(pattern, test));
        if let Some(pattern) = it.tests.iter().find(idle) {
            let ExpectedFailure { kernel, rule, .. } = it;
            return Err(format!(
                "the known difference {rule} of {kernel} names {pattern}, and no test is called so; \
                 remove or correct it in {FILE}"
            ));
        }
    }
    Ok(())
}

impl ExpectedFailure {
    fn covers(&self, test: &str) -> bool {
        self.tests.iter().any(|pattern| matches(pattern, test))
    }

    /// Whether a test that ended so shows it.
    fn shows(&self, test: &str, end: &End) -> bool {
        let kind = match end {
            End::Passed | End::Flaky | End::Skipped(_) | End::TooSlow(_) => return false,
            End::TimedOut => Kind::Hangs,
            End::Failed(_) | End::Crashed(_) => Kind::Differs,
        };
        self.kind == kind && self.covers(test)
    }
}

fn matches(pattern: &str, test: &str) -> bool {
    Pattern::new(pattern).is_ok_and(|pattern| pattern.matches(test))
}

/// What the users of a kernel show of its known differences; in each user it marks the tests that failed for one.
/// Gone is a test that ran and passed as every user; whether one is can be said only if all users are whole.
pub fn judge(
    differences: &[ExpectedFailure],
    kernel: &str,
    users: &mut [UserTranscript],
    whole: bool,
) -> Vec<ExpectedFailureSeen> {
    let here: Vec<&ExpectedFailure> = differences.iter().filter(|it| it.kernel == kernel).collect();
    let passes = passes_everywhere(users);
    let known = here.iter().map(|it| ExpectedFailureSeen {
        rule: it.rule.clone(),
        what: it.what.clone(),
        since: it.since.clone(),
        tests: shown(it, users),
        gone: passes.iter().filter(|test| whole && it.covers(test)).cloned().collect(),
    });
    let known = known.collect();
    for user in users {
        let words = |(test, ended): (&String, &TestRun)| {
            let it = here.iter().find(|it| it.shows(test, &ended.end))?;
            Some((test.clone(), format!("{}: {}", it.rule, it.what)))
        };
        user.known = user.ended.iter().filter_map(words).collect();
    }
    known
}

fn shown(it: &ExpectedFailure, users: &[UserTranscript]) -> BTreeSet<String> {
    let ended = users.iter().flat_map(|user| &user.ended);
    ended.filter(|(test, ended)| it.shows(test, &ended.end)).map(|(test, _)| test.clone()).collect()
}

fn passes_everywhere(users: &[UserTranscript]) -> BTreeSet<String> {
    let mut ends: BTreeMap<&String, bool> = BTreeMap::new();
    for (test, ended) in users.iter().flat_map(|user| &user.ended) {
        *ends.entry(test).or_insert(true) &= ended.end == End::Passed;
    }
    ends.into_iter().filter(|(_, passes)| *passes).map(|(test, _)| test.clone()).collect()
}

#[cfg(test)]
#[path = "expected_failures_tests.rs"]
mod tests;
