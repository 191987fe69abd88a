//! What a reader sees while kernels run: a line for each step, on standard error.

use std::fmt::Display;
use std::io::Write;
use std::time::{Duration, Instant};

use crate::guests::transcript::Tale;

/// How often a kernel that only goes on says so.
const EVERY: Duration = Duration::from_secs(10);

/// The progress of one kernel.
#[derive(Debug)]
pub struct Progress {
    name: String,
    tests: usize,
    begun: Instant,
    said: Instant,
    legs: usize,
    over: usize,
    /// When the guest said its first word.
    pub ready: Option<Duration>,
}

impl Progress {
    /// A kernel of this name begins, which is asked for so many tests.
    pub fn new(name: &str, tests: usize) -> Self {
        let now = Instant::now();
        Self { name: name.to_owned(), tests, begun: now, said: now, legs: 0, over: 0, ready: None }
    }

    /// The kernel starts now; what came before was preparation.
    pub fn starts(&mut self) {
        self.begun = Instant::now();
    }

    /// Says something about the kernel.
    pub fn say(&self, words: impl Display) {
        say(&self.name, words);
    }

    /// Looks at what was told, and says what a reader wants to know.
    pub fn heard(&mut self, tale: &Tale) {
        if let (None, Some(release)) = (self.ready, &tale.release) {
            self.ready = Some(self.begun.elapsed());
            self.say(format_args!("Linux {release} is up after {:.1} s", self.begun.elapsed().as_secs_f64()));
        }
        if tale.legs.len() > self.legs {
            self.legs = tale.legs.len();
            self.said = Instant::now();
        }
        let Some(leg) = tale.legs.last() else { return };
        let figures = || {
            let failed = leg.failures().count();
            format!("{} ran, {failed} did not pass, {} skipped", leg.ended.len(), leg.skipped.len())
        };
        if leg.is_over() && self.over < tale.legs.len() {
            self.over = tale.legs.len();
            self.say(format_args!("uid {}: {}, {:.1} s", leg.uid, figures(), leg.time.as_secs_f64()));
        } else if self.said.elapsed() > EVERY {
            self.said = Instant::now();
            self.say(format_args!("uid {}: {} of {}", leg.uid, figures(), self.tests));
        }
    }
}

/// Says something about a kernel. A reader that went away is no reason to stop.
pub fn say(name: &str, words: impl Display) {
    let _ = writeln!(anstream::stderr(), "{name:<12} {words}");
}
