//! What is called with each trace: by it a suite learns what its tests have played. And what is asked before a
//! scenario is played: by it a suite learns what its tests would play.

use crate::error::Error;
use harness_scenario::scenario::Scenario;
use harness_scenario::trace::Trace;
use std::fmt;
use std::sync::OnceLock;

static OBSERVER: OnceLock<fn(&Trace)> = OnceLock::new();

/// From now on each scenario that is played to its end is shown to this function, on the thread that played it.
///
/// # Errors
/// If there is an observer already, which stays.
pub fn observe(observer: fn(&Trace)) -> Result<(), AlreadyObserved> {
    OBSERVER.set(observer).map_err(|_| AlreadyObserved)
}

/// What becomes of a scenario in a rehearsal.
#[derive(Debug)]
pub enum Rehearsed {
    /// Nothing is played: this trace stands for it.
    Answered(Box<Trace>),
    /// It is played, and the observer is not called.
    Played,
}

/// What is asked before a scenario is played, with the reason why it will not be, if there is one.
type StandIn = fn(&Scenario, Option<&Error>) -> Option<Rehearsed>;

static STAND_IN: OnceLock<StandIn> = OnceLock::new();

/// From now on this function is asked before a scenario is played. It returns `None` where no test is rehearsed: a suite
/// rehearses its tests to learn what they need. A race is never played in a rehearsal.
///
/// # Errors
/// If there is one already, which stays.
pub fn rehearse_with(stand_in: StandIn) -> Result<(), AlreadyObserved> {
    STAND_IN.set(stand_in).map_err(|_| AlreadyObserved)
}

/// What becomes of this scenario, in a rehearsal.
pub(crate) fn stand_in(scenario: &Scenario, refused: Option<&Error>) -> Option<Rehearsed> {
    STAND_IN.get()?(scenario, refused)
}

/// There is an observer already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlreadyObserved;

impl std::error::Error for AlreadyObserved {}

impl fmt::Display for AlreadyObserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "another observer is set, which is shown every trace")
    }
}

/// A scenario was played to its end.
pub(crate) fn played(trace: &Trace) {
    if let Some(observer) = OBSERVER.get() {
        observer(trace);
    }
}
