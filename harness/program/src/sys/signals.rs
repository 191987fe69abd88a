//! Signals that ask this process to stop.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

const HUNG_UP: usize = 1;
const INTERRUPTED: usize = 2;
const TERMINATED: usize = 3;
static SIGNALLED: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);

/// Notes signals instead of dying from them, so that temporary directories are removed.
pub fn watch_signals() -> Result<(), String> {
    for (signal, note) in [(SIGHUP, HUNG_UP), (SIGINT, INTERRUPTED), (SIGTERM, TERMINATED)] {
        signal_hook::flag::register_usize(signal, Arc::clone(&SIGNALLED), note)
            .map_err(|error| format!("cannot watch for signal {signal}: {error}"))?;
    }
    Ok(())
}

/// Whether a signal asked us to stop.
pub fn interrupted() -> bool {
    SIGNALLED.load(Ordering::Relaxed) != 0
}

/// Whether a signal asked this process alone to stop, so that it has to pass it on: the signal of a terminal's Ctrl-C
/// reaches the children by itself.
pub fn was_meant_for_us_alone() -> bool {
    matches!(SIGNALLED.load(Ordering::Relaxed), HUNG_UP | TERMINATED)
}
