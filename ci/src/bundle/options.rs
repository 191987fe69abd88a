//! `cargo ci bundle` on the command line.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

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

/// An architecture that the program is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Architecture {
    /// 64-bit x86
    #[value(name = "x86_64", alias = "amd64")]
    X86_64,
    /// 64-bit Arm
    #[value(name = "aarch64", alias = "arm64")]
    Aarch64,
}

impl Architecture {
    /// The architecture of this program.
    ///
    /// # Errors
    /// When no program is built for it.
    pub fn of_host() -> Result<Self, String> {
        match std::env::consts::ARCH {
            "x86_64" => Ok(Self::X86_64),
            "aarch64" => Ok(Self::Aarch64),
            other => Err(format!("no program is built for {other}; --target names those that are")),
        }
    }

    /// Its name, as uname(2) has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }

    /// The compiler's target: static, without a C library of the host.
    pub fn target(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-unknown-linux-musl",
            Self::Aarch64 => "aarch64-unknown-linux-musl",
        }
    }
}
