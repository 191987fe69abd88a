//! The processes of a scenario: which there are, where each begins, and with which credentials.

use crate::caller::Caller;
use crate::ids::Own;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// A process of a scenario, by its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Actor {
    /// A process that keeps the caller's credentials, whatever the scenario runs as; where that is an
    /// ordinary user, the privileged one of two processes outside.
    Privileged,
    /// A process in the caller's namespace with the credentials that the scenario runs with.
    Outside,
    /// A process in a new user namespace, and the owner of that namespace. `Outside` forks it, or a process with the
    /// same credentials if the scenario has no `Outside`.
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
    /// Every role, in the order in which traces list them.
    pub const ALL: [Self; 7] = [
        Self::Privileged,
        Self::Outside,
        Self::Inside,
        Self::Second,
        Self::Nested,
        Self::Deepest,
        Self::Sibling,
    ];

    /// The role that forks this one. `None` for roles that the director forks itself.
    pub fn parent(self) -> Option<Self> {
        match self {
            Self::Privileged | Self::Outside => None,
            Self::Inside | Self::Sibling => Some(Self::Outside),
            Self::Second | Self::Nested => Some(Self::Inside),
            Self::Deepest => Some(Self::Nested),
        }
    }

    /// Whose file in /proc it uses where a step does not name one: its own or, for an actor outside, that of
    /// [`Actor::Inside`].
    pub fn file_owner(self, of: Option<Self>) -> Self {
        of.unwrap_or(match self {
            Self::Privileged | Self::Outside => Self::Inside,
            Self::Inside | Self::Second | Self::Nested | Self::Deepest | Self::Sibling => self,
        })
    }

    /// Whether it starts by creating a user namespace of its own.
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

/// The user namespace in which an actor starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespace {
    /// The namespace in which the test itself runs.
    Callers,
    /// The namespace of the actor that forked it.
    Parents,
    /// A new namespace. The actor is its owner.
    New,
}

/// The credentials of the processes outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunAs {
    /// Uid 0 with the caller's capabilities and with group 0 as its only supplementary group.
    Root,
    /// A user without capabilities: the caller, or the user that root drops to.
    Ordinary,
    /// An unprivileged user with these supplementary groups. Only root can start such a process.
    OrdinaryInGroups(Cow<'static, [u32]>),
    /// The calling process as it is.
    Caller,
}

/// The uid and gid that root drops to for [`RunAs::Ordinary`]. A number that no distribution gives to
/// users or packages, so that per-user limits are those of the suite alone.
pub const ORDINARY: u32 = 61_234;

/// What a process outside becomes before its first step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakesOn {
    /// All its user ids, and all its group ids.
    pub ids: Own,
    /// Its supplementary groups.
    pub groups: Vec<u32>,
}

impl RunAs {
    /// The uid and gid of the processes outside, and what `own` stands for, where this is the caller.
    pub fn ids(&self, caller: &Caller) -> Own {
        match self {
            Self::Root => Own { uid: 0, gid: 0 },
            Self::Ordinary | Self::OrdinaryInGroups(_) if caller.is_root() => {
                Own { uid: ORDINARY, gid: ORDINARY }
            }
            Self::Ordinary | Self::OrdinaryInGroups(_) | Self::Caller => {
                Own { uid: caller.uid.effective, gid: caller.gid.effective }
            }
        }
    }

    /// The credentials that a process outside takes on by setgroups(2), setresgid(2) and setresuid(2); `None` if it
    /// keeps those of the caller.
    pub fn takes_on(&self, caller: &Caller) -> Option<TakesOn> {
        let ids = self.ids(caller);
        let groups = match self {
            Self::Caller => return None,
            Self::Ordinary if !caller.is_root() => return None,
            Self::Ordinary => vec![ids.gid],
            Self::OrdinaryInGroups(groups) => groups.to_vec(),
            Self::Root => vec![0],
        };
        Some(TakesOn { ids, groups })
    }
}
