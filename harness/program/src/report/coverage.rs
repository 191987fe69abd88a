//! How much of the suite a run saw, and whether that is enough to say "passed".
//!
//! The tests that count are those that this kind of caller runs on a plain host: a test that needs root says nothing
//! about the host of another user. The core ran if most of them did, and if no large family of rules is missing.

use std::collections::{BTreeMap, BTreeSet};

use harness::listing::TestDescription;
use harness::rules::FAMILIES;
use serde::{Deserialize, Serialize};

use crate::ui::verdict::Verdict;

/// The least part of the tests that has to run, in percent. Programs that are not installed and a small limit cost a
/// few tests; a filter or a missing capability of the core costs hundreds.
const CORE: usize = 90;
/// The least part of the tests that a family of rules has, in percent, of which at least one has to run.
const LARGE_FAMILY: usize = 2;
/// How many reasons and families are named.
const FEW: usize = 3;

/// What became of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen<'a> {
    /// It ran, and passed or failed.
    Ran,
    /// It could show nothing on this host, for this reason.
    CouldNot(&'a str),
    /// Every host skips it for this caller.
    ForOthers,
}

/// How much of the suite was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// The tests that ran.
    pub ran: usize,
    /// The tests that this kind of caller runs on a plain host and that showed nothing here.
    pub could_not_run: usize,
    /// Why, the most frequent reason first.
    pub reasons: Vec<Reason>,
    /// The large families of rules of which nothing ran.
    pub unseen: Vec<String>,
}

/// A reason of skips.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The suite's words.
    pub why: String,
    /// How many tests it kept from running.
    pub tests: usize,
}

impl Coverage {
    /// Counts the tests that were asked for.
    pub fn of<'a>(tests: impl IntoIterator<Item = (&'a TestDescription, Seen<'a>)>) -> Self {
        let tests: Vec<_> = tests.into_iter().filter(|(_, seen)| *seen != Seen::ForOthers).collect();
        let whys = tests.iter().filter_map(|(_, seen)| match seen {
            Seen::CouldNot(why) => Some(*why),
            Seen::Ran | Seen::ForOthers => None,
        });
        let ran = tests.iter().filter(|(_, seen)| *seen == Seen::Ran).count();
        let mut coverage = Self { ran, could_not_run: tests.len() - ran, ..Self::default() };
        coverage.reasons = reasons(whys);
        coverage.unseen = unseen(&tests);
        coverage
    }

    /// Both together, as two users of one host.
    pub fn and(mut self, other: &Self) -> Self {
        self.ran += other.ran;
        self.could_not_run += other.could_not_run;
        for reason in &other.reasons {
            match self.reasons.iter_mut().find(|it| it.why == reason.why) {
                Some(known) => known.tests += reason.tests,
                None => self.reasons.push(reason.clone()),
            }
        }
        self.reasons.sort_by_key(|reason| std::cmp::Reverse(reason.tests));
        let new =
            other.unseen.iter().filter(|family| !self.unseen.contains(family)).cloned().collect::<Vec<_>>();
        self.unseen.extend(new);
        self
    }

    /// Whether the core of what was asked for ran.
    pub fn is_core(&self) -> bool {
        let all = self.ran + self.could_not_run;
        self.ran * 100 >= all * CORE && self.unseen.is_empty()
    }

    /// The verdict on a run without a failure.
    pub fn verdict(&self) -> Verdict {
        if self.is_core() { Verdict::Good } else { Verdict::Partial(self.words()) }
    }

    /// How many could not run and why, in a line: "174 of 177 tests could not run here: 170 for: needs ...".
    pub fn words(&self) -> String {
        let (lost, all) = (self.could_not_run, self.ran + self.could_not_run);
        let shown = self.reasons.iter().take(FEW).map(|it| format!("{} ({})", it.why, it.tests));
        let mut words =
            format!("{lost} of {all} tests could not run here: {}", shown.collect::<Vec<_>>().join("; "));
        if self.reasons.len() > FEW {
            words += &format!("; and {} more reasons", self.reasons.len() - FEW);
        }
        if !self.unseen.is_empty() {
            words += &format!("; nothing ran of: {}", self.unseen.join(", "));
        }
        words
    }
}

