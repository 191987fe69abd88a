//! The harness told lies: an actor that dies, hangs, says too little or too much is an error that names
//! the actor, the step and what happened, within the time limit, and never an outcome.
//!
//! Actors are made to lie by raw system calls on their own socket.
mod support;

use harness::error::Error;
use harness::prelude::*;
use nix::errno::Errno;
use nix::sys::signal::Signal;
use rstest::rstest;
use std::borrow::Cow;
use std::time::{Duration, Instant};
use support::{answer_with, number, pause, raw};

const LIMIT: Duration = Duration::from_millis(300);
/// What may pass beyond the limit until an error is told, on a busy machine.
const SLACK: Duration = Duration::from_secs(3);

fn kill_self(signal: Signal) -> Action {
    raw("kill", libc::SYS_kill, &[RawArg::Pid, number(signal as i32)])
}

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

/// The error that playing gives, which has to come in time.
#[track_caller]
fn error(scenario: &Scenario) -> Error {
    error_within(LIMIT, scenario)
}

/// The same, with another time limit.
#[track_caller]
fn error_within(limit: Duration, scenario: &Scenario) -> Error {
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
fn says(error: &Error, parts: &[&str]) {
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

/// An actor that a signal kills is told with the signal and the step that it was at.
#[rstest]
#[case::sigkill(Signal::SIGKILL)]
#[case::sigabrt(Signal::SIGABRT)]
#[case::sigterm(Signal::SIGTERM)]
fn killed(#[case] signal: Signal) {
    let scenario = caller().outside(&[DUMPABLE, kill_self(signal), DUMPABLE]);

    let error = error(&scenario);

    says(&error, &["actor outside", "step 3, kill", &format!("killed by {signal}")]);
}

/// An actor that exits early is told with its status, even if that is 0.
#[rstest]
#[case::in_good_order(0)]
#[case::in_bad_order(3)]
fn exits_early(#[case] status: i32) {
    let scenario = caller().outside(&[DUMPABLE, exit(status)]);

    let error = error(&scenario);

    says(&error, &["actor outside", "step 3, exit_group", &format!("exit {status}")]);
}

/// An actor that hangs is told after the limit, at whatever place of the cast it is.
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

    assert!(matches!(error, Error::Stray { actor: Actor::Outside, .. }), "{error}");
    says(&error, &["answered twice, or what it was not asked"]);
}

/// An actor that has told all it was asked and then does not end is told, too.
#[test]
fn does_not_end() {
    let everything = (0..19).fold(Vec::new(), |all, _| [all, answer(1)].concat());
    let scenario = caller().outside(&[say("say all beforehand", [answer(0), everything].concat()), pause()]);

    let error = error(&scenario);

    assert!(matches!(error, Error::Stray { .. } | Error::Hung { .. } | Error::State { .. }), "{error}");
}

/// A pipe lost is told, and that the actor lives on.
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

    let given = format!("0 {} 1", trace.own.uid).len();
    assert_eq!(trace.outcomes.last(), Some(&Outcome::Short { wrote: 0, given }), "{trace}");
    assert!(trace.to_string().contains("took 0 of"), "{trace}");
}

