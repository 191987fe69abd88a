//! `cargo ci kernels` on the command line.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What the help closes with.
pub const AFTER: &str = "\
Examples:
  cargo ci kernels --list                      the kernels, and how each is started
  cargo ci kernels                             all of them, several at a time
  cargo ci kernels --only uml --only host      those whose names begin so
  cargo ci kernels --kernel ../linux/arch/x86/boot/bzImage   a kernel of yours, under qemu
  cargo ci kernels --kernel ../linux/linux     one that was built with ARCH=um
  cargo ci kernels --filter 'test(map_order)'  the tests whose name contains map_order
  cargo ci kernels --json > kernels.json       the end of every test, for scripts

Kernels come as packages from the mirror of Debian that apt uses on this host, or from --mirror. They are
checked against Debian's archive keyring and kept in a cache of their own; nothing is installed. Guests get a
copy of the suite in memory and cannot reach the host's files. The tests run as root and as an ordinary user.

Exit status: 0 all kernels passed, 1 tests failed, 2 a kernel could not be judged.";

/// Options of `cargo ci kernels`.
#[derive(Args, Debug)]
pub struct KernelsOptions {
    /// Only the kernels whose names begin so; may be given more than once
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// A kernel of your own: a bzImage, or User-Mode Linux; may be given more than once
    #[arg(long, value_name = "FILE")]
    pub kernel: Vec<PathBuf>,
    /// List the kernels and stop
    #[arg(long)]
    pub list: bool,
    /// Run only what this nextest expression selects
    #[arg(long, short = 'E', value_name = "EXPR")]
    pub filter: Option<String>,
    /// As JSON, for scripts
    #[arg(long)]
    pub json: bool,
    /// Write a JUnit file with a suite for each kernel and user
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Install what is missing on this host, where that is possible, before anything else
    #[arg(long, conflicts_with = "skip_install")]
    pub setup: bool,
    /// Install nothing; stop with a message when cargo-nextest is missing
    #[arg(long)]
    pub skip_install: bool,
    /// Look for newer packages, also of kernels that are in the cache
    #[arg(long)]
    pub refresh: bool,
    /// A mirror of Debian; without it, the one that apt uses on this host
    #[arg(long, value_name = "URL")]
    pub mirror: Option<String>,
    /// The keys that the mirror's signatures are checked with; without it, Debian's archive keyring
    #[arg(long, value_name = "FILE")]
    pub keyring: Option<PathBuf>,
    /// Where packages and kernels are kept; without it, in $XDG_CACHE_HOME or below the target directory
    #[arg(long, value_name = "DIRECTORY")]
    pub cache: Option<PathBuf>,
    /// How many kernels run at a time; without it, one on each processor
    #[arg(long, short, value_name = "NUMBER")]
    pub jobs: Option<usize>,
    /// What makes qemu run; without it, a trial boot decides
    #[arg(long, value_name = "WORD")]
    pub accelerator: Option<Accelerator>,
    /// How many MiB of memory a guest has: more for kernels that are built with KASAN and the like
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    pub memory: u32,
    /// After how many seconds a kernel is ended
    #[arg(long, value_name = "SECONDS", default_value_t = 1800)]
    pub limit: u64,
    /// Name everything that failed or differs, not only the first, and tell why tests were skipped
    #[arg(long, short)]
    pub verbose: bool,
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
