//! The result of one kernel.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use crate::guests::expected_failures::FILE;
use crate::guests::failure::RunFailure;
use crate::guests::start::Start;
use crate::guests::transcript::UserTranscript;
use crate::report::record::ExpectedFailureSeen;
use crate::run::coverage::Coverage;
use harness::suite::Exploration;
use harness_program::ui::verdict::Verdict;

/// Versions of programs by their packages.
pub type Programs = BTreeMap<String, String>;

/// One kernel or distribution, and all that it answered.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The row's name.
    pub name: String,
    /// How it was started.
    pub start: Start,
    /// What made it run, as far as there is a choice: `kvm` or `tcg`.
    pub accelerator: Option<&'static str>,
    /// The package and its version, or the file.
    pub origin: String,
    /// The versions of the programs that the row is about; empty for a kernel.
    pub programs: Programs,
    /// `uname -r`.
    pub release: Option<String>,
    /// How much of the generated scenarios was played.
    pub exploration: Exploration,
    /// From the start until the first word.
    pub boot: Option<Duration>,
    /// Altogether, without the download.
    pub time: Duration,
    /// What each user saw; the last may not be complete.
    pub users: Vec<UserTranscript>,
    /// How much of the suite each user saw.
    pub coverage: Vec<Coverage>,
    /// Its known differences, as the run showed them.
    pub differences: Vec<ExpectedFailureSeen>,
    /// Why there is no result, or only a part of it.
    pub failure: Option<RunFailure>,
    /// The end of its console, when the run failed.
    pub console: Vec<String>,
    /// Where the console and the snapshots that differ are.
    pub results: PathBuf,
}

impl Outcome {
    /// Tests that passed, in all users.
    pub fn passed(&self) -> usize {
        self.ran() - self.failed() - self.known()
    }

    /// Tests that it was too slow for, in all users.
    pub fn too_slow(&self) -> usize {
        self.users.iter().map(|user| user.too_slow().count()).sum()
    }

    /// How much of the suite each user saw, one for each of them.
    pub fn covered(&self) -> impl Iterator<Item = Coverage> {
        self.coverage.iter().cloned().chain(std::iter::repeat(Coverage::default()))
    }

    /// How much of the suite all users together saw.
    pub fn seen(&self) -> Coverage {
        self.coverage.iter().fold(Coverage::default(), Coverage::and)
    }

    /// Tests that failed and were not expected to.
    pub fn failed(&self) -> usize {
        self.users.iter().map(|user| user.failures().count()).sum()
    }

    /// Tests that failed as expected on this kernel.
    pub fn known(&self) -> usize {
        self.users.iter().map(|user| user.known.len()).sum()
    }

    /// Unexpected passes. A later failure of these tests would go unnoticed.
    pub fn gone(&self) -> BTreeSet<&str> {
        self.differences.iter().flat_map(|it| &it.gone).map(String::as_str).collect()
    }

    /// Tests that were skipped.
    pub fn skipped(&self) -> usize {
        self.users.iter().map(|user| user.skipped.len()).sum()
    }

    /// Why tests were skipped, and how many for each reason, the most frequent one first.
    pub fn skips(&self) -> Vec<(&str, usize)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for reason in self.users.iter().flat_map(|user| user.skipped.values()) {
            *counts.entry(reason).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }

    fn ran(&self) -> usize {
        let ended: usize = self.users.iter().map(|user| user.ended.len()).sum();
        ended - self.too_slow()
    }

