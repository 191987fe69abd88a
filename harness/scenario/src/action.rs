//! What an actor can do, as data, and short names for the usual actions.

mod child;
mod file;
mod ids;
mod raw;
mod short;

pub use child::Child;
pub use file::{Access, At, IdFile, LONGEST_READ, Text};
pub use ids::{CapChange, Groups, Id, KEEP, Room, SetId, Via, asks_how_many};
pub use raw::{Entry, OnRefusal, RawArg, Results, Syscall};
pub use short::*;

use crate::actors::Actor;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::path::PathBuf;

/// A name as traces show it.
type Name = &'static str;

/// A namespace file under /proc/PID/ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum NsFile {
    /// /proc/PID/ns/user
    User,
    /// /proc/PID/ns/uts
    Uts,
}

impl NsFile {
    /// Its name in /proc/PID/ns.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Uts => "uts",
        }
    }

    /// The flag of clone(2) for its kind of namespace.
    pub fn clone_flag(self) -> i32 {
        match self {
            Self::User => libc::CLONE_NEWUSER,
            Self::Uts => libc::CLONE_NEWUTS,
        }
    }
}

/// One action of an actor. `of: None` names the actor's own file. For actors outside, it names the file of
/// [`Actor::Inside`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Be forked, take on the credentials of the scenario, create the namespace.
    #[serde(alias = "Begin")]
    Fork,
    /// The same, but the clone(2) that forks the actor also creates the namespace.
    #[serde(alias = "BeginCloned")]
    ForkCloned,
    /// Open, write once, close.
    Write {
        /// The file.
        file: IdFile,
        /// Whose.
        of: Option<Actor>,
        /// What.
        text: Text,
    },
    /// Open and hold.
    Open {
        /// The file.
        file: IdFile,
        /// Whose.
        of: Option<Actor>,
        /// For what.
        access: Access,
    },
    /// Pass the held file to another actor, which holds it from now on.
    #[serde(alias = "Give")]
    PassFd(Actor),
    /// Write to the held file.
    WriteHeld {
        /// What, with the words of this file.
        text: Text,
        /// The file that `own` is read for.
        file: IdFile,
        /// Where.
        at: At,
    },
    /// Open, read all, close.
    Read {
        /// The file.
        file: IdFile,
        /// Whose.
        of: Option<Actor>,
    },
    /// read(2) from the held file, which is this one, to its end.
    ReadToEnd(IdFile),
    /// setgroups(2)
    Setgroups(Groups, Via),
    /// getgroups(2) with room for so many entries, at a good address or none.
    Getgroups {
        /// The size argument.
        size: i64,
        /// Whether the pointer is good.
        room: Room,
    },
    /// getgroups(2) into room for 65537 entries, compared with the sequence from `first` by `step`.
    CountGroups {
        /// The size argument.
        size: i64,
        /// The first entry expected.
        first: u32,
        /// What each following entry is expected to add.
        step: u32,
    },
    /// Get the four uids and gids and the capability sets of the moment.
    #[serde(alias = "Look")]
    GetCredentials,
    /// setuid(2) and similar calls. Ids that the call does not take are ignored.
    SetId(SetId, [Id; 3], Via),
    /// unshare(2) with these CLONE_ flags.
    Unshare(i32),
    /// The same, before steps that would otherwise change the host. If the kernel refuses it, no later step is taken, and
    /// playing the scenario is an error.
    #[serde(alias = "Apart")]
    UnshareOrStop(i32),
    /// clone(2) with these CLONE_ flags. The child exits at once, and the actor waits for it.
    Clone(i32),
    /// Open a namespace file and setns(2).
    Setns {
        /// Whose; the actor's own for itself.
        of: Actor,
        /// Which.
        file: NsFile,
        /// The nstype argument, a CLONE_ flag or 0.
        nstype: i32,
    },
    /// capset(2)
    Capset(CapChange),
    /// prctl(2): its name as shown, the option and the first argument.
    Prctl(#[serde(deserialize_with = "raw::name")] Name, i32, u64),
    /// chroot(2) to a directory; traces show the name.
    Chroot(#[serde(deserialize_with = "raw::name")] Name, PathBuf),
    /// read(2) of the held file, of at most so many bytes.
    ReadHeld {
        /// How many.
        size: u64,
        /// Where.
        at: At,
    },
    /// open(2) of any file; traces show the name.
    OpenFile(#[serde(deserialize_with = "raw::name")] Name, PathBuf, Access),
    /// Run a program to its end as a child of the actor and record its output.
    Run(Cow<'static, [Cow<'static, str>]>),
    /// A system call that has no action of its own.
    Syscall(Syscall),
    /// socketpair(2) of UNIX sockets: this actor holds one end from now on and another actor the other.
    Socketpair(Actor),
    /// sendmsg(2) of a byte on the held socket, with the own process id and these uid and gid as
    /// SCM_CREDENTIALS.
    SendCredentials([u32; 2]),
    /// recvmsg(2) of a byte from the held socket: uid and gid of its SCM_CREDENTIALS.
    ReceiveCredentials,
    /// clone3(2) with these CLONE_ flags. The child exits at once, and the actor waits for it.
    Clone3(u64),
    /// clone(2) with these CLONE_ flags. The child, a thread or a process, stays idle until the actor ends.
    #[serde(alias = "Companion")]
    CloneAndKeep(i32),
    /// Exit. The actor takes no later steps and reports no state.
    #[serde(alias = "End")]
    Exit(Leaves),
    /// A child of another kind.
    Child(Child),
    /// ioctl(2) with NS_GET_OWNER_UID on the held descriptor.
    OwnerUid,
    /// statx(2) of the file /proc/PID/uid_map of an actor: its owner and group.
    ProcOwner(Actor),
}

/// What remains of a process that has exited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Leaves {
    /// A zombie, which has a process id and an entry in /proc.
    Zombie,
    /// Nothing: it was reaped.
    Nothing,
}

