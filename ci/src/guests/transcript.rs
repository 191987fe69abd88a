//! The events of a guest, compared with what it was asked to run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, PathBuf};
use std::time::{Duration, Instant};

use harness::findings::Difference;
use harness::listing::TestDescription;
use harness_program::protocol::{End, Event};
use serde_json::Value;

use crate::guests::failure::RunFailure;
use crate::run::coverage::{Coverage, Seen};
use crate::run::differs;

/// How one test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestRun {
    /// How.
    pub end: End,
    /// How long it took.
    pub time: Duration,
    /// What it printed, if it did not pass.
    pub output: String,
    /// The steps that differ, if it failed after it compared some.
    pub differences: Vec<Difference>,
    /// The rules that the test pins, once the guest's results are put to the suite's list of tests.
    pub rules: Vec<String>,
}

impl TestRun {
    /// How it ended: of a test that compared something the first step that differs.
    pub fn how(&self) -> String {
        match self.differences.first().filter(|_| self.end.is_failure()) {
            Some(difference) => differs::with_rule(difference, &self.rules),
            None => self.end.to_string(),
        }
    }
}

/// All that one user saw.
#[derive(Clone, Debug, Default)]
pub struct UserTranscript {
    /// The effective uid.
    pub uid: u32,
    /// The facts of the host as this user sees them.
    pub facts: Value,
    /// The tests that ran.
    pub ended: BTreeMap<String, TestRun>,
    /// The tests that were skipped, and why.
    pub skipped: BTreeMap<String, String>,
    /// Those of them that every host skips for this user.
    pub for_others: BTreeSet<String>,
    /// Tests that failed as expected, each with the rule and what the kernel does instead.
    pub known: BTreeMap<String, String>,
    /// Snapshots that differ: path relative to the workspace, and content.
    pub snapshots: BTreeMap<PathBuf, String>,
    /// Programs that show what failed tests saw: names of files, and content.
    pub reproducers: BTreeMap<PathBuf, String>,
    /// How long the user took.
    pub time: Duration,
    pub(super) begun: Option<Instant>,
    pub(super) over: bool,
}

impl UserTranscript {
    /// Whether the guest said that nothing of it follows.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Tests that failed and were not expected to.
    pub fn failures(&self) -> impl Iterator<Item = (&String, &TestRun)> {
        self.ended.iter().filter(|(test, ended)| ended.end.is_failure() && !self.known.contains_key(*test))
    }

    /// Tests that the guest is too slow for, and why.
    pub fn too_slow(&self) -> impl Iterator<Item = (&str, &str)> {
        self.ended.iter().filter_map(|(test, ended)| match &ended.end {
            End::TooSlow(why) => Some((test.as_str(), why.as_str())),
            _ => None,
        })
    }

    /// Adds what the same user saw in another guest of the same kernel.
    pub fn add(&mut self, other: Self) {
        self.ended.extend(other.ended);
        self.skipped.extend(other.skipped);
        self.for_others.extend(other.for_others);
        self.snapshots.extend(other.snapshots);
        self.reproducers.extend(other.reproducers);
        self.time = self.time.max(other.time);
        self.over &= other.over;
    }

    /// Puts the rules that tests pin to the tests that ran.
    pub fn learn(&mut self, tests: &[TestDescription]) {
        for test in tests {
            if let Some(ended) = self.ended.get_mut(&test.name) {
                ended.rules.clone_from(&test.rules);
            }
        }
    }

    /// How much of the suite this user saw, of the tests that were asked for.
    pub fn coverage(&self, tests: &[TestDescription]) -> Coverage {
        let seen = |test: &TestDescription| match (self.skipped.get(&test.name), self.ended.get(&test.name)) {
            (Some(_), _) if self.for_others.contains(&test.name) => Some(Seen::ForOthers),
            (Some(why), _) => Some(Seen::CouldNot(why)),
            (_, Some(TestRun { end: End::TooSlow(why), .. })) => Some(Seen::CouldNot(why)),
            (_, Some(_)) => Some(Seen::Ran),
            (None, None) => None,
        };
        Coverage::of(tests.iter().filter_map(|test| Some((test, seen(test)?))))
    }
}

/// All events of a guest so far.
#[derive(Clone, Debug)]
pub struct Transcript {
    asked: BTreeSet<String>,
    user_count: usize,
    /// What the release has to begin with.
    claimed: String,
    /// `uname -r`, once the guest is there.
    pub release: Option<String>,
    /// The users, the last of which may not be over.
    pub users: Vec<UserTranscript>,
    running: Option<String>,
    done: bool,
}

impl Transcript {
    /// Nothing yet, of a guest that was asked for these tests as so many users.
    pub fn new(tests: &[String], users: usize, claimed: &str) -> Self {
        let asked = tests.iter().cloned().collect();
        let claimed = claimed.to_owned();
        Self {
            asked,
            user_count: users,
            claimed,
            release: None,
            users: Vec::new(),
            running: None,
            done: false,
        }
    }

    /// Whether the guest has said that nothing follows.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// What was received last, in words.
    pub fn last(&self) -> String {
        match (&self.running, self.users.last(), &self.release) {
            (Some(test), Some(user), _) => format!("{test} began, as uid {}", user.uid),
            (_, Some(user), _) => format!("{} tests had ended as uid {}", user.ended.len(), user.uid),
            (_, _, Some(release)) => format!("Linux {release} is up"),
            _ => "the kernel was started".to_owned(),
        }
    }

