//! One run of the suite on this host as JSON: what `cargo ci suite --json` prints.

use harness::facts;
use harness::host::Facts;
use serde::Serialize;

use crate::report::test_report::{Evidence, FORMAT, TestReport};
use crate::report::user_run::Test;
use crate::report::user_run::UserRun;
use crate::report::verdict_report::VerdictReport;

#[derive(Debug, Serialize)]
struct Document<'a> {
    format: u32,
    who: &'a str,
    verdict: VerdictReport,
    /// The facts of the host, as `cargo ci facts --json` prints them.
    facts: &'a Facts,
    tests: Vec<TestReport>,
}

/// The run of the caller as lines of JSON.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn json(run: &UserRun) -> Result<String, String> {
    let document = Document {
        format: FORMAT,
        who: &run.who,
        verdict: VerdictReport::new(&run.verdict, &run.coverage),
        facts: facts(),
        tests: run.tests.iter().map(|test| report(test, run)).collect(),
    };
    serde_json::to_string_pretty(&document)
        .map(|text| text + "\n")
        .map_err(|error| format!("the run is no JSON: {error}"))
}

fn report(test: &Test, run: &UserRun) -> TestReport {
    let differences = || run.differences.get(&test.name).cloned().unwrap_or_default();
    let evidence = || Evidence { differences: differences(), ..Evidence::default() };
    TestReport {
        name: test.name.clone(),
        end: test.end.clone(),
        seconds: None,
        output: None,
        evidence: test.end.is_failure().then(evidence),
    }
}
