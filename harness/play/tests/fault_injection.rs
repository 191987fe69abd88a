//! The harness told lies: an actor that dies, hangs, says too little or too much is an error that names
//! the actor, the step and what happened, within the time limit, and never an outcome.
//!
//! Actors are made to lie by raw system calls on their own socket. What programs do to it is in
//! `lies_of_programs.rs`, what keeps a scenario from being played in `unplayable.rs`.
mod support;

use harness_play::error::Error;
use harness_play::prelude::*;
use nix::errno::Errno;
use nix::sys::signal::Signal;
use rstest::rstest;
use std::borrow::Cow;
use support::{answer_with, error, kill_self, number, pause, raw, says};

fn exit(status: i32) -> Action {
    raw("exit_group", libc::SYS_exit_group, &[number(status)])
}

fn close_socket() -> Action {
    raw("close the socket", libc::SYS_close, &[RawArg::Socket])
}

/// Says these bytes to the director.
fn say(name: &'static str, bytes: Vec<u8>) -> Action {
    let length = RawArg::Number(i64::try_from(bytes.len()).expect("a few bytes"));
    raw(name, libc::SYS_write, &[RawArg::Socket, RawArg::Bytes(Cow::Owned(bytes)), length])
}

/// An answer to the request of this number, that it was done and gave 0.
fn answer(step: u64) -> Vec<u8> {
    [step, 1, 0, 0, 0].into_iter().flat_map(u64::to_ne_bytes).collect()
}

/// An actor that a signal kills is reported with the signal and its step.
#[rstest]
#[case::sigkill(Signal::SIGKILL)]
#[case::sigabrt(Signal::SIGABRT)]
#[case::sigterm(Signal::SIGTERM)]
fn killed(#[case] signal: Signal) {
    let scenario = caller().outside(&[DUMPABLE, kill_self(signal), DUMPABLE]);

    let error = error(&scenario);

    says(&error, &["actor outside", "step 3, kill", &format!("killed by {signal}")]);
}

/// An actor that exits early is reported with its status, even if that is 0.
#[rstest]
#[case::in_good_order(0)]
#[case::in_bad_order(3)]
fn exits_early(#[case] status: i32) {
    let scenario = caller().outside(&[DUMPABLE, exit(status)]);

    let error = error(&scenario);

    says(&error, &["actor outside", "step 3, exit_group", &format!("exit {status}")]);
}

/// An actor that hangs is reported after the limit, whichever role it has.
#[rstest]
#[case::outside(Actor::Outside)]
#[case::privileged(Actor::Privileged)]
fn hangs(#[case] actor: Actor) {
    let scenario = caller().by(actor, &[DUMPABLE, pause()]);

    let error = error(&scenario);

    says(&error, &[&format!("actor {actor}"), "step 3, pause", "did not answer within 300ms"]);
}

/// An actor that went on as its own child is told of like any other: what ends the child, ends it.
#[rstest]
#[case::exits(exit(3), "exit 3")]
#[case::hangs(pause(), "did not answer within 300ms")]
#[case::is_killed(kill_self(Signal::SIGTERM), "killed by SIGTERM")]
fn ends_as_its_child(#[case] last: Action, #[case] how: &str) {
    let scenario = caller().outside(&[Action::Child(Child::GoesOn(0)), DUMPABLE, last, DUMPABLE]);

    let error = error(&scenario);

    says(&error, &["actor outside", how]);
}

/// An answer cut short anywhere is no answer.
#[rstest]
#[case::within_a_word(3)]
#[case::within_the_head(32)]
fn answers_short(#[case] length: usize) {
    let scenario = caller().outside(&[say("say too little", answer(0)[..length].to_vec()), pause()]);

    let error = error(&scenario);

    says(&error, &["actor outside", &format!("short answer of {length} bytes")]);
}

/// An answer given twice is noticed, whether the steps' numbers betray it or only their count.
#[rstest]
#[case::the_only_step(&[], 0)]
#[case::the_first_of_two(&[DUMPABLE], 0)]
#[case::the_second_of_two(&[DUMPABLE], 1)]
#[case::one_that_was_not_asked(&[DUMPABLE], 9)]
fn answers_twice(#[case] before: &[Action], #[case] step: u64) {
    let scenario = caller().outside(before).outside(&[say("say it twice", answer(step))]);

    let error = error(&scenario);

    assert!(matches!(error, Error::UnexpectedAnswer { actor: Actor::Outside, .. }), "{error}");
    says(&error, &["answered twice, or what it was not asked"]);
}

/// An actor that has answered everything and then does not end is also reported.
#[test]
fn does_not_end() {
    let everything = (0..19).fold(Vec::new(), |all, _| [all, answer(1)].concat());
    let scenario = caller().outside(&[say("say all beforehand", [answer(0), everything].concat()), pause()]);

    let error = error(&scenario);

    assert!(
        matches!(error, Error::UnexpectedAnswer { .. } | Error::Hung { .. } | Error::State { .. }),
        "{error}"
    );
}

/// A closed socket is reported, and that the actor did not end.
#[test]
fn loses_its_pipe() {
    let scenario = caller().outside(&[close_socket(), pause()]).inside(&[]);

    let error = error(&scenario);

    says(&error, &["actor outside closed its socket at: step "]);
}

/// An actor that is alone is listened to when it has ended: all that is told of it is that it hung.
#[test]
fn loses_its_pipe_alone() {
    let scenario = caller().outside(&[close_socket(), pause()]);

    let error = error(&scenario);

    says(&error, &["actor outside did not answer within 300ms: step ", "pause("]);
}

/// A pipe lost at the last step is the end of the actor, who cannot answer.
#[test]
fn loses_its_pipe_and_ends() {
    let scenario = caller().outside(&[close_socket()]);

    let error = error(&scenario);

    assert!(matches!(error, Error::Ended { actor: Actor::Outside, .. }), "{error}");
}

/// A write that takes less than it was given is shown as such, and no success.
#[test]
fn a_write_falls_short() {
    let scenario = caller().inside(&answer_with(libc::SYS_write, 0)).inside(&[uid_map("0 own 1")]);

    let trace = scenario.play();

    let given = format!("0 {} 1", trace.names.own.uid).len();
    assert_eq!(trace.outcomes.last(), Some(&Outcome::Short { wrote: 0, given }), "{trace}");
    assert!(trace.to_string().contains("took 0 of"), "{trace}");
}

/// What an earlier call left in the room is not told for one that fails, and no more than one left for one
/// that falls short.
#[test]
fn a_call_leaves_nothing() {
    let tell = |number, args, results| syscall_for("tell", number, args, results);
    let room = || RawArg::Results(0);
    let ids = tell(libc::SYS_getresuid, vec![room(), room(), room()], Results::Words(1));
    let nowhere = vec![RawArg::Number(-1), room(), RawArg::Number(8)];
    let short = vec![RawArg::Number(0); 3];

    let cast = caller().outside(&[ids, tell(libc::SYS_read, nowhere, Results::Text(8))]);
    let trace = cast.outside(&[tell(libc::SYS_getgroups, short, Results::Text(0))]).play();

    assert!(matches!(trace.outcomes[1], Outcome::Groups(_)), "{trace}");
    assert_eq!(trace.outcomes[2], Outcome::Failed { call: "", errno: Errno::EBADF }, "{trace}");
    assert_eq!(trace.outcomes[3], Outcome::Text(Vec::new()), "{trace}");
}
