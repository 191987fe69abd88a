//! Calls on the file descriptor that an actor holds, and the results of calls.

use super::{Call, number, syscall};
use crate::wire::{Arg, HAND, Op, Request};
use harness_scenario::action::{At, LONGEST_READ, Results};

/// The request with so much of the room given back as its results take.
pub fn give(request: Request, results: Results) -> Request {
    match results {
        Results::Nothing => request,
        Results::Fd => request.keep(HAND),
        Results::Halves(count) => request.give(u64::from(count) * 2),
        Results::Words(count) => request.give(u64::from(count) * 4),
        Results::Ids(offsets) => request.give(offsets.iter().max().map_or(0, |last| u64::from(*last) + 4)),
        Results::Text(most) => request.give_units(1, most.into()),
    }
}

/// One read(2) or pread(2), which gives back as much as there was.
pub fn read_held(size: u64, at: At) -> Vec<Call> {
    let mut args = vec![Arg::Slot(HAND), Arg::Room(0), Arg::Value(size)];
    let read = |number, args: &[Arg]| ("", syscall(number, args).give_units(1, LONGEST_READ));
    match at {
        At::Position => vec![read(libc::SYS_read, &args)],
        At::Seek(offset) => vec![seek(offset), read(libc::SYS_read, &args)],
        At::Offset(offset) => {
            args.push(Arg::Value(offset.cast_unsigned()));
            vec![read(libc::SYS_pread64, &args)]
        }
    }
}

/// lseek(2) of the held file.
pub fn seek(offset: i64) -> Call {
    let offset = Arg::Value(offset.cast_unsigned());
    ("lseek", syscall(libc::SYS_lseek, &[Arg::Slot(HAND), offset, number(libc::SEEK_SET)]))
}

/// sendmsg(2) with SCM_CREDENTIALS.
pub fn send_credentials([uid, gid]: [u32; 2]) -> Request {
    let args = [Arg::Slot(HAND), Arg::Value(uid.into()), Arg::Value(gid.into())];
    Request::new(Op::SendCredentials, 0).args(&args)
}

/// recvmsg(2) with SCM_CREDENTIALS, whose uid and gid are given back.
pub fn receive_credentials() -> Request {
    Request::new(Op::ReceiveCredentials, 0).args(&[Arg::Slot(HAND)]).give(8)
}

/// NS_GET_OWNER_UID, `_IO(0xb7, 0x4)`, of the held descriptor.
pub fn owner_uid() -> Request {
    syscall(libc::SYS_ioctl, &[Arg::Slot(HAND), number(0xb704), Arg::Room(0)]).give(4)
}
