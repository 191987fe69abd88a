//! The facts of this host, with everything that can be looked up on it: here host and player meet.

use crate::host::{Facts, Lookups};
use crate::probe::probe_userns;
use std::sync::OnceLock;

/// The facts of this process, gathered when first asked for. A process that changes its
/// credentials afterwards is not described by them.
pub fn facts() -> &'static Facts {
    static FACTS: OnceLock<Facts> = OnceLock::new();
    FACTS.get_or_init(|| Facts::of_this_process(lookups()))
}

/// Where this host is asked for what [`Facts`] do not hold.
pub fn lookups() -> Lookups {
    Lookups::with_probe(probe_userns)
}
