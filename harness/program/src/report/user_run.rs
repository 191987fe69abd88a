//! One run of the suite by one user: its results, the reasons of its skips, and its verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::protocol::End;
use harness::findings::Difference;

use crate::report::coverage::Coverage;
use crate::ui::verdict::Verdict;

/// One test, or one repetition of it in a stress run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// The name that `cargo nextest run` takes.
    pub name: String,
    /// How it ended. nextest does not know why a test was skipped.
    pub end: End,
}

/// One run of the suite.
#[derive(Clone, Debug, Default)]
pub struct UserRun {
    /// Who ran it, as in "as root (uid 0)".
    pub who: String,
    /// Every test that nextest reported, a skipped one with the suite's reason.
    pub tests: Vec<Test>,
    /// The first step that differs of each failed test that compared one, with the rule.
    pub differences: BTreeMap<String, Vec<Difference>>,
    /// The rules that each test pins.
    pub rules: BTreeMap<String, Vec<String>>,
    /// How much of the suite this run saw.
    pub coverage: Coverage,
    /// The tests that only lack programs, with these.
    pub programs: BTreeMap<String, Vec<String>>,
    /// Snapshots that tests asked for, relative to the workspace.
    pub references: BTreeSet<PathBuf>,
    /// Where snapshots that differ are.
    pub snapshots: PathBuf,
    /// Snapshots that differ, relative to `snapshots`.
    pub pending: Vec<PathBuf>,
    /// The JUnit file.
    pub junit: PathBuf,
    /// The facts of the host as the tests saw them.
    pub facts: String,
    /// How it ended.
    pub verdict: Verdict,
}

impl UserRun {
    /// The name and reason of each skipped test. A stress run reports a skip once for each repetition.
    pub fn skipped(&self) -> BTreeMap<&str, &str> {
        let mut skipped = BTreeMap::new();
        for test in &self.tests {
            if let End::Skipped(reason) = &test.end {
                skipped.insert(test.name.as_str(), reason.as_str());
            }
        }
        skipped
    }
}
