//! System calls without an action of their own: their arguments and their results.

use crate::actors::Actor;
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;

/// A system call that has no action of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Syscall {
    /// Its name, as traces show it.
    #[serde(deserialize_with = "name")]
    pub name: super::Name,
    /// Its number, which depends on the entry.
    pub number: i64,
    /// Its arguments; those that are missing are 0.
    pub args: Vec<RawArg>,
    /// By which entry of the kernel.
    #[serde(default)]
    pub entry: Entry,
    /// What it leaves.
    #[serde(default)]
    pub results: Results,
    /// What a refusal means for the scenario.
    #[serde(default, skip_serializing_if = "OnRefusal::is_go_on")]
    pub on_refusal: OnRefusal,
}

/// What a refusal of a step means for the scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum OnRefusal {
    /// It is an outcome, and the later steps follow.
    #[default]
    GoOn,
    /// The step prepares a place for later steps. Without it, no later step is taken, and this is an error.
    Stop,
}

impl OnRefusal {
    fn is_go_on(&self) -> bool {
        *self == Self::GoOn
    }
}

/// An entry of the kernel for system calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Entry {
    /// That of the architecture.
    #[default]
    Native,
    /// int 0x80, with the numbers and types of i386.
    I386,
}

/// An argument of a system call that has no action of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RawArg {
    /// A number.
    Number(i64),
    /// A pointer to these bytes.
    Bytes(Cow<'static, [u8]>),
    /// The descriptor that the actor holds.
    Held,
    /// The actor's end of the socket to the director, for fault injection: a test sends wrong answers through it.
    Socket,
    /// The actor's own process id.
    Pid,
    /// The process id of another actor.
    PidOf(Actor),
    /// A pointer to the path of a file in the directory /proc/PID of an actor.
    ProcPath(Actor, #[serde(deserialize_with = "name")] super::Name),
    /// A pointer to this offset of the room for results.
    Results(u64),
}

impl RawArg {
    /// The other actor that it names, if it names one.
    pub fn actor_mut(&mut self) -> Option<&mut Actor> {
        match self {
            Self::PidOf(actor) | Self::ProcPath(actor, _) => Some(actor),
            Self::Number(_) | Self::Bytes(_) | Self::Held | Self::Socket | Self::Pid | Self::Results(_) => {
                None
            }
        }
    }
}

/// The name of a call that was read from a file. Such files are few and short, so their names are never freed.
pub(super) fn name<'de, D: Deserializer<'de>>(from: D) -> Result<&'static str, D::Error> {
    Ok(Box::leak(String::deserialize(from)?.into_boxed_str()))
}

/// The same of offsets.
fn offsets<'de, D: Deserializer<'de>>(from: D) -> Result<&'static [u32], D::Error> {
    Ok(Vec::leak(Vec::deserialize(from)?))
}

/// What a call leaves, beside what it returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Results {
    /// Nothing.
    #[default]
    Nothing,
    /// The file descriptor that it returns, which the actor holds from now on.
    Fd,
    /// So many 16-bit numbers, at [`RawArg::Results`].
    Halves(u32),
    /// So many 32-bit numbers, at [`RawArg::Results`].
    Words(u32),
    /// As many bytes of text as the call returns, at most so many, at [`RawArg::Results`].
    Text(u32),
    /// A uid, or a uid and gids, at these offsets of [`RawArg::Results`].
    Ids(#[serde(deserialize_with = "offsets")] &'static [u32]),
}
