//! The outcomes of actions on held file descriptors without a result: never ids that no process sent.

use harness_play::error::Error;
use harness_play::prelude::*;

fn of_a_byte(name: &'static str, number: i64, args: &[RawArg]) -> Action {
    let args = [RawArg::Held].into_iter().chain(args.iter().cloned());
    syscall(name, number, args.collect())
}

fn failed(errno: Errno) -> Outcome {
    Outcome::Failed { call: "", errno }
}

#[test]
fn credentials_that_were_not_sent_are_not_told() {
    let none = RawArg::Number(0);
    let byte = [RawArg::Bytes([0].as_slice().into()), RawArg::Number(1), none.clone(), none.clone(), none];
    let cast = caller().outside(&[]).inside(&[Action::Socketpair(Actor::Outside)]);

    let before = cast.outside(&[Action::ReceiveCredentials]);
    let sent = before.inside(&[of_a_byte("send", libc::SYS_sendto, &byte)]);
    let trace = sent.outside(&[Action::ReceiveCredentials]).play();

    // First there was no message, then a byte alone, because credentials were not requested.
    assert_eq!(trace.outcomes[3], failed(Errno::EAGAIN), "{trace}");
    assert_eq!(trace.outcomes[5], failed(Errno::ENOMSG), "{trace}");
}

#[test]
fn a_socket_goes_to_an_actor_that_is_there() {
    let played = caller().inside(&[Action::Socketpair(Actor::Sibling)]).try_play();

    let error = played.expect_err("nobody is there to hold the other end");
    assert!(matches!(error, Error::InvalidScenario(_)), "{error}");
}

#[test]
fn calls_without_a_held_descriptor_fail() {
    let read = Action::ReadHeld { size: 10, at: At::Position };
    let send = Action::SendCredentials([0, 0]);
    let steps = [read, send, Action::ReceiveCredentials];

    let trace = caller().outside(&steps).play();

    assert_eq!(trace.outcomes[1..], [(); 3].map(|()| failed(Errno::EBADF)), "{trace}");
}
