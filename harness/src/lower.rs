//! From what a step means to the system calls that an actor is asked to make.

mod held;

use crate::action::{
    Access, Action, At, Groups, Id, IdFile, NsFile, RawArg, Results, Room, SetId, Text, Via,
};
use crate::actor::{SETEGID, SETEUID};
use crate::scenario::Actor;
use crate::wire::{Arg, HAND, Op, PROC, ROOM, Request, SCRATCH, SOCKET};
use held::{give, read_held, receive_credentials, seek, send_credentials};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The uid and gid of the cast in the caller's namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Own {
    /// The effective uid.
    pub uid: u32,
    /// The effective gid.
    pub gid: u32,
}

impl Own {
    /// The id that `own` stands for in a file.
    pub fn of(self, file: IdFile) -> u32 {
        if file == IdFile::GidMap { self.gid } else { self.uid }
    }
}

/// A system call of a step, with the name that an error of it carries; the step's own call has none.
pub type Call = (&'static str, Request);

/// What the requests of a step depend on.
pub struct Context<'a> {
    /// The actor that takes the step.
    pub actor: Actor,
    /// What `own` stands for.
    pub own: Own,
    /// The process id of an actor, if it has come into being.
    pub pid: &'a dyn Fn(Actor) -> Option<i32>,
}

/// The address that a bad pointer has: the first page is never mapped.
const NOWHERE: Arg = Arg::Value(8);
/// A process id that no process has. Never -1 or 0, which would mean a great many of them to kill(2).
const NOBODY: i32 = i32::MAX;
/// The longest contents of a file that is read back, in bytes.
const READ: u64 = 32 * 1024;

