//! What a run of the suite says of each rule.

use std::collections::BTreeMap;

use harness::listing::TestDescription;
use harness::rules::Rule;
use harness_program::protocol::End;
use serde::Serialize;

use crate::catalogue::listing::pins;
use crate::report::record::VerdictReport;
use crate::run::user_run::UserRun;

/// Whether a rule holds on this kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Every test of it that ran passed.
    Holds,
    /// A test of it failed.
    Differs,
    /// None of its tests could run; the reason of the first.
    Skipped(String),
    /// No test pins it; the reason, or that there is none.
    Untested(String),
}

impl State {
    /// The state in one word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Differs => "differs",
            Self::Skipped(_) => "skipped",
            Self::Untested(_) => "untested",
        }
    }

    /// Why, where there is something to say.
    pub fn reason(&self) -> &str {
        match self {
            Self::Skipped(why) | Self::Untested(why) => why,
            Self::Holds | Self::Differs => "",
        }
    }
}

/// How a test of a rule ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleTest<'a> {
    /// Its name.
    pub name: &'a str,
    /// How it ended; skipped where nextest did not report it.
    pub end: End,
}

impl RuleTest<'_> {
    /// "passed", "failed" or "skipped".
    pub fn label(&self) -> &'static str {
        match &self.end {
            End::Passed | End::Flaky => "passed",
            End::Failed(_) | End::Crashed(_) | End::TimedOut => "failed",
            End::TooSlow(_) => "too slow",
            End::Skipped(_) => "skipped",
        }
    }

    /// Why it was skipped; empty if it was not.
    pub fn reason(&self) -> &str {
        if let End::Skipped(reason) | End::TooSlow(reason) = &self.end { reason } else { "" }
    }
}

/// A rule with what became of it.
#[derive(Clone, Debug)]
pub struct Ruling<'a> {
    /// The rule.
    pub rule: &'static Rule,
    /// Whether it holds.
    pub state: State,
    /// Its tests.
    pub tests: Vec<RuleTest<'a>>,
}

impl Ruling<'_> {
    /// How many of its tests were skipped.
    pub fn skipped(&self) -> usize {
        self.tests.iter().filter(|test| test.end.shows_nothing()).count()
    }
}

/// How each test ended, by name.
#[derive(Debug)]
pub struct Results<'a> {
    tests: &'a [TestDescription],
    ends: BTreeMap<&'a str, &'a End>,
}

impl<'a> Results<'a> {
    /// How these tests ended in a run.
    pub fn of(run: &'a UserRun, tests: &'a [TestDescription]) -> Self {
        let mut ends: BTreeMap<&str, &End> = BTreeMap::new();
        for test in &run.tests {
            // Of a test that ran more than once a failure counts.
            let end = ends.entry(&test.name).or_insert(&test.end);
            if test.end.is_failure() {
                *end = &test.end;
            }
        }
        Self { tests, ends }
    }

    /// What became of a rule.
    pub fn rule(&self, rule: &'static Rule) -> Ruling<'a> {
        let pinning = self.tests.iter().filter(|test| pins(test, rule));
        let tests: Vec<RuleTest> = pinning.map(|test| self.end(&test.name)).collect();
        let state = match tests.first() {
            None => State::Untested(rule.untested.unwrap_or("no test, and no reason is given").to_owned()),
            Some(_) if tests.iter().any(|test| test.end.is_failure()) => State::Differs,
            Some(_) if tests.iter().any(|test| test.end.is_pass()) => State::Holds,
            Some(first) => State::Skipped(first.reason().to_owned()),
        };
        Ruling { rule, state, tests }
    }

    fn end(&self, name: &'a str) -> RuleTest<'a> {
        // A test that nextest does not report was not run, and has not passed.
        let not_run = || End::Skipped("not run".to_owned());
        RuleTest { name, end: self.ends.get(name).map_or_else(not_run, |end| (*end).clone()) }
    }
}

/// What `cargo ci rules --json` prints.
#[derive(Debug, Serialize)]
struct Document<'a> {
    who: &'a str,
    verdict: VerdictReport,
    host: &'a str,
    rules: Vec<WrittenRule<'a>>,
}

#[derive(Debug, Serialize)]
struct WrittenRule<'a> {
    name: &'a str,
    sentence: &'a str,
    outcome: String,
    source: &'a str,
    since: Option<&'a str>,
    state: &'static str,
    reason: &'a str,
    tests: Vec<WrittenTest<'a>>,
}

#[derive(Debug, Serialize)]
struct WrittenTest<'a> {
    name: &'a str,
    end: &'static str,
    reason: &'a str,
}

impl<'a> From<&'a Ruling<'_>> for WrittenRule<'a> {
    fn from(ruling: &'a Ruling<'_>) -> Self {
        let rule = ruling.rule;
        let test = |it: &'a RuleTest<'_>| WrittenTest { name: it.name, end: it.label(), reason: it.reason() };
        Self {
            name: rule.name,
            sentence: rule.sentence,
            outcome: rule.outcome(),
            source: rule.source,
            since: rule.since,
            state: ruling.state.word(),
            reason: ruling.state.reason(),
            tests: ruling.tests.iter().map(test).collect(),
        }
    }
}

/// The rulings as JSON, for scripts: one object a rule.
///
/// # Errors
/// When they cannot be written.
pub fn json(rulings: &[Ruling], run: &UserRun) -> Result<String, String> {
    let rules = rulings.iter().map(WrittenRule::from).collect();
    serde_json::to_string_pretty(&Document {
        who: &run.who,
        verdict: VerdictReport::new(&run.verdict, &run.coverage),
        host: &run.facts,
        rules,
    })
    .map_err(|error| format!("the rules are no JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::listing;
    use crate::run::junit::Test;

    const RULE: &str = "map.written-once";

    fn ruling(ends: &[(&str, End)]) -> State {
        let listed: Vec<TestDescription> =
            ["a", "b"].map(|name| listing::tests::test(name, "t.rs", "f", &[RULE])).into();
        let tests = ends.iter().map(|(name, end)| Test { name: (*name).into(), end: end.clone() }).collect();
        let run = UserRun { tests, ..UserRun::default() };
        Results::of(&run, &listed).rule(harness::rules::named(RULE)).state
    }

    #[test]
    fn one_failure_makes_a_rule_differ() {
        assert_eq!(ruling(&[("a", End::Passed), ("b", End::TimedOut)]), State::Differs);
        assert_eq!(ruling(&[("b", End::Failed("x".into())), ("b", End::Passed)]), State::Differs);
    }

    #[test]
    fn a_rule_holds_if_something_ran() {
        assert_eq!(ruling(&[("a", End::Skipped("needs root".into())), ("b", End::Passed)]), State::Holds);
        assert_eq!(
            ruling(&[("a", End::Skipped("needs root".into())), ("b", End::Skipped("needs root".into()))]),
            State::Skipped("needs root".into())
        );
    }

    #[test]
    fn what_was_not_reported_has_not_passed() {
        assert_eq!(ruling(&[]), State::Skipped("not run".into()));
        assert_eq!(ruling(&[("another", End::Passed)]), State::Skipped("not run".into()));
    }

    #[test]
    fn a_rule_without_a_test_is_untested() {
        let run = UserRun::default();
        let results = Results::of(&run, &[]);

        let state = results.rule(harness::rules::named("create.security-module")).state;
        assert_eq!((state.word(), state.reason().contains("policy")), ("untested", true));
        assert!(results.rule(harness::rules::named(RULE)).state.reason().contains("no reason"));
    }
}
