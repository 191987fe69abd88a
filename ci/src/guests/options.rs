//! What `cargo ci kernels` and `cargo ci distros` have in common on the command line.

use std::path::PathBuf;

use clap::Args;
use harness::suite::Exploration;

use harness_program::ui::verdict::PartialOption;

/// Options of commands that run the suite elsewhere, on what they fetch from Debian's archive.
#[derive(Args, Clone, Debug, Default)]
pub struct ElsewhereOptions {
    /// Run only what this nextest expression selects
    #[arg(long, short = 'E', value_name = "EXPR")]
    pub filter: Option<String>,
    /// As JSON, for scripts
    #[arg(long)]
    pub json: bool,
    /// Write a JUnit file with a suite for each place and user
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Install what is missing on this host, where that is possible, before anything else
    #[arg(long, conflicts_with = "skip_install")]
    pub setup: bool,
    /// Install nothing; stop with a message when cargo-nextest is missing
    #[arg(long)]
    pub skip_install: bool,
    /// Look for newer packages, also of what is in the cache
    #[arg(long)]
    pub refresh: bool,
    /// A mirror of Debian; without it, the one that apt uses on this host
    #[arg(long, value_name = "URL")]
    pub mirror: Option<String>,
    /// The keys that the mirror's signatures are checked with; without it, Debian's archive keyring
    #[arg(long, value_name = "FILE")]
    pub keyring: Option<PathBuf>,
    /// Where what was fetched or made is kept; without it, in $XDG_CACHE_HOME or below the target directory
    #[arg(long, value_name = "DIRECTORY")]
    pub cache: Option<PathBuf>,
    /// After how many seconds a kernel or distribution is ended
    #[arg(long, value_name = "SECONDS", default_value_t = 1800, value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: u64,
    /// How much of the sweeps and the search is played: `full`, or `brief`, for a twentieth of the time
    #[arg(long, value_name = "WORD", default_value_t = Exploration::Brief)]
    pub exploration: Exploration,
    /// What a run is that could not run much of the suite.
    #[command(flatten)]
    pub partial: PartialOption,
    /// Name everything that failed or differs, not only the first, and tell why tests were skipped
    #[arg(long, short)]
    pub verbose: bool,
}
