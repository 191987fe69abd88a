//! `cargo ci suite`: the suite as the caller.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::report::document;
use crate::run::caller;
use crate::run::summary::{self, Names};
use crate::sys::programs;
use crate::sys::tools::{self, Install};
use crate::sys::workspace::Workspace;
use harness_program::ui::print::{note, print};
use harness_program::ui::verdict::{PartialOption, Verdict};

/// What the help closes with.
pub const AFTER: &str = "\
Examples:
  cargo ci suite                             every test that this host can run
  cargo ci suite map_order                   the tests whose name contains map_order
  cargo ci suite --filter 'test(map_order) and not test(own_gid)'   what an expression of nextest selects
  cargo ci suite -- --stress-count 50        arguments after -- go to cargo nextest run
  cargo ci suite --setup                     first installs the programs that tests run: sudo, newuidmap, strace
  cargo ci suite --json > suite.json         verdict, facts and every test as data
  USERNS_SUITE_REQUIRE=all cargo ci suite    what this host cannot run is a failure

Exit status: 0 passed, 1 tests failed, 2 could not run (build failed, nothing ran), 3 passed, but too little ran to
say more: less than nine tenths of the tests that this kind of caller runs on a plain host, or nothing of a large
family of rules. Tests that need root do not count for another user. --partial ok or fail makes 3 a 0 or a 1.";

/// Options of `cargo ci suite`.
#[derive(Args, Debug, Default)]
pub struct SuiteOptions {
    /// Run only the tests whose names contain one of these words
    #[arg(value_name = "NAME", conflicts_with = "filter", value_parser = NonEmptyStringValueParser::new())]
    pub names: Vec<String>,
    /// Run only what this nextest expression selects
    #[arg(long, short = 'E', value_name = "EXPR")]
    pub filter: Option<String>,
    /// Name every skipped test, not only the first few of each reason
    #[arg(long, short)]
    pub verbose: bool,
    /// First install the programs that tests run and that are missing: as root, or with a sudo that asks for no
    /// password
    #[arg(long, conflicts_with = "skip_install")]
    pub setup: bool,
    /// As JSON, for scripts: the verdict, how much was seen, the facts of the host, and the end of each test
    #[arg(long)]
    pub json: bool,
    /// Install nothing; stop with a message when cargo-nextest is missing
    #[arg(long)]
    pub skip_install: bool,
    /// What a run is that could not run much of the suite.
    #[command(flatten)]
    pub partial: PartialOption,
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
    if options.setup {
        match programs::setup()?.as_slice() {
            [] => note("every program that the tests run is there\n"),
            installed => note(format_args!("installed {}\n", installed.join(" "))),
        }
    }
    tools::nextest(Install::unless(options.skip_install))?;
    let mut arguments = options.nextest.clone();
    arguments.extend(options.names.iter().cloned());
    if let Some(expression) = &options.filter {
        arguments.extend(["-E".to_owned(), expression.clone()]);
    }
    let run = caller::run(&workspace, &arguments)?;
    print(match options.json {
        true => document::json(&run)?,
        false => summary::render(&run, &workspace.root, Names::all_if(options.verbose)),
    });
    Ok(run.verdict)
}
