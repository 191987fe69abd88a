//! What nextest's JUnit file says about each test.

use std::fs;
use std::path::Path;

use harness_program::protocol::End;
pub use harness_program::report::user_run::Test;
use quick_junit::{Report, TestCase, TestCaseStatus};

/// Reads the JUnit file of a run.
///
/// # Errors
/// When it is missing, cut short, or its counts contradict its content.
pub fn read(path: &Path) -> Result<Vec<Test>, String> {
    let xml = fs::read_to_string(path)
        .map_err(|error| format!("nextest left no JUnit file at {}: {error}", path.display()))?;
    parse(&xml).map_err(|error| format!("the JUnit file {} cannot be trusted: {error}", path.display()))
}

/// Reads JUnit text.
///
/// # Errors
/// When it is no complete JUnit file, or its counts contradict its content.
pub fn parse(xml: &str) -> Result<Vec<Test>, String> {
    let report = Report::deserialize_from_str(xml).map_err(|error| error.to_string())?;
    let cases = report.test_suites.iter().flat_map(|suite| &suite.test_cases);
    let tests: Vec<Test> = cases.map(read_case).collect();
    let failures = tests.iter().filter(|test| test.end.is_failure()).count();
    agree("tests", report.tests, tests.len())?;
    agree("failures and errors", report.failures + report.errors, failures)?;
    Ok(tests)
}

fn agree(what: &str, announced: usize, found: usize) -> Result<(), String> {
    if announced == found {
        return Ok(());
    }
    Err(format!("it announces {announced} {what} and holds {found}"))
}

fn read_case(case: &TestCase) -> Test {
    let end = match &case.status {
        TestCaseStatus::Success { flaky_runs } if flaky_runs.is_empty() => End::Passed,
        TestCaseStatus::Success { .. } => End::Flaky,
        TestCaseStatus::Skipped { .. } => End::Skipped(String::new()),
        TestCaseStatus::NonSuccess { ty, message, .. } => {
            let text =
                |text: &Option<quick_junit::XmlString>| text.as_ref().map(|text| text.as_str().to_owned());
            failure(text(ty).unwrap_or_default(), text(message))
        }
    };
    Test { name: case.name.as_str().to_owned(), end }
}

/// nextest tells the kinds apart by the text of `type` alone.
fn failure(kind: String, message: Option<String>) -> End {
    match kind.as_str() {
        "test timeout" => End::TimedOut,
        "test abort" => End::Crashed(message.unwrap_or(kind)),
        _ => End::Failed(kind.strip_prefix("test failure with ").map(str::to_owned).unwrap_or(kind)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JUNIT: &str = include_str!("../../tests/data/junit.xml");

    #[test]
    fn each_end_is_told_apart() -> Result<(), String> {
        let tests = parse(JUNIT)?;

        let end = |name: &str| tests.iter().find(|test| test.name == name).map(|test| test.end.clone());
        assert_eq!(tests.len(), 10);
        assert_eq!(end("bad::aborts"), Some(End::Crashed("process aborted with signal 6 (SIGABRT)".into())));
        assert_eq!(end("bad::exits"), Some(End::Failed("exit code 3".into())));
        assert_eq!(end("bad::hangs"), Some(End::TimedOut));
        assert_eq!(end("bad::flaky"), Some(End::Flaky));
        assert_eq!(end("map_order::plain"), Some(End::Passed));
        assert_eq!(end("topic::needs_user"), Some(End::Skipped(String::new())));
        Ok(())
    }

    #[test]
    fn a_file_cut_short_anywhere_is_refused() {
        let end = JUNIT.trim_end().len();
        for cut in (0..end).filter(|&cut| JUNIT.is_char_boundary(cut)) {
            let why = parse(&JUNIT[..cut]).err().unwrap_or_default();
            let cut_short = ["error parsing XML", "unexpected EOF", "missing <testsuites> element"]
                .iter()
                .any(|words| why.contains(words));
            assert!(cut_short, "of the first {cut} bytes it says {why:?}");
        }
    }

    #[test]
    fn counts_that_contradict_the_tests_are_refused() {
        let fewer = parse(&JUNIT.replacen("tests=\"10\"", "tests=\"11\"", 1));
        let greener = parse(&JUNIT.replacen("failures=\"3\"", "failures=\"0\"", 1));

        assert_eq!(fewer.err().as_deref(), Some("it announces 11 tests and holds 10"));
        assert_eq!(greener.err().as_deref(), Some("it announces 1 failures and errors and holds 4"));
    }

    #[test]
    fn a_missing_file_is_named() {
        let message = read(Path::new("/nowhere/junit.xml")).err().unwrap_or_default();

        assert!(message.starts_with("nextest left no JUnit file at /nowhere/junit.xml: "), "{message}");
    }
}
