//! Words for the reader, in colour where a terminal wants it.

use std::fmt::Display;
use std::io::Write;

/// Prints to standard output.
///
/// A reader that went away, as in `cargo ci facts | head -1`, is no reason to stop: the exit status
/// still has to be right.
pub fn print(text: impl Display) {
    let _ = write!(anstream::stdout(), "{text}");
}

/// Prints to standard error: what is no part of the result, which may be JSON.
pub fn note(text: impl Display) {
    let _ = write!(anstream::stderr(), "{text}");
}
