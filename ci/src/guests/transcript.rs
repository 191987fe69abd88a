//! What a guest tells, held against what it was asked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, PathBuf};
use std::time::{Duration, Instant};

use guest::{End, Event};

use crate::guests::failure::Trouble;

/// How one test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub end: End,
    /// How long it took.
    pub time: Duration,
    /// What it printed, if it did not pass.
    pub output: String,
}

/// All that one user saw.
#[derive(Clone, Debug, Default)]
pub struct Leg {
    /// The effective uid.
    pub uid: u32,
    /// The facts of the host.
    pub facts: String,
    /// The tests that ran.
    pub ended: BTreeMap<String, Ended>,
    /// The tests that were skipped, and why.
    pub skipped: BTreeMap<String, String>,
    /// Of the tests that did not pass those of which that was known, each with the rule and what the kernel does
    /// instead.
    pub known: BTreeMap<String, String>,
    /// Snapshots that differ: path relative to the workspace, and content.
    pub snapshots: BTreeMap<PathBuf, String>,
    /// Programs that show what failed tests saw: names of files, and content.
    pub reproducers: BTreeMap<PathBuf, String>,
    /// How long the leg took.
    pub time: Duration,
    pub(super) begun: Option<Instant>,
    pub(super) over: bool,
}

impl Leg {
    /// Whether the guest said that nothing of it follows.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Tests that did not pass, apart from those of which that was known.
    pub fn failures(&self) -> impl Iterator<Item = (&String, &Ended)> {
        self.ended.iter().filter(|(test, ended)| ended.end != End::Passed && !self.known.contains_key(*test))
    }
}

/// Everything that a guest told so far.
#[derive(Clone, Debug)]
pub struct Tale {
    asked: BTreeSet<String>,
    users: usize,
    /// What the release has to begin with.
    claimed: String,
    /// `uname -r`, once the guest is there.
    pub release: Option<String>,
    /// The legs, the last of which may not be over.
    pub legs: Vec<Leg>,
    running: Option<String>,
    done: bool,
}

impl Tale {
    /// Nothing yet, of a guest that was asked for these tests as so many users.
    pub fn new(tests: &[String], users: usize, claimed: &str) -> Self {
        let asked = tests.iter().cloned().collect();
        let claimed = claimed.to_owned();
        Self { asked, users, claimed, release: None, legs: Vec::new(), running: None, done: false }
    }

    /// Whether the guest has said that nothing follows.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// What was heard last, in words.
    pub fn last(&self) -> String {
        match (&self.running, self.legs.last(), &self.release) {
            (Some(test), Some(leg), _) => format!("{test} began, as uid {}", leg.uid),
            (_, Some(leg), _) => format!("{} tests had ended as uid {}", leg.ended.len(), leg.uid),
            (_, _, Some(release)) => format!("Linux {release} is up"),
            _ => "the kernel was started".to_owned(),
        }
    }

    /// Takes in what the guest says next.
    ///
    /// # Errors
    /// What is wrong about it. The guest need not be listened to any more.
    pub fn hear(&mut self, event: Event) -> Result<(), Trouble> {
        if self.done {
            return Err(short("it went on after it was done"));
        }
        match event {
            Event::Ready { release } => self.ready(release),
            Event::Leg { uid, facts } => {
                if self.legs.last().is_some_and(|leg| !leg.over) || self.legs.len() == self.users {
                    return Err(short("a leg begins that was not asked for, or before the last was over"));
                }
                self.legs.push(Leg { uid, facts, begun: Some(Instant::now()), ..Leg::default() });
                Ok(())
            }
            Event::Skipped { test, reason } => {
                self.is_new(&test)?;
                self.leg()?.skipped.insert(test, reason);
                Ok(())
            }
            Event::Started { test } => {
                self.is_new(&test)?;
                self.running = Some(test);
                Ok(())
            }
            Event::Ended { test, end, milliseconds, output } => {
                self.ended(test, Ended { end, time: Duration::from_millis(milliseconds), output })
            }
            Event::Snapshot { path, text } => self.file("snapshot", path, text, |leg| &mut leg.snapshots),
            Event::Reproducer { name, text } => {
                self.file("reproducer", name, text, |leg| &mut leg.reproducers)
            }
            Event::LegEnded { ran, skipped } => self.leg_ended(ran, skipped),
            Event::Trouble { what } => Err(Trouble::Stopped(what)),
            Event::Done => {
                self.done = true;
                self.whole()
            }
        }
    }

    fn ready(&mut self, release: String) -> Result<(), Trouble> {
        if self.release.is_some() {
            return Err(short("it started anew"));
        }
        let right = release.starts_with(&self.claimed);
        let claimed = &self.claimed;
        let words = format!("uname(2) says {release}, the row says {claimed}");
        self.release = Some(release);
        if right { Ok(()) } else { Err(Trouble::AnotherKernel(words)) }
    }

    fn ended(&mut self, test: String, ended: Ended) -> Result<(), Trouble> {
        if self.running.take().as_ref() != Some(&test) {
            return Err(short(&format!("{test} ended and had not begun")));
        }
        self.leg()?.ended.insert(test, ended);
        Ok(())
    }

    /// Keeps a file of a leg.
    fn file(
        &mut self,
        what: &str,
        path: PathBuf,
        text: String,
        files: fn(&mut Leg) -> &mut BTreeMap<PathBuf, String>,
    ) -> Result<(), Trouble> {
        // It becomes a file of ours: a path that leads elsewhere is not one.
        if !path.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(short(&format!("the {what} {} leads elsewhere", path.display())));
        }
        files(self.leg()?).insert(path, text);
        Ok(())
    }

    fn leg(&mut self) -> Result<&mut Leg, Trouble> {
        let leg = self.legs.last_mut().filter(|leg| !leg.over);
        leg.ok_or_else(|| short("it tells of tests before it says as whom they run"))
    }

    fn is_new(&mut self, test: &str) -> Result<(), Trouble> {
        if !self.asked.contains(test) {
            return Err(short(&format!("it tells of {test}, which was not asked for")));
        }
        let leg = self.leg()?;
        if leg.ended.contains_key(test) || leg.skipped.contains_key(test) {
            return Err(short(&format!("it tells of {test} twice")));
        }
        Ok(())
    }

    fn leg_ended(&mut self, ran: usize, skipped: usize) -> Result<(), Trouble> {
        let asked = self.asked.len();
        let leg = self.leg()?;
        let (heard_ran, heard_skipped) = (leg.ended.len(), leg.skipped.len());
        if (heard_ran, heard_skipped) != (ran, skipped) || ran + skipped != asked {
            return Err(short(&format!(
                "of {asked} tests it says that {ran} ran and {skipped} were skipped, \
                 and told of {heard_ran} and {heard_skipped}"
            )));
        }
        leg.over = true;
        leg.time = leg.begun.map_or(Duration::ZERO, |begun| begun.elapsed());
        Ok(())
    }

    /// Whether everything that was asked for was told.
    ///
    /// # Errors
    /// What is missing.
    pub fn whole(&self) -> Result<(), Trouble> {
        let over = self.legs.iter().filter(|leg| leg.over).count();
        if !self.done {
            return Err(short(&format!("it ended before it was done; the last was: {}", self.last())));
        }
        if self.release.is_none() || (over < self.users && !self.asked.is_empty()) {
            return Err(short(&format!("it told of {over} of {} legs", self.users)));
        }
        Ok(())
    }
}

fn short(how: &str) -> Trouble {
    Trouble::AnsweredShort(how.to_owned())
}

#[cfg(test)]
#[path = "transcript_tests.rs"]
mod tests;
