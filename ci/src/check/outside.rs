//! The project in `harness/play/example`, which uses the player as a project elsewhere would.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use harness::needs::Need;
use harness::suite::requirement;

use crate::check::context::Context;
use crate::check::steps::Outcome;
use crate::sys::process;

/// The project.
const EXAMPLE: &str = "harness/play/example";

/// How many packages such a project may have to compile for the player, itself included.
const MOST: usize = 20;

/// How long cargo may take to list them.
const PATIENCE: Duration = Duration::from_secs(120);

/// Counts the packages that the project compiles for the player, and runs its tests.
pub fn check(context: &Context) -> Outcome {
    let example = context.workspace.root.join(EXAMPLE);
    let listed = match tree(context, &example) {
        Ok(listed) => listed,
        Err(error) => return Outcome::CouldNotRun(error),
    };
    let count = match few(&listed) {
        Ok(count) => count,
        Err(why) => return Outcome::Failed(why),
    };
    // Elsewhere such a project finds out by its own tests; here the facts decide, as for the suite.
    if let Err(reason) = requirement(&[Need::Userns]) {
        return Outcome::NotRun(format!("{count} packages, and its tests: {reason}"));
    }
    let mut test = context.workspace.cargo(["test", "--locked", "--quiet", "--target-dir"]);
    test.arg(context.workspace.target.join("outside")).current_dir(&example);
    match process::stream(&mut test) {
        Ok(status) if status.success() => Outcome::Passed(format!("{count} packages")),
        Ok(status) => Outcome::Failed(format!("`{}` failed ({status})", process::show(&test))),
        Err(error) => Outcome::CouldNotRun(error),
    }
}

/// What `cargo tree` prints for the player.
fn tree(context: &Context, example: &Path) -> Result<String, String> {
    let mut tree = context.workspace.cargo(["tree", "--locked", "--package", "harness-play", "--no-dedupe"]);
    tree.args(["--edges", "normal,dev", "--prefix", "none"]).current_dir(example);
    let captured = process::capture(&mut tree, PATIENCE)?;
    match captured.status.success() {
        true => Ok(captured.stdout),
        false => Err(format!("`{}` failed: {}", process::show(&tree), captured.stderr.trim())),
    }
}

/// How many packages such a list has.
fn few(listed: &str) -> Result<usize, String> {
    let packages: BTreeSet<&str> = listed.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    match packages.len() {
        0 => Err("cargo lists no package".to_owned()),
        count if count <= MOST => Ok(count),
        count => {
            let names = packages.into_iter().collect::<Vec<_>>().join(", ");
            Err(format!("the player needs {count} packages, and {MOST} at most are allowed: {names}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_packages_are_refused_and_named() {
        let listed =
            |count: usize| (0..count).map(|number| format!("p{number} v1.0.0\n")).collect::<String>();

        assert_eq!(few(&format!("{}{}", listed(20), listed(20))), Ok(20));
        let why = few(&listed(21)).expect_err("too many");
        assert!(why.starts_with("the player needs 21 packages") && why.contains("p20 v1.0.0"), "{why}");
        assert_eq!(few("\n"), Err("cargo lists no package".to_owned()));
    }
}
