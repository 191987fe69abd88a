//! What a test leaves for the program that runs it: what it found, the trace that differs, a reproducer.
//!
//! `cargo nextest run` takes files in directories. The program `userns-suite` takes lines from a pipe, because it may run
//! where nothing can be written.

use std::fs::File;
use std::io::Write as _;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::findings::Left;

static PIPE: OnceLock<Mutex<File>> = OnceLock::new();

/// From now on, what tests leave goes to this pipe, a line of JSON each.
///
/// # Errors
/// If there is a pipe already.
pub fn send_to(pipe: File) -> Result<(), String> {
    PIPE.set(Mutex::new(pipe)).map_err(|_| "what tests leave already goes to a pipe".to_owned())
}

/// Whether what tests leave goes to a pipe.
pub(crate) fn is_sent() -> bool {
    PIPE.get().is_some()
}

/// Sends what a test leaves. If that fails, standard error has the reason: the test has failed in any case.
pub(crate) fn send(left: &Left) {
    let Some(pipe) = PIPE.get() else { return };
    let mut pipe = pipe.lock().unwrap_or_else(PoisonError::into_inner);
    let sent = left.to_line().and_then(|line| pipe.write_all(line.as_bytes()).map_err(|it| it.to_string()));
    if let Err(error) = sent {
        eprintln!("what the test leaves is lost: {error}");
    }
}