impl Context<'_> {
    /// The system calls of an action that concerns one actor alone; `None` for those that the
    /// director has to take part in.
    pub fn lower(&self, action: &Action) -> Option<Vec<Call>> {
        Some(match action {
            Action::Begin
            | Action::BeginCloned
            | Action::Give(_)
            | Action::Socketpair(_)
            | Action::Run(_)
            | Action::Capset(_)
            | Action::End(_) => {
                return None;
            }
            Action::Write { file, of, text } => {
                let write = self.write(text, *file, SCRATCH);
                around(self.open(*file, *of, Access::Write, SCRATCH), ("", write))
            }
            Action::Read { file, of } => {
                around(self.open(*file, *of, Access::Read, SCRATCH), ("", read(SCRATCH)))
            }
            Action::Open { file, of, access } => vec![("", self.open(*file, *of, *access, HAND))],
            Action::WriteHeld { text, file, at } => self.write_held(text, *file, *at),
            Action::ReadToEnd(_) => vec![("", read(HAND))],
            Action::Setgroups(groups, via) => vec![("", self.setgroups(groups, *via))],
            Action::Getgroups { size, room } => vec![("", getgroups(*size, *room))],
            Action::CountGroups { size, first, step } => vec![("", count_groups(*size, *first, *step))],
            Action::Look => crate::state::look_requests(),
            Action::Compat(_, number, args, results) => on_leash(self.compat(*number, args, *results)),
            Action::SetId(call, ids, via) => vec![("", self.set_id(*call, ids, *via))],
            Action::Unshare(flags) => vec![("", syscall(libc::SYS_unshare, &[number(*flags)]))],
            Action::Clone(flags) => vec![("", clone(Op::Clone, *flags))],
            Action::Clone3(flags) => vec![("", clone3(*flags))],
            Action::Zombie(flags) => vec![("", clone(Op::Zombie, *flags))],
            Action::Companion(flags) => {
                vec![("", Request::new(Op::Companion, 0).args(&[number(*flags)]))]
            }
            Action::Child(child) => vec![("", child.request())],
            Action::OwnerUid => vec![("", owner_uid())],
            Action::ProcOwner(of) => vec![("", self.proc_owner(*of))],
            Action::Setns { of, file, nstype } => self.setns(*of, *file, *nstype),
            Action::Prctl(_, option, value) => {
                vec![("", syscall(libc::SYS_prctl, &[number(*option), Arg::Value(*value)]))]
            }
            Action::Chroot(_, path) => {
                let chroot = syscall(libc::SYS_chroot, &[Arg::Payload(0)]).payload(&c_path(path));
                vec![("", chroot)]
            }
            Action::OpenFile(_, path, access) => {
                let args = [number(libc::AT_FDCWD), Arg::Payload(0), number(flags(*access))];
                let open = syscall(libc::SYS_openat, &args).payload(&c_path(path)).keep(SCRATCH);
                [on_leash(open), vec![close(SCRATCH)]].concat()
            }
            Action::Raw(_, number, args) => on_leash(self.raw(*number, args)),
            Action::Hold(_, number, args) => on_leash(self.raw(*number, args).keep(HAND)),
            Action::Ask(_, number, args, results) => on_leash(give(self.raw(*number, args), *results)),
            Action::ReadHeld { size, at } => read_held(*size, *at),
            Action::SendCredentials(ids) => send_credentials(*ids),
            Action::ReceiveCredentials => receive_credentials(),
        })
    }

    fn open(&self, file: IdFile, of: Option<Actor>, access: Access, slot: u64) -> Request {
        let path = format!("{}/{}\0", self.directory(of), file.name());
        let args = [Arg::Slot(PROC), Arg::Payload(0), number(flags(access))];
        syscall(libc::SYS_openat, &args).payload(path.as_bytes()).keep(slot)
    }

    /// The directory in /proc: one's own is reached without naming a process.
    fn directory(&self, of: Option<Actor>) -> String {
        let owner = of.unwrap_or(match self.actor {
            Actor::Outside | Actor::Privileged => Actor::Inside,
            other => other,
        });
        match (self.pid)(owner) {
            Some(pid) if owner != self.actor => pid.to_string(),
            _ => "self".to_owned(),
        }
    }

    fn write(&self, text: &Text, file: IdFile, slot: u64) -> Request {
        let bytes = self.bytes(text, file);
        let (pointer, length) = match text {
            Text::BadPointer(length) => (NOWHERE, *length),
            _ => (Arg::Payload(0), bytes.len() as u64),
        };
        syscall(libc::SYS_write, &[Arg::Slot(slot), pointer, Arg::Value(length)]).payload(&bytes)
    }

    /// The bytes of a text, with the cast's id for every `own`.
    pub fn bytes(&self, text: &Text, file: IdFile) -> Vec<u8> {
        match text {
            Text::Words(words) => words.replace("own", &self.own.of(file).to_string()).into_bytes(),
            Text::Bytes(bytes) => bytes.to_vec(),
            Text::BadPointer(_) => Vec::new(),
        }
    }

    fn write_held(&self, text: &Text, file: IdFile, at: At) -> Vec<Call> {
        let mut write = self.write(text, file, HAND);
        match at {
            At::Position => vec![("", write)],
            At::Seek(offset) => vec![seek(offset), ("", write)],
            At::Offset(offset) => {
                write.number = libc::SYS_pwrite64;
                write.args[3] = Arg::Value(offset.cast_unsigned());
                vec![("", write)]
            }
        }
    }

    fn setgroups(&self, groups: &Groups, via: Via) -> Request {
        let list = match groups {
            Groups::Sequence { first, step, size } => {
                let count = size.clamp(&0, &65_537).cast_unsigned();
                let args = [(*first).into(), (*step).into(), count, size.cast_unsigned()].map(Arg::Value);
                return Request::new(Op::ManyGroups, 0).args(&args);
            }
            Groups::List(list) => list.to_vec(),
            Groups::Own => vec![self.own.gid],
            Groups::Sized { given, .. } => vec![0; given.unwrap_or(0)],
        };
        let (size, pointer) = match groups {
            Groups::Sized { size, given } => (*size, given.map_or(NOWHERE, |_| Arg::Payload(0))),
            _ => (i64::try_from(list.len()).unwrap_or(i64::MAX), Arg::Payload(0)),
        };
        let payload: Vec<u8> = list.iter().flat_map(|gid| gid.to_ne_bytes()).collect();
        let args = [Arg::Value(size.cast_unsigned()), pointer];
        Request::new(op(via), libc::SYS_setgroups).args(&args).payload(&payload)
    }

    fn set_id(&self, call: SetId, ids: &[Id; 3], via: Via) -> Request {
        let (number, own) = match call {
            SetId::Setuid => (libc::SYS_setuid, self.own.uid),
            SetId::Setgid => (libc::SYS_setgid, self.own.gid),
            SetId::Setreuid => (libc::SYS_setreuid, self.own.uid),
            SetId::Setregid => (libc::SYS_setregid, self.own.gid),
            SetId::Setresuid => (libc::SYS_setresuid, self.own.uid),
            SetId::Setresgid => (libc::SYS_setresgid, self.own.gid),
            SetId::Setfsuid => (libc::SYS_setfsuid, self.own.uid),
            SetId::Setfsgid => (libc::SYS_setfsgid, self.own.gid),
            SetId::Seteuid => (SETEUID, self.own.uid),
            SetId::Setegid => (SETEGID, self.own.gid),
        };
        let args = ids.map(|id| match id {
            Id::Own => Arg::Value(own.into()),
            Id::Of(id) => Arg::Value(id.into()),
        });
        Request::new(op(via), number).args(&args)
    }

    fn setns(&self, of: Actor, file: NsFile, nstype: i32) -> Vec<Call> {
        let name = match file {
            NsFile::User => "user",
            NsFile::Uts => "uts",
        };
        let path = format!("{}/ns/{name}\0", self.directory(Some(of)));
        let args = [Arg::Slot(PROC), Arg::Payload(0), number(libc::O_RDONLY | libc::O_CLOEXEC)];
        let open = syscall(libc::SYS_openat, &args).payload(path.as_bytes()).keep(SCRATCH);
        let setns = syscall(libc::SYS_setns, &[Arg::Slot(SCRATCH), number(nstype)]);
        around(open, ("", setns))
    }

    fn compat(&self, number: i64, args: &[RawArg], results: Results) -> Request {
        let mut request = self.raw(number, args);
        request.op = Op::Compat;
        give(request, results)
    }

    fn proc_owner(&self, of: Actor) -> Request {
        let path = format!("{}/uid_map\0", self.directory(Some(of)));
        let mask = Arg::Value((libc::STATX_UID | libc::STATX_GID).into());
        let args = [Arg::Slot(PROC), Arg::Payload(0), number(0), mask, Arg::Room(0)];
        syscall(libc::SYS_statx, &args).payload(path.as_bytes()).give(28)
    }

    fn raw(&self, syscall_number: i64, args: &[RawArg]) -> Request {
        let mut payload = Vec::new();
        let args: Vec<Arg> = args
            .iter()
            .map(|arg| match arg {
                RawArg::Number(value) => Arg::Value(value.cast_unsigned()),
                RawArg::Held => Arg::Slot(HAND),
                RawArg::Socket => Arg::Slot(SOCKET),
                RawArg::Pid => number((self.pid)(self.actor).unwrap_or(NOBODY)),
                RawArg::PidOf(actor) => number((self.pid)(*actor).unwrap_or(NOBODY)),
                RawArg::Results(offset) => Arg::Room(*offset),
                RawArg::ProcPath(actor, file) => {
                    let path = format!("/proc/{}/{file}\0", (self.pid)(*actor).unwrap_or(NOBODY));
                    append(&mut payload, path.as_bytes())
                }
                RawArg::Bytes(bytes) => append(&mut payload, bytes),
            })
            .collect();
        syscall(syscall_number, &args).payload(&payload)
    }
}

