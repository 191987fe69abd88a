//! `cargo ci bundle` on the command line.

use std::path::PathBuf;

use clap::Args;

use crate::sys::architecture::Architecture;

/// What the help closes with.
pub const AFTER: &str = "\
The program holds the tests, their snapshots, the rules and the model. It needs no other file, no compiler and no shell:
copy it to a host, into a container or an initramfs, and type `./userns-suite-x86_64 run`.

Examples:
  cargo ci bundle                                  for this machine: target/userns-suite/bundle/userns-suite-x86_64
  cargo ci bundle --target aarch64                 for arm64; needs rustup target add aarch64-unknown-linux-musl
  cargo ci bundle --target x86_64 --target aarch64 --directory dist

Exit status: 0 built, 2 not.";

/// Options of `cargo ci bundle`.
#[derive(Args, Debug)]
pub struct BundleOptions {
    /// Build for this architecture; may be given more than once [default: that of this machine]
    #[arg(long, value_enum, value_name = "ARCHITECTURE")]
    pub target: Vec<Architecture>,
    /// Where the programs and their checksums go [default: target/userns-suite/bundle]
    #[arg(long, value_name = "DIR")]
    pub directory: Option<PathBuf>,
}
