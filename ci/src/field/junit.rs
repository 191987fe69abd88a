//! The results of rows as a JUnit file: a suite for each release, a test for each row.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

/// The result of a row.
#[derive(Clone, Debug)]
pub struct Case {
    /// The release.
    pub release: String,
    /// The row and the version.
    pub name: String,
    /// What is wrong, a text for each finding.
    pub findings: Vec<String>,
    /// Whether it has no result.
    pub broken: bool,
    /// What is known to deviate, with the reason. JUnit has no other word for it than skipped.
    pub known: Option<String>,
    /// How long it took.
    pub took: Duration,
}

/// Writes the file; the names of the suites begin with `kind`.
///
/// # Errors
/// When it cannot be written.
pub fn write(kind: &str, cases: &[Case], path: &Path) -> Result<(), String> {
    let fail = |error: &dyn std::fmt::Display| format!("cannot write {}: {error}", path.display());
    let file = File::create(path).map_err(|error| fail(&error))?;
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    for it in cases {
        let suite =
            suites.entry(&it.release).or_insert_with(|| TestSuite::new(format!("{kind} {}", it.release)));
        suite.add_test_case(case(it));
    }
    let mut report = Report::new("userns-suite");
    report.add_test_suites(suites.into_values());
    report.serialize(file).map_err(|error| fail(&error))
}

fn case(it: &Case) -> TestCase {
    let mut status = match (it.findings.first(), it.broken, &it.known) {
        (None, _, None) => TestCaseStatus::success(),
        (None, _, Some(_)) => TestCaseStatus::skipped(),
        (Some(_), true, _) => TestCaseStatus::non_success(NonSuccessKind::Error),
        (Some(_), false, _) => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    if let Some(first) = it.findings.first().or(it.known.as_ref()) {
        status.set_message(first.as_str()).set_description(it.findings.join("\n"));
    }
    let mut case = TestCase::new(it.name.as_str(), status);
    case.set_time(it.took);
    case
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::junit;

    #[test]
    fn a_finding_is_a_failure() -> Result<(), Box<dyn std::error::Error>> {
        let case = |name: &str, findings: &[&str]| Case {
            release: "sid".to_owned(),
            name: name.to_owned(),
            findings: findings.iter().map(|it| (*it).to_owned()).collect(),
            broken: false,
            known: None,
            took: Duration::from_secs(1),
        };
        let file = tempfile::NamedTempFile::new()?;
        write("programs", &[case("su 1", &[]), case("sudo 1", &["it differs"])], file.path())?;

        let tests = junit::read(file.path())?;
        let failures: Vec<&str> =
            tests.iter().filter(|test| test.end.is_failure()).map(|test| test.name.as_str()).collect();
        assert_eq!((tests.len(), failures), (2, vec!["sudo 1"]));
        Ok(())
    }
}
