//! Calls about files in /proc.

use super::held::seek;
use super::raw::watching_director;
use super::{Call, Context, NOWHERE, c_path, number, syscall};
use crate::wire::{Arg, HAND, Op, PROC, Request, SCRATCH};
use harness_scenario::action::{Access, At, IdFile, LONGEST_READ, NsFile, Text};
use harness_scenario::actors::Actor;
use std::path::Path;

impl Context<'_> {
    pub(super) fn open(&self, file: IdFile, of: Option<Actor>, access: Access, slot: u64) -> Request {
        let path = format!("{}/{}\0", self.directory(of), file.name());
        let args = [Arg::Slot(PROC), Arg::Payload(0), number(flags(access))];
        syscall(libc::SYS_openat, &args).payload(path.as_bytes()).keep(slot)
    }

    /// The directory in /proc. An actor reaches its own directory without naming a process.
    pub(super) fn directory(&self, of: Option<Actor>) -> String {
        let owner = self.actor.file_owner(of);
        match (self.pid)(owner) {
            Some(pid) if owner != self.actor => pid.to_string(),
            _ => "self".to_owned(),
        }
    }

    pub(super) fn write(&self, text: &Text, file: IdFile, slot: u64) -> Request {
        let bytes = self.bytes(text, file);
        let (pointer, length) = match text {
            Text::BadPointer(length) => (NOWHERE, *length),
            _ => (Arg::Payload(0), bytes.len() as u64),
        };
        syscall(libc::SYS_write, &[Arg::Slot(slot), pointer, Arg::Value(length)]).payload(&bytes)
    }

    /// The bytes of a text, with the scenario's id for every `own`.
    pub fn bytes(&self, text: &Text, file: IdFile) -> Vec<u8> {
        text.bytes(self.own.of(file))
    }

    pub(super) fn write_held(&self, text: &Text, file: IdFile, at: At) -> Vec<Call> {
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

    pub(super) fn proc_owner(&self, of: Actor) -> Request {
        let path = format!("{}/uid_map\0", self.directory(Some(of)));
        let mask = Arg::Value((libc::STATX_UID | libc::STATX_GID).into());
        let args = [Arg::Slot(PROC), Arg::Payload(0), number(0), mask, Arg::Room(0)];
        syscall(libc::SYS_statx, &args).payload(path.as_bytes()).give(28)
    }

    pub(super) fn setns(&self, of: Actor, file: NsFile, nstype: i32) -> Vec<Call> {
        let path = format!("{}/ns/{}\0", self.directory(Some(of)), file.name());
        let args = [Arg::Slot(PROC), Arg::Payload(0), number(libc::O_RDONLY | libc::O_CLOEXEC)];
        let open = syscall(libc::SYS_openat, &args).payload(path.as_bytes()).keep(SCRATCH);
        let setns = syscall(libc::SYS_setns, &[Arg::Slot(SCRATCH), number(nstype)]);
        around(open, ("", setns))
    }
}

/// Reads a file of /proc that fits into the room.
pub fn read_proc(path: &str) -> Vec<Call> {
    let args = [Arg::Slot(PROC), Arg::Payload(0), number(flags(Access::Read))];
    let open = syscall(libc::SYS_openat, &args).payload(format!("{path}\0").as_bytes()).keep(SCRATCH);
    around(open, ("", read(SCRATCH)))
}

pub fn read(slot: u64) -> Request {
    let args = [Arg::Slot(slot), Arg::Room(0), Arg::Value(LONGEST_READ)];
    Request::new(Op::ReadAll, libc::SYS_read).args(&args).only_with(slot).give_units(1, LONGEST_READ)
}

/// Open, the step's own call, close: the latter two only if the file could be opened.
pub fn around(open: Request, (name, call): Call) -> Vec<Call> {
    vec![("open", open), (name, call.only_with(SCRATCH)), close(SCRATCH)]
}

/// Closes the file descriptor in a slot, if there is one.
pub fn close(slot: u64) -> Call {
    ("close", syscall(libc::SYS_close, &[Arg::Slot(slot)]).only_with(slot))
}

pub fn flags(access: Access) -> i32 {
    libc::O_CLOEXEC
        | match access {
            Access::Read => libc::O_RDONLY,
            Access::Write => libc::O_WRONLY,
            Access::ReadWrite => libc::O_RDWR,
        }
}

/// Open any file, and close it.
pub fn open_file(path: &Path, access: Access) -> Vec<Call> {
    let args = [number(libc::AT_FDCWD), Arg::Payload(0), number(flags(access))];
    let open = syscall(libc::SYS_openat, &args).payload(&c_path(path)).keep(SCRATCH);
    [watching_director(open), vec![close(SCRATCH)]].concat()
}
