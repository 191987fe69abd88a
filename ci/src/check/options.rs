//! `cargo ci test` on the command line.

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::check::checks;
use harness_program::ui::verdict::PartialOption;

/// What the help closes with.
pub const AFTER: &str = "\
Examples:
  cargo ci test --list                       the steps, and what each checks
  cargo ci test --only format --only lint    two of them
  cargo ci test --skip-install               touch nothing outside the target directory

A step that does not apply here is reported as `not run` with its reason; it is never counted as
passed. With --require-all it turns the result into `could not run`.

Exit status: 0 good, 1 a check failed, 2 could not run, 3 good, but much of the suite could not run here (--partial ok
makes it 0, --partial fail 1).";

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
    /// What a run is that could not run much of the suite.
    #[command(flatten)]
    pub partial: PartialOption,
    /// Name every skipped test, not only the first few of each reason
    #[arg(long, short)]
    pub verbose: bool,
}

fn step_names() -> PossibleValuesParser {
    PossibleValuesParser::new(checks::STEPS.iter().map(|step| step.name))
}
