//! Tests that end early, and what is found out about them nevertheless.

use super::*;
use crate::prelude::*;

fn unshare() -> Scenario {
    caller().outside(&[Action::Unshare(0)])
}

fn lseek() -> Scenario {
    let args = vec![RawArg::Number(-1), RawArg::Number(0), RawArg::Number(0)];
    caller().outside(&[syscall("lseek", libc::SYS_lseek, args)])
}

/// A judge of a host on which lseek(2) is missing.
fn misses_lseek(scenario: &Scenario) -> Option<String> {
    let lseek = |step: &Step| matches!(&step.action, Action::Syscall(call) if call.number == libc::SYS_lseek);
    scenario.steps.iter().any(lseek).then(|| "needs lseek".to_owned())
}

fn misses_nothing(_: &Scenario) -> Option<String> {
    None
}

/// The model predicts no outcome of a program, and the test asks for one before it plays the scenario that matters.
fn plays_lseek_after_a_program() {
    let trace = caller().outside(&[run(&["echo", "words"])]).play();
    let Some(Outcome::Program(ended)) = trace.outcomes.last() else { panic!("{trace}") };
    assert_eq!(ended.stdout, "words\n");
    lseek().play();
}

fn always_panics() {
    unshare().play();
    panic!("whatever is answered");
}

fn never_panics() {
    unshare().play();
    lseek().play();
}

/// One function, because a process has one rehearsal at a time.
#[test]
fn a_test_that_refuses_what_is_predicted_is_judged_to_its_end() {
    harness_play::rehearse_with(stand_in).expect("no other rehearsal");
    let lacks = Err("needs lseek".to_owned());

    assert_eq!(twice(never_panics, misses_lseek, misses_lseek), lacks);
    assert_eq!(twice(never_panics, misses_nothing, misses_lseek), Ok(()), "nothing is played");
    assert_eq!(twice(plays_lseek_after_a_program, misses_lseek, misses_lseek), lacks);
    // The nearby success: the same test where nothing is missing.
    assert_eq!(twice(plays_lseek_after_a_program, misses_nothing, misses_nothing), Ok(()));
    // A test that fails by the kernel's answers as well is not skipped: it has to show that.
    assert_eq!(twice(always_panics, misses_lseek, misses_lseek), Ok(()));
    assert!(!is_on());
}
