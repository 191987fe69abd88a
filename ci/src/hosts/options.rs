//! What can be said to `cargo ci hosts`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use harness::suite::Exploration;

/// Below the options in its help.
pub const AFTER: &str = "\
Examples:
  cargo ci hosts --list                       the rows of ci/hosts.toml, each with what it stands for
  cargo ci hosts --quick                      the rows that are part of `cargo ci test`
  cargo ci hosts --only 'without.*'           root without one capability, for each of them
  cargo ci hosts --only docker --tests 'map_order::*'   some tests on one host
  cargo ci hosts --json > hosts.json          the end of each test on each host, for scripts

Each host is made in namespaces of its own, by the words of a shell in its row, and ends with its command. Needs root.
On each host, no test may fail, enough tests must run, no file, mount or process may stay behind, and each reason for
which a test is skipped there and not on the plain host must be one that the row names. A row that breaks one of these
is printed with what was found.

The sweeps and the search are brief, unless --exploration full asks for all of them.

A row is a few lines of ci/hosts.toml. `make` makes the host, `expect` and `may` are words of the reasons, `least` is the
fewest tests that must run. `possible` are words of a shell that fail on a machine that cannot make the host: the row is
left out there. A row with `each` stands for a family; {} is its member. $FILTER in `make` is a command that refuses
system calls: $FILTER --refuse clone3=ENOSYS -- PROGRAM, or $FILTER --profile docker -- PROGRAM.

Exit status: 0 all good, 1 something was found on a host, 2 a host could not be made, or nothing ran.";

/// Options of `cargo ci hosts`.
#[derive(Args, Clone, Debug, Default)]
pub struct HostsOptions {
    /// Only the rows whose name fits this pattern; may be given more than once
    #[arg(long, value_name = "GLOB", value_parser = NonEmptyStringValueParser::new())]
    pub only: Vec<String>,
    /// Only the rows that are part of `cargo ci test`
    #[arg(long)]
    pub quick: bool,
    /// Only the tests whose name fits this pattern, or with `!` before it those that do not fit; may be given more than once
    #[arg(long, value_name = "GLOB")]
    pub tests: Vec<String>,
    /// Only the first case that can run of each test of many
    #[arg(long)]
    pub brief: bool,
    /// How much of the sweeps and the search is played: `full`, or `brief`, for a twentieth of the time
    #[arg(long, value_name = "WORD", default_value_t = Exploration::Brief)]
    pub exploration: Exploration,
    /// How many hosts at a time [default: three for two processors]
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
    /// Rows from this file instead of ci/hosts.toml
    #[arg(long, value_name = "FILE")]
    pub rows: Option<PathBuf>,
    /// List the rows and stop
    #[arg(long)]
    pub list: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// Write the table and the findings as Markdown
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Install nothing; stop with a message when cargo-nextest is missing
    #[arg(long)]
    pub skip_install: bool,
    /// Print all of a failure, not only the first lines
    #[arg(long, short)]
    pub verbose: bool,
}