/// What an earlier call left in the room is not told for one that fails, and no more than one left for one
/// that falls short.
#[test]
fn a_call_leaves_nothing() {
    let tell = |number, args, results| Action::Ask("tell", number, args, results);
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

/// fork(2) that fails is told with its errno: the process limit of a user who has one already.
/// Source: fork(2), EAGAIN.
#[test]
fn cannot_fork() {
    let one: Vec<u8> = [1_u64, 1].into_iter().flat_map(u64::to_ne_bytes).collect();
    let limit = raw(
        "setrlimit",
        libc::SYS_setrlimit,
        &[RawArg::Number(libc::RLIMIT_NPROC.into()), RawArg::Bytes(one.into())],
    );
    let scenario = ordinary().outside(&[]).by(Actor::Outside, &[limit]).inside(&[DENY]);

    let error = error(&scenario);

    assert_eq!(error, Error::Fork { actor: Actor::Inside, errno: Errno::EAGAIN });
    says(&error, &["fork of actor inside failed: EAGAIN"]);
}

/// A namespace that cannot be created is an error, told with the actor and the errno.
#[test]
fn cannot_create_a_namespace() {
    let scenario = caller().outside(&answer_with(libc::SYS_unshare, libc::EPERM)).inside(&[DENY]);

    let error = error(&scenario);

    assert_eq!(error, Error::Namespace { actor: Actor::Inside, errno: Errno::EPERM });
    says(&error, &["actor inside cannot create its user namespace", "EPERM"]);
}

/// Where the namespace is missing, what was to be done in it is not done where the actor is instead.
#[test]
fn does_nothing_without_its_namespace() {
    let refused = caller().outside(&answer_with(libc::SYS_unshare, libc::ENOSPC));
    let scenario = refused.inside(&[kill_self(Signal::SIGKILL)]);

    let error = error(&scenario);

    assert_eq!(error, Error::Namespace { actor: Actor::Inside, errno: Errno::ENOSPC });
}

/// What was to be done apart from the host is not done on the host, by anybody.
#[rstest]
#[case::by_the_same(Actor::Outside)]
#[case::by_another(Actor::Privileged)]
fn does_nothing_unless_apart(#[case] who: Actor) {
    let cast = caller().outside(&answer_with(libc::SYS_unshare, libc::ENOSPC)).by(who, &[]);
    let scenario = cast.outside(&[Action::Apart(libc::CLONE_NEWNS)]).by(who, &[kill_self(Signal::SIGKILL)]);

    let error = error(&scenario);

    let flags = libc::CLONE_NEWNS;
    assert_eq!(error, Error::NotApart { actor: Actor::Outside, flags, errno: Errno::ENOSPC });
    says(&error, &["actor outside cannot get away", "unshare(CLONE_NEWNS)", "ENOSPC"]);
}

/// A step of an actor that has not begun, or with an empty hand, makes no sense.
#[test]
fn makes_no_sense() {
    let scenario = caller().outside(&[Action::Give(Actor::Second)]);

    let error = error(&scenario);

    says(&error, &["makes no sense", "second has not begun"]);
}

/// A chroot forbids namespaces, which is told likewise.
/// Source: unshare(2), EPERM; kernel create_user_ns().
#[test]
fn cannot_create_a_namespace_in_a_chroot() {
    let root = std::path::PathBuf::from("/proc");
    let scenario = caller().inside(&[DENY]).inside(&[Action::Chroot("/proc", root)]).nested(&[]);

    let error = error(&scenario);

    assert_eq!(error, Error::Namespace { actor: Actor::Nested, errno: Errno::EPERM });
}

/// A program that hangs is told after the limit, and is gone.
#[rstest]
#[case::silent(&["sleep", "1000"])]
#[case::with_children(&["sh", "-c", "sleep 1000 & sleep 1000"])]
#[case::that_ignores_signals(&["sh", "-c", "trap '' HUP INT TERM PIPE; sleep 1000; sleep 1000"])]
#[case::its_output_closed(&["sh", "-c", "exec >&- 2>&-; exec sleep 1000"])]
#[case::stopped(&["sh", "-c", "kill -STOP $$"])]
fn program_hangs(#[case] words: &[&str]) {
    let error = error(&caller().outside(&[run(words)]));

    says(&error, &["did not end within 300ms", &words.join(" ")]);
}

/// A program that leaves a process behind is told, whether that holds its output or not, and the
/// process is gone.
#[rstest]
#[case::with_its_output("sleep 1000 &")]
#[case::in_another_session("setsid sleep 1000 & sleep 0.05")]
#[case::silently("setsid sleep 1000 >/dev/null 2>&1 & sleep 0.05")]
fn program_leaves_a_process(#[case] script: &'static str) {
    // What is left behind is given some time to end by itself, which a busy machine draws out.
    let error = error_within(10 * LIMIT, &caller().outside(&[run(&["sh", "-c", script])]));

    assert!(matches!(error, Error::LeftBehind { .. }), "{error}");
    says(&error, &["left processes behind", script]);
}

/// A program that floods its output is told when it has said too much, before memory or time run out.
#[test]
fn program_floods() {
    let error = error(&caller().outside(&[run(&["cat", "/dev/zero"])]));

    assert!(matches!(error, Error::Flood { .. }), "{error}");
    says(&error, &["said more than 1048576 bytes", "cat /dev/zero"]);
}

/// A program that is not there is told with its name; one that cannot be executed is an outcome.
#[test]
fn program_cannot_be_started() {
    let missing = error(&caller().outside(&[run(&["no-such-program"])]));
    let trace = caller().outside(&[run(&["/proc/version"])]).play();
    let nearby = caller().outside(&[run(&["sh", "-c", "exit 95"])]).play();

    says(&missing, &["program no-such-program not found"]);
    let refused = Outcome::Failed { call: "execve", errno: Errno::EACCES };
    assert_eq!(trace.outcomes.last(), Some(&refused), "{trace}");
    assert!(nearby.to_string().contains("exit 95"), "{nearby}");
}

/// How a program ended is shown as it was: a number or a signal.
#[rstest]
#[case::status("exit 200", Status::Exited(200))]
#[case::signal("kill -SEGV $$", Status::Killed(Signal::SIGSEGV))]
fn program_ends(#[case] script: &'static str, #[case] status: Status) {
    let trace = caller().outside(&[run(&["sh", "-c", script])]).play();

    let Some(Outcome::Program(ended)) = trace.outcomes.last() else { panic!("no program: {trace}") };
    assert_eq!(ended.status, status, "{trace}");
    assert!(trace.to_string().contains(&status.to_string()), "{trace}");
}

/// Who has ended takes no further step: a scenario that says so is no outcome of the kernel's.
#[rstest]
#[case::a_zombie(Remains::Zombie)]
#[case::reaped(Remains::Nothing)]
fn a_step_after_the_end(#[case] remains: Remains) {
    let scenario = caller().outside(&[Action::End(remains), SETGROUPS_EMPTY]);

    let error = error(&scenario);

    assert!(matches!(error, Error::Senseless(_)), "{error}");
}
