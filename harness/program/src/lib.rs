//! The program `userns-suite`: the suite in one file that needs no checkout, no compiler and no other file.
//!
//! The tests are registered by the crate that calls [`main`]. Its commands are those that need no checkout; `cargo ci` has
//! some of them, too, and takes them from here.
//!
//! | module | what it is |
//! |---|---|
//! | [run], [list], [reproduce], `bug_report` | the tests |
//! | [explain], [facts], [rules] | what this host is, and what the kernel's rules say |
//! | [explore] | kernel against model, on scenarios that nobody wrote |
//! | [protocol] | what a run tells programs: events |
//! | [report] | what a run tells people: summary, verdict, JSON |
//! | [ui], [sys] | text on a terminal; signals and programs of this host |
#![forbid(unsafe_code)]

mod bug_report;
mod channel;
mod cli;
mod embedded;
pub mod explain;
pub mod explore;
pub mod facts;
mod init;
pub mod invocation;
pub mod list;
mod plan;
pub mod protocol;
pub mod report;
pub mod reproduce;
pub mod rules;
pub mod run;
pub mod sys;
pub mod ui;
pub mod whole;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use harness::suite::Prepared;
use harness_explore::regressions;

use crate::channel::Channel;
use crate::cli::{Cli, Command};
use crate::explore::search::Kept;
use crate::sys::panics::words;
use crate::ui::print::{keep, lost, note};
use crate::ui::verdict::{Partial, Verdict};

/// Where the search keeps what it finds, in the current directory.
const FOUND: &str = "userns-suite-found";

/// Does what the command line asks for. As the first process of a kernel, prepares it first and switches it off afterwards.
pub fn main() -> ExitCode {
    invocation::is_program();
    if init::is_for_us() {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        init::run(&arguments)
    }
    if is_for_a_test_runner() {
        return test_binary();
    }
    let command = match cli::parse() {
        Ok(Cli { command }) => command,
        Err(answer) => return answered(&answer),
    };
    let partial = command.partial();
    // A panic is a fault of this program. It is no result, and must not have the status of one.
    let done = catch_unwind(AssertUnwindSafe(|| perform(command)))
        .unwrap_or_else(|panic| Err(format!("userns-suite itself panicked: {}", words(panic.as_ref()))));
    let done = match (done, lost()) {
        // What went wrong before is the more important message.
        (Ok(_), Some(error)) => Err(error),
        (done, _) => done,
    };
    ended(done, partial)
}

/// Whether the arguments are those that nextest gives to a binary of tests, or one of the suite's own options.
fn is_for_a_test_runner() -> bool {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let first = arguments.first().map(String::as_str);
    matches!(first, Some("--list" | "--skipped" | "--serve")) || arguments.iter().any(|it| it == "--exact")
}

/// Does what a binary of tests does, with the snapshots that the program brings.
fn test_binary() -> ExitCode {
    match embedded::bring() {
        Ok(()) => harness::suite::main(),
        Err(error) => ended(Err(error), Partial::Tell),
    }
}

/// The exit status of a command, after a message if it could not be done.
fn ended(done: Result<Verdict, String>, partial: Partial) -> ExitCode {
    done.map_or_else(
        |error| {
            note(format_args!("{}\n", Verdict::CouldNotRun(error.clone()).line()));
            Verdict::CouldNotRun(error).exit_code(partial)
        },
        |verdict| verdict.exit_code(partial),
    )
}

/// Prints what clap answers in place of a command: help, the version, or what is wrong with the arguments.
fn answered(answer: &clap::Error) -> ExitCode {
    keep(answer.print());
    match (answer.use_stderr(), lost()) {
        (false, None) => ExitCode::SUCCESS,
        (false, Some(error)) => ended(Err(error), Partial::Tell),
        (true, _) => ExitCode::from(2),
    }
}

fn perform(command: Command) -> Result<Verdict, String> {
    whole::check_self()?;
    embedded::bring()?;
    match command {
        Command::Run(options) => run::run(&prepared()?, &options),
        Command::List(options) => list::run(&prepared()?, &options),
        Command::Reproduce(options) => reproduce::run(&prepared()?, &options),
        Command::Report(options) => bug_report::run(&prepared()?, options),
        Command::Explain(options) => explain::run(&options),
        Command::Facts { json } => facts::run(json).map(|()| Verdict::Good),
        Command::Rules(options) => rules::run(&options),
        Command::Search(options) => watched(|| explore::search::run(&options, &kept()?)),
        Command::Sweep(options) => watched(|| explore::sweep::run(&options)),
        Command::Play { plan } => {
            plan::follow(&plan, &mut Channel::standard_output()?).map(|()| Verdict::Good)
        }
    }
}

/// The suite, in a process that has /proc.
fn prepared() -> Result<Prepared, String> {
    sys::proc::ensure()?;
    Prepared::new()
}

/// The disputed scenarios that the program brings. New ones go to the current directory.
fn kept() -> Result<Kept, String> {
    let before = harness::embedded::files().map_or_else(|| Ok(Vec::new()), regressions::among)?;
    Ok(Kept { before, directory: FOUND.into() })
}

/// A command that ends early on a signal, and shows what it has found until then.
fn watched(command: impl FnOnce() -> Result<Verdict, String>) -> Result<Verdict, String> {
    sys::signals::watch_signals()?;
    command()
}
