//! The line at the end of a terminal that shows how far a run is. Where standard error is no terminal there is none.

use std::io::{IsTerminal, Write};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often the line is written anew.
const EVERY: Duration = Duration::from_millis(200);
/// The narrowest terminal: a line that is longer would need two, and stay.
const WIDTH: usize = 79;
/// Back to the beginning of the line, and nothing behind it.
const ERASE: &str = "\r\x1b[K";

static LINE: Mutex<Line> = Mutex::new(Line { text: String::new(), written: None });
static TERMINAL: LazyLock<bool> = LazyLock::new(|| std::io::stderr().is_terminal());

#[derive(Debug)]
struct Line {
    text: String,
    written: Option<Instant>,
}

/// Whether standard error is a terminal.
pub fn is_possible() -> bool {
    *TERMINAL
}

/// Replaces the line, on a terminal. What comes soon after the last one is left out.
pub fn show(text: impl FnOnce() -> String) {
    if !is_possible() {
        return;
    }
    let mut line = LINE.lock().unwrap_or_else(PoisonError::into_inner);
    if line.written.is_none_or(|written| written.elapsed() >= EVERY) {
        *line = Line { text: fitting(&text()), written: Some(Instant::now()) };
        write(&format!("{ERASE}{}", line.text));
    }
}

/// Removes the line.
pub fn clear() {
    let mut line = LINE.lock().unwrap_or_else(PoisonError::into_inner);
    if !line.text.is_empty() {
        write(ERASE);
    }
    *line = Line { text: String::new(), written: None };
}

/// Does what prints whole lines, which come above the line.
pub fn above<T>(print: impl FnOnce() -> T) -> T {
    let line = LINE.lock().unwrap_or_else(PoisonError::into_inner);
    if line.text.is_empty() {
        return print();
    }
    write(ERASE);
    let done = print();
    write(&line.text);
    done
}

fn fitting(text: &str) -> String {
    text.chars().take(WIDTH).collect()
}

/// A terminal that went away is no reason to stop.
fn write(text: &str) {
    let mut stderr = std::io::stderr();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
