//! The ids of this process.

use std::fmt;

use nix::errno::Errno;
use nix::unistd::{getresgid, getresuid};
use serde::{Serialize, Serializer};

use super::fact::Fact;
use crate::actor::{fs_gid, fs_uid};

/// A real, effective, saved and file-system id, as seen in the namespace of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ids {
    /// The real id.
    pub real: u32,
    /// The effective id, which most rules are about.
    pub effective: u32,
    /// The saved id.
    pub saved: u32,
    /// The id for access to files.
    pub fs: FsId,
}

/// A filesystem id. Only setfsuid(2) and setfsgid(2) tell it, which a kernel other than Linux may lack.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum FsId {
    /// This one.
    Known(u32),
    /// The kernel has no call that tells it.
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

/// As the other ids of a process, which are numbers.
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

/// What stands for an id that nobody can tell.
pub const UNKNOWN: &str = "unknown";

pub(super) fn uids() -> Fact<Ids> {
    let fs = fs_id(fs_uid());
    Fact::of(getresuid().map_err(Into::into)).map(|ids| Ids {
        real: ids.real.as_raw(),
        effective: ids.effective.as_raw(),
        saved: ids.saved.as_raw(),
        fs,
    })
}

pub(super) fn gids() -> Fact<Ids> {
    let fs = fs_id(fs_gid());
    Fact::of(getresgid().map_err(Into::into)).map(|ids| Ids {
        real: ids.real.as_raw(),
        effective: ids.effective.as_raw(),
        saved: ids.saved.as_raw(),
        fs,
    })
}

fn fs_id(told: Result<u32, Errno>) -> FsId {
    told.map_or(FsId::Unknown, FsId::Known)
}
