//! Guests side by side, as a JUnit file.

use std::fs::File;
use std::path::Path;

use harness_program::protocol::End;
use quick_junit::NonSuccessKind;
use quick_junit::Report;
use quick_junit::TestCase;
use quick_junit::TestCaseStatus;
use quick_junit::TestSuite;

use crate::guests::expected_failures::FILE;
use crate::guests::outcome::Outcome;
use crate::guests::transcript::TestRun;
use crate::run::properties;

/// Writes a JUnit file with a suite for each kernel and user.
///
/// # Errors
/// When it cannot be written.
pub fn write(outcomes: &[Outcome], path: &Path) -> Result<(), String> {
    let fail = |error: &dyn std::fmt::Display| format!("cannot write {}: {error}", path.display());
    let file = File::create(path).map_err(|error| fail(&error))?;
    report(outcomes).serialize(file).map_err(|error| fail(&error))
}

fn report(outcomes: &[Outcome]) -> Report {
    let mut report = Report::new("userns-suite");
    for outcome in outcomes {
        let gone = outcome.gone();
        for (user, coverage) in outcome.users.iter().zip(outcome.covered()) {
            let mut suite = TestSuite::new(format!("{} uid {}", outcome.name, user.uid));
            suite.set_time(user.time);
            properties::add(&mut suite, &outcome.verdict(), &coverage, properties::of_facts(&user.facts));
            suite.add_test_cases(user.ended.iter().map(|(test, ended)| match user.known.get(test) {
                Some(what) => known(test, what),
                None if gone.contains(test.as_str()) => passed_after_all(test),
                None => case(test, ended),
            }));
            suite.add_test_cases(user.skipped.iter().map(|(test, reason)| {
                let mut status = TestCaseStatus::skipped();
                status.set_message(reason.as_str());
                TestCase::new(test.as_str(), status)
            }));
            report.add_test_suite(suite);
        }
        if let Some(failure) = &outcome.failure {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type(failure.word()).set_message(failure.to_string());
            status.set_description(outcome.console.join("\n"));
            let mut suite = TestSuite::new(outcome.name.as_str());
            suite.add_test_case(TestCase::new("the kernel answers", status));
            report.add_test_suite(suite);
        }
    }
    report
}

/// An expected failure. JUnit has no other word for it than skipped.
fn known(test: &str, what: &str) -> TestCase {
    let mut status = TestCaseStatus::skipped();
    status.set_message(format!("known difference: {what}"));
    TestCase::new(test, status)
}

/// An unexpected pass, which a person has to check.
fn passed_after_all(test: &str) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status
        .set_type("passed")
        .set_message(format!("it passed; remove it from {FILE}, or narrow what covers it"));
    TestCase::new(test, status)
}

fn case(test: &str, ended: &TestRun) -> TestCase {
    let mut status = match ended.end {
        End::Passed | End::Flaky => TestCaseStatus::success(),
        End::Skipped(_) | End::TooSlow(_) => TestCaseStatus::skipped(),
        End::Failed(_) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        End::Crashed(_) | End::TimedOut => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    if ended.end != End::Passed {
        status.set_type(ended.end.label()).set_message(ended.how()).set_description(ended.output.as_str());
    }
    let mut case = TestCase::new(test, status);
    case.set_time(ended.time);
    case
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guests::json::tests::outcomes;
    use crate::run::junit;

    #[test]
    fn a_junit_file_counts_what_is_in_it() -> Result<(), Box<dyn std::error::Error>> {
        let file = tempfile::NamedTempFile::new()?;
        write(&outcomes(), file.path())?;

        // It reads the file as strictly as that of a run.
        let tests = junit::read(file.path())?;
        let failures: Vec<&str> =
            tests.iter().filter(|test| test.end.is_failure()).map(|test| test.name.as_str()).collect();
        assert_eq!((tests.len(), failures), (4, vec!["b", "the kernel answers"]));
        Ok(())
    }
}
