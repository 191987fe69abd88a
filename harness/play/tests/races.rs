//! Racers told to lie: one that dies, hangs or says too little is an error of the harness that names the
//! racer, the round and the call, told at once and not when those who wait for it have run out of time.

mod support;

use harness_play::error::Error;
use harness_play::prelude::*;
use harness_scenario::outcome::TOO_SLOW_HERE;
use rstest::rstest;
use std::time::{Duration, Instant};
use support::{number, pause, raw};

const LIMIT: Duration = Duration::from_secs(1);
/// Far longer than a dead racer may go unnoticed on a busy machine.
const LONG: Duration = Duration::from_secs(30);
/// The time until an error is reported, on a busy machine.
const SLACK: Duration = Duration::from_secs(5);

/// Does nothing, at the same time as others.
fn idle(actor: Actor) -> Racer {
    racer(actor, &[], raw("getpid", libc::SYS_getpid, &[]))
}

fn exit() -> Action {
    raw("exit_group", libc::SYS_exit_group, &[number(3)])
}

fn kill_self() -> Action {
    raw("kill", libc::SYS_kill, &[RawArg::Pid, number(libc::SIGKILL)])
}

/// Says a few bytes to the director that are no answer.
fn mumble() -> Action {
    raw("mumble", libc::SYS_write, &[RawArg::Socket, RawArg::Bytes([7; 9].as_slice().into()), number(9)])
}

/// The error of a race between a faulty racer and one or more correct ones.
#[track_caller]
fn error(stage: Scenario, racers: &[Racer], limit: Duration, within: Duration) -> Error {
    let begun = Instant::now();
    let played = stage.race(racers).try_play_within(40, limit);
    assert!(begun.elapsed() < within, "took {:?}", begun.elapsed());
    match played {
        Err(error) => error,
        Ok(tally) => panic!("the lie was believed:\n{tally:#?}"),
    }
}

#[track_caller]
fn says(error: &Error, parts: &[&str]) {
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

/// A racer that ends at its call, or just before while the others wait for it, is told at once, whether it
/// stays from round to round or is of the stage: then there is one in each round of a heat, of which any may be
/// the first to end.
#[rstest]
#[case::exits(&[], exit(), &["ended (exit 3)", ", exit_group"])]
#[case::is_killed(&[], kill_self(), &["ended (killed by SIGKILL)", ", kill"])]
#[case::exits_before(&[exit()], DUMPABLE, &["ended (exit 3)", ", exit_group"])]
fn ends(
    #[case] before: &[Action],
    #[case] call: Action,
    #[case] parts: &[&str],
    #[values(Actor::Outside, Actor::Inside)] who: Actor,
) {
    let racers = [idle(Actor::Privileged), racer(who, before, call)];

    let error = error(caller().inside(&[]), &racers, LONG, SLACK);

    says(&error, parts);
    says(&error, &[&format!("actor {who}"), ": round "]);
}

/// A racer that hangs is reported after the limit, with its call.
#[rstest]
#[case::at_its_call(&[], pause())]
#[case::before(&[pause()], DUMPABLE)]
fn hangs(#[case] before: &[Action], #[case] call: Action) {
    // Who waits for the one that hangs runs out of time at the same moment.
    let racers = [racer(Actor::Outside, before, call), idle(Actor::Inside)];

    let error = error(caller().inside(&[]), &racers, LIMIT, LIMIT + SLACK);

    says(&error, &["actor outside did not answer within 1s", "round 0, pause("]);
}

/// A racer that says too little, or too much, has said nothing.
#[test]
fn mumbles() {
    let racers = [racer(Actor::Outside, &[], mumble()), idle(Actor::Privileged)];

    let error = error(caller().inside(&[]), &racers, LONG, SLACK);

    says(&error, &["actor outside gave a short answer of 9 bytes: round "]);
}

/// A racer that is refused what it does before, more than one call at a time, and a racer from nowhere
/// make no sense.
#[rstest]
#[case::refused(racer(Actor::Outside, &[DUMPABLE, Action::Setns { of: Actor::Outside, file: NsFile::User, nstype: 0 }], DUMPABLE), "before the race outside's setns(outside's ns/user, 0) came out as EINVAL")]
#[case::three_calls(racer(Actor::Outside, &[], uid_map("0 own 1")), "a racer cannot do so: uid_map <- \"0 own 1\"")]
#[case::for_the_director(racer(Actor::Outside, &[run(&["true"])], DUMPABLE), "a racer cannot do so: run true")]
#[case::not_on_the_stage(racer(Actor::Second, &[], DUMPABLE), "second races and is not on the stage")]
fn makes_no_sense(#[case] wrong: Racer, #[case] message: &str) {
    let error = error(caller().inside(&[]), &[wrong, idle(Actor::Privileged)], LONG, SLACK);

    assert!(matches!(error, Error::InvalidScenario(_)), "{error}");
    says(&error, &[message]);
}

/// Rounds that do not end in the time of the race are the host's fault: the message begins with the words by which such a
/// failure is told from a broken rule.
#[test]
fn a_race_that_takes_too_long_is_too_slow_here() {
    let race = caller().inside(&[]).race(&[idle(Actor::Outside), idle(Actor::Inside)]);

    let error = race.budget(Duration::ZERO).try_play_within(40, LIMIT).expect_err("no round ends in no time");

    assert_eq!(error, Error::TooSlow { rounds: 40, ended: 0, budget: Duration::ZERO });
    assert!(error.to_string().starts_with(TOO_SLOW_HERE), "{error}");
    assert!(Error::NoRace { rounds: 40, overlapping: 0 }.to_string().starts_with(TOO_SLOW_HERE));
}

/// A racer that could reach the host is not begun, like any other step.
#[test]
fn a_racer_cannot_reach_the_host() {
    let name = [HERE, RawArg::Bytes(b"made\0".as_slice().into()), number(0o700)];
    let racers = [racer(Actor::Outside, &[], raw("mkdirat", libc::SYS_mkdirat, &name)), idle(Actor::Inside)];

    let error = error(caller().inside(&[]), &racers, LONG, SLACK);

    says(&error, &["mkdirat(AT_FDCWD, 5 bytes, 448), of outside would reach the host's files"]);
}
