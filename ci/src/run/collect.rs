//! What a run of the suite left, read and judged.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use harness::listing::{ListedTest, Listing};
use harness_program::protocol::End;

use crate::catalogue::ask;
use crate::run::coverage::{Coverage, Seen};
use crate::run::findings;
use crate::run::junit::{self, Test};
use crate::run::nextest::{NextestExit, Places};
use crate::run::snapshots;
use crate::run::told;
use crate::run::user_run::UserRun;
use harness_program::ui::verdict::Verdict;

/// What is needed to make a [`UserRun`] of a run that ended.
#[derive(Debug)]
pub struct EndedRun<'a> {
    /// Who ran it.
    pub who: String,
    /// nextest's answer.
    pub ended: NextestExit,
    /// Where its files are.
    pub places: &'a Places,
    /// The suite, started as the user who ran it.
    pub suite: Command,
    /// The tests that a filter selects; all of them without one.
    pub selected: Option<BTreeSet<String>>,
    /// A reason for tests that nextest left out by itself, when its arguments ask for that.
    pub left_out: Option<&'static str>,
    /// The facts of the host.
    pub facts: String,
}

/// Reads everything that a run left.
pub fn collect(mut ended_run: EndedRun<'_>) -> UserRun {
    let places = ended_run.places;
    let selected = ended_run.selected.take();
    let asked = |name: &str| selected.as_ref().is_none_or(|selected| selected.contains(name));
    let tests = places
        .collect_junit()
        .and_then(|()| told::keep(&places.junit(), asked))
        .and_then(|()| junit::read(&places.junit()));
    let listing = ask::listing(&mut ended_run.suite);
    let reasons = listing.as_ref().map(reasons).map_err(Clone::clone);
    let references = snapshots::references(&places.references(), &places.root);
    let pending = snapshots::files(&places.snapshots(), ".snap.new");
    let (tests, differences) = findings::apply(tests, &places.findings());
    let listed = listing.unwrap_or_default().tests;
    let explained_tests = with_reasons(
        tests.clone().unwrap_or_default(),
        &reasons.clone().unwrap_or_default(),
        ended_run.left_out,
    );
    let coverage = coverage(&explained_tests, &listed);
    let verdict = judge(&ended_run.ended, &tests)
        .and_then(|()| explained(&tests, &reasons, ended_run.left_out))
        .and_then(|()| references.as_ref().map(drop).map_err(|error| Verdict::CouldNotRun(error.clone())))
        .err()
        .unwrap_or_else(|| coverage.verdict());
    let lacking = listed.iter().filter(|it| !it.missing_programs.is_empty());
    let run = UserRun {
        who: ended_run.who,
        tests: explained_tests,
        differences,
        coverage,
        programs: lacking.map(|it| (it.test.name.clone(), it.missing_programs.clone())).collect(),
        rules: listed.into_iter().map(|it| (it.test.name, it.test.rules)).collect(),
        references: references.unwrap_or_default(),
        snapshots: places.snapshots(),
        pending: pending.unwrap_or_default(),
        junit: places.junit(),
        facts: ended_run.facts,
        verdict,
    };
    completed(run)
}

/// The run with its JUnit file completed. Where there is no such file, the verdict says so already.
fn completed(run: UserRun) -> UserRun {
    let done = if run.tests.is_empty() { Ok(()) } else { told::complete(&run) };
    match done {
        Err(error) => UserRun { verdict: Verdict::CouldNotRun(error), ..run },
        Ok(()) => run,
    }
}

/// Why tests are skipped, by their names.
fn reasons(listing: &Listing) -> BTreeMap<String, String> {
    listing.tests.iter().filter_map(|it| Some((it.test.name.clone(), it.skipped.clone()?))).collect()
}

/// How much of what the run reports ran. A stress run reports a test several times: it ran if it ran once. A test that
/// the caller left out was not asked for.
fn coverage(tests: &[Test], listed: &[ListedTest]) -> Coverage {
    let ran: BTreeSet<&str> =
        tests.iter().filter(|test| !test.end.shows_nothing()).map(|test| test.name.as_str()).collect();
    let ends: BTreeMap<&str, &End> = tests.iter().map(|test| (test.name.as_str(), &test.end)).collect();
    let seen = |it: &'_ ListedTest| match ends.get(it.test.name.as_str())? {
        _ if ran.contains(it.test.name.as_str()) => Some(Seen::Ran),
        End::Skipped(_) if it.skipped.is_none() => None,
        End::Skipped(_) if it.skipped_everywhere => Some(Seen::ForOthers),
        End::Skipped(why) | End::TooSlow(why) => Some(Seen::CouldNot(why.as_str())),
        _ => None,
    };
    Coverage::of(listed.iter().filter_map(|it| Some((&it.test, seen(it)?))))
}

