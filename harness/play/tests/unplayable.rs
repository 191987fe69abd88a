//! A cast that cannot be set up, or a scenario that makes no sense, is an error that says what and why, and nothing
//! is done in the wrong place.
mod support;

use harness_play::error::Error;
use harness_play::prelude::*;
use nix::errno::Errno;
use nix::sys::signal::Signal;
use rstest::rstest;
use support::{answer_with, error, kill_self, raw, says};

/// fork(2) that fails is reported with its errno: the process limit of a user who already has one.
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

/// A namespace that cannot be created is an error with the actor and the errno.
#[test]
fn cannot_create_a_namespace() {
    let scenario = caller().outside(&answer_with(libc::SYS_unshare, libc::EPERM)).inside(&[DENY]);

    let error = error(&scenario);

    assert_eq!(error, Error::Namespace { actor: Actor::Inside, errno: Errno::EPERM });
    says(&error, &["the kernel refused a user namespace: actor inside", "EPERM", "no mapping", "chroot(2)"]);
    assert!(!error.to_string().contains("the harness failed"), "{error}");
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
    let scenario =
        cast.outside(&[Action::UnshareOrStop(libc::CLONE_NEWNS)]).by(who, &[kill_self(Signal::SIGKILL)]);

    let error = error(&scenario);

    assert!(matches!(error, Error::IsolationFailed { errno: Errno::ENOSPC, .. }), "{error:?}");
    says(
        &error,
        &["the kernel refused a preparation: actor outside at step ", "unshare(CLONE_NEWNS)", "ENOSPC"],
    );
}

/// A step of an actor that has not begun, or with an empty hand, makes no sense.
#[test]
fn makes_no_sense() {
    let scenario = caller().outside(&[Action::PassFd(Actor::Second)]);

    let error = error(&scenario);

    says(&error, &["makes no sense", "second has not begun"]);
}

/// A chroot forbids namespaces, which is reported in the same way.
/// Source: unshare(2), EPERM; kernel create_user_ns().
#[test]
fn cannot_create_a_namespace_in_a_chroot() {
    let root = std::path::PathBuf::from("/proc");
    let scenario = caller().inside(&[DENY]).inside(&[Action::Chroot("/proc", root)]).nested(&[]);

    let error = error(&scenario);

    assert_eq!(error, Error::Namespace { actor: Actor::Nested, errno: Errno::EPERM });
}

/// Who has ended takes no further step: a scenario that says so is no outcome of the kernel's.
#[rstest]
#[case::a_zombie(Leaves::Zombie)]
#[case::reaped(Leaves::Nothing)]
fn a_step_after_the_end(#[case] leaves: Leaves) {
    let scenario = caller().outside(&[Action::Exit(leaves), SETGROUPS_EMPTY]);

    let error = error(&scenario);

    assert!(matches!(error, Error::InvalidScenario(_)), "{error}");
}
