//! The command line of `userns-suite`.

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::bug_report::ReportOptions;
use crate::explain::options::ExplainOptions;
use crate::explore::search_options::SearchOptions;
use crate::explore::sweep_options::SweepOptions;
use crate::invocation::named;
use crate::list::ListOptions;
use crate::reproduce::ReproduceOptions;
use crate::rules::RulesOptions;
use crate::run::options::RunOptions;
use crate::ui::verdict::Partial;
use crate::{bug_report, explain, explore, list, reproduce, rules, run};

const AFTER: &str = "\
Start here:
  userns-suite run                    is this kernel right? as root, and as an ordinary user
  userns-suite explain                why is setgroups, sudo or a map refused to me?
  userns-suite explain 'MESSAGE'      what does this error message of sudo, su or apt mean?

The program needs no other file. Exit status:
  0  good: everything that was asked for ran, and passed
  1  tests failed, or something is refused
  2  could not run: wrong arguments, nothing ran, it was interrupted, or the result could not be written
  3  passed, but much could not run or be seen here: --partial ok makes it 0, --partial fail makes it 1";

/// Kernel-behaviour tests for Linux user namespaces, and explanations of what the kernel refuses
#[derive(Debug, Parser)]
#[command(name = "userns-suite", version, after_help = AFTER)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands of the program.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the tests that this kernel, host and user can run, and print what came of it
    #[command(after_help = run::options::AFTER)]
    Run(RunOptions),
    /// Print the names of the tests, or why some of them cannot run here
    #[command(after_help = list::AFTER)]
    List(ListOptions),
    /// Explain a message of sudo or another program, a process in a container, or a write to a map, by the kernel's rules
    #[command(after_help = explain::options::AFTER)]
    Explain(ExplainOptions),
    /// Print the facts of this host that decide which tests run and what they expect
    Facts {
        /// As JSON, for scripts and bug reports
        #[arg(long)]
        json: bool,
    },
    /// Print the rules of the kernel: by name, by system call, by errno
    #[command(after_help = rules::AFTER)]
    Rules(RulesOptions),
    /// Run the tests and print one text for a bug report: what failed, this process, programs, facts
    #[command(after_help = bug_report::AFTER)]
    Report(ReportOptions),
    /// Print what a test plays as a program in C, or as a shell script
    #[command(after_help = reproduce::AFTER)]
    Reproduce(ReproduceOptions),
    /// Draw scenarios at random, play them, and shrink those of which kernel and model think differently
    #[command(after_help = explore::search_options::AFTER)]
    Search(SearchOptions),
    /// Play every short sequence of steps, and every short text of a map, against the model
    #[command(after_help = explore::sweep_options::AFTER)]
    Sweep(SweepOptions),
    /// Follow the plan of `cargo ci kernels`
    #[command(hide = true)]
    Play {
        /// The plan
        plan: std::path::PathBuf,
    },
}

impl Command {
    /// What a partial run is to this caller.
    pub fn partial(&self) -> Partial {
        match self {
            Self::Run(options) => options.partial.partial,
            Self::Report(options) => options.partial.partial,
            _ => Partial::Tell,
        }
    }
}

/// Reads the command line. The help of commands that are part of `cargo ci` as well names this program.
///
/// # Errors
/// What is wrong with it, or the help that it asks for.
pub fn parse() -> Result<Cli, clap::Error> {
    let mut command = Cli::command();
    let names: Vec<String> = command.get_subcommands().map(|it| it.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(name, |it| {
            let after = it.get_after_help().map(|text| named(&text.to_string())).unwrap_or_default();
            it.after_help(after)
        });
    }
    Cli::from_arg_matches(&command.try_get_matches()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