    /// The verdict on this kernel. One that breaks in the middle of the tests failed; one that never came so
    /// far could not be judged.
    pub fn verdict(&self) -> Verdict {
        let name = &self.name;
        match (&self.failure, self.ran(), self.failed()) {
            (Some(failure @ (RunFailure::Panicked(_) | RunFailure::Hung(..))), 1.., _) => {
                Verdict::Failed(format!("{name} {failure}"))
            }
            (Some(failure), ..) => Verdict::CouldNotRun(format!("{name} {failure}")),
            (None, 0, _) => {
                // What root lacks says more than that an unprivileged user is not root.
                let first = Self { users: self.users.iter().take(1).cloned().collect(), ..self.clone() };
                let why = first.skips().first().map(|(why, tests)| format!(", {tests} of them: {why}"));
                let why = why.unwrap_or_default();
                Verdict::CouldNotRun(format!("{name}: nothing ran, all tests were skipped{why}"))
            }
            (None, ran, failed) => self.told(ran, failed),
        }
    }
}

impl Outcome {
    /// The verdict on a kernel that was asked in full.
    fn told(&self, ran: usize, failed: usize) -> Verdict {
        let gone = self.gone().len();
        let mut words = Vec::new();
        if failed > 0 {
            words.push(format!("{failed} of {ran} tests failed"));
        }
        if gone > 0 {
            words.push(format!("{gone} passed that {FILE} knows to fail"));
        }
        if words.is_empty() {
            // Each user has to see its part: what root sees does not replace what another user sees.
            let partial = self.coverage.iter().find(|coverage| !coverage.is_core());
            partial.map_or(Verdict::Good, |it| Verdict::Partial(format!("on {} {}", self.name, it.words())))
        } else {
            Verdict::Failed(format!("{}: {}", self.name, words.join(", ")))
        }
    }
}

/// The verdict on all of them: what could not be judged outweighs what failed, as a gap in the answer.
pub fn verdict(outcomes: &[Outcome]) -> Verdict {
    let verdicts: Vec<Verdict> = outcomes.iter().map(Outcome::verdict).collect();
    let words = |wanted: fn(&Verdict) -> Option<&String>| -> Vec<&str> {
        verdicts.iter().filter_map(wanted).map(String::as_str).collect()
    };
    let could_not = words(|verdict| if let Verdict::CouldNotRun(why) = verdict { Some(why) } else { None });
    let failed = words(|verdict| if let Verdict::Failed(why) = verdict { Some(why) } else { None });
    let partial = words(|verdict| if let Verdict::Partial(why) = verdict { Some(why) } else { None });
    match (could_not.is_empty(), failed.is_empty(), outcomes.is_empty()) {
        (_, _, true) => Verdict::CouldNotRun("no kernel was selected".to_owned()),
        (true, true, _) if !partial.is_empty() => Verdict::Partial(partial.join("; ")),
        (true, true, _) => Verdict::Good,
        (true, false, _) => Verdict::Failed(failed.join("; ")),
        (false, ..) => Verdict::CouldNotRun([could_not, failed].concat().join("; ")),
    }
}

#[cfg(test)]
pub mod tests {
    use harness_program::protocol::End;

    use super::*;
    use crate::catalogue::listing;
    use crate::guests::transcript::TestRun;

    /// A kernel on which one user ran these tests and skipped those.
    pub fn outcome(name: &str, release: &str, ended: &[(&str, End)], skipped: &[(&str, &str)]) -> Outcome {
        let ran = |(test, end): &(&str, End)| {
            let output = if *end == End::Passed { String::new() } else { "the diff".to_owned() };
            (
                (*test).to_owned(),
                TestRun {
                    end: end.clone(),
                    time: Duration::from_millis(5),
                    output,
                    differences: Vec::new(),
                    rules: Vec::new(),
                },
            )
        };
        let user = UserTranscript {
            facts: serde_json::json!({"system": {"kernel_release": "x"}}),
            ended: ended.iter().map(ran).collect(),
            skipped: skipped
                .iter()
                .map(|(test, why)| ((*test).to_owned(), (*why).to_owned()))
                .collect::<BTreeMap<_, _>>(),
            ..UserTranscript::default()
        };
        Outcome {
            exploration: Exploration::Full,
            name: name.to_owned(),
            start: Start::Qemu,
            accelerator: Some("tcg"),
            origin: "linux 1".to_owned(),
            programs: Programs::new(),
            release: Some(release.to_owned()),
            boot: Some(Duration::from_secs(2)),
            time: Duration::from_secs(9),
            users: vec![user],
            coverage: Vec::new(),
            differences: Vec::new(),
            failure: None,
            console: Vec::new(),
            results: "/r".into(),
        }
    }

