//! Snapshots that no test uses.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use harness_program::protocol::End;

use crate::run::snapshots::{SnapshotName, owner};
use crate::run::user_run::UserRun;

/// What became of the snapshots that no run asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Unused {
    /// No test can use them: the test is gone, or it passed without them.
    pub unreferenced: Vec<PathBuf>,
    /// Another kernel, host or a repaired test may use them.
    pub left_alone: Vec<PathBuf>,
}

/// Sorts the snapshots that no run asked for.
///
/// A snapshot belongs to the test that it is [named for](owner). A variant may be another kernel's, and so may the
/// one without a variant where a test asked for a variant; a test that passed nowhere had no chance to ask.
pub fn unused(snapshots: &[PathBuf], runs: &[UserRun]) -> Unused {
    let used: BTreeSet<&PathBuf> = runs.iter().flat_map(|run| &run.references).collect();
    let mut unused = Unused::default();
    for snapshot in snapshots.iter().filter(|snapshot| !used.contains(snapshot)) {
        let Some(SnapshotName { owner, variant }) = SnapshotName::of(snapshot) else { continue };
        let ends = ends_of(&owner, runs);
        let passed = ends.iter().any(|end| end.is_pass());
        if ends.is_empty() || (passed && variant.is_empty() && !has_variant(snapshot, &used)) {
            unused.unreferenced.push(snapshot.clone());
        } else {
            unused.left_alone.push(snapshot.clone());
        }
    }
    unused
}

/// Whether a run asked for a variant of this snapshot.
fn has_variant(snapshot: &Path, used: &BTreeSet<&PathBuf>) -> bool {
    let stem = snapshot.with_extension("").display().to_string() + "@";
    used.iter().any(|path| path.display().to_string().starts_with(&stem))
}

/// How the test that owns a snapshot ended in each run; none when there is no such test.
fn ends_of<'a>(named: &str, runs: &'a [UserRun]) -> Vec<&'a End> {
    let tests = runs.iter().flat_map(|run| &run.tests);
    // A test may keep more than one: insta appends -2, the suite may append a name after `__`.
    let owns = |test: &str| {
        let rest = named.strip_prefix(owner(test).as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-') || rest.starts_with("__"))
    };
    tests.filter(|test| owns(&test.name)).map(|test| &test.end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::junit::Test;

    fn run(tests: &[(&str, End)], references: &[&str]) -> UserRun {
        let tests = tests.iter().map(|(name, end)| Test { name: (*name).into(), end: end.clone() }).collect();
        UserRun { tests, references: references.iter().map(PathBuf::from).collect(), ..UserRun::default() }
    }

    fn sorted(snapshots: &[&str], runs: &[UserRun]) -> (Vec<String>, Vec<String>) {
        let snapshots: Vec<PathBuf> = snapshots.iter().map(PathBuf::from).collect();
        let unused = unused(&snapshots, runs);
        let names = |paths: &[PathBuf]| paths.iter().map(|path| path.display().to_string()).collect();
        (names(&unused.unreferenced), names(&unused.left_alone))
    }

    #[test]
    fn what_any_run_asked_for_is_used() {
        let runs = [
            run(&[("a::b", End::Passed)], &["s/a/b.snap"]),
            run(&[("a::b", End::Skipped(String::new()))], &[]),
        ];

        assert_eq!(sorted(&["s/a/b.snap"], &runs), (vec![], vec![]));
    }

    #[test]
    fn a_snapshot_without_a_test_is_unreferenced_even_as_a_variant() {
        let runs = [run(&[("a::b", End::Passed)], &[])];

        let (unreferenced, left_alone) = sorted(&["s/gone.snap", "s/gone@without-x.snap"], &runs);
        assert_eq!(unreferenced, ["s/gone.snap", "s/gone@without-x.snap"]);
        assert!(left_alone.is_empty());
    }

    #[test]
    fn a_snapshot_that_its_passing_test_ignored_is_unreferenced() {
        let runs = [run(&[("a::b", End::Passed)], &[]), run(&[("a::b", End::Skipped(String::new()))], &[])];

        assert_eq!(sorted(&["s/a/b.snap", "s/a/b-2.snap"], &runs).0, ["s/a/b.snap", "s/a/b-2.snap"]);
    }

    #[test]
    fn variants_and_tests_that_had_no_chance_are_left_alone() {
        let runs =
            [run(&[("a", End::Passed), ("b", End::Skipped(String::new())), ("c", End::TimedOut)], &[])];

        let others = ["snapshots/a@without-x.snap", "snapshots/b.snap", "snapshots/c.snap"];
        let (unreferenced, left_alone) = sorted(&others, &runs);
        assert!(unreferenced.is_empty());
        assert_eq!(left_alone, others);
    }

    #[test]
    fn where_a_variant_is_used_the_other_is_another_kernels() {
        let runs = [run(&[("s::a", End::Passed), ("s::b", End::Passed)], &["s/a@without-x.snap"])];

        let (unreferenced, left_alone) = sorted(&["s/a.snap", "s/b.snap"], &runs);
        assert_eq!(unreferenced, ["s/b.snap"]);
        assert_eq!(left_alone, ["s/a.snap"]);
    }
}
