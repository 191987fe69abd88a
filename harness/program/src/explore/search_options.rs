//! `search` on the command line.

use clap::Args;

/// What the help closes with.
pub const AFTER: &str = "\
Draws scenarios of any shape: namespaces several deep, processes that write each other's maps and pass open files
on, change their ids and capabilities, join and create namespaces. Each is played on this kernel and compared with
what the model says; the first on which they differ is made as small as it gets, shown, and kept as a file in
tests/regressions, which every later search and a test of the suite play first.

Examples:
  cargo ci search                            a minute of scenarios from a new seed, which is printed
  cargo ci search --seconds 600              ten minutes
  cargo ci search --seed 42 --workers 2      the same scenarios as the last time, in the same order
  cargo ci search --all                      go on after the first disagreement, and list each
  cargo ci search --casts ordinary           nobody outside has privileges but \"privileged\"

The same seed draws the same scenarios for each worker, whatever the number of workers. Ctrl-C ends the search and
tells what was found until then.

Exit status: 0 kernel and model agreed, 1 they differed, 2 could not run, or was interrupted before they differed.";

/// Options of `cargo ci search`.
#[derive(Args, Debug)]
pub struct SearchOptions {
    /// How long to search
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    pub seconds: u64,
    /// Where the random numbers begin; a new number if it is not given
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// How many scenarios are played at a time; one for each processor if it is not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub workers: Option<u32>,
    /// End after so many scenarios of each worker
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub scenarios: Option<u64>,
    /// Whose credentials the processes outside have
    #[arg(long, value_enum, default_value_t)]
    pub casts: Casts,
    /// Gather disagreements instead of ending with the first
    #[arg(long)]
    pub all: bool,
    /// Keep nothing: only show what is found
    #[arg(long)]
    pub forget: bool,
}

/// Whose credentials the processes outside have.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default)]
pub enum Casts {
    /// Those of root, of the caller, and of users without privileges.
    #[default]
    All,
    /// Those of a user without privileges alone.
    Ordinary,
}
