//! The directory in which the results of a guest are kept.

use std::fs;
use std::path::Path;

use crate::guests::failure::{RunFailure, end_of_console};
use crate::guests::outcome::Outcome;
use crate::run::snapshots;
/// Lines of a console that are shown where the run failed.
const CONSOLE_LINES: usize = 20;

/// What an earlier run left must not pass for a result.
pub fn empty(results: &Path) -> Result<(), RunFailure> {
    let gone = match fs::remove_dir_all(results) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => fs::create_dir_all(results),
    };
    gone.map_err(|error| RunFailure::NotStarted(format!("{} cannot be emptied: {error}", results.display())))
}

/// Leaves snapshots that differ, reproducers, and the outputs of failed tests, where they can be looked at, and shows the end of this
/// console if the run failed.
pub fn keep(outcome: &mut Outcome, console: &Path) {
    let console = fs::read(console).unwrap_or_default();
    // Before a kernel starts it has no console, and a console does not show the cause of an interruption.
    if !matches!(outcome.failure, None | Some(RunFailure::Interrupted)) {
        outcome.console = end_of_console(&String::from_utf8_lossy(&console), CONSOLE_LINES);
    }
    let mut lost = Vec::new();
    for user in &outcome.users {
        let below = outcome.results.join(format!("uid-{}", user.uid));
        let snapshots = user.snapshots.iter().map(|(path, text)| (below.join("snapshots").join(path), text));
        let outputs =
            user.ended.iter().filter(|(_, ended)| !ended.output.is_empty()).map(|(test, ended)| {
                (below.join("output").join(snapshots::owner(test) + ".txt"), &ended.output)
            });
        let reproducers =
            user.reproducers.iter().map(|(name, text)| (below.join("reproducers").join(name), text));
        for (path, text) in snapshots.chain(reproducers).chain(outputs) {
            let parent = path.parent().unwrap_or(&below);
            if let Err(error) = fs::create_dir_all(parent).and_then(|()| fs::write(&path, text)) {
                lost.push(format!("{}: {error}", path.display()));
            }
        }
    }
    if outcome.failure.is_none() && !lost.is_empty() {
        outcome.failure = Some(RunFailure::Stopped(format!("results cannot be kept: {}", lost.join(", "))));
    }
}
