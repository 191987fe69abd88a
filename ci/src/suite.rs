//! `cargo ci suite`: the suite as the caller.

use clap::Args;

use crate::run::caller;
use crate::run::summary::{self, Names};
use crate::sys::tools::{self, Install};
use crate::sys::workspace::Workspace;
use crate::ui::print::print;
use crate::ui::verdict::Verdict;

/// What the help closes with.
pub const AFTER: &str = "\
Examples:
  cargo ci suite                             every test that this host can run
  cargo ci suite --filter 'test(map_order)'  the tests whose name contains map_order
  cargo ci suite -- --stress-count 50        arguments after -- go to cargo nextest run
  USERNS_SUITE_REQUIRE=all cargo ci suite    what this host cannot run is a failure

Exit status: 0 good, 1 tests failed, 2 could not run (build failed, nothing ran).";

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
    let run = caller::run(&workspace, &arguments)?;
    print(summary::render(&run, &workspace.root, Names::all_if(options.verbose)));
    Ok(run.verdict)
}
