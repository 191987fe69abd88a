//! `cargo ci suite`: the suite with the caller's credentials.

use std::process::Command;

use harness::facts;
use nix::unistd::geteuid;

use crate::run::collect::{EndedRun, collect};
use crate::run::nextest::{self, NextestExit, Places};
use crate::run::selection;
use crate::run::user_run::UserRun;
use crate::sys::process;
use crate::sys::scratch::Scratch;
use crate::sys::supervisor::supervised_patiently;
use crate::sys::workspace::{SUITE, Workspace};

/// Runs the suite with the ids of this process.
///
/// # Errors
/// When it does not build or nextest cannot be started.
pub fn run(workspace: &Workspace, arguments: &[String]) -> Result<UserRun, String> {
    let places = Places { root: workspace.root.clone(), results: workspace.results() };
    places.empty()?;
    let binary = nextest::build_suite(workspace)?;
    let selecting = selection::selecting(arguments);
    let selected = match selecting.is_empty() {
        true => None,
        false => Some(selection::list(workspace, &[], &selecting)?.tests.into_iter().collect()),
    };
    let mut command = workspace.cargo(["nextest", "run", "--package", SUITE]);
    command.args(arguments);
    places.set_variables(&mut command);
    // If this process is killed, nextest would run all tests to their end.
    let scratch = Scratch::new()?;
    let ended = NextestExit::from(process::stream(&mut supervised_patiently(&command, scratch.path()))?);
    let mut suite = Command::new(binary);
    suite.current_dir(&workspace.root);
    let who = match geteuid().as_raw() {
        0 => "as root (uid 0)".to_owned(),
        uid => format!("as an unprivileged user (uid {uid})"),
    };
    let selects = arguments.iter().any(|argument| argument.starts_with("--run-ignored"));
    Ok(collect(EndedRun {
        who,
        ended,
        places: &places,
        suite,
        selected,
        left_out: selects.then_some("left out by --run-ignored"),
        facts: facts().to_text(),
    }))
}
