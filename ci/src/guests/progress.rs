//! What a reader sees while kernels run: a line for each step, on standard error.

use std::fmt::Display;
use std::io::Write;
use std::time::{Duration, Instant};

use crate::guests::transcript::Transcript;

/// How often a kernel that only goes on says so.
const EVERY: Duration = Duration::from_secs(10);

/// The progress of one kernel.
#[derive(Debug)]
pub struct Progress {
    name: String,
    tests: usize,
    begun: Instant,
    said: Instant,
    users: usize,
    over: usize,
    /// When the guest said its first word.
    pub ready: Option<Duration>,
}

impl Progress {
    /// A kernel of this name begins, which is asked for so many tests.
    pub fn new(name: &str, tests: usize) -> Self {
        let now = Instant::now();
        Self { name: name.to_owned(), tests, begun: now, said: now, users: 0, over: 0, ready: None }
    }

    /// The kernel starts now; what came before was preparation.
    pub fn starts(&mut self) {
        self.begun = Instant::now();
    }

    /// Says something about the kernel.
    pub fn print(&self, words: impl Display) {
        print(&self.name, words);
    }

    /// Looks at what was told, and says what a reader wants to know.
    pub fn received(&mut self, transcript: &Transcript) {
        if let (None, Some(release)) = (self.ready, &transcript.release) {
            self.ready = Some(self.begun.elapsed());
            self.print(format_args!(
                "Linux {release} is up after {:.1} s",
                self.begun.elapsed().as_secs_f64()
            ));
        }
        if transcript.users.len() > self.users {
            self.users = transcript.users.len();
            self.said = Instant::now();
        }
        let Some(user) = transcript.users.last() else { return };
        let figures = || {
            let failed = user.failures().count();
            format!("{} ran, {failed} did not pass, {} skipped", user.ended.len(), user.skipped.len())
        };
        if user.is_over() && self.over < transcript.users.len() {
            self.over = transcript.users.len();
            self.print(format_args!("uid {}: {}, {:.1} s", user.uid, figures(), user.time.as_secs_f64()));
        } else if self.said.elapsed() > EVERY {
            self.said = Instant::now();
            self.print(format_args!("uid {}: {} of {}", user.uid, figures(), self.tests));
        }
    }
}

/// Says something about a kernel. A reader that went away is no reason to stop.
pub fn print(name: &str, words: impl Display) {
    let _ = writeln!(anstream::stderr(), "{name:<12} {words}");
}
