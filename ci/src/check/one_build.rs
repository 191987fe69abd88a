//! `cargo ci` and the suite share most of their packages. Each of them is compiled once if both enable the same features
//! of it, and twice otherwise, together with all that depends on it. The same holds for the program of guests and the suite,
//! which are built for another target.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::check::context::Context;
use crate::check::steps::Outcome;
use crate::guests::bundle;
use crate::sys::architecture::Architecture;
use crate::sys::process;
use crate::sys::workspace::SUITE;

/// How long cargo may take to list the packages.
const LIMIT: Duration = Duration::from_secs(120);
/// What the suite's tests are built from.
const TESTS: &str = "normal,build,dev";

/// The features with which each package is compiled; a package that runs on the host as well may have two sets.
type Builds = BTreeMap<String, BTreeSet<String>>;

/// Compares the features of the packages that `cargo ci` and the suite share, and then those of the packages that the
/// guest's program and the suite share.
pub fn check(context: &Context) -> Outcome {
    let host = compared(
        "ci",
        list(context, &["--package", "ci", "--edges", "normal,build"]),
        list(context, &["--package", SUITE, "--edges", TESTS]),
    );
    let Outcome::Passed(on_host) = host else { return host };
    let of = |packages: &[&str]| {
        list(context, &[packages, &["--edges", TESTS, "--target", Architecture::X86_64.target()]].concat())
    };
    // The suite's own package has a feature more there: it is what makes it a program.
    let shared = |listed: String| {
        let own = format!("{SUITE} v");
        listed.lines().filter(|line| !line.starts_with(&own)).map(|line| format!("{line}\n")).collect()
    };
    match compared("guests", of(&bundle::PROGRAM).map(shared), of(&["--package", SUITE]).map(shared)) {
        Outcome::Passed(in_guests) => Outcome::Passed(format!("{on_host}, {in_guests} for guests")),
        other => other,
    }
}

fn compared(name: &str, built: Result<String, String>, suite: Result<String, String>) -> Outcome {
    match (built, suite) {
        (Ok(built), Ok(suite)) => compare(name, &builds(&built), &builds(&suite)),
        (Err(error), _) | (_, Err(error)) => Outcome::CouldNotRun(error),
    }
}

/// What `cargo tree` prints for these arguments: a package and its features a line.
fn list(context: &Context, arguments: &[&str]) -> Result<String, String> {
    let mut tree = context.workspace.cargo(["tree", "--locked", "--prefix", "none", "--format", "{p} [{f}]"]);
    let captured = process::capture(tree.args(arguments), LIMIT)?;
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

fn compare(name: &str, built: &Builds, suite: &Builds) -> Outcome {
    let shared: Vec<_> =
        built.iter().filter_map(|(package, ours)| Some((package, ours, suite.get(package)?))).collect();
    let twice = shared.iter().filter(|(_, ours, of_suite)| !ours.is_subset(of_suite));
    let twice: Vec<String> = twice
        .map(|(package, ours, of_suite)| {
            format!("{package}: {ours:?} for {name}, {of_suite:?} for the suite")
        })
        .collect();
    if shared.is_empty() {
        return Outcome::CouldNotRun(format!("cargo lists no package that {name} and the suite share"));
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

        assert_eq!(compare("ci", &builds(CI), &suite), Outcome::Passed("2 packages are shared".to_owned()));
    }

    #[test]
    fn a_feature_that_only_one_enables_is_named() {
        let Outcome::Failed(why) =
            compare("ci", &builds(CI), &builds("serde v1.0.2 [std]\nsyn v2.0.1 [full]\n"))
        else {
            panic!("a package with two sets of features passes");
        };

        assert!(why.contains("serde v1.0.2: {\"alloc,std\"} for ci, {\"std\"} for the suite"), "{why}");
        assert!(!why.contains("syn"), "{why}");
    }

    #[test]
    fn an_empty_list_is_no_success() {
        assert!(matches!(compare("ci", &builds(CI), &builds("")), Outcome::CouldNotRun(_)));
    }
}