/// nextest's status and its JUnit file have to tell the same story.
fn judge(ended: &NextestExit, tests: &Result<Vec<Test>, String>) -> Result<(), Verdict> {
    let could_not = |why: &str| Err(Verdict::CouldNotRun(why.to_owned()));
    match ended {
        NextestExit::BuildFailed => {
            return could_not("the suite did not build: see the compiler's messages above");
        }
        NextestExit::NothingRan => {
            return could_not("nothing ran: no test was selected, or all were skipped");
        }
        NextestExit::Otherwise(words) => return could_not(words),
        NextestExit::Passed | NextestExit::TestsFailed => {}
    }
    let tests = tests.as_ref().map_err(|error| Verdict::CouldNotRun(error.clone()))?;
    let ran = tests.iter().filter(|test| !test.end.shows_nothing()).count();
    let slow = tests.iter().filter(|test| matches!(test.end, End::TooSlow(_))).count();
    let failed = tests.iter().filter(|test| test.end.is_failure()).count();
    match (ended, ran, failed) {
        (_, 0, _) if slow > 0 => {
            could_not("nothing could be shown: this host is too slow for what was selected")
        }
        (_, 0, _) => could_not("nothing ran: all tests were skipped"),
        (NextestExit::TestsFailed, _, 0) if slow > 0 => Ok(()),
        (NextestExit::Passed, _, 0) => Ok(()),
        (NextestExit::Passed, ..) => could_not("nextest reports success and its JUnit file names failures"),
        (_, _, 0) => could_not("nextest reports failure and its JUnit file names none: see its output above"),
        _ => Err(Verdict::Failed(format!("{failed} of {ran} tests failed"))),
    }
}

/// A skip without a reason is a hole in the report.
fn explained(
    tests: &Result<Vec<Test>, String>,
    reasons: &Result<BTreeMap<String, String>, String>,
    left_out: Option<&str>,
) -> Result<(), Verdict> {
    let reasons = reasons
        .as_ref()
        .map_err(|error| Verdict::CouldNotRun(format!("why tests are skipped is unknown: {error}")))?;
    let silent = |test: &&Test| test.end.is_skip() && !reasons.contains_key(&test.name);
    match tests.iter().flatten().find(silent) {
        Some(test) if left_out.is_none() => {
            Err(Verdict::CouldNotRun(format!("{} was skipped and the suite gives no reason", test.name)))
        }
        _ => Ok(()),
    }
}

fn with_reasons(tests: Vec<Test>, reasons: &BTreeMap<String, String>, left_out: Option<&str>) -> Vec<Test> {
    let explained = |Test { name, end }| {
        let reason = || reasons.get(&name).map(String::as_str).or(left_out);
        let end = match end {
            End::Skipped(_) => End::Skipped(reason().unwrap_or("the suite gives no reason").to_owned()),
            ran => ran,
        };
        Test { name, end }
    };
    tests.into_iter().map(explained).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tests(ends: &[End]) -> Result<Vec<Test>, String> {
        Ok(ends.iter().map(|end| Test { name: "a".into(), end: end.clone() }).collect())
    }

    fn why(verdict: Result<(), Verdict>) -> String {
        match verdict.err() {
            Some(Verdict::CouldNotRun(why)) => why,
            other => panic!("not `could not run`: {other:?}"),
        }
    }

    #[test]
    fn a_run_of_nothing_is_not_good() {
        assert!(why(judge(&NextestExit::NothingRan, &tests(&[]))).contains("nothing ran"));
        assert!(why(judge(&NextestExit::Passed, &tests(&[]))).contains("nothing ran"));
        assert!(
            why(judge(&NextestExit::Passed, &tests(&[End::Skipped(String::new())]))).contains("nothing ran")
        );
        assert_eq!(judge(&NextestExit::Passed, &tests(&[End::Passed, End::Skipped(String::new())])), Ok(()));
    }

    #[test]
    fn status_and_report_must_agree() {
        let failed = Ok(vec![Test { name: "a".into(), end: End::TimedOut }]);

        assert!(why(judge(&NextestExit::Passed, &failed)).contains("names failures"));
        assert!(why(judge(&NextestExit::TestsFailed, &tests(&[End::Passed]))).contains("names none"));
        assert!(why(judge(&NextestExit::Passed, &Err("cut short".into()))).contains("cut short"));
        assert_eq!(
            judge(&NextestExit::TestsFailed, &failed),
            Err(Verdict::Failed("1 of 1 tests failed".into()))
        );
    }

    #[test]
    fn a_skip_without_a_reason_is_not_good() {
        let known = Ok(BTreeMap::from([("a".to_owned(), "needs root".to_owned())]));

        assert_eq!(explained(&tests(&[End::Skipped(String::new())]), &known, None), Ok(()));
        assert_eq!(
            explained(&tests(&[End::Skipped(String::new())]), &Ok(BTreeMap::new()), Some("left out")),
            Ok(())
        );
        assert!(
            why(explained(&tests(&[End::Skipped(String::new())]), &Ok(BTreeMap::new()), None))
                .contains("a was skipped")
        );
        assert!(why(explained(&tests(&[End::Passed]), &Err("no tab".into()), None)).contains("no tab"));
    }
}
