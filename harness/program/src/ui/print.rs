//! Words for the reader, in colour where a terminal wants it, and whether they could be written.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;

use crate::ui::live;

/// The first error of a write to standard output.
static LOST: OnceLock<String> = OnceLock::new();

/// Prints to standard output. An error is kept for [`lost`]: no command that prints a result ends well without it.
///
/// A reader that has gone away, as in `cargo ci facts | head -1`, has read what it wanted. That is no error.
pub fn print(text: impl Display) {
    keep(live::above(|| write!(anstream::stdout(), "{text}")));
}

/// Prints to standard error: what is no part of the result, which may be JSON.
pub fn note(text: impl Display) {
    let _ = live::above(|| write!(anstream::stderr(), "{text}"));
}

/// Writes what is left in the buffer of standard output. Returns why something could not be written, if it could not.
pub fn lost() -> Option<String> {
    keep(io::stdout().flush());
    LOST.get().map(|error| format!("the result could not be written to standard output: {error}"))
}

/// Keeps the error of a write to standard output for [`lost`].
pub fn keep(written: io::Result<()>) {
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let _ = LOST.set(error.to_string());
        }
        _ => {}
    }
}
