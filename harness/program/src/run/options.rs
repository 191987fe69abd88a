//! `run` on the command line.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use harness::suite::Exploration;

use crate::ui::verdict::PartialOption;

/// What the help closes with.
pub const AFTER: &str = "\
Examples:
  userns-suite run                        every test that this kernel and this user can run
  userns-suite run map_order races        the tests whose names contain map_order or races
  userns-suite run --rule groups.denied   the tests that pin this rule; groups. takes a family
  userns-suite run --format ktap          for kernel CI: KTAP on standard output
  userns-suite run --results DIR          also writes what failed: snapshots that differ, reproducers, output

Root runs the tests that need root, and another user those that need none: run it as both. Each test is a process of its
own, and what one changes is in namespaces that end with it.

As the first process of a kernel (rdinit=/userns-suite) the program mounts what it needs, runs the arguments after \"--\" of the
kernel's command line, or else `run --format ktap`, and switches the machine off.

Exit status: 0 passed; 1 tests failed; 2 could not run: nothing ran, it was interrupted, or the result could not be
written; 3 passed, but much could not run here: --partial ok makes it 0, --partial fail makes it 1.";

/// After how many seconds a test is killed, unless an option says otherwise.
const LIMIT: u64 = 60;

/// Options of `run`.
#[derive(Args, Debug)]
pub struct RunOptions {
    /// Which tests.
    #[command(flatten)]
    pub selection: SelectionOptions,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    pub format: Format,
    /// Write what failed to this directory: snapshots that differ, reproducers, and what the tests printed
    #[arg(long, value_name = "DIR")]
    pub results: Option<PathBuf>,
    /// How many tests run at a time [default: one for each processor]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// After how many seconds a test is killed
    #[arg(long, value_name = "SECONDS", default_value_t = LIMIT, value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: u64,
    /// How much of the generated scenarios is played: full, or brief for a slow machine
    #[arg(long, value_name = "WORD", default_value = "full")]
    pub exploration: Exploration,
    /// Name every skipped test, not only the first few of each reason
    #[arg(long, short)]
    pub verbose: bool,
    /// What a run is that could not run much of the suite.
    #[command(flatten)]
    pub partial: PartialOption,
}

/// Which tests are meant.
#[derive(Args, Debug, Default)]
pub struct SelectionOptions {
    /// Only tests whose names contain one of these words
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// Only tests that pin this rule, or a rule whose name begins so; may be given more than once
    #[arg(long, value_name = "RULE")]
    pub rule: Vec<String>,
    /// Only the tests that this file names, a line each; "-" is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["filter", "rule"])]
    pub tests_from: Option<PathBuf>,
}

/// How a result is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: failures as they happen, then facts, skips with reasons, and the verdict
    #[default]
    Text,
    /// One JSON document: the verdict, the facts of the host, and the end of each test
    Json,
    /// JUnit's XML
    Junit,
    /// KTAP, a subtest for each topic
    Ktap,
    /// Each event as a line of JSON, as it happens
    Events,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            selection: SelectionOptions::default(),
            format: Format::default(),
            results: None,
            jobs: None,
            limit: LIMIT,
            exploration: Exploration::Full,
            verbose: false,
            partial: PartialOption::default(),
        }
    }
}

impl RunOptions {
    /// How many tests run at a time.
    pub fn jobs(&self) -> usize {
        self.jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
    }
}
