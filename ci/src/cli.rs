//! The command line: all commands with their options.

use clap::{Parser, Subcommand};
use harness_program::{explain, explore};

use crate::bundle::options::BundleOptions;
use crate::check::options::TestOptions;
use crate::distros::options::DistrosOptions;
use crate::hosts::launch::FilterOptions;
use crate::hosts::options::HostsOptions;
use crate::kernels::options::KernelsOptions;
use crate::matrix::options::MatrixOptions;
use crate::programs::options::ProgramsOptions;
use crate::rules::options::RulesOptions;
use crate::runtimes::options::RuntimesOptions;
use crate::suite::{self, SuiteOptions};
use crate::sys::supervisor_options::SupervisorOptions;
use crate::{bundle, check, distros, hosts, kernels, matrix, programs, rules, runtimes};
use harness_program::explain::options::ExplainOptions;
use harness_program::explore::search_options::SearchOptions;
use harness_program::explore::sweep_options::SweepOptions;
use harness_program::ui::verdict::Partial;

const AFTER: &str = "\
Exit status:
  0  good: everything that was asked for ran, and passed
  1  tests or checks failed
  2  could not run: it did not build, nothing ran, it was interrupted, the result could not be written, or a
     result cannot be trusted
  3  passed, but much of the suite could not run here: --partial ok makes it 0, --partial fail makes it 1";

/// Run the user namespace suite on this kernel, or everything that CI checks
#[derive(Debug, Parser)]
#[command(name = "cargo ci", bin_name = "cargo ci", version, after_help = AFTER)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands of `cargo ci`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the facts of this host that decide which tests run and what they expect
    Facts {
        /// As JSON, for scripts and bug reports
        #[arg(long)]
        json: bool,
    },
    /// Explain a message of sudo or another program, a process in a container, or a write to a map, by the kernel's rules
    #[command(after_help = explain::options::AFTER)]
    Explain(ExplainOptions),
    /// Run the suite on this kernel; close with what failed, what was skipped and why
    #[command(after_help = suite::AFTER)]
    Suite(SuiteOptions),
    /// Run the suite and tell, rule by rule, whether this kernel keeps the rules of user namespaces
    #[command(after_help = rules::options::AFTER)]
    Rules(RulesOptions),
    /// Play every short sequence of steps, and every short text of a map, against the model
    #[command(after_help = explore::sweep_options::AFTER)]
    Sweep(SweepOptions),
    /// Run the suite on many kernels of this machine and tell where they differ
    #[command(after_help = kernels::options::AFTER)]
    Kernels(KernelsOptions),
    /// Put what `cargo ci kernels --json` printed on one page: rules down, kernels across
    #[command(after_help = matrix::options::AFTER)]
    Matrix(MatrixOptions),
    /// Draw scenarios at random, play them, and shrink those of which kernel and model think differently
    #[command(after_help = explore::search_options::AFTER)]
    Search(SearchOptions),
    /// Run the suite beside the sudo, shadow and util-linux of several releases of Debian
    #[command(after_help = distros::options::AFTER)]
    Distros(DistrosOptions),
    /// Run the suite on restricted hosts: no wrong failure, no hollow pass, nothing left behind, true reasons
    #[command(after_help = hosts::options::AFTER)]
    Hosts(HostsOptions),
    /// Make one static program of the suite, for hosts without a compiler
    #[command(after_help = bundle::options::AFTER)]
    Bundle(BundleOptions),
    /// Run programs that become another user in five states of a user namespace; tell which refuse, warn or keep the groups
    #[command(after_help = programs::options::AFTER)]
    Programs(ProgramsOptions),
    /// Run container runtimes; tell what they write to the maps and to setgroups, and what a container finds
    #[command(after_help = runtimes::options::AFTER)]
    Runtimes(RuntimesOptions),
    /// Run everything that CI checks, step by step, and close with a table
    #[command(after_help = check::options::AFTER)]
    Test(TestOptions),
    /// Start a program below a filter of system calls
    #[command(hide = true)]
    Filter(FilterOptions),
    /// Start a guest, and end it when the process that asked for it has gone
    #[command(hide = true)]
    Supervise(SupervisorOptions),
}

impl Command {
    /// What a partial run is to this caller.
    pub fn partial(&self) -> Partial {
        match self {
            Self::Suite(options) => options.partial.partial,
            Self::Rules(options) => options.partial.partial,
            Self::Test(options) => options.partial.partial,
            Self::Kernels(options) => options.elsewhere.partial.partial,
            Self::Distros(options) => options.elsewhere.partial.partial,
            Self::Facts { .. }
            | Self::Explain(_)
            | Self::Hosts(_)
            | Self::Bundle(_)
            | Self::Programs(_)
            | Self::Runtimes(_)
            | Self::Filter(_)
            | Self::Sweep(_)
            | Self::Matrix(_)
            | Self::Search(_)
            | Self::Supervise(_) => Partial::Tell,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn arguments_after_the_dashes_go_to_nextest() {
        let cli = Cli::try_parse_from(["ci", "suite", "-v", "--", "--stress-count", "5"]);

        let Ok(Cli { command: Command::Suite(options) }) = cli else { panic!("not a suite: {cli:?}") };
        assert!(options.verbose);
        assert_eq!(options.nextest, ["--stress-count", "5"]);
    }
}
