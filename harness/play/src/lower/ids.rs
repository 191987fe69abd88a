//! Calls that set ids and lists of groups, or ask for them.

use super::{Context, NOWHERE, syscall};
use crate::wire::{Arg, Op, ROOM, Request, SETEGID, SETEUID};
use harness_scenario::action::{Groups, Id, Room, SetId, Via, asks_how_many};

impl Context<'_> {
    pub(super) fn setgroups(&self, groups: &Groups, via: Via) -> Request {
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

    pub(super) fn set_id(&self, call: SetId, ids: &[Id; 3], via: Via) -> Request {
        let own = self.own.of(call.map());
        let number = match call {
            SetId::Setuid => libc::SYS_setuid,
            SetId::Setgid => libc::SYS_setgid,
            SetId::Setreuid => libc::SYS_setreuid,
            SetId::Setregid => libc::SYS_setregid,
            SetId::Setresuid => libc::SYS_setresuid,
            SetId::Setresgid => libc::SYS_setresgid,
            SetId::Setfsuid => libc::SYS_setfsuid,
            SetId::Setfsgid => libc::SYS_setfsgid,
            SetId::Seteuid => SETEUID,
            SetId::Setegid => SETEGID,
        };
        let args = ids.map(|id| match id {
            Id::Own => Arg::Value(own.into()),
            Id::Of(id) => Arg::Value(id.into()),
        });
        Request::new(op(via), number).args(&args)
    }
}

/// All the groups of the process, as 32-bit words.
pub fn all_groups() -> Request {
    let entries = (ROOM / 4) as u64;
    syscall(libc::SYS_getgroups, &[Arg::Value(entries), Arg::Room(0)]).give_units(4, ROOM as u64)
}

pub fn getgroups(size: i64, room: Room) -> Request {
    let pointer = match room {
        Room::Good => Arg::Room(0),
        Room::Bad => NOWHERE,
    };
    let unit = if asks_how_many(size) || room == Room::Bad { 0 } else { 4 };
    let args = [Arg::Value(size.cast_unsigned()), pointer];
    syscall(libc::SYS_getgroups, &args).give_units(unit, if unit == 0 { 0 } else { ROOM as u64 })
}

pub fn count_groups(size: i64, first: u32, step: u32) -> Request {
    let args = [size.cast_unsigned(), first.into(), step.into()].map(Arg::Value);
    Request::new(Op::CountGroups, 0).args(&args).give(12)
}

pub fn op(via: Via) -> Op {
    match via {
        Via::Raw => Op::Syscall,
        Via::Libc => Op::Libc,
    }
}