/// Adds bytes to a payload: a pointer to them.
fn append(payload: &mut Vec<u8>, bytes: &[u8]) -> Arg {
    let offset = payload.len();
    payload.extend_from_slice(bytes);
    payload.resize(payload.len().next_multiple_of(8), 0);
    Arg::Payload(offset as u64)
}

/// clone(2) with these flags and SIGCHLD as the signal at the end.
fn clone(op: Op, flags: i32) -> Request {
    Request::new(op, libc::SYS_clone).args(&[number(flags | libc::SIGCHLD)])
}

/// clone3(2) with these flags, SIGCHLD as the signal at the end and nothing else.
pub fn clone3(flags: u64) -> Request {
    let mut args = [0_u64; 8];
    (args[0], args[4]) = (flags, u64::from(libc::SIGCHLD.cast_unsigned()));
    let bytes: Vec<u8> = args.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let size = Arg::Value(bytes.len() as u64);
    Request::new(Op::Clone, libc::SYS_clone3).args(&[Arg::Payload(0), size]).payload(&bytes)
}

/// NS_GET_OWNER_UID, `_IO(0xb7, 0x4)`, of the held descriptor.
fn owner_uid() -> Request {
    syscall(libc::SYS_ioctl, &[Arg::Slot(HAND), number(0xb704), Arg::Room(0)]).give(4)
}

