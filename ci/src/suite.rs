//! `cargo ci suite`: the suite as whoever calls it.

use std::process::Command;

use nix::unistd::geteuid;

use crate::cli::SuiteOptions;
use crate::gather::{Leg, Run, gather};
use crate::nextest::{self, Ended, Places};
use crate::say::say;
use crate::tools::{self, Install};
use crate::verdict::Verdict;
use crate::workspace::{SUITE, Workspace};
use crate::{facts, process, summary};

/// Runs the suite and prints the summary.
///
/// # Errors
/// When it could not be started at all; everything later is in the summary and the verdict.
pub fn run(options: &SuiteOptions) -> Result<Verdict, String> {
    let workspace = Workspace::find()?;
    tools::nextest(Install::unless(options.skip_install))?;
    let mut arguments = options.nextest.clone();
    if let Some(expression) = &options.filter {
        arguments.extend(["-E".to_owned(), expression.clone()]);
    }
    let leg = as_caller(&workspace, &arguments)?;
    say(summary::render(&leg, &workspace.root, summary::Names::all_if(options.verbose)));
    Ok(leg.verdict)
}

/// Runs the suite with the ids of this process.
///
/// # Errors
/// When it does not build or nextest cannot be started.
pub fn as_caller(workspace: &Workspace, arguments: &[String]) -> Result<Leg, String> {
    let places = Places { root: workspace.root.clone(), results: workspace.results() };
    places.empty()?;
    let binary = nextest::build_suite(workspace)?;
    let mut command = workspace.cargo(["nextest", "run", "--package", SUITE]);
    command.args(arguments);
    places.set_variables(&mut command);
    let ended = Ended::from(process::stream(&mut command)?);
    let mut list_skipped = Command::new(binary);
    list_skipped.arg("--skipped").current_dir(&workspace.root);
    let who = match geteuid().as_raw() {
        0 => "as root (uid 0)".to_owned(),
        uid => format!("as an ordinary user (uid {uid})"),
    };
    let selects = arguments.iter().any(|argument| argument.starts_with("--run-ignored"));
    Ok(gather(Run {
        who,
        ended,
        places: &places,
        list_skipped,
        left_out: selects.then_some("left out by --run-ignored"),
        facts: facts::text(),
    }))
}
