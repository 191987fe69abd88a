//! What the tests of the harness share.
#![allow(dead_code, clippy::allow_attributes, reason = "each binary uses a part of it")]

use harness_play::error::Error;
use harness_play::prelude::*;
use nix::sys::signal::Signal;
use std::time::{Duration, Instant};

/// How long an actor that lies is listened to.
pub const LIMIT: Duration = Duration::from_millis(300);
/// The time beyond the limit until an error is reported, on a busy machine.
const SLACK: Duration = Duration::from_secs(3);

/// A raw system call, by the name that traces show.
pub fn raw(name: &'static str, number: i64, args: &[RawArg]) -> Action {
    syscall(name, number, args.to_vec())
}

/// A number as an argument.
pub fn number(value: i32) -> RawArg {
    RawArg::Number(value.into())
}

/// Hang: a futex(2) that no process wakes, because pause(2) ends with any signal that is handled.
pub fn pause() -> Action {
    raw(
        "pause",
        libc::SYS_futex,
        &[RawArg::Bytes([0; 4].as_slice().into()), number(libc::FUTEX_WAIT), number(0)],
    )
}

/// SECCOMP_RET_KILL_PROCESS of seccomp(2).
pub const KILL: u32 = 0x8000_0000;

/// From now on the call of this number does nothing and gives `errno`, or 0 for success.
///
/// Source: seccomp(2), SECCOMP_SET_MODE_FILTER; the return value is in the low 16 bits.
pub fn answer_with(call: i64, errno: i32) -> [Action; 2] {
    filter(call, None, ret_errno(errno))
}

/// SECCOMP_RET_ERRNO of seccomp(2).
pub fn ret_errno(errno: i32) -> u32 {
    0x0005_0000 | u32::try_from(errno).expect("an errno")
}

/// From now on the call of this number has this result, if its first argument has one of these bits.
///
/// Source: seccomp(2), struct seccomp_data: the low half of the first argument is at offset 16.
pub fn filter(call: i64, bits: Option<u32>, result: u32) -> [Action; 2] {
    let call = u32::try_from(call).expect("a system call");
    let statement = |code: u16, jumps: [u8; 2], value: u32| {
        [&code.to_ne_bytes()[..], &jumps, &value.to_ne_bytes()].concat()
    };
    let program = [
        statement(0x20, [0, 0], 0),
        statement(0x15, [0, 3], call),
        statement(0x20, [0, 0], 16),
        // Without bits to look for, every call goes to the result.
        bits.map_or_else(|| statement(0x05, [0, 0], 0), |bits| statement(0x45, [0, 1], bits)),
        statement(0x06, [0, 0], result),
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

/// The actor sends itself a signal.
pub fn kill_self(signal: Signal) -> Action {
    raw("kill", libc::SYS_kill, &[RawArg::Pid, number(signal as i32)])
}

/// The error that playing gives, which has to come in time.
#[track_caller]
pub fn error(scenario: &Scenario) -> Error {
    error_within(LIMIT, scenario)
}

/// The same, with another time limit.
#[track_caller]
pub fn error_within(limit: Duration, scenario: &Scenario) -> Error {
    let begun = Instant::now();
    let played = scenario.try_play_within(limit);
    assert!(begun.elapsed() < limit + SLACK, "took {:?}", begun.elapsed());
    match played {
        Err(error) => error,
        Ok(trace) => panic!("the lie was believed:\n{trace}"),
    }
}

/// That a message says all of this.
#[track_caller]
pub fn says(error: &Error, parts: &[&str]) {
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}
