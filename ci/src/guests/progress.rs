//! What a reader sees while kernels run: a line for each step on standard error, and how long the rest will take.

use std::fmt::Display;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::guests::transcript::Transcript;
use harness_program::ui::pace::{self, Intervals};
use harness_program::ui::{live, print};

/// How far all guests of a run are together.
#[derive(Debug)]
pub struct Overall {
    /// The tests of all users of all guests.
    planned: AtomicU64,
    done: AtomicU64,
    /// When the first guest began.
    begun: OnceLock<Instant>,
}

impl Overall {
    /// For so many tests, each counted once for each user of each guest.
    pub fn new(planned: usize) -> Self {
        Self { planned: AtomicU64::new(planned as u64), done: AtomicU64::new(0), begun: OnceLock::new() }
    }

    /// What is done of all, and how long the rest takes, where that is known.
    fn words(&self) -> String {
        let (done, planned) = (self.done.load(Ordering::Relaxed), self.planned.load(Ordering::Relaxed));
        let elapsed = self.begun.get().map_or(Duration::ZERO, Instant::elapsed);
        format!("{done} of {planned} tests{}", pace::words(pace::left(done, planned, elapsed)))
    }
}

/// The progress of one guest.
#[derive(Debug)]
pub struct Progress<'a> {
    name: String,
    overall: &'a Overall,
    /// The tests of all users of this guest.
    planned: u64,
    /// Those that are over, run or skipped.
    done: u64,
    begun: Instant,
    log: Intervals,
    over: usize,
    /// When the guest said its first word.
    pub ready: Option<Duration>,
}

impl<'a> Progress<'a> {
    /// A guest of this name begins, which is asked for so many tests by all of its users.
    pub fn new(name: &str, planned: usize, overall: &'a Overall) -> Self {
        overall.begun.get_or_init(Instant::now);
        Self {
            name: name.to_owned(),
            overall,
            planned: planned as u64,
            done: 0,
            begun: Instant::now(),
            log: Intervals::new(),
            over: 0,
            ready: None,
        }
    }

    /// The guest starts now; what came before was preparation.
    pub fn starts(&mut self) {
        self.begun = Instant::now();
    }

    /// Says something about the guest.
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
        self.count(transcript.users.iter().map(|user| user.ended.len() + user.skipped.len()).sum());
        let Some(user) = transcript.users.last() else { return };
        let figures = || {
            let failed = user.failures().count();
            format!("{} ran, {failed} did not pass, {} skipped", user.ended.len(), user.skipped.len())
        };
        if user.is_over() && self.over < transcript.users.len() {
            self.over = transcript.users.len();
            self.print(format_args!("uid {}: {}, {:.1} s", user.uid, figures(), user.time.as_secs_f64()));
        } else if !live::is_possible() && self.log.is_over() {
            self.print(format_args!("uid {}: {}; in all {}", user.uid, figures(), self.overall.words()));
        }
        live::show(|| format!("{}; {} as uid {}", self.overall.words(), self.name, user.uid));
    }

    fn count(&mut self, done: usize) {
        let done = (done as u64).min(self.planned);
        self.overall.done.fetch_add(done.saturating_sub(self.done), Ordering::Relaxed);
        self.done = self.done.max(done);
    }
}

impl Drop for Progress<'_> {
    /// What a guest has not played by its end it never will.
    fn drop(&mut self) {
        self.overall.planned.fetch_sub(self.planned - self.done, Ordering::Relaxed);
        live::clear();
    }
}

/// Says something about a kernel. A reader that went away is no reason to stop.
pub fn print(name: &str, words: impl Display) {
    print::note(format_args!("{name:<12} {words}\n"));
}

#[cfg(test)]
mod tests {
    use harness_program::protocol::{End, Event};
    use serde_json::Value;

    use super::*;

    /// What a guest tells that ran one test of two.
    fn half() -> Result<Transcript, String> {
        let mut transcript = Transcript::new(&["a".to_owned(), "b".to_owned()], 1, "");
        for event in [
            Event::Ready { release: "7.2.7".into() },
            Event::UserStarted { uid: 0, facts: Value::Null },
            Event::Started { test: "a".into() },
            Event::Ended {
                test: "a".into(),
                end: End::Passed,
                milliseconds: 1,
                output: String::new(),
                differences: Vec::new(),
            },
        ] {
            transcript.receive(event).map_err(|failure| failure.to_string())?;
        }
        Ok(transcript)
    }

    #[test]
    fn the_tests_of_all_guests_are_counted_together_and_once() -> Result<(), String> {
        let overall = Overall::new(4);
        let mut guests = [Progress::new("first", 2, &overall), Progress::new("second", 2, &overall)];

        let transcript = half()?;
        guests.iter_mut().for_each(|guest| guest.received(&transcript));
        guests[0].received(&transcript);

        assert_eq!(overall.words(), "2 of 4 tests");
        Ok(())
    }

    #[test]
    fn what_a_guest_that_fails_has_left_is_not_waited_for() -> Result<(), String> {
        let overall = Overall::new(4);
        let mut guest = Progress::new("first", 2, &overall);
        guest.received(&half()?);
        drop(guest);
        drop(Progress::new("second", 2, &overall));

        assert_eq!(overall.words(), "1 of 1 tests");
        Ok(())
    }

    #[test]
    fn the_time_that_is_left_follows_from_the_pace_of_all() {
        let mut overall = Overall::new(100);
        overall.begun =
            Instant::now().checked_sub(Duration::from_secs(60)).map_or_else(OnceLock::new, OnceLock::from);
        overall.done = AtomicU64::new(25);

        assert_eq!(overall.words(), "25 of 100 tests, about 3 min left");
    }
}
