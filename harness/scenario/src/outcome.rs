//! What came of a step, and of a program.

use crate::ids::{CapSets, Ids};
use nix::errno::Errno;
use std::fmt;

/// The beginning of the message of a test that could not show anything because the host is too slow: a race that did
/// not end in its time, or whose calls rarely overlapped. Such a test has not passed, and no rule is broken.
pub const TOO_SLOW_HERE: &str = "too slow here:";

/// The outcome of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It succeeded and returned the value that such a call always returns.
    Done,
    /// A system call failed.
    Failed {
        /// Which of the step's calls, empty for the one the step is named after.
        call: &'static str,
        /// With which errno.
        errno: Errno,
    },
    /// It returned this value, which has a meaning.
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
    /// The status and the output of a program.
    Program(Ended),
    /// What [`Action::GetCredentials`](crate::action::Action::GetCredentials) got.
    Credentials(Box<Credentials>),
    /// A list of groups too long to show.
    Counted {
        /// The number of groups that getgroups(2) returned.
        count: i64,
        /// The first of them.
        first: u32,
        /// The last of them.
        last: u32,
        /// The number of groups that differ from the expected sequence.
        wrong: u32,
    },
}

/// The ids and capabilities at one point of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credentials {
    /// User ids.
    pub uid: Ids,
    /// Group ids.
    pub gid: Ids,
    /// The capability sets that capget(2) returns.
    pub caps: CapSets,
}

/// The status and the output of a program.
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
    /// It is not the director's child, so only its parent gets the status.
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
