//! A run as JUnit's XML.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::protocol::End;
use crate::report::user_run::{Test, UserRun};
use crate::report::{differs, properties};
use crate::run::gathered::Gathered;

/// The document.
///
/// # Errors
/// When it cannot be written.
pub fn text(run: &UserRun, gathered: &Gathered) -> Result<String, String> {
    let mut suite = TestSuite::new("userns-suite");
    let mut total = Duration::ZERO;
    for test in &run.tests {
        let milliseconds = gathered.ends.get(&test.name).map_or(0, |(_, milliseconds)| *milliseconds);
        let took = Duration::from_millis(milliseconds);
        total += took;
        let mut case = TestCase::new(test.name.as_str(), status(test, run, gathered));
        case.set_classname("userns-suite").set_time(took);
        suite.add_test_case(case);
    }
    suite.set_time(total);
    properties::add(&mut suite, &run.verdict, &run.coverage, properties::of_lines(&run.facts));
    let mut report = Report::new("userns-suite");
    report.set_time(total).add_test_suite(suite);
    report.to_string().map_err(|error| format!("the run is no JUnit document: {error}"))
}

fn status(test: &Test, run: &UserRun, gathered: &Gathered) -> TestCaseStatus {
    let rules = run.rules.get(&test.name).map(Vec::as_slice).unwrap_or_default();
    let differs = run.differences.get(&test.name).and_then(|all| all.first());
    let how = || differs.map_or_else(|| test.end.to_string(), |it| differs::with_rule(it, rules));
    let output = gathered.outputs.get(&test.name).map(String::as_str).unwrap_or_default();
    let mut status = match &test.end {
        End::Passed | End::Flaky => return TestCaseStatus::success(),
        End::Skipped(_) | End::TooSlow(_) => TestCaseStatus::skipped(),
        End::Failed(_) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        End::Crashed(_) | End::TimedOut => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    status.set_type(test.end.label()).set_message(how());
    if test.end.is_failure() {
        status.set_description(output);
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::differs::example;

    #[test]
    fn each_end_has_its_element_and_a_failure_its_step() -> Result<(), Box<dyn std::error::Error>> {
        let test = |name: &str, end: End| Test { name: name.into(), end };
        let run = UserRun {
            tests: vec![
                test("a", End::Passed),
                test("b", End::Skipped("needs root".into())),
                test("c", End::Failed("exit code 101".into())),
                test("d", End::TimedOut),
            ],
            differences: [("c".to_owned(), vec![example(2, "ok", "EPERM", Some("groups.denied"))])].into(),
            ..UserRun::default()
        };

        let text = text(&run, &Gathered::default())?;

        let read = Report::deserialize_from_str(&text)?;
        assert_eq!((read.tests, read.failures, read.errors), (4, 1, 1));
        assert!(text.contains(r#"message="needs root""#), "{text}");
        assert!(text.contains("groups.denied: inside gid_map"), "{text}");
        Ok(())
    }
}
