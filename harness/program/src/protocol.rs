//! What the program tells while it runs tests: one [`Event`] a line of JSON (`run --format events`).
//!
//! For `cargo ci kernels` the program runs inside a kernel. Its [`Plan`] travels in as a file, and the events come out over a
//! channel that the kernel's own messages do not use. A line that is cut short is no JSON, and each user closes with its
//! counts, so that half an answer cannot pass for a whole one.

use std::fmt;
use std::path::PathBuf;

use harness::findings::Difference;
use harness::suite::Exploration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where the plan lies in a guest's root, and where the guest's program does.
pub const PLAN: &str = "/guest/plan.json";
/// The program itself, which the kernel starts as its init.
pub const INIT: &str = "/guest/userns-suite";
/// A module that the guest loads if it is there: `/dev/net/tun`.
pub const TUN: &str = "/guest/tun.ko";
/// The word on the kernel's command line with the name of the channel's device.
pub const CHANNEL: &str = "guest.channel=";

/// What is to be played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// An existing directory, which every user can reach, for what tests write.
    pub scratch: PathBuf,
    /// As whom the tests run, one user after the other. `None` is the caller, with nothing changed.
    pub users: Vec<Option<u32>>,
    /// The tests, by name. None at all is a trial of whether the kernel boots.
    pub tests: Vec<String>,
    /// After how many seconds a test is killed.
    pub limit: u64,
    /// How much of the generated scenarios is played.
    #[serde(default)]
    pub exploration: Exploration,
}

/// How a test ended, wherever it ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It passed at the first try.
    Passed,
    /// It passed after a try that failed. A guest tries each test once.
    Flaky,
    /// It failed by itself; how it exited.
    Failed(String),
    /// A signal killed it; which.
    Crashed(String),
    /// It took longer than the limit and was killed.
    TimedOut,
    /// It ran and could show nothing, because the host is too slow for it; why. It neither passed nor broke a rule.
    TooSlow(String),
    /// It did not run; why.
    Skipped(String),
}

impl End {
    /// Whether the test ran and passed in the end.
    pub fn is_pass(&self) -> bool {
        matches!(self, Self::Passed | Self::Flaky)
    }

    /// Whether the test ran and did not pass.
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Crashed(_) | Self::TimedOut)
    }

    /// Whether it showed nothing of a rule: it did not run, or the host is too slow for it.
    pub fn shows_nothing(&self) -> bool {
        matches!(self, Self::Skipped(_) | Self::TooSlow(_))
    }

    /// Whether the test did not run.
    pub fn is_skip(&self) -> bool {
        matches!(self, Self::Skipped(_))
    }

    /// The kind of end in a word or two, for tables and scripts.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Flaky => "flaky",
            Self::Failed(_) => "failed",
            Self::Crashed(_) => "crashed",
            Self::TimedOut => "timed out",
            Self::TooSlow(_) => "too slow here",
            Self::Skipped(_) => "skipped",
        }
    }

    /// The end of this [label](Self::label), with how a test exited, which signal killed it, or why it was skipped.
    /// `None` where no end has this label.
    pub fn labelled(label: &str, how: &str) -> Option<Self> {
        Some(match label {
            "passed" => Self::Passed,
            "flaky" => Self::Flaky,
            "failed" => Self::Failed(how.to_owned()),
            "crashed" => Self::Crashed(how.strip_prefix(CRASHED).unwrap_or(how).to_owned()),
            "timed out" => Self::TimedOut,
            "too slow here" => Self::TooSlow(how.to_owned()),
            "skipped" => Self::Skipped(how.to_owned()),
            _ => return None,
        })
    }
}

/// What a sentence about a crash begins with.
const CRASHED: &str = "crashed: ";

impl fmt::Display for End {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed | Self::Flaky => out.write_str(self.label()),
            Self::Failed(how) | Self::TooSlow(how) | Self::Skipped(how) => out.write_str(how),
            Self::Crashed(how) => write!(out, "{CRASHED}{how}"),
            Self::TimedOut => out.write_str("timed out and was killed"),
        }
    }
}

