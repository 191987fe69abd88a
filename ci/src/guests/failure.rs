//! Failures of a run on a kernel, and how the console shows them.

use std::fmt::{self, Display};
use std::time::Duration;

/// Why there is no result, or only part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunFailure {
    /// The kernel could not be fetched: download, signature, a missing program.
    NotFetched(String),
    /// It could not be started.
    NotStarted(String),
    /// It stopped with a panic. The text is its message.
    Panicked(String),
    /// It ran out of memory. The text is its message.
    OutOfMemory(String),
    /// It sent nothing for so long. The text is its last event.
    Hung(Duration, String),
    /// It still sent events at the end of the time limit.
    TooLong(Duration, String),
    /// It ended early, or its events are not consistent.
    AnsweredShort(String),
    /// It is not the kernel that the row names.
    AnotherKernel(String),
    /// The guest could not continue. The text is its message.
    Stopped(String),
    /// A signal stopped the run.
    Interrupted,
}

impl RunFailure {
    /// The failure in one word, for tables and scripts.
    pub fn word(&self) -> &'static str {
        match self {
            Self::NotFetched(_) => "not fetched",
            Self::NotStarted(_) => "not started",
            Self::Panicked(_) => "panicked",
            Self::OutOfMemory(_) => "out of memory",
            Self::Hung(..) => "hung",
            Self::TooLong(..) => "too long",
            Self::AnsweredShort(_) => "answered short",
            Self::AnotherKernel(_) => "another kernel",
            Self::Stopped(_) => "stopped",
            Self::Interrupted => "interrupted",
        }
    }
}

impl Display for RunFailure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFetched(why) => write!(out, "could not be fetched: {why}"),
            Self::NotStarted(why) => write!(out, "could not be started: {why}"),
            Self::Panicked(words) => write!(out, "panicked: {words}"),
            Self::OutOfMemory(words) => write!(out, "ran out of memory: {words}"),
            Self::Hung(time, last) => {
                write!(out, "hung: nothing for {} s; the last was: {last}", time.as_secs())
            }
            Self::TooLong(limit, last) => {
                write!(out, "did not end within {} s; the last was: {last}", limit.as_secs())
            }
            Self::AnsweredShort(how) => write!(out, "answered short: {how}"),
            Self::AnotherKernel(how) => write!(out, "is another kernel than its row claims: {how}"),
            Self::Stopped(words) => write!(out, "stopped: {words}"),
            Self::Interrupted => write!(out, "was interrupted"),
        }
    }
}

/// Makes a failure from text.
type Kind = fn(String) -> RunFailure;

/// What a kernel says before it stops. Of the reasons the first one that is found counts.
const DEADLY: [(&str, Kind); 7] = [
    ("uml_load_file: Failed to allocate", RunFailure::OutOfMemory),
    ("System is deadlocked on memory", RunFailure::OutOfMemory),
    ("Out of memory and no killable processes", RunFailure::OutOfMemory),
    ("Initramfs unpacking failed: write error", RunFailure::OutOfMemory),
    ("Kernel panic", RunFailure::Panicked),
    ("kernel BUG at", RunFailure::Panicked),
    ("Out of memory: Killed process", RunFailure::OutOfMemory),
];

/// Console messages with a known cause.
const HINTS: [(&str, &str); 3] = [
    (
        "ptrace set fp regs failed",
        "this User-Mode Linux is too old for the registers of this host's processor",
    ),
    (
        "Unable to mount root fs",
        "the kernel does not take the initial root: set CONFIG_BLK_DEV_INITRD and CONFIG_RD_GZIP, see ci/guest.config",
    ),
    (
        "No working init found",
        "the kernel cannot run the program: set CONFIG_BINFMT_ELF, see ci/guest.config",
    ),
];

/// The failure that a console shows, if there is one.
pub fn on_console(console: &str) -> Option<RunFailure> {
    let says = |sign: &str| console.lines().find(|line| line.contains(sign));
    let why =
        HINTS.iter().find_map(|(sign, why)| says(sign).map(|_| format!(" ({why})"))).unwrap_or_default();
    let words = |line: &str| format!("{}{why}", without_clock(line));
    DEADLY.iter().find_map(|(sign, failure)| says(sign).map(|line| failure(words(line))))
}

/// A line of the kernel's log without level and time at its beginning.
fn without_clock(line: &str) -> &str {
    let line = line.trim();
    let line = line.strip_prefix('<').and_then(|rest| rest.split_once('>')).map_or(line, |(_, rest)| rest);
    line.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map_or(line, |(_, rest)| rest.trim())
}

/// The last lines of a console, or those around the first word of a panic: what follows it is a long trace.
pub fn end_of_console(console: &str, lines: usize) -> Vec<String> {
    // What only a terminal understands is left out.
    let clean = |line: &str| line.chars().filter(|c| !c.is_control() || *c == '\t').collect::<String>();
    let kept: Vec<String> = console.lines().map(clean).filter(|line| !line.trim().is_empty()).collect();
    let deadly = |line: &String| DEADLY.iter().any(|(sign, _)| line.contains(sign));
    let last = kept.len().saturating_sub(lines);
    let from = kept.iter().position(deadly).map_or(last, |at| at.saturating_sub(lines / 2).min(last));
    kept[from..].iter().take(lines).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_console_tells_is_told_apart() {
        let panic =
            "[    0.1] Linux\n[    1.2] Kernel panic - not syncing: No working init found.\r\n[ 1.3] CPU\n";
        let deadlock = "<0>[ 1.0] Kernel panic - not syncing: System is deadlocked on memory\n";

        let told = on_console(panic).map(|failure| failure.to_string()).unwrap_or_default();
        let words = "panicked: Kernel panic - not syncing: No working init found. (the kernel cannot run the program: ";
        assert!(told.starts_with(words) && told.contains("CONFIG_BINFMT_ELF"), "{told}");
        assert_eq!(on_console(deadlock).map(|failure| failure.word()), Some("out of memory"));
        assert_eq!(on_console("[ 0.1] Linux\n"), None);
    }

    #[test]
    fn the_end_of_a_console_can_be_printed() {
        assert_eq!(end_of_console("a\r\n\x1b[1mb\n\n\nc\n", 2), ["[1mb", "c"]);
        assert!(end_of_console("", 5).is_empty());
        let trace = (0..9).map(|n| format!("[<{n}>] function\n")).collect::<String>();
        let panic = format!("{trace}Kernel panic - x\n{trace}");
        assert_eq!(end_of_console(&panic, 4)[2], "Kernel panic - x");
    }
}
