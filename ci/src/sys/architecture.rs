//! The architectures that the suite is built for, and by what names tools know them.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// An architecture that the program is built for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// 64-bit x86
    #[default]
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

    /// Whether its programs run on this host.
    pub fn is_of_host(self) -> bool {
        Self::of_host() == Ok(self)
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

    /// The variable that names the linker to cargo, and its value where the host's own cannot be taken: the compiler's
    /// linker has all that a static program of another architecture needs.
    pub fn linker(self) -> Option<(String, &'static str)> {
        let variable = || format!("CARGO_TARGET_{}_LINKER", self.target().to_uppercase().replace('-', "_"));
        (!self.is_of_host()).then(|| (variable(), "rust-lld"))
    }

    /// Its name in Debian.
    pub fn in_debian(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Aarch64 => "arm64",
        }
    }

    /// The program that emulates such a machine, and the package of Debian that brings it.
    pub fn qemu(self) -> (&'static str, &'static str) {
        match self {
            Self::X86_64 => ("qemu-system-x86_64", "qemu-system-x86"),
            Self::Aarch64 => ("qemu-system-aarch64", "qemu-system-arm"),
        }
    }
}
