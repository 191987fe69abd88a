//! What the events of a run say, and the verdict on it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use harness::findings::Difference;
use harness::listing::{ListedTest, Listing};

use crate::protocol::{End, Event};
use crate::report::coverage::{Coverage, Seen};
use crate::report::user_run::{Test, UserRun};
use crate::ui::verdict::Verdict;

/// What was heard of a run.
#[derive(Debug, Default)]
pub struct Gathered {
    uid: u32,
    /// The end of each test, and how many milliseconds it took.
    pub ends: BTreeMap<String, (End, u64)>,
    /// The tests that every host skips for this caller.
    for_others: BTreeSet<String>,
    /// What the tests printed that did not pass.
    pub outputs: BTreeMap<String, String>,
    differences: BTreeMap<String, Vec<Difference>>,
    /// Snapshots that differ, by their paths in the workspace.
    pub snapshots: BTreeMap<PathBuf, String>,
    /// Reproducers, by the names of their files.
    pub reproducers: BTreeMap<PathBuf, String>,
    is_whole: bool,
}

impl Gathered {
    /// Takes an event in.
    pub fn hear(&mut self, event: Event) {
        match event {
            Event::UserStarted { uid, .. } => self.uid = uid,
            Event::Skipped { test, reason, everywhere } => {
                if everywhere {
                    self.for_others.insert(test.clone());
                }
                self.ends.insert(test, (End::Skipped(reason), 0));
            }
            Event::Ended { test, end, milliseconds, output, differences } => {
                if !differences.is_empty() {
                    self.differences.insert(test.clone(), differences);
                }
                if !output.is_empty() {
                    self.outputs.insert(test.clone(), output);
                }
                self.ends.insert(test, (end, milliseconds));
            }
            Event::Snapshot { path, text } => drop(self.snapshots.insert(path, text)),
            Event::Reproducer { name, text } => drop(self.reproducers.insert(name, text)),
            Event::UserEnded { .. } => self.is_whole = true,
            Event::Ready { .. } | Event::Started { .. } | Event::Failure { .. } | Event::Done => {}
        }
    }

    /// The run with its verdict. `error` is what ended it early.
    pub fn judged(&self, listing: &Listing, asked: &BTreeSet<String>, error: Option<String>) -> UserRun {
        let asked_for = || listing.tests.iter().filter(|it| asked.contains(&it.test.name));
        let coverage = Coverage::of(asked_for().map(|it| (&it.test, self.seen(it))));
        let tests: Vec<Test> = self.ends.iter().map(|(name, (end, _))| test(name, end)).collect();
        let verdict = self.verdict(&tests, asked.len(), error).unwrap_or_else(|| coverage.verdict());
        UserRun {
            who: match self.uid {
                0 => "as root (uid 0)".to_owned(),
                uid => format!("as an unprivileged user (uid {uid})"),
            },
            tests,
            differences: self.differences.clone(),
            rules: asked_for().map(|it| (it.test.name.clone(), it.test.rules.clone())).collect(),
            coverage,
            programs: programs(listing),
            references: BTreeSet::new(),
            snapshots: PathBuf::new(),
            pending: Vec::new(),
            junit: PathBuf::new(),
            facts: harness::facts().clone().with_probes().to_text(),
            verdict,
        }
    }

    fn seen(&self, listed: &ListedTest) -> Seen<'_> {
        match self.ends.get(&listed.test.name).map(|(end, _)| end) {
            Some(End::Skipped(_)) if self.for_others.contains(&listed.test.name) => Seen::ForOthers,
            Some(End::Skipped(why) | End::TooSlow(why)) => Seen::CouldNot(why),
            Some(_) => Seen::Ran,
            None => Seen::CouldNot("the run ended before it"),
        }
    }

    /// The verdict, unless everything that ran passed.
    fn verdict(&self, tests: &[Test], asked: usize, error: Option<String>) -> Option<Verdict> {
        let failed = tests.iter().filter(|test| test.end.is_failure()).count();
        let ran = tests.iter().filter(|test| !test.end.shows_nothing()).count();
        match error {
            Some(error) => Some(Verdict::CouldNotRun(error)),
            None if !self.is_whole || tests.len() != asked => {
                Some(Verdict::CouldNotRun(format!("of {asked} tests only {} were heard of", tests.len())))
            }
            None if failed > 0 => Some(Verdict::Failed(format!("{failed} of {ran} tests failed"))),
            None if ran == 0 => {
                let why = "nothing ran: every selected test is skipped here, for the reasons above";
                Some(Verdict::CouldNotRun(why.to_owned()))
            }
            None => None,
        }
    }
}

fn test(name: &str, end: &End) -> Test {
    Test { name: name.to_owned(), end: end.clone() }
}

fn programs(listing: &Listing) -> BTreeMap<String, Vec<String>> {
    let lacking = listing.tests.iter().filter(|it| !it.missing_programs.is_empty());
    lacking.map(|it| (it.test.name.clone(), it.missing_programs.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness::listing::TestDescription;

    fn ended(test: &str, end: End) -> Event {
        let (milliseconds, output, differences) = (1, String::new(), Vec::new());
        Event::Ended { test: test.into(), end, milliseconds, output, differences }
    }

    fn verdict(events: Vec<Event>, error: Option<&str>) -> Verdict {
        let test = |name: &str| ListedTest {
            test: TestDescription { name: name.into(), ..TestDescription::default() },
            ..ListedTest::default()
        };
        let listing = Listing { tests: vec![test("a"), test("b")] };
        let asked = ["a".to_owned(), "b".to_owned()].into();
        let mut gathered = Gathered::default();
        events.into_iter().for_each(|event| gathered.hear(event));
        gathered.judged(&listing, &asked, error.map(str::to_owned)).verdict
    }

    fn over() -> Event {
        Event::UserEnded { ran: 2, skipped: 0 }
    }

    fn skipped(test: &str) -> Event {
        Event::Skipped { test: test.into(), reason: "needs root".into(), everywhere: false }
    }

    #[test]
    fn a_whole_run_that_passed_is_good_and_one_failure_is_not() {
        let passed = || vec![ended("a", End::Passed), ended("b", End::Passed), over()];
        assert_eq!(verdict(passed(), None), Verdict::Good);

        let failed = vec![ended("a", End::Passed), ended("b", End::Crashed("signal 9".into())), over()];
        assert_eq!(verdict(failed, None), Verdict::Failed("1 of 2 tests failed".to_owned()));
    }

    #[test]
    fn a_run_that_is_not_whole_could_not_run() {
        let why = |events, error| match verdict(events, error) {
            Verdict::CouldNotRun(why) => why,
            other => panic!("{other:?}"),
        };

        assert_eq!(why(vec![ended("a", End::Passed), over()], None), "of 2 tests only 1 were heard of");
        let cut = vec![ended("a", End::Passed), ended("b", End::Passed)];
        assert_eq!(why(cut, None), "of 2 tests only 2 were heard of");
        assert_eq!(why(vec![ended("a", End::Passed)], Some("interrupted")), "interrupted");
        assert!(why(vec![skipped("a"), skipped("b"), over()], None).starts_with("nothing ran"));
    }

    #[test]
    fn skips_of_this_host_make_a_run_partial() {
        let Verdict::Partial(why) = verdict(vec![ended("a", End::Passed), skipped("b"), over()], None) else {
            panic!("not partial")
        };
        assert_eq!(why, "1 of 2 tests could not run here: needs root (1)");
    }
}