    /// Adds the next event of the guest.
    ///
    /// # Errors
    /// What is wrong with the event. No later event counts.
    pub fn receive(&mut self, event: Event) -> Result<(), RunFailure> {
        if self.done {
            return Err(short("it went on after it was done"));
        }
        match event {
            Event::Ready { release } => self.ready(release),
            Event::UserStarted { uid, facts } => {
                if self.users.last().is_some_and(|user| !user.over) || self.users.len() == self.user_count {
                    return Err(short("a user begins that was not asked for, or before the last was over"));
                }
                self.users.push(UserTranscript {
                    uid,
                    facts,
                    begun: Some(Instant::now()),
                    ..UserTranscript::default()
                });
                Ok(())
            }
            Event::Skipped { test, reason, everywhere } => {
                self.is_new(&test)?;
                let user = self.user()?;
                user.for_others.extend(everywhere.then(|| test.clone()));
                user.skipped.insert(test, reason);
                Ok(())
            }
            Event::Started { test } => {
                self.is_new(&test)?;
                self.running = Some(test);
                Ok(())
            }
            Event::Ended { test, end, milliseconds, output, differences } => {
                let time = Duration::from_millis(milliseconds);
                self.ended(test, TestRun { end, time, output, differences, rules: Vec::new() })
            }
            Event::Snapshot { path, text } => self.file("snapshot", path, text, |user| &mut user.snapshots),
            Event::Reproducer { name, text } => {
                self.file("reproducer", name, text, |user| &mut user.reproducers)
            }
            Event::UserEnded { ran, skipped } => self.user_ended(ran, skipped),
            Event::Failure { what } => Err(RunFailure::Stopped(what)),
            Event::Done => {
                self.done = true;
                self.whole()
            }
        }
    }

    fn ready(&mut self, release: String) -> Result<(), RunFailure> {
        if self.release.is_some() {
            return Err(short("it started anew"));
        }
        let right = release.starts_with(&self.claimed);
        let claimed = &self.claimed;
        let words = format!("uname(2) says {release}, the row says {claimed}");
        self.release = Some(release);
        if right { Ok(()) } else { Err(RunFailure::AnotherKernel(words)) }
    }

    fn ended(&mut self, test: String, ended: TestRun) -> Result<(), RunFailure> {
        // A guest tries a test once, and has another event for one that it does not run.
        if matches!(ended.end, End::Flaky | End::Skipped(_)) {
            return Err(short(&format!("{test} began and {}", ended.end.label())));
        }
        if self.running.take().as_ref() != Some(&test) {
            return Err(short(&format!("{test} ended and had not begun")));
        }
        self.user()?.ended.insert(test, ended);
        Ok(())
    }

    /// Keeps a file of a user.
    fn file(
        &mut self,
        what: &str,
        path: PathBuf,
        text: String,
        files: fn(&mut UserTranscript) -> &mut BTreeMap<PathBuf, String>,
    ) -> Result<(), RunFailure> {
        // It becomes a file of ours: a path that leads elsewhere is not one.
        if !path.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(short(&format!("the {what} {} leads elsewhere", path.display())));
        }
        files(self.user()?).insert(path, text);
        Ok(())
    }

    fn user(&mut self) -> Result<&mut UserTranscript, RunFailure> {
        let user = self.users.last_mut().filter(|user| !user.over);
        user.ok_or_else(|| short("it tells of tests before it says as whom they run"))
    }

    fn is_new(&mut self, test: &str) -> Result<(), RunFailure> {
        if !self.asked.contains(test) {
            return Err(short(&format!("it tells of {test}, which was not asked for")));
        }
        let user = self.user()?;
        if user.ended.contains_key(test) || user.skipped.contains_key(test) {
            return Err(short(&format!("it tells of {test} twice")));
        }
        Ok(())
    }

    fn user_ended(&mut self, ran: usize, skipped: usize) -> Result<(), RunFailure> {
        let asked = self.asked.len();
        let user = self.user()?;
        let (heard_ran, heard_skipped) = (user.ended.len(), user.skipped.len());
        if (heard_ran, heard_skipped) != (ran, skipped) || ran + skipped != asked {
            return Err(short(&format!(
                "of {asked} tests it says that {ran} ran and {skipped} were skipped, \
                 and told of {heard_ran} and {heard_skipped}"
            )));
        }
        user.over = true;
        user.time = user.begun.map_or(Duration::ZERO, |begun| begun.elapsed());
        Ok(())
    }

    /// Checks that every selected test was reported.
    ///
    /// # Errors
    /// What is missing.
    pub fn whole(&self) -> Result<(), RunFailure> {
        let over = self.users.iter().filter(|user| user.over).count();
        if !self.done {
            return Err(short(&format!("it ended before it was done; the last was: {}", self.last())));
        }
        if self.release.is_none() || (over < self.user_count && !self.asked.is_empty()) {
            return Err(short(&format!("it told of {over} of {} users", self.user_count)));
        }
        Ok(())
    }
}

fn short(how: &str) -> RunFailure {
    RunFailure::AnsweredShort(how.to_owned())
}

#[cfg(test)]
#[path = "transcript_tests.rs"]
mod tests;
