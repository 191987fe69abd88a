//! What can be said on the command line.

mod distros;
mod elsewhere;
mod guard;
mod kernels;
mod matrix;
mod search;
mod sweep;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};

use crate::checks;

pub use distros::DistrosOptions;
pub use elsewhere::ElsewhereOptions;
pub use guard::GuardOptions;
pub use kernels::{Accelerator, KernelsOptions};
pub use matrix::{MatrixOptions, PagesOptions};
pub use search::{Casts, SearchOptions};
pub use sweep::SweepOptions;

const AFTER: &str = "\
Exit status:
  0  good: everything that was asked for ran, and passed
  1  tests or checks failed
  2  could not run: it did not build, nothing ran, or a result cannot be trusted";

/// Run the user namespace suite on this kernel, or everything that CI checks
#[derive(Debug, Parser)]
#[command(name = "cargo ci", bin_name = "cargo ci", after_help = AFTER)]
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
    /// Run the suite on this kernel; close with what failed, what was skipped and why
    #[command(after_help = SUITE_AFTER)]
    Suite(SuiteOptions),
    /// Run the suite and tell, rule by rule, whether this kernel keeps the rules of user namespaces
    #[command(after_help = RULES_AFTER)]
    Rules(RulesOptions),
    /// Play every short sequence of steps, and every short text of a map, against the model
    #[command(after_help = sweep::AFTER)]
    Sweep(SweepOptions),
    /// Run the suite on many kernels of this machine and tell where they differ
    #[command(after_help = kernels::AFTER)]
    Kernels(KernelsOptions),
    /// Put what `cargo ci kernels --json` printed on one page: rules down, kernels across
    #[command(after_help = matrix::AFTER)]
    Matrix(MatrixOptions),
    /// Draw scenarios at random, play them, and shrink those of which kernel and model think differently
    #[command(after_help = search::AFTER)]
    Search(SearchOptions),
    /// Run the suite beside the sudo, shadow and util-linux of several releases of Debian
    #[command(after_help = distros::AFTER)]
    Distros(DistrosOptions),
    /// Run everything that CI checks, step by step, and close with a table
    #[command(after_help = TEST_AFTER)]
    Test(TestOptions),
    /// Start a guest, and end it when the process that asked for it has gone
    #[command(hide = true)]
    Guard(GuardOptions),
}

const SUITE_AFTER: &str = "\
Examples:
  cargo ci suite                             every test that this host can run
  cargo ci suite --filter 'test(map_order)'  the tests whose name contains map_order
  cargo ci suite -- --stress-count 50        arguments after -- go to cargo nextest run
  USERNS_SUITE_REQUIRE=all cargo ci suite    what this host cannot run is a failure

Exit status: 0 good, 1 tests failed, 2 could not run (build failed, nothing ran).";

const RULES_AFTER: &str = "\
Examples:
  cargo ci rules                   every rule, its errno, its tests, and whether it holds here
  cargo ci rules map               the rules about writing maps, with sources and each test
  cargo ci rules groups.denied     one rule
  cargo ci rules --missing         the rules that no test pins, and why
  cargo ci rules --json > rules    for scripts, with the facts of the host
  cargo ci rules --write           make docs/rules.md anew

A rule holds if every test of it that ran passed, differs if one failed, and is skipped if none of them
could run on this host.

Exit status: 0 no rule differs, 1 one does (or, with --missing, lacks test and reason), 2 could not run.";

const TEST_AFTER: &str = "\
Examples:
  cargo ci test --list                       the steps, and what each checks
  cargo ci test --only format --only lint    two of them
  cargo ci test --skip-install               touch nothing outside the target directory

A step that does not apply here is reported as `not run` with its reason; it is never counted as
passed. With --require-all it turns the result into `could not run`.

Exit status: 0 good, 1 a check failed, 2 could not run.";

/// Options of `cargo ci suite`.
#[derive(Args, Debug, Default)]
pub struct SuiteOptions {
    /// Run only what this nextest expression selects
    #[arg(long, short = 'E', value_name = "EXPR")]
    pub filter: Option<String>,
    /// Name every skipped test, not only the first few of each reason
    #[arg(long, short)]
    pub verbose: bool,
    /// Install nothing; stop with a message when cargo-nextest is missing
    #[arg(long)]
    pub skip_install: bool,
    /// Handed to `cargo nextest run` as they are
    #[arg(last = true, value_name = "NEXTEST ARGS")]
    pub nextest: Vec<String>,
}

/// Options of `cargo ci rules`.
#[derive(Args, Debug, Default)]
pub struct RulesOptions {
    /// Only the rules whose names begin so, in full
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Run nothing: list the rules that no test pins, and why
    #[arg(long, conflicts_with = "json")]
    pub missing: bool,
    /// As JSON, for scripts
    #[arg(long)]
    pub json: bool,
    /// Run nothing: make docs/rules.md anew
    #[arg(long, conflicts_with_all = ["missing", "json", "names"])]
    pub write: bool,
    /// Install nothing; stop with a message when cargo-nextest is missing
    #[arg(long)]
    pub skip_install: bool,
}

/// Options of `cargo ci test`.
#[derive(Args, Debug, Default)]
pub struct TestOptions {
    /// Run only this step; may be given more than once
    #[arg(long, value_name = "STEP", value_parser = step_names())]
    pub only: Vec<String>,
    /// List the steps and stop
    #[arg(long)]
    pub list: bool,
    /// Stop at the first step that fails
    #[arg(long)]
    pub fail_fast: bool,
    /// Install nothing; report what is missing
    #[arg(long)]
    pub skip_install: bool,
    /// A step that cannot run here makes the whole result `could not run`
    #[arg(long)]
    pub require_all: bool,
    /// Name every skipped test, not only the first few of each reason
    #[arg(long, short)]
    pub verbose: bool,
}

fn step_names() -> PossibleValuesParser {
    PossibleValuesParser::new(checks::STEPS.iter().map(|step| step.name))
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
