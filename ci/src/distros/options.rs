//! What can be said to `cargo ci distros`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::guests::options::ElsewhereOptions;
use crate::matrix::options::PagesOptions;

/// Below the options in its help.
pub const AFTER: &str = "\
Examples:
  cargo ci distros                             bullseye, bookworm, trixie and sid, one after the other
  cargo ci distros --only trixie --only sid    two of them
  cargo ci distros --filter 'test(sudo)'       the tests whose name contains sudo
  cargo ci distros --refresh                   make the roots anew
  cargo ci distros --html page.html            rules down, distributions across, on a page for a browser
  cargo ci distros --json > distros.json       the end of every test, for scripts

mmdebstrap makes the root of each release, from the mirror of Debian that apt uses on this host or from --mirror,
checked against Debian's archive keyring. It becomes the real root of the tests in a mount namespace, in memory:
a process that was merely chrooted may not create user namespaces. The kernel is this host's. Needs root.
The releases are rows of ci/kernels.toml: `cargo ci kernels --only trixie --only uml` puts them beside kernels.

Exit status: 0 all passed, 1 tests failed, 2 a distribution could not be judged, 3 all passed, but in one of them much
of the suite could not run (--partial ok makes it 0, --partial fail 1).";

/// Options of `cargo ci distros`.
#[derive(Args, Debug)]
pub struct DistrosOptions {
    /// Only this release; may be given more than once
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub only: Vec<String>,
    /// List the releases and stop
    #[arg(long)]
    pub list: bool,
    /// Expected failures from this file instead of ci/differences.toml
    #[arg(long, value_name = "FILE")]
    pub known: Option<PathBuf>,
    /// Write what every test answered, as JSON: `cargo ci matrix` puts several such files side by side
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// The pages to write.
    #[command(flatten)]
    pub pages: PagesOptions,
    /// What the other command that runs elsewhere takes, too.
    #[command(flatten)]
    pub elsewhere: ElsewhereOptions,
}
