//! What is wrong with the answers of a host: wrong failures, hollow passes, residue and untrue reasons.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use harness_program::protocol::End;
use serde::Serialize;

use crate::hosts::answers::{Answers, Ran};
use crate::hosts::rows::Row;

/// The reasons for which tests are skipped, by the name of the test.
pub type Reasons = BTreeMap<String, String>;

/// Something that is wrong on a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "finding")]
pub enum Finding {
    /// The host was not made, or the suite did not list its tests there.
    NotMade {
        /// Why.
        why: String,
    },
    /// A test failed.
    Failed {
        /// Its name.
        test: String,
        /// How it ended.
        end: String,
        /// What it printed.
        output: String,
    },
    /// A test that has to fail here passed, or failed with other words.
    NotNoticed {
        /// Its name.
        test: String,
        /// The words.
        expected: String,
    },
    /// Fewer tests ran than have to.
    Hollow {
        /// How many ran.
        ran: usize,
        /// How many have to.
        least: usize,
    },
    /// Each test is skipped, and the suite ends with 0.
    HollowPass,
    /// No test was skipped for this reason.
    MissingReason {
        /// The words.
        expected: String,
    },
    /// Tests were skipped for a reason that this host does not give.
    UntrueReason {
        /// The reason.
        reason: String,
        /// One of the tests.
        test: String,
        /// How many there are.
        tests: usize,
    },
    /// A test is skipped here and not on the host that this one is like, or the other way round.
    Unlike {
        /// Its name.
        test: String,
        /// The other host.
        host: String,
    },
    /// Something was left behind.
    Residue {
        /// What.
        what: String,
    },
}

impl Finding {
    /// Whether there is nothing to judge, as opposed to something wrong.
    pub fn is_not_made(&self) -> bool {
        matches!(self, Self::NotMade { .. })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotMade { why } => write!(out, "could not be made: {why}"),
            Self::Failed { test, end, .. } => write!(out, "failed: {test} ({end})"),
            Self::NotNoticed { test, expected } => {
                write!(out, "not noticed: {test} has to fail here and to print {expected:?}")
            }
            Self::Hollow { ran, least } => {
                write!(out, "hollow: {ran} tests ran, and at least {least} can run here")
            }
            Self::HollowPass => write!(out, "hollow pass: no test can run here, and the suite ends with 0"),
            Self::MissingReason { expected } => write!(out, "no test is skipped for: {expected}"),
            Self::UntrueReason { reason, test, tests } => {
                write!(out, "a reason that this host does not give, for {tests} tests: {reason} ({test})")
            }
            Self::Unlike { test, host } => {
                write!(
                    out,
                    "not as on the host {host}: {test} is skipped on one of them, or for another reason"
                )
            }
            Self::Residue { what } => write!(out, "left behind: {what}"),
        }
    }
}

/// All that is wrong. `plain` are the reasons of the plain hosts, `all` those of each host that was asked, by its name.
pub fn findings(
    row: &Row,
    answers: &Answers,
    plain: &BTreeSet<String>,
    all: &BTreeMap<String, Reasons>,
    narrowed: bool,
) -> Vec<Finding> {
    let mut found = failures(row, &answers.ran);
    let ran = answers.shown();
    let least = if narrowed { row.least.min(1) } else { row.least };
    if ran < least {
        found.push(Finding::Hollow { ran, least });
    }
    if answers.success_without_a_test {
        found.push(Finding::HollowPass);
    }
    let has = |words: &str| answers.skipped.values().any(|reason| contains(reason, words));
    let missing = row.expect.iter().filter(|words| !has(words));
    found.extend(missing.map(|words| Finding::MissingReason { expected: words.clone() }));
    found.extend(untrue(row, &answers.skipped, plain));
    if let Some(other) = row.like.as_ref().and_then(|name| Some((name, all.get(name)?))) {
        found.extend(unlike(&answers.skipped, other));
    }
    found.extend(answers.residue.iter().map(|what| Finding::Residue { what: what.clone() }));
    found
}

fn failures(row: &Row, ran: &[Ran]) -> Vec<Finding> {
    let judge = |ran: &Ran| match &row.fails {
        None if ran.end.is_failure() => {
            let Ran { test, end, output } = ran.clone();
            Some(Finding::Failed { test, end: end.to_string(), output })
        }
        None => None,
        Some(words) if matches!(ran.end, End::Failed(_)) && ran.output.contains(words) => None,
        Some(words) => Some(Finding::NotNoticed { test: ran.test.clone(), expected: words.clone() }),
    };
    ran.iter().filter_map(judge).collect()
}

fn contains(reason: &str, words: &str) -> bool {
    reason.to_lowercase().contains(&words.to_lowercase())
}

fn untrue(row: &Row, skipped: &Reasons, plain: &BTreeSet<String>) -> Vec<Finding> {
    let known = |reason: &String| {
        plain.contains(reason) || row.expect.iter().chain(&row.may).any(|words| contains(reason, words))
    };
    let mut unknown: BTreeMap<&String, Vec<&String>> = BTreeMap::new();
    for (test, reason) in skipped.iter().filter(|(_, reason)| !known(reason)) {
        unknown.entry(reason).or_default().push(test);
    }
    let finding = |(reason, tests): (&String, Vec<&String>)| Finding::UntrueReason {
        reason: reason.clone(),
        test: tests[0].clone(),
        tests: tests.len(),
    };
    unknown.into_iter().map(finding).collect()
}

fn unlike(skipped: &Reasons, (name, other): (&String, &Reasons)) -> Vec<Finding> {
    let tests: BTreeSet<&String> = skipped.keys().chain(other.keys()).collect();
    let differ = tests.into_iter().filter(|test| skipped.get(*test) != other.get(*test));
    differ.map(|test| Finding::Unlike { test: test.clone(), host: name.clone() }).collect()
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
