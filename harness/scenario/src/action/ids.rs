//! Ids, lists of groups and capabilities, as arguments of the calls that set them.

use super::IdFile;
use crate::caps::Cap;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A user or group id that a step names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Id {
    /// The effective uid or gid with which the processes outside begin, as seen in the caller's namespace.
    Own,
    /// This number.
    Of(u32),
}

/// -1: "keep this one" for the calls that have that.
pub const KEEP: Id = Id::Of(u32::MAX);

/// Whether a call is a raw system call or goes through the C library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Via {
    /// The raw system call, which acts on the calling thread.
    Raw,
    /// The wrapper of the C library, which acts on every thread. Programs call this one.
    Libc,
}

/// The list that setgroups(2) is given.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Groups {
    /// These groups.
    List(Cow<'static, [u32]>),
    /// The own gid alone.
    Own,
    /// A size, possibly a wrong one, with a pointer to `given` zeros or, for `None`, to nothing.
    Sized {
        /// The size argument.
        size: i64,
        /// How many entries the pointer really has.
        given: Option<usize>,
    },
    /// A list too long to travel: `first`, `first + step` and so on, as many as `size` says.
    Sequence {
        /// The first entry.
        first: u32,
        /// What is added for each that follows, modulo 2^32.
        step: u32,
        /// The size argument; at most 65537 entries are really there.
        size: i64,
    },
}

/// A call that changes user or group ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is the system call of the same name")]
pub enum SetId {
    Setuid,
    Setgid,
    Setreuid,
    Setregid,
    Setresuid,
    Setresgid,
    Setfsuid,
    Setfsgid,
    /// seteuid(3), of the C library alone.
    Seteuid,
    /// setegid(3), of the C library alone.
    Setegid,
}

impl SetId {
    /// The name of the call.
    pub fn name(self) -> &'static str {
        match self {
            Self::Setuid => "setuid",
            Self::Setgid => "setgid",
            Self::Setreuid => "setreuid",
            Self::Setregid => "setregid",
            Self::Setresuid => "setresuid",
            Self::Setresgid => "setresgid",
            Self::Setfsuid => "setfsuid",
            Self::Setfsgid => "setfsgid",
            Self::Seteuid => "seteuid",
            Self::Setegid => "setegid",
        }
    }

    /// How many ids the call takes.
    pub fn count(self) -> usize {
        match self {
            Self::Setresuid | Self::Setresgid => 3,
            Self::Setreuid | Self::Setregid => 2,
            Self::Setuid | Self::Setgid | Self::Setfsuid | Self::Setfsgid | Self::Seteuid | Self::Setegid => {
                1
            }
        }
    }

    /// The map that its ids are looked up in.
    pub fn map(self) -> IdFile {
        match self {
            Self::Setuid | Self::Setreuid | Self::Setresuid | Self::Setfsuid | Self::Seteuid => {
                IdFile::UidMap
            }
            Self::Setgid | Self::Setregid | Self::Setresgid | Self::Setfsgid | Self::Setegid => {
                IdFile::GidMap
            }
        }
    }
}

/// A change of the capability sets.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CapChange {
    /// Drop these from the effective, permitted and inheritable sets.
    Drop(Cow<'static, [Cap]>),
    /// Keep only these in the effective and permitted sets, and none in the inheritable set.
    Only(Cow<'static, [Cap]>),
    /// Drop these from the effective set; they stay permitted.
    Suspend(Cow<'static, [Cap]>),
    /// Add these, which are permitted, to the effective set.
    Raise(Cow<'static, [Cap]>),
}

/// Whether a pointer given to a call is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Room {
    /// It points to enough memory.
    Good,
    /// It points to nothing.
    Bad,
}

/// Whether getgroups(2) with this size, which is an int, only returns the number of groups.
pub fn asks_how_many(size: i64) -> bool {
    size & 0xffff_ffff == 0
}
