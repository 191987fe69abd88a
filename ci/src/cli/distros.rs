//! What can be said to `cargo ci distros`.

use std::path::PathBuf;

use clap::Args;

/// Below the options in its help.
pub const AFTER: &str = "\
Examples:
  cargo ci distros                             bullseye, bookworm, trixie and sid, one after the other
  cargo ci distros --only trixie --only sid    two of them
  cargo ci distros --filter 'test(sudo)'       the tests whose name contains sudo
  cargo ci distros --refresh                   make the roots anew
  cargo ci distros --json > distros.json       the end of every test, for scripts

mmdebstrap makes the root of each release, from the mirror of Debian that apt uses on this host or from --mirror,
checked against Debian's archive keyring. It becomes the real root of the tests in a mount namespace, in memory:
a process that was merely chrooted may not create user namespaces. The kernel is this host's. Needs root.

Exit status: 0 all passed, 1 tests failed, 2 a distribution could not be judged.";

/// Options of `cargo ci distros`.
#[derive(Args, Debug)]
pub struct DistrosOptions {
    /// Only this release; may be given more than once
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// List the releases and stop
    #[arg(long)]
    pub list: bool,
    /// Run only what this nextest expression selects
    #[arg(long, short = 'E', value_name = "EXPR")]
    pub filter: Option<String>,
    /// As JSON, for scripts
    #[arg(long)]
    pub json: bool,
    /// Write a JUnit file with a suite for each release and user
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Install what is missing on this host before anything else
    #[arg(long, conflicts_with = "skip_install")]
    pub setup: bool,
    /// Install nothing; stop with a message when cargo-nextest is missing
    #[arg(long)]
    pub skip_install: bool,
    /// Make the roots anew, with the packages of today
    #[arg(long)]
    pub refresh: bool,
    /// A mirror of Debian; without it, the one that apt uses on this host
    #[arg(long, value_name = "URL")]
    pub mirror: Option<String>,
    /// The keys that the mirror's signatures are checked with; without it, Debian's archive keyring
    #[arg(long, value_name = "FILE")]
    pub keyring: Option<PathBuf>,
    /// Where roots are kept; without it, in $XDG_CACHE_HOME or below the target directory
    #[arg(long, value_name = "DIRECTORY")]
    pub cache: Option<PathBuf>,
    /// After how many seconds a distribution is ended
    #[arg(long, value_name = "SECONDS", default_value_t = 1800)]
    pub limit: u64,
    /// Name everything that failed or differs, not only the first
    #[arg(long, short)]
    pub verbose: bool,
}
