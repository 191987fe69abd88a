//! What came of a step, and of a program.

use crate::ids::{CapSets, Ids};
use nix::errno::Errno;
use std::fmt;

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It succeeded and returned what such a call always returns.
    Done,
    /// A system call failed.
    Failed {
        /// Which of the step's calls, empty for the one the step is named after.
        call: &'static str,
        /// With which errno.
        errno: Errno,
    },
    /// It returned this value, which says something.
    Value(i64),
    /// write(2) took fewer bytes than it was given.
    Short {
        /// How many it took.
        wrote: i64,
        /// How many it was given.
        given: usize,
    },
    /// The contents of a file.
    Text(Vec<u8>),
    /// A list of groups.
    Groups(Vec<u32>),
    /// A uid, or a uid and a gid.
    Ids(Vec<u32>),
    /// How a program ended and what it said.
    Program(Ended),
    /// What [`Action::GetCredentials`](crate::action::Action::GetCredentials) got.
    Credentials(Box<Credentials>),
    /// A list of groups too long to show.
    Counted {
        /// How many getgroups(2) said there are.
        count: i64,
        /// The first of them.
        first: u32,
        /// The last of them.
        last: u32,
        /// How many were not what was expected in their place.
        wrong: u32,
    },
}

/// The ids and capabilities of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credentials {
    /// User ids.
    pub uid: Ids,
    /// Group ids.
    pub gid: Ids,
    /// Capability sets, those that capget(2) tells.
    pub caps: CapSets,
}

/// How a program ended and what it wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its exit status, or the signal that killed it.
    pub status: Status,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// The status of a process that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It exited with this number.
    Exited(i32),
    /// A signal killed it.
    Killed(nix::sys::signal::Signal),
    /// It is not the director's child, so that only its parent is told.
    Unseen,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(status) => write!(f, "exit {status}"),
            Self::Killed(signal) => write!(f, "killed by {signal}"),
            Self::Unseen => write!(f, "how is unknown: this kernel does not make it the director's child"),
        }
    }
}
