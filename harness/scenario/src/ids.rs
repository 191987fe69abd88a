//! Ids and capability sets of processes, as values.

use crate::action::IdFile;
use crate::caps::CapSet;
use serde::{Serialize, Serializer};
use std::fmt;

/// The uid and gid of the processes outside, in the caller's namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Own {
    /// The effective uid.
    pub uid: u32,
    /// The effective gid.
    pub gid: u32,
}

impl Own {
    /// The id that `own` stands for in a file.
    pub fn of(self, file: IdFile) -> u32 {
        if file == IdFile::GidMap { self.gid } else { self.uid }
    }
}

/// What a host calls ids and capabilities. It travels with a trace, so that showing the trace needs no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Names {
    /// The ids that `own` stands for.
    pub own: Own,
    /// The overflow uid and gid: what the kernel shows for an id without a mapping.
    pub overflow: [u32; 2],
    /// The highest capability number of the kernel.
    pub last_cap: u8,
}

impl Names {
    /// The overflow id that a map of this kind goes with.
    pub fn overflow(&self, file: IdFile) -> u32 {
        self.overflow[usize::from(file == IdFile::GidMap)]
    }
}

/// The real, effective, saved and filesystem id, as seen in the namespace of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ids {
    /// The real id.
    pub real: u32,
    /// The effective id, which most rules use.
    pub effective: u32,
    /// The saved id.
    pub saved: u32,
    /// The filesystem id, which decides on access to files.
    pub fs: FsId,
}

/// A filesystem id. Only setfsuid(2) and setfsgid(2) return it, and a kernel other than Linux may lack them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum FsId {
    /// This one.
    Known(u32),
    /// The kernel has no call that returns it.
    Unknown,
}

impl FsId {
    /// The id, if it is known.
    pub fn known(self) -> Option<u32> {
        match self {
            Self::Known(id) => Some(id),
            Self::Unknown => None,
        }
    }
}

impl Default for FsId {
    fn default() -> Self {
        Self::Known(0)
    }
}

impl fmt::Display for FsId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(id) => id.fmt(f),
            Self::Unknown => f.pad(UNKNOWN),
        }
    }
}

/// Serialized like the other ids of a process, which are numbers.
impl fmt::Debug for FsId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for FsId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(id) => serializer.serialize_u32(*id),
            Self::Unknown => serializer.serialize_str(UNKNOWN),
        }
    }
}

/// What stands for an id that the kernel does not report.
pub const UNKNOWN: &str = "unknown";

/// The five capability sets of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CapSets {
    /// The inheritable set, which survives execve(2) of a file with inheritable capabilities.
    pub inheritable: CapSet,
    /// The permitted set: capabilities that the process may make effective.
    pub permitted: CapSet,
    /// The effective set, which permission checks use.
    pub effective: CapSet,
    /// What execve(2) can give at most.
    pub bounding: CapSet,
    /// The ambient set, which survives execve(2) of any file.
    pub ambient: CapSet,
}
