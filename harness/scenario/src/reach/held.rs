//! What a process holds, and what it can change through that.

use super::newer::PIDFD_NAMESPACES;
use super::standing::Held;
use super::{Reach, Stage};
use crate::action::RawArg;
use crate::actors::Actor;

impl Stage<'_> {
    /// What an argument refers to.
    pub(super) fn referred(&self, actor: Actor, arg: Option<&RawArg>) -> Held {
        let standing = self.find(actor);
        match (arg, standing) {
            (Some(RawArg::Held), Some(standing)) => standing.held.clone(),
            (Some(RawArg::Held), None) | (Some(RawArg::Number(..0)), _) => Held::Nothing,
            (Some(RawArg::Socket), _) => Held::Socket,
            (Some(RawArg::Number(number)), Some(standing)) => {
                let mut known = standing.numbered.iter().rev();
                known.find(|(other, _)| other == number).map_or(Held::Unknown, |(_, held)| held.clone())
            }
            _ => Held::Unknown,
        }
    }

    /// write(2). A descriptor that is open for reading cannot be written to.
    pub(super) fn write_held(&self, held: &Held) -> Result<(), Reach> {
        match held {
            Held::Map(file, whose) => self.write_map(*file, *whose),
            Held::Unknown => Err(Reach::Unknown),
            Held::Nothing
            | Held::Private
            | Held::NewTmpfs
            | Held::Mount
            | Held::ForReading
            | Held::Proc
            | Held::ProcDirectory(_)
            | Held::Namespace(..)
            | Held::SomeUserns
            | Held::Socket
            | Held::Process
            | Held::Device
            | Held::Number => Ok(()),
        }
    }

    /// fchown(2) and similar calls, which a descriptor that is open for reading allows.
    pub(super) fn change_held(&self, held: &Held) -> Result<(), Reach> {
        match held {
            Held::Nothing | Held::Private | Held::NewTmpfs | Held::Mount | Held::Socket => Ok(()),
            // The files of procfs have no content of their own, and end with the process.
            Held::Map(file, whose) => self.write_map(*file, *whose),
            _ => Err(Reach::Files),
        }
    }

    /// ioctl(2). The requests of namespaces only ask.
    ///
    /// Source: ioctl_nsfs(2).
    pub(super) fn ioctl(held: &Held, request: Option<&RawArg>) -> Result<Held, Reach> {
        const GET_USERNS: i64 = 0xb701;
        const GET_PARENT: i64 = 0xb702;
        const GET_OWNER_UID: i64 = 0xb704;
        /// The network namespace of a socket.
        const SIOCGSKNS: i64 = 0x894c;
        /// The byte of a request that all requests of namespaces have.
        const OF_NAMESPACES: i64 = 0xb7;
        let Some(RawArg::Number(request)) = request else { return Err(Reach::Unknown) };
        match (held, *request) {
            (_, GET_USERNS | GET_PARENT) => Ok(Held::SomeUserns),
            (Held::Process, request) if PIDFD_NAMESPACES.contains(&request) => Ok(Held::SomeUserns),
            (Held::Socket, SIOCGSKNS) => Ok(Held::ForReading),
            (_, GET_USERNS..=GET_OWNER_UID) | (Held::Device | Held::Nothing, _) => Ok(Held::Nothing),
            (Held::Namespace(..) | Held::SomeUserns, request) if request >> 8 & 0xff == OF_NAMESPACES => {
                Ok(Held::Nothing)
            }
            _ => Err(Reach::Unknown),
        }
    }
}
