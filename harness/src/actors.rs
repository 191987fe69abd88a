//! The processes of a scenario: which there are, where each begins, and with which credentials.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// A process of a scenario, by the part it plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Actor {
    /// A process that keeps the caller's credentials, whatever the cast; where the cast is an
    /// ordinary user, the privileged one of two processes outside.
    Privileged,
    /// A process in the caller's namespace with the credentials of the cast.
    Outside,
    /// A process in a new user namespace, made by `Outside` if that is there, or else by a process
    /// with the same credentials; the owner of the namespace.
    Inside,
    /// A process forked by `Inside`, in the same namespace.
    Second,
    /// A process forked by `Inside`, in a new user namespace below.
    Nested,
    /// A process forked by `Nested`, in a new user namespace below that.
    Deepest,
    /// Like `Inside`, in another namespace with the same parent.
    Sibling,
}

impl Actor {
    /// Every part, in the order in which traces list them.
    pub const ALL: [Self; 7] = [
        Self::Privileged,
        Self::Outside,
        Self::Inside,
        Self::Second,
        Self::Nested,
        Self::Deepest,
        Self::Sibling,
    ];

    /// The part that forks this one; `None` for those that the director forks itself.
    pub fn parent(self) -> Option<Self> {
        match self {
            Self::Privileged | Self::Outside => None,
            Self::Inside | Self::Sibling => Some(Self::Outside),
            Self::Second | Self::Nested => Some(Self::Inside),
            Self::Deepest => Some(Self::Nested),
        }
    }

    /// Whether it begins by creating a user namespace of its own.
    pub fn namespace(self) -> Namespace {
        match self {
            Self::Privileged | Self::Outside => Namespace::Callers,
            Self::Second => Namespace::Parents,
            Self::Inside | Self::Nested | Self::Deepest | Self::Sibling => Namespace::New,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Privileged => "privileged",
            Self::Outside => "outside",
            Self::Inside => "inside",
            Self::Second => "second",
            Self::Nested => "nested",
            Self::Deepest => "deepest",
            Self::Sibling => "sibling",
        };
        f.pad(name)
    }
}

/// The user namespace in which an actor begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespace {
    /// The one in which the test itself runs.
    Callers,
    /// The one of the actor that forked it.
    Parents,
    /// A new one, of which the actor is the owner.
    New,
}

/// Whose credentials the processes outside have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cast {
    /// Uid 0 with the caller's capabilities and with group 0 as its one supplementary group.
    Root,
    /// A user without capabilities: the caller, or the user that root drops to.
    Ordinary,
    /// An ordinary user with these supplementary groups; root alone can make one.
    OrdinaryInGroups(Cow<'static, [u32]>),
    /// The calling process as it is.
    Caller,
}

/// The uid and gid that root drops to for [`Cast::Ordinary`]. A number that no distribution gives to
/// users or packages, so that per-user limits are those of the suite alone.
pub const ORDINARY: u32 = 61_234;
