//! `cargo ci test`: what CI checks.

pub mod checks;
pub mod context;
pub mod deny;
pub mod one_build;
pub mod options;
pub mod outside;
mod program;
pub mod steps;
pub mod unused_snapshots;
pub mod workflows;

use std::cell::RefCell;

use crate::check::checks::STEPS;
use crate::check::context::Context;
use crate::check::options::TestOptions;
use crate::check::steps::{NotRun, Outcome, Step};
use crate::run::summary::Names;
use crate::sys::signals;
use crate::sys::tools::Install;
use crate::sys::workspace::Workspace;
use harness_program::ui::print::print;
use harness_program::ui::verdict::Verdict;

/// Plays the steps and prints the table.
///
/// # Errors
/// When the workspace cannot be found.
pub fn run(options: &TestOptions) -> Result<Verdict, String> {
    if options.list {
        STEPS.iter().for_each(|step| print(format_args!("{:<12} {}\n", step.name, step.about)));
        return Ok(Verdict::Good);
    }
    let context = Context {
        workspace: Workspace::find()?,
        install: Install::unless(options.skip_install),
        names: Names::all_if(options.verbose),
        runs: RefCell::default(),
    };
    let wanted = |step: &&Step| options.only.is_empty() || options.only.iter().any(|name| name == step.name);
    let steps: Vec<_> = STEPS.iter().filter(wanted).collect();
    let mut played = Vec::new();
    for (number, step) in (1..).zip(&steps) {
        let step = steps::play(step, number, steps.len(), &context);
        let stop = options.fail_fast && matches!(step.outcome, Outcome::Failed(_) | Outcome::CouldNotRun(_));
        played.push(step);
        if stop || signals::interrupted() {
            break;
        }
    }
    let not_run = if options.require_all { NotRun::Counts } else { NotRun::Reported };
    let verdict = match steps::verdict(&played, not_run) {
        // The steps that follow were not played, whatever those before them say.
        Verdict::Good | Verdict::Partial(_) if signals::interrupted() => {
            Verdict::CouldNotRun("interrupted".to_owned())
        }
        verdict => verdict,
    };
    print(steps::table(&played, &verdict));
    Ok(verdict)
}
