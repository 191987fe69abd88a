//! What a process holds, and what it can change through that.

use super::standing::Whose;
use super::{Reach, Stage};
use crate::action::{IdFile, RawArg};
use crate::actors::Actor;

/// What a process holds, if the call that returned it succeeded. If the call failed, it holds nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Nothing.
    Nothing,
    /// One of the four files of a user namespace.
    Map(IdFile, Whose),
    /// A file or a directory in a tmpfs of the scenario, or a file without a name.
    Private,
    /// The context of a tmpfs that is not mounted yet.
    NewTmpfs,
    /// A tmpfs that is mounted nowhere.
    Mount,
    /// A file of the host that was opened for reading.
    ForReading,
    /// A file of /proc that belongs to an actor or, as a sysctl, to a namespace of the scenario.
    Proc,
    /// The directory /proc/PID of an actor.
    ProcDirectory(Actor),
    /// A namespace of an actor: the flag of clone(2) for its kind.
    Namespace(Actor, i32),
    /// A user namespace that an ioctl(2) returned.
    SomeUserns,
    /// A socket of a pair.
    Socket,
    /// A process of the scenario.
    Process,
    /// A network device of the scenario.
    Device,
    /// A number that is no descriptor: the id of a key or of an object.
    Number,
    /// Something else.
    Unknown,
}

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
    pub(super) fn change_held(held: &Held) -> Result<(), Reach> {
        match held {
            Held::Nothing | Held::Private | Held::NewTmpfs | Held::Mount | Held::Socket => Ok(()),
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
        let Some(RawArg::Number(request)) = request else { return Err(Reach::Unknown) };
        match (held, *request) {
            (_, GET_USERNS | GET_PARENT) => Ok(Held::SomeUserns),
            (_, GET_USERNS..=GET_OWNER_UID) | (Held::Device | Held::Nothing, _) => Ok(Held::Nothing),
            _ => Err(Reach::Unknown),
        }
    }
}
