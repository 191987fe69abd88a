//! What nextest does not know, put into its JUnit file: why tests were skipped, which step differs, the verdict, and the
//! facts of the host.

use std::fs;
use std::path::Path;

use harness_program::protocol::End;
use quick_junit::{Report, TestCase, TestCaseStatus};

use crate::run::differs;
use crate::run::junit;
use crate::run::properties;
use crate::run::user_run::UserRun;

/// Completes the JUnit file of a run.
///
/// # Errors
/// When it cannot be read or written.
pub fn complete(run: &UserRun) -> Result<(), String> {
    change(&run.junit, |report| completed(report, run))
}

/// Drops the skipped tests that were not asked for from a JUnit file: nextest reports every test that cannot run here,
/// whether a filter selects it or not. A file that is not whole is left to its reader.
///
/// # Errors
/// When it cannot be written.
pub fn keep(path: &Path, asked: impl Fn(&str) -> bool) -> Result<(), String> {
    let is_left = |case: &TestCase| {
        let skipped = matches!(case.status, TestCaseStatus::Skipped { .. });
        skipped && !asked(case.name.as_str())
    };
    if junit::read(path).map_or(true, |tests| tests.iter().all(|it| !it.end.is_skip() || asked(&it.name))) {
        return Ok(());
    }
    change(path, |mut report| {
        for suite in &mut report.test_suites {
            let before = suite.test_cases.len();
            suite.test_cases.retain(|case| !is_left(case));
            let gone = before - suite.test_cases.len();
            for (tests, skipped) in
                [(&mut suite.tests, &mut suite.skipped), (&mut report.tests, &mut report.skipped)]
            {
                (*tests, *skipped) = (tests.saturating_sub(gone), skipped.saturating_sub(gone));
            }
        }
        report
    })
}

fn change(path: &Path, how: impl FnOnce(Report) -> Report) -> Result<(), String> {
    let fail = |error: &dyn std::fmt::Display| format!("cannot complete {}: {error}", path.display());
    let text = fs::read_to_string(path).map_err(|error| fail(&error))?;
    let report = Report::deserialize_from_str(&text).map_err(|error| fail(&error))?;
    let text = how(report).to_string().map_err(|error| fail(&error))?;
    fs::write(path, text).map_err(|error| fail(&error))
}

fn completed(mut report: Report, run: &UserRun) -> Report {
    let ends: Vec<&End> = run.tests.iter().map(|test| &test.end).collect();
    // The tests of a run are those of its JUnit file, in their order.
    let mut ends = ends.into_iter();
    for suite in &mut report.test_suites {
        let mut slow = 0;
        for case in &mut suite.test_cases {
            if let Some(end) = ends.next() {
                slow += usize::from(matches!(end, End::TooSlow(_)));
                tell(case, end, run);
            }
        }
        suite.failures -= slow.min(suite.failures);
        suite.skipped += slow;
        report.failures -= slow.min(report.failures);
        report.skipped += slow;
        properties::add(suite, &run.verdict, &run.coverage, properties::of_lines(&run.facts));
    }
    report
}

fn tell(case: &mut TestCase, end: &End, run: &UserRun) {
    match end {
        End::Skipped(why) => {
            case.status.set_message(why.as_str());
        }
        End::TooSlow(why) => {
            case.status = TestCaseStatus::skipped();
            case.status.set_type(end.label()).set_message(why.as_str());
        }
        End::Failed(_) => {
            let name = case.name.as_str();
            let rules = run.rules.get(name).map(Vec::as_slice).unwrap_or_default();
            if let Some(first) = run.differences.get(name).and_then(|all| all.first()) {
                case.status.set_message(differs::with_rule(first, rules));
            }
        }
        End::Passed | End::Flaky | End::Crashed(_) | End::TimedOut => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::coverage::{Coverage, Reason};
    use crate::run::differs::example;

    #[test]
    fn the_file_tells_reasons_steps_the_verdict_and_the_facts() -> Result<(), Box<dyn std::error::Error>> {
        let file = tempfile::NamedTempFile::new()?;
        let text = include_str!("../../tests/data/junit.xml");
        fs::write(file.path(), text)?;
        let mut tests = junit::parse(text)?;
        for test in &mut tests {
            match test.name.as_str() {
                "topic::needs_user" => test.end = End::Skipped("needs an ordinary user".into()),
                "bad::leaks" => test.end = End::TooSlow("too slow here: x".into()),
                _ => {}
            }
        }
        let reasons = vec![Reason { why: "needs an ordinary user".into(), tests: 1 }];
        let run = UserRun {
            differences: [("bad::exits".to_owned(), vec![example(2, "ok", "EPERM", Some("groups.denied"))])]
                .into(),
            coverage: Coverage { ran: 7, could_not_run: 1, reasons, unseen: Vec::new() },
            junit: file.path().to_owned(),
            facts: "kernel  7.2\n".to_owned(),
            tests,
            ..UserRun::default()
        };

        complete(&run)?;

        let text = fs::read_to_string(file.path())?;
        for words in [
            r#"message="needs an ordinary user""#,
            r#"message="groups.denied: inside gid_map &lt;- &quot;0 own 1&quot;: ok, expected EPERM""#,
            r#"<property name="verdict" value="good"/>"#,
            r#"<property name="could_not_run" value="1"/>"#,
            r#"<property name="could_not_run.reason" value="1: needs an ordinary user"/>"#,
            r#"<property name="host.kernel" value="7.2"/>"#,
        ] {
            assert!(text.contains(words), "no {words} in\n{text}");
        }
        // The counts still fit the content.
        assert_eq!(junit::read(file.path())?.len(), run.tests.len());
        Ok(())
    }

    #[test]
    fn a_skipped_test_that_the_filter_does_not_select_is_left_out() -> Result<(), Box<dyn std::error::Error>>
    {
        let file = tempfile::NamedTempFile::new()?;
        fs::write(file.path(), include_str!("../../tests/data/junit.xml"))?;

        keep(file.path(), |name| name == "topic::case::a")?;

        let tests = junit::read(file.path())?;
        let skipped: Vec<&str> =
            tests.iter().filter(|it| it.end.is_skip()).map(|it| it.name.as_str()).collect();
        assert_eq!((tests.len(), skipped), (8, vec!["topic::case::a"]));
        Ok(())
    }
}
