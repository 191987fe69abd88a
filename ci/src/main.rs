//! The commands behind `cargo ci`.
//!
//! `facts` prints what this host is, `suite` runs the suite and closes with a summary, `rules` shows which rules
//! of the kernel hold, `sweep` and `search` play everything short and anything at random against the model,
//! `kernels` runs the suite on many kernels and `distros` beside the programs of several distributions, `matrix` puts
//! kernels and rules on a page, `test` runs everything that CI checks. Exit status: 0 good, 1 tests or checks failed, 2 could not run.
//!
//! The folders are layers; each uses only what is below it: the commands, `guests`, `report`, `run` and `catalogue`,
//! `debian`, `sys`, `ui`.

mod catalogue;
mod check;
mod cli;
mod debian;
mod distros;
mod explore;
mod facts;
mod guests;
mod hosts;
mod kernels;
mod matrix;
mod report;
mod rules;
mod run;
mod suite;
mod sys;
mod ui;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::explore::{search, sweep};
use crate::hosts::launch;
use crate::sys::{signals, supervisor};
use crate::ui::style;
use crate::ui::verdict::Verdict;

fn main() -> ExitCode {
    // A parse error of clap ends with 2 as well: nothing was run.
    match run(Cli::parse().command) {
        Ok(status) => status,
        Err(message) => {
            anstream::eprintln!("{}cannot run:{:#} {message}", style::BAD, style::BAD);
            Verdict::CouldNotRun(message).exit_code()
        }
    }
}

fn run(command: Command) -> Result<ExitCode, String> {
    signals::watch_signals()?;
    let done = match command {
        Command::Facts { json } => facts::run(json).map(|()| Verdict::Good),
        Command::Suite(options) => suite::run(&options),
        Command::Rules(options) => rules::run(&options),
        Command::Sweep(options) => sweep::run(&options),
        Command::Kernels(options) => kernels::run(&options),
        Command::Matrix(options) => matrix::run(&options),
        Command::Search(options) => search::run(&options),
        Command::Distros(options) => distros::run(&options),
        Command::Hosts(options) => hosts::run(&options),
        Command::Filter(options) => return launch::run(&options).map(|never| match never {}),
        Command::Test(options) => check::run(&options),
        Command::Supervise(options) => return Ok(supervisor::run(&options)),
    };
    done.map(|verdict| verdict.exit_code())
}