/// What happens in a guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The program has started.
    Ready {
        /// `uname -r`.
        release: String,
    },
    /// The tests of a user begin.
    UserStarted {
        /// The effective uid.
        uid: u32,
        /// The facts of the host as this user sees them: what `userns-suite facts --json` prints.
        facts: Value,
    },
    /// A test of the plan cannot run here.
    Skipped {
        /// Its name.
        test: String,
        /// The suite's reason.
        reason: String,
        /// Whether every host skips it for this caller.
        #[serde(default)]
        everywhere: bool,
    },
    /// A test begins: what a guest that hangs has said last.
    Started {
        /// Its name.
        test: String,
    },
    /// The test ended.
    Ended {
        /// Its name.
        test: String,
        /// How.
        end: End,
        /// How long it took.
        milliseconds: u64,
        /// What it printed, for a test that did not pass.
        output: String,
        /// The steps that differ, of a test that failed.
        #[serde(default)]
        differences: Vec<Difference>,
    },
    /// A snapshot that differs.
    Snapshot {
        /// Its path, relative to the workspace.
        path: PathBuf,
        /// Its content.
        text: String,
    },
    /// A program that shows what a test that failed saw.
    Reproducer {
        /// The name of its file, which begins with that of the test.
        name: PathBuf,
        /// Its source.
        text: String,
    },
    /// The tests of a user are over.
    UserEnded {
        /// How many tests ran.
        ran: usize,
        /// How many were skipped.
        skipped: usize,
    },
    /// The guest cannot go on.
    Failure {
        /// What it could not do, and why.
        what: String,
    },
    /// All users are done; nothing follows.
    Done,
}

impl Event {
    /// The event as a line, its end included.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn to_line(&self) -> Result<String, String> {
        serde_json::to_string(self).map(|line| line + "\n").map_err(|error| format!("no JSON: {error}"))
    }

    /// Reads a line.
    ///
    /// # Errors
    /// When it is no event, or only part of one.
    pub fn from_line(line: &str) -> Result<Self, String> {
        serde_json::from_str(line).map_err(|error| format!("no event: {error}: {line:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended() -> Event {
        Event::Ended {
            test: "map_order::own_gid".into(),
            end: End::Failed("exit code 101".into()),
            milliseconds: 7,
            output: "line\n\"quoted\"".into(),
            differences: Vec::new(),
        }
    }

    #[test]
    fn an_event_is_one_line_and_comes_back_as_it_was() -> Result<(), String> {
        let line = ended().to_line()?;

        assert_eq!(line.matches('\n').count(), 1, "{line}");
        assert_eq!(Event::from_line(&line), Ok(ended()));
        // A serial line may end its lines in its own way.
        assert_eq!(Event::from_line(&line.replace('\n', "\r\n")), Ok(ended()));
        Ok(())
    }

    #[test]
    fn each_end_comes_back_from_its_label_and_its_sentence() {
        for end in [
            End::Passed,
            End::Flaky,
            End::Failed("exit code 101".into()),
            End::Crashed("signal 9".into()),
            End::TimedOut,
            End::TooSlow("too slow here: 3 of 90 rounds overlapped".into()),
            End::Skipped("needs root".into()),
        ] {
            assert_eq!(End::labelled(end.label(), &end.to_string()).as_ref(), Some(&end));
            let kinds = [end.is_pass(), end.is_failure(), end.shows_nothing()];
            assert_eq!(kinds.into_iter().filter(|is| *is).count(), 1, "{end:?}");
        }
        assert_eq!(End::labelled("gone", ""), None);
    }

    #[test]
    fn a_line_cut_short_anywhere_is_no_event() -> Result<(), String> {
        let line = ended().to_line()?;

        for cut in 0..line.trim_end().len() {
            let refused = Event::from_line(&line[..cut]).err().unwrap_or_default();
            assert!(refused.starts_with("no event: "), "the first {cut} bytes: {refused}");
        }
        Ok(())
    }
}
