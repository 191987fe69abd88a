//! The test that a thread runs: what verdict, snapshot and record know of it.

use crate::here;
use crate::host::path;
use crate::rules::changes::Variation;
use std::cell::RefCell;

thread_local! {
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

/// The test that a thread runs.
#[derive(Clone)]
pub(crate) struct Current {
    /// Its name, as the suite shows it.
    pub name: String,
    /// The changes by which its snapshot varies.
    pub varies: &'static [&'static dyn Variation],
}

/// Sets the test that this thread runs from now on, or none.
pub(crate) fn set(test: Option<Current>) {
    CURRENT.set(test);
}

/// The name of the test that this thread runs, as the suite prints it. `None` outside of a test.
pub fn current_test() -> Option<String> {
    CURRENT.with_borrow(|current| current.as_ref().map(|current| current.name.clone()))
}

/// The suffix of the running test's snapshot, if the kernel or a program lacks a change that the test names:
/// "without-" and the name of the first such change.
pub(crate) fn variant() -> Option<String> {
    let varies = CURRENT.with_borrow(|current| current.as_ref().map_or(&[][..], |current| current.varies));
    let lacking = varies.iter().find(|change| !change.is_here(here::release(), &path::version_of))?;
    Some(format!("without-{}", lacking.name()))
}
