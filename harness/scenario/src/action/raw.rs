//! System calls that have no action of their own: their arguments and what they leave.

use crate::actors::Actor;
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;

/// An argument of a system call that has no action of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RawArg {
    /// A number.
    Number(i64),
    /// A pointer to these bytes.
    Bytes(Cow<'static, [u8]>),
    /// The descriptor that the actor holds.
    Held,
    /// The actor's end of the socket to the director: for telling lies to the director.
    Socket,
    /// The actor's own process id.
    Pid,
    /// The process id of another actor.
    PidOf(Actor),
    /// A pointer to the path of a file in the directory /proc/PID of an actor.
    #[serde(skip)]
    ProcPath(Actor, super::Name),
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

/// The name of a call that is read from a file. Such files are few and short, and what is read of them stays.
pub(super) fn name<'de, D: Deserializer<'de>>(from: D) -> Result<&'static str, D::Error> {
    Ok(Box::leak(String::deserialize(from)?.into_boxed_str()))
}

/// What a call leaves in the room for results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Results {
    /// Nothing.
    Nothing,
    /// So many 16-bit numbers.
    Halves(u32),
    /// So many 32-bit numbers.
    Words(u32),
    /// As many bytes of text as the call returns, at most so many.
    Text(u32),
    /// A uid, or a uid and gids, at these offsets.
    Ids(&'static [u32]),
}
