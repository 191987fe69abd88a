//! What became of one rule on one kernel.

use std::collections::BTreeMap;

use harness::findings::Difference;
use harness::listing::TestDescription;

use crate::matrix::difference;
use crate::matrix::merge::{Column, Merged};
use crate::report::record::{ExpectedFailureSeen, Rule, TestReport};
use crate::run::differs;

/// A rule on a kernel, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Every test of it that ran passed.
    Holds,
    /// Every test of it that ran passed, and the kernel is too old for a change that the rule has seen: it is held
    /// against what it answered before.
    Older,
    /// A test of it failed.
    Differs,
    /// A test of it failed, and of all that did it was known.
    Known,
    /// None of its tests could run.
    Skipped,
    /// The kernel stopped, or never started.
    NoAnswer,
    /// None of its tests was asked for.
    NotAsked,
}

/// All states, in the order in which they are counted.
pub const STATES: [State; 7] = [
    State::Holds,
    State::Older,
    State::Differs,
    State::Known,
    State::Skipped,
    State::NoAnswer,
    State::NotAsked,
];

impl State {
    /// The state in words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Older => "older answer",
            Self::Differs => "differs",
            Self::Known => "differs, known",
            Self::Skipped => "skipped",
            Self::NoAnswer => "no answer",
            Self::NotAsked => "not asked",
        }
    }

    /// The state as a sign, for those who look for it in many cells.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Holds => "\u{2713}",
            Self::Older => "\u{25c2}",
            Self::Differs => "\u{2717}",
            Self::Known => "\u{2248}",
            Self::Skipped => "\u{2013}",
            Self::NoAnswer => "?",
            Self::NotAsked => "\u{b7}",
        }
    }

    /// The state as a name in a page.
    pub fn key(self) -> String {
        self.word().replace([' ', ','], "-")
    }

    /// Whether the filter "only differences" shows it.
    pub fn is_difference(self) -> bool {
        matches!(self, Self::Older | Self::Differs | Self::Known)
    }
}

/// What became of one rule on one kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// In a word.
    pub state: State,
    /// What there is to say besides: an errno against an errno, a reason, a change.
    pub text: String,
    /// What was known to differ and does so no more.
    pub news: Option<String>,
}

/// A test that failed, with what the kernel was held against.
type Failure<'a> = (&'a TestDescription, &'a TestReport);

/// Judges a rule that these tests pin.
pub fn judge(rule: &Rule, tests: &[&TestDescription], column: &Column, merged: &Merged) -> Cell {
    let asked: BTreeMap<&str, &TestDescription> = tests
        .iter()
        .filter(|test| column.asked.contains(&test.name))
        .map(|test| (test.name.as_str(), *test))
        .collect();
    let kernel = &column.kernel;
    let ends = || kernel.users.iter().flat_map(|user| &user.tests);
    let ended = || ends().filter_map(|it| Some((*asked.get(it.name.as_str())?, it)));
    let failures: Vec<Failure> = ended().filter(|(_, it)| it.end.is_failure()).collect();
    let (state, text) = if asked.is_empty() {
        (State::NotAsked, String::new())
    } else if !failures.is_empty() {
        failed(rule, &failures, column, merged)
    } else if let Some(failure) = &kernel.failure {
        (State::NoAnswer, failure.kind.clone())
    } else if !ended().any(|(_, it)| it.end.is_pass()) {
        (State::Skipped, reason(&asked, column))
    } else {
        older(rule, column, merged).map_or((State::Holds, String::new()), |text| (State::Older, text))
    };
    let gone = |known: &&ExpectedFailureSeen| known.gone.iter().any(|test| asked.contains_key(test.as_str()));
    let news = kernel.known.iter().find(gone).map(|known| format!("differed before: {}", known.what));
    Cell { state, text, news }
}

