//! What can be said to both commands that run real programs.

use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

/// Options of `cargo ci programs` and `cargo ci runtimes`.
#[derive(Args, Clone, Debug, Default)]
pub struct FieldOptions {
    /// Only the rows whose name fits this pattern; may be given more than once
    #[arg(long, value_name = "GLOB", value_parser = NonEmptyStringValueParser::new())]
    pub only: Vec<String>,
    /// Only this release of Debian; may be given more than once
    #[arg(long, value_name = "NAME")]
    pub release: Vec<String>,
    /// Rows from this file instead of the one in ci/
    #[arg(long, value_name = "FILE")]
    pub rows: Option<PathBuf>,
    /// List the rows and stop
    #[arg(long)]
    pub list: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// Write the result as a JUnit file
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write the table and the findings as Markdown
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Keep what was seen as the reviewed snapshots: read the difference before you commit it
    #[arg(long)]
    pub accept: bool,
    /// Write the page in docs/ anew, from the rows and the reviewed snapshots; nothing is run
    #[arg(long)]
    pub write: bool,
    /// Keep the trace and the output of each run in this directory
    #[arg(long, value_name = "DIRECTORY")]
    pub keep: Option<PathBuf>,
    /// After how many seconds a run is ended [default: 60 for a program, 240 for a runtime]
    #[arg(long, value_name = "SECONDS")]
    pub limit: Option<u64>,
    /// Install what is missing on this host, where that is possible, before anything else
    #[arg(long)]
    pub setup: bool,
    /// Make the roots anew, with the newest packages
    #[arg(long)]
    pub refresh: bool,
    /// A mirror of Debian; without it, the one that apt uses on this host
    #[arg(long, value_name = "URL")]
    pub mirror: Option<String>,
    /// The keys that the mirror's signatures are checked with; without it, Debian's archive keyring
    #[arg(long, value_name = "FILE")]
    pub keyring: Option<PathBuf>,
    /// Where the roots are kept; without it, in $XDG_CACHE_HOME or below the target directory
    #[arg(long, value_name = "DIRECTORY")]
    pub cache: Option<PathBuf>,
    /// How many rows at a time [default: two for each processor: a program waits now and then]
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
}
