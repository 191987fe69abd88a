//! `cargo ci` and the suite share most of their packages. Each of them is compiled once if both enable the same features
//! of it, and twice otherwise, together with all that depends on it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::check::context::Context;
use crate::check::steps::Outcome;
use crate::sys::process;
use crate::sys::workspace::SUITE;

/// How long cargo may take to list the packages.
const LIMIT: Duration = Duration::from_secs(120);

/// The features with which each package is compiled; a package that runs on the host as well may have two sets.
type Builds = BTreeMap<String, BTreeSet<String>>;

/// Compares the features of the packages that `cargo ci` and the suite share.
pub fn check(context: &Context) -> Outcome {
    let lists = [("ci", "normal,build"), (SUITE, "normal,build,dev")];
    match lists.map(|(package, edges)| list(context, package, edges)) {
        [Ok(ci), Ok(suite)] => compare(&builds(&ci), &builds(&suite)),
        [Err(error), _] | [_, Err(error)] => Outcome::CouldNotRun(error),
    }
}

/// What `cargo tree` prints: a package and its features a line.
fn list(context: &Context, package: &str, edges: &str) -> Result<String, String> {
    let mut tree = context.workspace.cargo(["tree", "--locked", "--package", package, "--edges", edges]);
    let captured = process::capture(tree.args(["--prefix", "none", "--format", "{p} [{f}]"]), LIMIT)?;
    match captured.status.success() {
        true => Ok(captured.stdout),
        false => Err(format!("`{}` failed: {}", process::show(&tree), captured.stderr.trim())),
    }
}

fn builds(listed: &str) -> Builds {
    let mut builds = Builds::new();
    for (package, features) in listed.lines().filter_map(|line| line.split_once(" [")) {
        let features = features.trim_end_matches(" (*)").trim_end_matches(']').to_owned();
        builds.entry(package.to_owned()).or_default().insert(features);
    }
    builds
}

fn compare(ci: &Builds, suite: &Builds) -> Outcome {
    let shared: Vec<_> =
        ci.iter().filter_map(|(package, of_ci)| Some((package, of_ci, suite.get(package)?))).collect();
    let twice = shared.iter().filter(|(_, of_ci, of_suite)| !of_ci.is_subset(of_suite));
    let twice: Vec<String> = twice
        .map(|(package, of_ci, of_suite)| format!("{package}: {of_ci:?} for ci, {of_suite:?} for the suite"))
        .collect();
    if shared.is_empty() {
        return Outcome::CouldNotRun("cargo lists no package that ci and the suite share".to_owned());
    }
    if twice.is_empty() {
        return Outcome::Passed(format!("{} packages are shared", shared.len()));
    }
    Outcome::Failed(format!(
        "compiled twice, for want of the same features in [workspace.dependencies]: {}",
        twice.join("; ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CI: &str =
        "ci v0.1.0 (/ws/ci) []\nserde v1.0.2 [alloc,std]\nsyn v2.0.1 [full]\nserde v1.0.2 [alloc,std] (*)\n";

    #[test]
    fn packages_of_the_same_features_are_shared() {
        let suite = builds("serde v1.0.2 [alloc,std]\nsyn v2.0.1 [full] (*)\nsyn v2.0.1 [parsing]\n");

        assert_eq!(compare(&builds(CI), &suite), Outcome::Passed("2 packages are shared".to_owned()));
    }

    #[test]
    fn a_feature_that_only_one_enables_is_named() {
        let Outcome::Failed(why) = compare(&builds(CI), &builds("serde v1.0.2 [std]\nsyn v2.0.1 [full]\n"))
        else {
            panic!("a package with two sets of features passes");
        };

        assert!(why.contains("serde v1.0.2: {\"alloc,std\"} for ci, {\"std\"} for the suite"), "{why}");
        assert!(!why.contains("syn"), "{why}");
    }

    #[test]
    fn an_empty_list_is_no_success() {
        assert!(matches!(compare(&builds(CI), &builds("")), Outcome::CouldNotRun(_)));
    }
}
