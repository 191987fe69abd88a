//! How a guest is started.

use serde::{Deserialize, Serialize};

/// How a kernel is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// As a process: User-Mode Linux.
    Uml,
    /// Under qemu-system-x86_64.
    Qemu,
    /// As runsc, which is one.
    Gvisor,
    /// As a process whose root is that of a distribution.
    Rootfs,
    /// It runs already.
    Host,
}

impl Start {
    /// The word for it in the table of rows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Uml => "uml",
            Self::Qemu => "qemu",
            Self::Gvisor => "gvisor",
            Self::Rootfs => "rootfs",
            Self::Host => "host",
        }
    }
}