impl Action {
    /// The other actors that it names, by their files, process ids or descriptors.
    pub fn actors_mut(&mut self) -> Vec<&mut Actor> {
        match self {
            Self::Write { of, .. } | Self::Open { of, .. } | Self::Read { of, .. } => of.iter_mut().collect(),
            Self::PassFd(actor)
            | Self::Socketpair(actor)
            | Self::ProcOwner(actor)
            | Self::Setns { of: actor, .. } => vec![actor],
            Self::Syscall(call) => call.args.iter_mut().filter_map(RawArg::actor_mut).collect(),
            Self::Fork
            | Self::ForkCloned
            | Self::WriteHeld { .. }
            | Self::ReadToEnd(_)
            | Self::Setgroups(..)
            | Self::Getgroups { .. }
            | Self::CountGroups { .. }
            | Self::GetCredentials
            | Self::SetId(..)
            | Self::Unshare(_)
            | Self::UnshareOrStop(_)
            | Self::Clone(_)
            | Self::Capset(_)
            | Self::Prctl(..)
            | Self::Chroot(..)
            | Self::ReadHeld { .. }
            | Self::OpenFile(..)
            | Self::Run(_)
            | Self::SendCredentials(_)
            | Self::ReceiveCredentials
            | Self::Clone3(_)
            | Self::CloneAndKeep(_)
            | Self::Exit(_)
            | Self::Child(_)
            | Self::OwnerUid => Vec::new(),
        }
    }

    /// The same action as a preparation: if the kernel refuses it, no later step is taken, and playing the scenario is an
    /// error that names the step.
    ///
    /// # Panics
    /// For an action that is neither a system call without an action of its own nor unshare(2).
    #[must_use]
    pub fn or_stop(self) -> Self {
        match self {
            Self::Unshare(flags) | Self::UnshareOrStop(flags) => Self::UnshareOrStop(flags),
            Self::Syscall(call) => Self::Syscall(Syscall { on_refusal: OnRefusal::Stop, ..call }),
            other => panic!("this action cannot prepare a place for others: {other:?}"),
        }
    }

    /// Whether a refusal ends the scenario.
    pub fn stops_when_refused(&self) -> bool {
        match self {
            Self::UnshareOrStop(_) => true,
            Self::Syscall(call) => call.on_refusal == OnRefusal::Stop,
            _ => false,
        }
    }

    /// The same set*id or setgroups call through the C library.
    pub fn via_libc(self) -> Self {
        match self {
            Self::Setgroups(groups, _) => Self::Setgroups(groups, Via::Libc),
            Self::SetId(call, ids, _) => Self::SetId(call, ids, Via::Libc),
            other => other,
        }
    }
}
