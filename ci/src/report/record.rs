//! The document that `cargo ci kernels --json` prints and `cargo ci matrix` reads: one set of types for both.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use harness::listing::TestDescription;
use harness::suite::Exploration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use harness_program::report::test_report::{Evidence, FORMAT, TestReport};
use harness_program::report::verdict_report;
pub use harness_program::report::verdict_report::VerdictReport;

/// The oldest form that is read.
pub const OLDEST: u32 = 1;

/// One run of `cargo ci kernels`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// [`FORMAT`], or an older one.
    pub format: u32,
    /// The name of the kernel that the others are compared with.
    pub newest: Option<String>,
    /// The kernels.
    pub kernels: Vec<Kernel>,
    /// Rules and tests, whichever of them were asked for.
    pub suite: Suite,
    /// The tests that each kernel of this run was asked for.
    pub asked: BTreeSet<String>,
    /// The reviewed snapshots of these tests.
    pub traces: Traces,
}

/// By the name of a test and the name of a variant, empty for the plain one: a reviewed snapshot without its header.
pub type Traces = BTreeMap<String, BTreeMap<String, String>>;

/// The rules and the tests of one version of the suite.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suite {
    /// Rules by family.
    pub families: Vec<Family>,
    /// What changed between kernels.
    pub changes: Vec<Change>,
    /// All tests.
    pub tests: Vec<TestDescription>,
}

/// A family of rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Family {
    /// Its heading.
    pub title: String,
    /// Its rules.
    pub rules: Vec<Rule>,
}

/// A rule of the kernel, see [`harness::rules::Rule`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// What the kernel does.
    pub sentence: String,
    /// The errno, or "ok".
    pub outcome: String,
    /// Where that is written.
    pub source: String,
    /// The first release that has it, where it is younger than user namespaces.
    pub since: Option<String>,
    /// Why no test pins it, if none does.
    pub untested: Option<String>,
}

/// A change of the kernel, see [`harness::rules::changes::Change`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its name.
    pub name: String,
    /// The rule that it brought or altered.
    pub rule: String,
    /// What it brought.
    pub what: String,
    /// The first release that has it, and the first ones of stable series.
    pub releases: Vec<String>,
    /// The commit.
    pub commit: String,
}

/// One kernel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kernel {
    /// The row's name.
    pub name: String,
    /// How it was started, as `ci/kernels.toml` names it.
    pub start: String,
    /// What made it run, as far as there is a choice: `kvm` or `tcg`.
    pub accelerator: Option<String>,
    /// Package and version, or the file.
    pub origin: String,
    /// The versions of the programs that a distribution is about, by their packages; empty for a kernel.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub programs: BTreeMap<String, String>,
    /// `uname -r`.
    pub release: Option<String>,
    /// How much of the generated scenarios was played.
    #[serde(default)]
    pub exploration: Exploration,
    /// How it ended, and how much was seen.
    #[serde(deserialize_with = "verdict_report::read")]
    pub verdict: VerdictReport,
    /// How many tests passed, for all users together.
    pub passed: usize,
    /// How many failed that were not expected to.
    pub failed: usize,
    /// How many were skipped.
    pub skipped: usize,
    /// How many it was too slow for.
    #[serde(default)]
    pub too_slow: usize,
    /// The failures that are expected of it, as they showed.
    #[serde(default)]
    pub known: Vec<ExpectedFailureSeen>,
    /// Seconds from the start until the guest's first event.
    pub boot_seconds: Option<f64>,
    /// Seconds altogether, without the download.
    pub seconds: f64,
    /// Why there is no result, or only part of one.
    #[serde(rename = "trouble")]
    pub failure: Option<Failure>,
    /// The end of its console, where the run failed.
    #[serde(default)]
    pub console: Vec<String>,
    /// Where the console and the snapshots that differ are, on the machine that wrote this.
    pub results: PathBuf,
    /// The names of the changes that it is too old for.
    #[serde(default)]
    pub lacks: Vec<String>,
    /// How it differs from the newest kernel, if both were asked in full.
    pub differs: Option<Comparison>,
    /// What each user saw.
    #[serde(rename = "legs")]
    pub users: Vec<UserReport>,
}

/// What keeps a kernel from being judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// In a word or two.
    pub kind: String,
    /// In a sentence.
    pub text: String,
}

/// How a kernel's answers differ from those of the newest one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// Tests that ended differently; for a test that root and a user ran, once for each.
    pub tests: Vec<String>,
    /// How many tests ran there and were skipped here.
    pub skipped_here: usize,
    /// How many tests ran here and were skipped there.
    pub skipped_there: usize,
}

/// A row of `ci/differences.toml`, as a run showed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedFailureSeen {
    /// The rule that the kernel breaks.
    #[serde(default)]
    pub rule: String,
    /// What it does instead.
    pub what: String,
    /// The build in which that was seen first.
    #[serde(default)]
    pub since: String,
    /// Tests that failed, as they were expected to.
    #[serde(default)]
    pub tests: BTreeSet<String>,
    /// Unexpected passes: tests that were expected to fail and passed.
    #[serde(default)]
    pub gone: BTreeSet<String>,
}

/// What one user saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserReport {
    /// The effective uid.
    pub uid: u32,
    /// The facts of the host as this user saw them: [`harness::host::Facts`], or text in form 1.
    pub facts: Value,
    /// Seconds from the first test to the last.
    pub seconds: f64,
    /// The end of each test.
    pub tests: Vec<TestReport>,
    /// Snapshots that differ, relative to the workspace.
    pub snapshots: Vec<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness_program::protocol::End;

    const OLD: &str = include_str!("../../tests/data/kernels-old.json");

    #[test]
    fn a_document_of_form_1_is_read_and_loses_nothing_but_its_number() -> Result<(), serde_json::Error> {
        let document: Document = serde_json::from_str(OLD)?;

        assert_eq!(document.format, OLDEST);
        let user = &document.kernels[0].users[0];
        assert_eq!(user.facts, Value::from("kernel  x\n"));
        assert_eq!(user.tests[0].end, End::Skipped("needs CONFIG_KEYS: not set".to_owned()));
        let failed = &user.tests[2];
        assert_eq!(failed.end, End::Failed("exit code 101".to_owned()));
        assert_eq!(failed.evidence.as_ref().map(|it| it.reproducers.len()), Some(2));
        assert!(failed.trace().is_some_and(|trace| trace.ends_with("EINVAL\n")));
        Ok(())
    }

    #[test]
    fn what_is_written_is_read_again_as_it_was() -> Result<(), serde_json::Error> {
        let mut document: Document = serde_json::from_str(OLD)?;
        document.format = FORMAT;
        document.kernels[0].users[0].facts = serde_json::json!({"system": {"kernel_release": "7.3.4"}});
        document.kernels[0].users[0].tests[0].end = End::Crashed("signal 9".to_owned());
        document.kernels[0].users[0].tests[1].end = End::TimedOut;

        let written = serde_json::to_string(&document)?;

        assert_eq!(serde_json::from_str::<Document>(&written)?, document);
        assert!(written.contains(r#""end":"crashed","how":"crashed: signal 9""#), "{written}");
        Ok(())
    }

    #[test]
    fn an_end_that_no_test_has_is_refused() {
        let odd = OLD.replace(r#""end": "failed""#, r#""end": "exploded""#);

        let error = serde_json::from_str::<Document>(&odd).err().map(|error| error.to_string());
        assert!(error.is_some_and(|why| why.contains(r#"no test ends as "exploded""#)));
    }
}
