//! `cargo ci kernels` on the command line.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

use crate::guests::options::ElsewhereOptions;
use crate::matrix::options::PagesOptions;

/// What the help closes with.
pub const AFTER: &str = "\
Examples:
  cargo ci kernels --list                      the kernels, and how each is started
  cargo ci kernels                             all of them, several at a time
  cargo ci kernels --only uml --only host      those whose names begin so
  cargo ci kernels --kernel ../linux/arch/x86/boot/bzImage   a kernel of yours, under qemu
  cargo ci kernels --kernel ../linux/linux     one that was built with ARCH=um
  cargo ci kernels --only uml-7.2 --only trixie   a kernel, and beside it the programs of a distribution
  cargo ci kernels --filter 'test(map_order)'  the tests whose name contains map_order
  cargo ci kernels --exploration full          with all of the sweeps and the search, which are brief otherwise
  cargo ci kernels --json > kernels.json       the end of every test, for scripts and `cargo ci matrix`
  cargo ci kernels --html matrix.html          rules down, kernels across, on a page for a browser

Kernels come as packages from the mirror of Debian that apt uses on this host, or from --mirror. They are
checked against Debian's archive keyring and kept in a cache of their own; nothing is installed. Guests get a
copy of the suite in memory and cannot reach the host's files. The tests run as root and as an unprivileged user.

What a kernel is known to do otherwise stands in ci/differences.toml; tests that fail for that are counted apart.

Exit status: 0 all kernels passed, 1 tests failed, or passed against what is known, 2 a kernel could not be judged,
3 all passed, but on one of them much of the suite could not run (--partial ok makes it 0, --partial fail 1).";

/// Options of `cargo ci kernels`.
#[derive(Args, Debug, Default)]
pub struct KernelsOptions {
    /// Only the kernels whose names begin so; may be given more than once
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub only: Vec<String>,
    /// A kernel of your own: a bzImage, or User-Mode Linux; may be given more than once
    #[arg(long, value_name = "FILE")]
    pub kernel: Vec<PathBuf>,
    /// Known differences from this file instead of ci/differences.toml: for kernels of your own
    #[arg(long, value_name = "FILE")]
    pub known: Option<PathBuf>,
    /// List the kernels and stop
    #[arg(long)]
    pub list: bool,
    /// How many kernels run at a time; without it, one on each processor
    #[arg(long, short, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub jobs: Option<u32>,
    /// What makes qemu run; without it, a trial boot decides
    #[arg(long, value_name = "WORD")]
    pub accelerator: Option<Accelerator>,
    /// How many MiB of memory a guest has: more for kernels that are built with KASAN and the like
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(128..=65536))]
    pub memory: u32,
    /// How many processors a guest has, if its kernel can have several: with two, tests of races run. Fewer guests run at
    /// a time then
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=8))]
    pub processors: u32,
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

/// What makes qemu run a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Accelerator {
    /// The processor itself
    Kvm,
    /// A translator in software, which needs nothing and is slow
    Tcg,
}

impl Accelerator {
    /// The word that qemu has for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Tcg => "tcg",
        }
    }
}
