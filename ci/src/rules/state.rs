//! What a run of the suite says of each rule.

use std::collections::BTreeMap;

use harness::rules::Rule;
use serde_json::{Value, json};

use crate::catalogue::listing::Listed;
use crate::run::junit::End;
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
    /// "passed", "failed" or "skipped".
    pub word: &'static str,
    /// Why it was skipped.
    pub reason: &'a str,
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
    /// How many of its tests ended so.
    pub fn count(&self, word: &str) -> usize {
        self.tests.iter().filter(|test| test.word == word).count()
    }
}

/// How each test ended, by name.
#[derive(Debug)]
pub struct Results<'a> {
    tests: &'a [Listed],
    ends: BTreeMap<&'a str, &'static str>,
    reasons: BTreeMap<&'a str, &'a str>,
}

impl<'a> Results<'a> {
    /// What a run tells of these tests.
    pub fn of(run: &'a UserRun, tests: &'a [Listed]) -> Self {
        let mut ends: BTreeMap<&str, &str> = BTreeMap::new();
        for test in &run.tests {
            let word = match &test.end {
                End::Skipped => "skipped",
                end if end.is_failure() => "failed",
                _ => "passed",
            };
            // Of a test that ran more than once a failure counts.
            let known = ends.entry(&test.name).or_insert(word);
            if word == "failed" {
                *known = word;
            }
        }
        let reasons = run.skipped.iter().map(|(name, reason)| (name.as_str(), reason.as_str())).collect();
        Self { tests, ends, reasons }
    }

    /// What became of a rule.
    pub fn rule(&self, rule: &'static Rule) -> Ruling<'a> {
        let pinning = self.tests.iter().filter(|test| test.pins(rule));
        let tests: Vec<RuleTest> = pinning.map(|test| self.end(&test.name)).collect();
        let state = match tests.first() {
            None => State::Untested(rule.untested.unwrap_or("no test, and no reason is given").to_owned()),
            Some(_) if tests.iter().any(|test| test.word == "failed") => State::Differs,
            Some(_) if tests.iter().any(|test| test.word == "passed") => State::Holds,
            Some(first) => State::Skipped(first.reason.to_owned()),
        };
        Ruling { rule, state, tests }
    }

    fn end(&self, name: &'a str) -> RuleTest<'a> {
        // What nextest does not tell of was not run, and has not passed.
        let word = self.ends.get(name).copied().unwrap_or("skipped");
        let unsaid = if word == "skipped" { "not run" } else { "" };
        RuleTest { name, word, reason: self.reasons.get(name).copied().unwrap_or(unsaid) }
    }
}

/// The rulings as JSON, for scripts: one object a rule.
///
/// # Errors
/// When they cannot be written.
pub fn json(rulings: &[Ruling], run: &UserRun) -> Result<String, String> {
    let tests = |ruling: &Ruling| -> Vec<Value> {
        ruling.tests.iter().map(|t| json!({"name": t.name, "end": t.word, "reason": t.reason})).collect()
    };
    let rules: Vec<Value> = rulings
        .iter()
        .map(|ruling| {
            let rule = ruling.rule;
            json!({
                "name": rule.name, "sentence": rule.sentence, "outcome": rule.outcome(), "source": rule.source,
                "since": rule.since, "state": ruling.state.word(), "reason": ruling.state.reason(),
                "tests": tests(ruling),
            })
        })
        .collect();
    let all = json!({"who": run.who, "host": run.facts, "rules": rules});
    serde_json::to_string_pretty(&all).map_err(|error| format!("the rules are no JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::junit::Test;

    const RULE: &str = "map.written-once";

    fn ruling(ends: &[(&str, End)]) -> State {
        let listed: Vec<Listed> = ["a", "b"].map(|name| Listed::new(name, "t.rs", "f", &[RULE])).into();
        let tests = ends.iter().map(|(name, end)| Test { name: (*name).into(), end: end.clone() }).collect();
        let skipped = vec![("a".to_owned(), "needs root".to_owned())];
        let run = UserRun { tests, skipped, ..UserRun::default() };
        Results::of(&run, &listed).rule(harness::rules::named(RULE)).state
    }

    #[test]
    fn one_failure_makes_a_rule_differ() {
        assert_eq!(ruling(&[("a", End::Passed), ("b", End::TimedOut)]), State::Differs);
        assert_eq!(ruling(&[("b", End::Failed("x".into())), ("b", End::Passed)]), State::Differs);
    }

    #[test]
    fn a_rule_holds_if_something_ran() {
        assert_eq!(ruling(&[("a", End::Skipped), ("b", End::Passed)]), State::Holds);
        assert_eq!(ruling(&[("a", End::Skipped), ("b", End::Skipped)]), State::Skipped("needs root".into()));
    }

    #[test]
    fn what_was_not_told_of_has_not_passed() {
        assert_eq!(ruling(&[]), State::Skipped("needs root".into()));
        assert_eq!(ruling(&[("another", End::Passed)]), State::Skipped("needs root".into()));
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
