//! What is called with each trace: by it a suite learns what its tests have played.

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
