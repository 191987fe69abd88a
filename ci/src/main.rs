//! The commands behind `cargo ci`.
//!
//! `facts` prints what this host is, `explain` why something is refused, `suite` runs the suite and closes with a summary, `rules` shows which rules
//! of the kernel hold, `sweep` and `search` play everything short and anything at random against the model,
//! `bundle` makes one program of the suite, `kernels` runs the suite on many kernels and `distros` beside the programs of
//! several distributions, `programs` runs programs that become another user in five states of a namespace,
//! `runtimes` runs runtimes that make namespaces, `matrix` puts kernels and rules on a page, `test` runs everything that CI
//! checks.
//! Exit status: 0 good, 1 tests or checks failed, 2 could not run, 3 passed but little could run here.
//!
//! The folders are layers; each uses only what is below it: the commands, `guests`, `report`, `field`, `run` and
//! `catalogue`, `debian`, `sys`.

mod bundle;
mod catalogue;
mod check;
mod cli;
mod debian;
mod distros;
mod field;
mod guests;
mod hosts;
mod kernels;
mod matrix;
mod programs;
mod report;
mod rules;
mod run;
mod runtimes;
mod suite;
mod sys;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::Parser;
use harness_explore::regressions;
use harness_program::{explain, facts};

use crate::cli::{Cli, Command};
use crate::hosts::launch;
use crate::sys::panics::words;
use crate::sys::workspace::Workspace;
use crate::sys::{signals, supervisor};
use harness_program::explore::search::{self, Kept};
use harness_program::explore::sweep;
use harness_program::ui::print::{keep, lost};
use harness_program::ui::style;
use harness_program::ui::verdict::{Partial, Verdict};

fn main() -> ExitCode {
    let command = match Cli::try_parse() {
        Ok(cli) => cli.command,
        Err(answer) => return answered(&answer),
    };
    let partial = command.partial();
    // A panic is a fault of this program. It is no result, and must not have the status of one.
    let done = catch_unwind(AssertUnwindSafe(|| run(command)))
        .unwrap_or_else(|panic| Err(format!("cargo ci itself panicked: {}", words(panic.as_ref()))));
    let done = match (done, lost()) {
        // What went wrong before is the more important message.
        (Ok(_), Some(error)) => Err(error),
        (done, _) => done,
    };
    match done {
        Ok(End::Verdict(verdict)) => verdict.exit_code(partial),
        Ok(End::Status(status)) => status,
        Err(message) => could_not_run(message),
    }
}

fn could_not_run(message: String) -> ExitCode {
    anstream::eprintln!("{}cannot run:{:#} {message}", style::BAD, style::BAD);
    Verdict::CouldNotRun(message).exit_code(Partial::Tell)
}

/// The disputed scenarios of the checkout.
fn kept() -> Result<Kept, String> {
    let directory = Workspace::find()?.root.join(regressions::DIRECTORY);
    Ok(Kept { before: regressions::kept(&directory)?, directory })
}

/// What clap prints in place of a command: the help, or what is wrong with the arguments (status 2: nothing was run).
fn answered(answer: &clap::Error) -> ExitCode {
    keep(answer.print());
    match lost() {
        Some(error) if !answer.use_stderr() => could_not_run(error),
        _ => ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(2)),
    }
}

/// How a command ended.
enum End {
    Verdict(Verdict),
    Status(ExitCode),
}

fn run(command: Command) -> Result<End, String> {
    signals::watch_signals()?;
    let done = match command {
        Command::Facts { json } => facts::run(json).map(|()| Verdict::Good),
        Command::Explain(options) => explain::run(&options),
        Command::Suite(options) => suite::run(&options),
        Command::Rules(options) => rules::run(&options),
        Command::Sweep(options) => sweep::run(&options),
        Command::Kernels(options) => kernels::run(&options),
        Command::Matrix(options) => matrix::run(&options),
        Command::Search(options) => search::run(&options, &kept()?),
        Command::Distros(options) => distros::run(&options),
        Command::Hosts(options) => hosts::run(&options),
        Command::Bundle(options) => bundle::run(&options),
        Command::Programs(options) => programs::run(&options),
        Command::Runtimes(options) => runtimes::run(&options),
        Command::Filter(options) => return launch::run(&options).map(|never| match never {}),
        Command::Test(options) => check::run(&options),
        Command::Supervise(options) => return Ok(End::Status(supervisor::run(&options))),
    };
    done.map(End::Verdict)
}