/// A system call with its arguments.
pub fn syscall(number: i64, args: &[Arg]) -> Request {
    Request::syscall(number, args)
}

/// A signed argument.
pub fn number(value: i32) -> Arg {
    Arg::Value(i64::from(value).cast_unsigned())
}

/// A path as the kernel takes it.
pub fn c_path(path: &Path) -> Vec<u8> {
    let mut bytes = path.as_os_str().as_bytes().to_vec();
    bytes.push(0);
    bytes
}

/// All the groups of the process, as 32-bit words.
pub fn all_groups() -> Request {
    let entries = (ROOM / 4) as u64;
    syscall(libc::SYS_getgroups, &[Arg::Value(entries), Arg::Room(0)]).give_units(4, ROOM as u64)
}

/// Read a file of /proc that is no longer than the room.
pub fn read_proc(path: &str) -> Vec<Call> {
    let args = [Arg::Slot(PROC), Arg::Payload(0), number(flags(Access::Read))];
    let open = syscall(libc::SYS_openat, &args).payload(format!("{path}\0").as_bytes()).keep(SCRATCH);
    around(open, ("", read(SCRATCH)))
}

fn read(slot: u64) -> Request {
    let args = [Arg::Slot(slot), Arg::Room(0), Arg::Value(READ)];
    Request::new(Op::ReadAll, libc::SYS_read).args(&args).only_with(slot).give_units(1, READ)
}

fn getgroups(size: i64, room: Room) -> Request {
    let pointer = match room {
        Room::Good => Arg::Room(0),
        Room::Bad => NOWHERE,
    };
    let unit = if size == 0 || room == Room::Bad { 0 } else { 4 };
    let args = [Arg::Value(size.cast_unsigned()), pointer];
    syscall(libc::SYS_getgroups, &args).give_units(unit, if unit == 0 { 0 } else { ROOM as u64 })
}

fn count_groups(size: i64, first: u32, step: u32) -> Request {
    let args = [size.cast_unsigned(), first.into(), step.into()].map(Arg::Value);
    Request::new(Op::CountGroups, 0).args(&args).give(12)
}

/// A call that may not return: any other ends by itself, or with the timer of its batch.
fn on_leash(call: Request) -> Vec<Call> {
    vec![("leash", Request::new(Op::Leash, 0)), ("", call)]
}

/// Open, the step's own call, close: the latter two only if the file could be opened.
fn around(open: Request, (name, call): Call) -> Vec<Call> {
    vec![("open", open), (name, call.only_with(SCRATCH)), close(SCRATCH)]
}

/// Close what a slot holds, if it holds something.
pub fn close(slot: u64) -> Call {
    ("close", syscall(libc::SYS_close, &[Arg::Slot(slot)]).only_with(slot))
}

fn flags(access: Access) -> i32 {
    libc::O_CLOEXEC
        | match access {
            Access::Read => libc::O_RDONLY,
            Access::Write => libc::O_WRONLY,
            Access::ReadWrite => libc::O_RDWR,
        }
}

fn op(via: Via) -> Op {
    match via {
        Via::Raw => Op::Syscall,
        Via::Libc => Op::Libc,
    }
}
