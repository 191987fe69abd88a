//! What the tests of the harness share.
#![allow(dead_code, clippy::allow_attributes, reason = "each binary uses a part of it")]

use harness::prelude::*;

/// A raw system call, by the name that traces show.
pub fn raw(name: &'static str, number: i64, args: &[RawArg]) -> Action {
    Action::Raw(name, number, args.to_vec())
}

/// A number as an argument.
pub fn number(value: i32) -> RawArg {
    RawArg::Number(value.into())
}

/// Hang: a futex(2) that nobody wakes, since pause(2) ends with any signal that is handled.
pub fn pause() -> Action {
    raw(
        "pause",
        libc::SYS_futex,
        &[RawArg::Bytes([0; 4].as_slice().into()), number(libc::FUTEX_WAIT), number(0)],
    )
}

/// From now on the call of this number does nothing and gives `errno`, or 0 for success.
///
/// Source: seccomp(2), SECCOMP_SET_MODE_FILTER; the return value is in the low 16 bits.
pub fn answer_with(call: i64, errno: i32) -> [Action; 2] {
    let errno = u32::try_from(errno).expect("an errno");
    let call = u32::try_from(call).expect("a system call");
    let statement = |code: u16, jumps: [u8; 2], value: u32| {
        [&code.to_ne_bytes()[..], &jumps, &value.to_ne_bytes()].concat()
    };
    let program = [
        statement(0x20, [0, 0], 0),
        statement(0x15, [0, 1], call),
        statement(0x06, [0, 0], 0x0005_0000 | errno),
        statement(0x06, [0, 0], 0x7fff_0000),
    ];
    // An actor is a copy of this process, so that what never goes away is at the same place there.
    let program: &'static [u8] = Box::leak(program.concat().into_boxed_slice());
    let words = [(program.len() / 8) as u64, program.as_ptr() as u64];
    let header: Vec<u8> = words.into_iter().flat_map(u64::to_ne_bytes).collect();
    [
        raw("prctl(PR_SET_NO_NEW_PRIVS)", libc::SYS_prctl, &[number(libc::PR_SET_NO_NEW_PRIVS), number(1)]),
        raw("seccomp", libc::SYS_seccomp, &[number(1), number(0), RawArg::Bytes(header.into())]),
    ]
}
