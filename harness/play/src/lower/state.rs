//! The system calls by which an actor reports its state.

use super::{Call, all_groups, number, read_proc, syscall};
use crate::wire::{Arg, Op, PROC, Request};
use harness_scenario::action::IdFile;
use std::sync::OnceLock;

/// The value of -1 as an id.
const KEEP: Arg = Arg::Value(u32::MAX as u64);
/// _LINUX_CAPABILITY_VERSION_3 of capget(2), for the calling process.
const CAP_HEADER: [u32; 2] = [0x2008_0522, 0];

/// The step number of the answers of a state.
pub const STEP: u32 = u32::MAX;

/// One thing that an actor reports of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Real, effective and saved uid.
    Uids,
    /// Real, effective and saved gid.
    Gids,
    /// The filesystem uid.
    FsUid,
    /// The filesystem gid.
    FsGid,
    /// The supplementary groups.
    Groups,
    /// The effective, permitted and inheritable set.
    Caps,
    /// PR_GET_DUMPABLE
    Dumpable,
    /// PR_GET_SECUREBITS
    Securebits,
    /// /proc/self/ns/user
    Userns,
    /// /proc/self/uid_map
    UidMap,
    /// /proc/self/gid_map
    GidMap,
    /// /proc/self/setgroups
    Setgroups,
    /// /proc/self/status
    Status,
}

impl Part {
    /// What makes a state, in the order in which it is asked for.
    pub const STATE: [Self; 13] = [
        Self::Uids,
        Self::Gids,
        Self::FsUid,
        Self::FsGid,
        Self::Groups,
        Self::Caps,
        Self::Dumpable,
        Self::Securebits,
        Self::Userns,
        Self::UidMap,
        Self::GidMap,
        Self::Setgroups,
        Self::Status,
    ];

    /// What makes the credentials of a moment.
    pub const CREDENTIALS: [Self; 5] = [Self::Uids, Self::Gids, Self::FsUid, Self::FsGid, Self::Caps];

    /// Its system calls; those that read a file open and close it.
    pub fn calls(self) -> Vec<Call> {
        let three = [Arg::Room(0), Arg::Room(4), Arg::Room(8)];
        let prctl = |option: i32| syscall(libc::SYS_prctl, &[number(option)]);
        vec![match self {
            Self::Uids => ("getresuid", syscall(libc::SYS_getresuid, &three).give(12)),
            Self::Gids => ("getresgid", syscall(libc::SYS_getresgid, &three).give(12)),
            Self::FsUid => ("setfsuid", syscall(libc::SYS_setfsuid, &[KEEP])),
            Self::FsGid => ("setfsgid", syscall(libc::SYS_setfsgid, &[KEEP])),
            Self::Groups => ("getgroups", all_groups()),
            Self::Caps => ("capget", capget()),
            Self::Dumpable => ("prctl(PR_GET_DUMPABLE)", prctl(libc::PR_GET_DUMPABLE)),
            Self::Securebits => ("prctl(PR_GET_SECUREBITS)", prctl(libc::PR_GET_SECUREBITS)),
            Self::Userns => ("readlink /proc/self/ns/user", own_userns()),
            Self::UidMap => return read_own(IdFile::UidMap.name()),
            Self::GidMap => return read_own(IdFile::GidMap.name()),
            Self::Setgroups => return read_own(IdFile::Setgroups.name()),
            Self::Status => return read_own("status"),
        }]
    }

    /// How many system calls it takes.
    pub fn count(self) -> usize {
        match self {
            Self::UidMap | Self::GidMap | Self::Setgroups | Self::Status => 3,
            _ => 1,
        }
    }
}

fn read_own(name: &str) -> Vec<Call> {
    read_proc(&format!("self/{name}"))
}

/// readlink(2) of the actor's user namespace. The link has some 20 bytes.
fn own_userns() -> Request {
    const ROOM: u64 = 64;
    let args = [Arg::Slot(PROC), Arg::Payload(0), Arg::Room(0), Arg::Value(ROOM)];
    syscall(libc::SYS_readlinkat, &args).payload(b"self/ns/user\0").give_units(1, ROOM)
}

/// The system calls of these parts, one after the other.
pub fn calls(parts: &[Part]) -> Vec<Call> {
    parts.iter().flat_map(|part| part.calls()).collect()
}

/// The message that requests an actor's state and its exit, and the number of its answers. It is built once, because
/// it is the same for every actor, and memory that is not written again is not copied after a fork.
pub fn message() -> &'static (Vec<u8>, usize) {
    static MESSAGE: OnceLock<(Vec<u8>, usize)> = OnceLock::new();
    MESSAGE.get_or_init(|| {
        let mut message = Vec::new();
        let calls = calls(&Part::STATE);
        calls.iter().for_each(|(_, request)| request.write(&mut message, STEP));
        Request::new(Op::Exit, 0).write(&mut message, STEP);
        (message, calls.len())
    })
}

/// capget(2) of the actor itself.
pub fn capget() -> Request {
    let header: Vec<u8> = CAP_HEADER.iter().flat_map(|word| word.to_ne_bytes()).collect();
    syscall(libc::SYS_capget, &[Arg::Payload(0), Arg::Room(0)]).payload(&header).give(24)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_as_many_calls_as_it_says() {
        for part in Part::STATE {
            assert_eq!(part.calls().len(), part.count(), "{part:?}");
        }
    }
}
