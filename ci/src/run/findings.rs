//! What failed tests left as data, put to their ends.

use std::collections::BTreeMap;
use std::path::Path;

use harness::findings::{Difference, Findings};
use harness_program::protocol::End;

use crate::run::junit::Test;

/// The steps that differ, by the names of the tests.
pub type Differences = BTreeMap<String, Vec<Difference>>;

/// The ends of the tests, in which one that the host is too slow for is no failure, and the steps that differ. Findings
/// that cannot be read make the run unreadable.
pub fn apply(tests: Result<Vec<Test>, String>, directory: &Path) -> (Result<Vec<Test>, String>, Differences) {
    let mut differences = Differences::new();
    let mut told = |test: Test| {
        let path = directory.join(Findings::file_name(&test.name));
        if !matches!(test.end, End::Failed(_)) || !path.exists() {
            return Ok(test);
        }
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let findings = Findings::read(&test.name, &text)?;
        if !findings.differences.is_empty() {
            differences.insert(test.name.clone(), findings.differences);
        }
        let end = findings.too_slow.map_or(test.end, End::TooSlow);
        Ok(Test { end, ..test })
    };
    let tests = tests.and_then(|tests| tests.into_iter().map(&mut told).collect());
    (tests, differences)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::differs::example;

    #[test]
    fn a_slow_race_is_no_failure_and_a_difference_is_kept() -> Result<(), Box<dyn std::error::Error>> {
        let dir = tempfile::tempdir()?;
        let differs = vec![example(2, "ok", "EPERM", None)];
        for (test, too_slow, differences) in
            [("a::slow", Some("too slow here: x".to_owned()), vec![]), ("a::red", None, differs.clone())]
        {
            let findings = Findings { test: test.into(), differences, too_slow };
            std::fs::write(dir.path().join(Findings::file_name(test)), findings.to_line()?)?;
        }
        let test = |name: &str, end: End| Test { name: name.to_owned(), end };
        let failed = || End::Failed("exit code 101".to_owned());
        let ends = vec![test("a::slow", failed()), test("a::red", failed()), test("a::bare", failed())];

        let (tests, differences) = apply(Ok(ends), dir.path());

        let slow = End::TooSlow("too slow here: x".to_owned());
        assert_eq!(tests?, [test("a::slow", slow), test("a::red", failed()), test("a::bare", failed())]);
        assert_eq!(differences, [("a::red".to_owned(), differs)].into());

        std::fs::write(dir.path().join(Findings::file_name("a::red")), "{\"test\":\"a::r")?;
        let (tests, _) = apply(Ok(vec![test("a::red", failed())]), dir.path());
        assert!(tests.is_err_and(|why| why.starts_with("the suite prints no findings: ")));
        Ok(())
    }
}