    #[test]
    fn a_kernel_is_judged_by_its_tests_and_its_trouble() {
        let good = outcome("k", "7.2", &[("a", End::Passed)], &[]);
        let failed = outcome("k", "7.2", &[("a", End::TimedOut), ("b", End::Passed)], &[]);
        let panic = Some(RunFailure::Panicked("oops".into()));
        let short = Some(RunFailure::AnsweredShort("half".into()));

        assert_eq!(good.verdict(), Verdict::Good);
        assert_eq!(failed.verdict(), Verdict::Failed("k: 1 of 2 tests failed".into()));
        let in_tests = Outcome { failure: panic.clone(), ..good.clone() };
        assert_eq!(in_tests.verdict(), Verdict::Failed("k panicked: oops".into()));
        let at_boot = Outcome { failure: panic, users: Vec::new(), ..good.clone() };
        assert_eq!(at_boot.verdict(), Verdict::CouldNotRun("k panicked: oops".into()));
        let untrue = Outcome { failure: short, ..good };
        assert_eq!(untrue.verdict(), Verdict::CouldNotRun("k answered short: half".into()));
        let nothing = outcome("k", "7.2", &[], &[("a", "needs root")]);
        let why = "k: nothing ran, all tests were skipped, 1 of them: needs root";
        assert_eq!(nothing.verdict(), Verdict::CouldNotRun(why.into()));
    }

    #[test]
    fn a_user_that_saw_too_little_makes_the_kernel_partial_and_a_slow_race_is_no_failure() {
        let slow = End::TooSlow("too slow here: x".into());
        let mut some = outcome("k", "7.2", &[("a", End::Passed), ("b", slow)], &[("c", "needs sudo")]);
        assert_eq!((some.passed(), some.failed(), some.too_slow()), (1, 0, 1));
        assert_eq!(some.verdict(), Verdict::Good);

        let tests = ["a", "b", "c"].map(|name| listing::tests::test(name, "t.rs", "f", &[]));
        some.coverage = some.users.iter().map(|user| user.coverage(&tests)).collect();
        let why = "on k 2 of 3 tests could not run here: needs sudo (1); too slow here: x (1)";
        assert_eq!(some.verdict(), Verdict::Partial(why.into()));
        let failed = outcome("failed", "7.2", &[("a", End::TimedOut)], &[]);
        assert_eq!(verdict(&[some.clone(), failed.clone()]), failed.verdict());
        assert_eq!(
            verdict(&[outcome("good", "7.2", &[("a", End::Passed)], &[]), some.clone()]),
            some.verdict()
        );
    }

    #[test]
    fn a_gap_outweighs_a_failure_and_nothing_is_not_good() {
        let good = outcome("good", "7.2", &[("a", End::Passed)], &[]);
        let failed = outcome("failed", "7.2", &[("a", End::TimedOut)], &[]);
        let gap =
            Outcome { failure: Some(RunFailure::NotFetched("no".into())), ..outcome("gap", "7", &[], &[]) };

        assert_eq!(verdict(std::slice::from_ref(&good)), Verdict::Good);
        assert_eq!(verdict(&[good.clone(), failed.clone()]), failed.verdict());
        let both = "gap could not be fetched: no; failed: 1 of 1 tests failed";
        assert_eq!(verdict(&[failed, gap, good]), Verdict::CouldNotRun(both.into()));
        assert!(matches!(verdict(&[]), Verdict::CouldNotRun(_)));
    }
}
