//! An observer is shown every trace, and there is one.

use harness_play::prelude::*;
use harness_play::{AlreadyObserved, observe};
use std::cell::Cell;

thread_local! {
    static SEEN: Cell<usize> = const { Cell::new(0) };
}

fn count(trace: &Trace) {
    SEEN.set(SEEN.get() + trace.outcomes.len());
}

#[test]
fn an_observer_is_shown_every_trace_and_a_second_one_is_refused() {
    assert_eq!(observe(count), Ok(()));

    let played = caller().outside(&[read(IdFile::UidMap)]).play();
    assert_eq!(SEEN.get(), played.outcomes.len(), "a trace is shown once");

    // What could not be played to its end has no trace.
    let absent = caller().outside(&[Action::Run(vec!["no-such-program-anywhere".into()].into())]);
    let refused = absent.try_play().expect_err("there is no such program").to_string();
    assert!(refused.contains("no-such-program-anywhere"), "{refused}");
    assert_eq!(SEEN.get(), played.outcomes.len());

    assert_eq!(observe(|_| panic!("it is not set")), Err(AlreadyObserved));
    assert!(AlreadyObserved.to_string().contains("another observer"));
    caller().outside(&[]).play();
}
