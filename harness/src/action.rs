//! The things an actor can do, as data, and short names for the usual ones.

mod child;
mod short;

pub use child::Child;
pub use short::*;

use crate::caps::Cap;
use crate::scenario::Actor;
use std::borrow::Cow;
use std::path::PathBuf;

/// One of the four files in /proc/PID that describe a user namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdFile {
    /// /proc/PID/uid_map
    UidMap,
    /// /proc/PID/gid_map
    GidMap,
    /// /proc/PID/projid_map
    ProjidMap,
    /// /proc/PID/setgroups
    Setgroups,
}

impl IdFile {
    /// Its name in /proc/PID.
    pub fn name(self) -> &'static str {
        match self {
            Self::UidMap => "uid_map",
            Self::GidMap => "gid_map",
            Self::ProjidMap => "projid_map",
            Self::Setgroups => "setgroups",
        }
    }
}

/// A user or group id that a step names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Id {
    /// The effective uid or gid with which the cast began, as seen in the caller's namespace.
    Own,
    /// This number.
    Of(u32),
}

/// -1: "keep this one" for the calls that have that.
pub const KEEP: Id = Id::Of(u32::MAX);

/// What is written to a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Text {
    /// Text in which the word `own` stands for the cast's uid or gid, as the file asks.
    Words(Cow<'static, str>),
    /// Exactly these bytes.
    Bytes(Cow<'static, [u8]>),
    /// So many bytes from an address that is not mapped.
    BadPointer(u64),
}

/// Where in a file a write begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum At {
    /// write(2) at the position the file has.
    Position,
    /// lseek(2) to this offset and write(2).
    Seek(i64),
    /// pwrite(2) at this offset.
    Offset(i64),
}

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// O_RDONLY
    Read,
    /// O_WRONLY
    Write,
    /// O_RDWR
    ReadWrite,
}

/// Whether a call is made bare or through the C library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Via {
    /// The bare system call, which acts on the calling thread.
    Raw,
    /// The wrapper of the C library, which acts on every thread: what programs call.
    Libc,
}

/// The list that setgroups(2) is given.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Groups {
    /// These groups.
    List(Cow<'static, [u32]>),
    /// The cast's own gid alone.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

/// A change of the capability sets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CapChange {
    /// Drop these from the effective, permitted and inheritable sets.
    Drop(Cow<'static, [Cap]>),
    /// Keep these alone in the effective and permitted sets, none inheritable.
    Only(Cow<'static, [Cap]>),
    /// Drop these from the effective set; they stay permitted.
    Suspend(Cow<'static, [Cap]>),
    /// Add these, which are permitted, to the effective set.
    Raise(Cow<'static, [Cap]>),
}

/// A namespace file under /proc/PID/ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NsFile {
    /// /proc/PID/ns/user
    User,
    /// /proc/PID/ns/uts
    Uts,
}

/// An argument of a system call that has no action of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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
    ProcPath(Actor, &'static str),
    /// A pointer to this offset of the room for results.
    Results(u64),
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

/// One thing to do. The file of `of: None` is the actor's own or, for actors outside, that of
/// [`Actor::Inside`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Come into being: be forked, drop to the cast's credentials, create the namespace.
    Begin,
    /// The same, where the clone(2) by which it is forked creates the namespace.
    BeginCloned,
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
    /// Pass the held file to another actor, who holds it from now on.
    Give(Actor),
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
    /// Tell the four uids and gids and the capability sets of the moment.
    Look,
    /// A 32-bit system call through int 0x80: its name as shown, its i386 number, its arguments and how
    /// its results are read. Results lie at [`RawArg::Results`].
    Compat(&'static str, i64, Vec<RawArg>, Results),
    /// setuid(2) and its kin; the ids beyond those the call takes are ignored.
    SetId(SetId, [Id; 3], Via),
    /// unshare(2) with these CLONE_ flags.
    Unshare(i32),
    /// clone(2) with these CLONE_ flags; the child exits at once and is waited for.
    Clone(i32),
    /// clone(2) with these CLONE_ flags; the child exits at once and is left to be waited for.
    Zombie(i32),
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
    Prctl(&'static str, i32, u64),
    /// chroot(2) to a directory; traces show the name.
    Chroot(&'static str, PathBuf),
    /// read(2) of the held file, of at most so many bytes.
    ReadHeld {
        /// How many.
        size: u64,
        /// Where.
        at: At,
    },
    /// open(2) of any file; traces show the name.
    OpenFile(&'static str, PathBuf, Access),
    /// Run a program to its end as a child of the actor and record what it says.
    Run(Cow<'static, [Cow<'static, str>]>),
    /// Any system call: the name as shown, its number and its arguments.
    Raw(&'static str, i64, Vec<RawArg>),
    /// Any system call that returns a descriptor, which the actor holds from now on.
    Hold(&'static str, i64, Vec<RawArg>),
    /// Any system call whose results are read: the name as shown, its number, its arguments and what it
    /// leaves at [`RawArg::Results`].
    Ask(&'static str, i64, Vec<RawArg>, Results),
    /// socketpair(2) of UNIX sockets: this actor holds one end from now on and another actor the other.
    Socketpair(Actor),
    /// sendmsg(2) of a byte on the held socket, with the own process id and these uid and gid as
    /// SCM_CREDENTIALS.
    SendCredentials([u32; 2]),
    /// recvmsg(2) of a byte from the held socket: uid and gid of its SCM_CREDENTIALS.
    ReceiveCredentials,
    /// clone3(2) with these CLONE_ flags; the child exits at once and is waited for.
    Clone3(u64),
    /// clone(2) with these CLONE_ flags; the child, a thread or a process, does nothing for as long
    /// as the actor lives.
    Companion(i32),
    /// Exit: the actor takes no part in what follows and leaves no state.
    End(Remains),
    /// A child of another kind.
    Child(Child),
    /// ioctl(2) with NS_GET_OWNER_UID on the held descriptor.
    OwnerUid,
    /// statx(2) of the file /proc/PID/uid_map of an actor: its owner and group.
    ProcOwner(Actor),
}

/// What is left of a process that has exited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Remains {
    /// A zombie, which has a process id and an entry in /proc.
    Zombie,
    /// Nothing: it was reaped.
    Nothing,
}

/// Whether a pointer given to a call is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Room {
    /// It points to enough memory.
    Good,
    /// It points to nothing.
    Bad,
}

impl Action {
    /// The same set*id or setgroups call through the C library.
    pub fn via_libc(self) -> Self {
        match self {
            Self::Setgroups(groups, _) => Self::Setgroups(groups, Via::Libc),
            Self::SetId(call, ids, _) => Self::SetId(call, ids, Via::Libc),
            other => other,
        }
    }
}