/// The reasons with the number of their tests, the most frequent first. Reasons of one need that differ in what follows
/// the colon, such as the step, are one: "needs CAP_SYS_ADMIN".
fn reasons<'a>(whys: impl Iterator<Item = &'a str>) -> Vec<Reason> {
    let mut needs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for why in whys {
        needs.entry(why.split_once(": ").map_or(why, |(need, _)| need)).or_default().push(why);
    }
    let reason = |(need, whys): (&str, Vec<&str>)| {
        let same = whys.iter().all(|why| *why == whys[0]);
        Reason { why: if same { whys[0] } else { need }.to_owned(), tests: whys.len() }
    };
    let mut reasons: Vec<Reason> = needs.into_iter().map(reason).collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.tests));
    reasons
}

/// The large families of rules whose tests all could not run.
fn unseen(tests: &[(&TestDescription, Seen<'_>)]) -> Vec<String> {
    let dark = FAMILIES.iter().filter(|family| {
        let names: BTreeSet<&str> = family.rules.iter().map(|rule| rule.name).collect();
        let pins = |test: &TestDescription| test.rules.iter().any(|rule| names.contains(rule.as_str()));
        let its: Vec<Seen> = tests.iter().filter(|(test, _)| pins(test)).map(|(_, seen)| *seen).collect();
        let large = its.len() * 100 >= tests.len() * LARGE_FAMILY;
        !its.is_empty() && large && !its.contains(&Seen::Ran)
    });
    dark.map(|family| family.title.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(name: &str, rules: &[&str]) -> TestDescription {
        let rules = rules.iter().map(|&rule| rule.to_owned()).collect();
        TestDescription { name: name.to_owned(), rules, ..TestDescription::default() }
    }

    /// So many tests of a rule, of which the first `ran` ran.
    fn some(rule: &str, all: usize, ran: usize) -> Vec<(TestDescription, Seen<'static>)> {
        let seen = |number| if number < ran { Seen::Ran } else { Seen::CouldNot("needs CAP_SETFCAP") };
        (0..all).map(|number| (test("a", &[rule]), seen(number))).collect()
    }

    fn coverage(tests: &[(TestDescription, Seen<'static>)]) -> Coverage {
        Coverage::of(tests.iter().map(|(test, seen)| (test, *seen)))
    }

    #[test]
    fn a_run_of_a_few_tests_is_partial_with_numbers_and_reasons() {
        let few = coverage(&some("map.written-once", 177, 3));

        assert!(!few.is_core());
        let words = "174 of 177 tests could not run here: needs CAP_SETFCAP (174)";
        assert_eq!(few.verdict(), Verdict::Partial(words.to_owned()));
    }

    #[test]
    fn tests_for_others_do_not_count_and_a_few_gaps_do_no_harm() {
        let mut tests = some("map.written-once", 100, 91);
        tests.extend((0..920).map(|_| (test("b", &["groups.denied"]), Seen::ForOthers)));

        assert_eq!(coverage(&tests).verdict(), Verdict::Good);
        tests.extend(some("map.written-once", 2, 0));
        assert!(matches!(coverage(&tests).verdict(), Verdict::Partial(_)));
    }

    #[test]
    fn a_large_family_of_which_nothing_ran_is_missing_and_a_small_one_is_not() {
        let mut tests = some("map.written-once", 300, 300);
        tests.extend(some("groups.denied", 5, 0));
        assert_eq!(coverage(&tests).verdict(), Verdict::Good);

        tests.extend(some("groups.denied", 5, 0));
        let Verdict::Partial(words) = coverage(&tests).verdict() else { panic!("a family is missing") };
        assert!(words.ends_with("; nothing ran of: setgroups(2) and getgroups(2)"), "{words}");
        tests.extend(some("groups.denied", 1, 1));
        assert_eq!(coverage(&tests).verdict(), Verdict::Good);
    }

    #[test]
    fn reasons_of_one_need_are_one_whatever_the_step() {
        let of = |whys: &[&'static str]| reasons(whys.iter().copied());
        let reason = |why: &str, tests| Reason { why: why.to_owned(), tests };

        let steps = ["needs sudo: not there", "needs CAP_X: step 3", "needs CAP_X: step 4"];
        assert_eq!(of(&steps), [reason("needs CAP_X", 2), reason("needs sudo: not there", 1)]);
        assert_eq!(of(&["needs CAP_X: step 3"; 2]), [reason("needs CAP_X: step 3", 2)]);
        assert_eq!(of(&["too slow"]), [reason("too slow", 1)]);
    }

    #[test]
    fn two_users_are_counted_together() {
        let one = coverage(&some("map.written-once", 9, 4));

        let both = one.clone().and(&one);
        assert_eq!((both.ran, both.could_not_run, both.reasons[0].tests), (8, 10, 10));
    }
}
