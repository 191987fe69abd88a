//! The commands behind `cargo ci`.
//!
//! `facts` prints what this host is, `suite` runs the suite and closes with a summary, `rules` tells which rules
//! of the kernel hold, `sweep` and `search` play everything short and anything at random against the model,
//! `kernels` runs the suite on many kernels and `distros` beside the programs of several distributions, `matrix` puts
//! kernels and rules on a page, `test` runs everything that CI checks. Exit status: 0 good, 1 tests or checks failed, 2 could not run.

mod checks;
mod cli;
mod deny;
mod distros;
mod facts;
mod gather;
mod guard;
mod kernels;
mod matrix;
mod nextest;
mod ordinary;
mod outside;
mod packages;
mod process;
mod progress;
mod results;
mod rules;
mod say;
mod scratch;
mod search;
mod skips;
mod snapshots;
mod steps;
mod suite;
mod summary;
mod sweep;
mod tools;
mod verdict;
mod workflows;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use verdict::Verdict;

fn main() -> ExitCode {
    // A parse error of clap ends with 2 as well: nothing was run.
    match run(Cli::parse().command) {
        Ok(status) => status,
        Err(message) => {
            anstream::eprintln!("{}cannot run:{:#} {message}", summary::BAD, summary::BAD);
            Verdict::CouldNotRun(message).exit_code()
        }
    }
}

fn run(command: Command) -> Result<ExitCode, String> {
    process::watch_signals()?;
    let done = match command {
        Command::Facts { json } => facts::print(json).map(|()| Verdict::Good),
        Command::Suite(options) => suite::run(&options),
        Command::Rules(options) => rules::run(&options),
        Command::Sweep(options) => sweep::run(&options),
        Command::Kernels(options) => kernels::run(&options),
        Command::Matrix(options) => matrix::run(&options),
        Command::Search(options) => search::run(&options),
        Command::Distros(options) => distros::run(&options),
        Command::Test(options) => checks::run(&options),
        Command::Guard(options) => return Ok(guard::run(&options)),
    };
    done.map(|verdict| verdict.exit_code())
}