/// What the failures of a rule say: those that are not known, if there are any, and of them the one that shows most.
fn failed(rule: &Rule, failures: &[Failure], column: &Column, merged: &Merged) -> (State, String) {
    let (known, unknown): (Vec<Failure>, Vec<Failure>) =
        failures.iter().partition(|(test, ended)| known(test, ended, column).is_some());
    let (state, shown) = if unknown.is_empty() { (State::Known, known) } else { (State::Differs, unknown) };
    let best = shown.iter().min_by_key(|(_, ended)| rank(rule, ended.differences()));
    let from_data = best.and_then(|(_, ended)| of_rule(rule, ended.differences()).map(differs::words));
    // Documents before form 3 have the traces alone. A trace says more than a process that was killed.
    let from_text = || shown.iter().find_map(|(test, ended)| difference(test, ended, column, merged));
    let how =
        || shown.first().map(|(_, ended)| difference::short(&ended.end.to_string())).unwrap_or_default();
    let text = from_data.or_else(from_text).unwrap_or_else(how);
    let what = shown.first().and_then(|(test, ended)| known_words(test, ended, column));
    match (state, what) {
        (State::Known, Some(what)) => (state, format!("{text}: {what}")),
        _ => (state, text),
    }
}

fn known_words<'a>(test: &TestDescription, ended: &TestReport, column: &'a Column) -> Option<&'a str> {
    known(test, ended, column).map(|known| known.what.as_str())
}

/// How little a failure says of a rule: least is said where no step differs, most where one step alone does, and the
/// model refuses it by this rule.
fn rank(rule: &Rule, differences: &[Difference]) -> (bool, bool, usize) {
    let mut points: Vec<_> = differences.iter().map(|it| (it.scenario, &it.on)).collect();
    points.dedup();
    let refused = of_rule(rule, differences).and_then(|it| it.rule.as_ref()) == Some(&rule.name);
    (differences.is_empty(), !refused, points.len())
}

/// The first difference on a step that the model refuses by this rule, or else the first of all.
fn of_rule<'a>(rule: &Rule, differences: &'a [Difference]) -> Option<&'a Difference> {
    let refused = differences.iter().find(|it| it.rule.as_ref() == Some(&rule.name));
    refused.or(differences.first())
}

/// What is known of a test that failed. One that fails so for root may hang for a user, of which nothing is known.
pub fn known<'a>(
    test: &TestDescription,
    ended: &TestReport,
    column: &'a Column,
) -> Option<&'a ExpectedFailureSeen> {
    column.kernel.known.iter().find(|known| ended.is_expected_failure() && known.tests.contains(&test.name))
}

fn difference(
    test: &TestDescription,
    ended: &TestReport,
    column: &Column,
    merged: &Merged,
) -> Option<String> {
    let seen = ended.trace();
    let told = seen.zip(expected(test, column, merged)).and_then(|(seen, it)| difference::first(it, seen));
    told.or_else(|| difference::first_of_output(ended.output()))
}

/// The name of the snapshot that a kernel is held against: empty, or that of a variant.
pub fn variant(test: &TestDescription, column: &Column) -> String {
    let lacking = test.varies.iter().find(|change| column.kernel.lacks.contains(change));
    lacking.map(|change| format!("without-{change}")).unwrap_or_default()
}

/// The reviewed trace that a kernel is held against; `None` where it is written in the test's source.
pub fn expected<'a>(test: &TestDescription, column: &Column, merged: &'a Merged) -> Option<&'a str> {
    merged.traces.get(&test.name)?.get(&variant(test, column)).map(String::as_str)
}

/// The most frequent reason of the first user: what root lacks says more than that another is not root.
fn reason(asked: &BTreeMap<&str, &TestDescription>, column: &Column) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for user in column.kernel.users.iter().take(1) {
        for ended in user.tests.iter().filter(|it| asked.contains_key(it.name.as_str())) {
            *counts.entry(ended.end.to_string()).or_default() += 1;
        }
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(why, _)| why).unwrap_or_default()
}

/// Which change of this rule the kernel is too old for.
fn older(rule: &Rule, column: &Column, merged: &Merged) -> Option<String> {
    let lacks = |name: &String| column.kernel.lacks.contains(name);
    let change = merged.suite.changes.iter().find(|it| it.rule == rule.name && lacks(&it.name))?;
    Some(format!("before {}: {}", change.releases.first()?, change.what))
}

#[cfg(test)]
#[path = "cell_tests.rs"]
mod tests;
