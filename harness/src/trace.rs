//! What happened: the outcome of each step, the state that each actor is left in, and how both
//! are shown.

use crate::host::{CapSets, Ids};
use crate::lower::Own;
use crate::scenario::Actor;
use crate::scenario::{Scenario, Step};
use crate::show;
use crate::state::State;
use nix::errno::Errno;
use std::fmt;

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It succeeded and returned what such a call always returns.
    Done,
    /// A system call failed.
    Failed {
        /// Which of the step's calls, empty for the one the step is named after.
        call: &'static str,
        /// With which errno.
        errno: Errno,
    },
    /// It returned this value, which says something.
    Value(i64),
    /// write(2) took fewer bytes than it was given.
    Short {
        /// How many it took.
        wrote: i64,
        /// How many it was given.
        given: usize,
    },
    /// The contents of a file.
    Text(Vec<u8>),
    /// A list of groups.
    Groups(Vec<u32>),
    /// A uid, or a uid and a gid.
    Ids(Vec<u32>),
    /// How a program ended and what it said.
    Program(Ended),
    /// What [`Action::Look`](crate::action::Action::Look) saw.
    Looked(Box<Looked>),
    /// A list of groups too long to show.
    Counted {
        /// How many getgroups(2) said there are.
        count: i64,
        /// The first of them.
        first: u32,
        /// The last of them.
        last: u32,
        /// How many were not what was expected in their place.
        wrong: u32,
    },
}

/// The ids and capabilities of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    /// User ids.
    pub uid: Ids,
    /// Group ids.
    pub gid: Ids,
    /// Capability sets, those that capget(2) tells.
    pub caps: CapSets,
}

/// How a program ended and what it wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its exit status, or the signal that killed it.
    pub status: Status,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// The status of a process that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It exited with this number.
    Exited(i32),
    /// A signal killed it.
    Killed(nix::sys::signal::Signal),
    /// It is not the director's child, so that only its parent is told.
    Unseen,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(status) => write!(f, "exit {status}"),
            Self::Killed(signal) => write!(f, "killed by {signal}"),
            Self::Unseen => write!(f, "how is unknown: this kernel does not make it the director's child"),
        }
    }
}

/// A scenario as it was played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// What was to be done.
    pub scenario: Scenario,
    /// What came of each step, in the same order.
    pub outcomes: Vec<Outcome>,
    /// What each actor that took part was in the end, in the order of [`Actor::ALL`].
    pub states: Vec<(Actor, State)>,
    /// What `own` stands for.
    pub own: Own,
}

impl Trace {
    /// Steps and outcomes, without the actors' coming into being.
    pub fn steps(&self) -> impl Iterator<Item = (&Step, &Outcome)> {
        self.scenario.steps.iter().zip(&self.outcomes)
    }

    /// The state in which an actor ended.
    pub fn state_of(&self, actor: Actor) -> Option<&State> {
        self.states.iter().find(|(who, _)| *who == actor).map(|(_, state)| state)
    }

    /// What came of each step, as traces show it.
    pub fn outcomes_shown(&self) -> impl Iterator<Item = String> {
        self.steps().map(|(step, outcome)| show::outcome(outcome, &step.action, self.own))
    }

    /// What came of the last steps, so many of them, as traces show it.
    pub fn last_shown(&self, count: usize) -> Vec<String> {
        let before = self.outcomes.len().saturating_sub(count);
        self.outcomes_shown().skip(before).collect()
    }

    /// One actor's ids, groups and capabilities in one line, for tables of many scenarios.
    pub fn credentials_in_short(&self, actor: Actor) -> String {
        self.state_of(actor).map_or_else(String::new, |state| show::credentials(state, self.own))
    }

    /// One actor's state in one line, for tables of many scenarios.
    pub fn state_in_short(&self, actor: Actor) -> String {
        self.state_of(actor).map_or_else(String::new, |state| show::maps(state, self.own))
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let actions = self.scenario.steps.iter().map(|step| show::action(step.actor, &step.action));
        let lines: Vec<(String, String)> = actions.zip(self.outcomes_shown()).collect();
        let width = lines.iter().map(|(action, _)| action.chars().count()).max().unwrap_or(0).min(48);
        let names = self.scenario.steps.iter().map(|step| step.actor.to_string().len()).max();
        let name = names.unwrap_or(0);
        for (step, (action, outcome)) in self.scenario.steps.iter().zip(&lines) {
            let indented = outcome.replace('\n', &format!("\n{:indent$}", "", indent = name + 4));
            writeln!(f, "{:name$}  {action:width$}  {indented}", step.actor)?;
        }
        writeln!(f, "afterwards")?;
        for (actor, state) in &self.states {
            writeln!(f, "{actor:name$}  {}", show::maps(state, self.own))?;
            writeln!(f, "{:name$}  {}", "", show::credentials(state, self.own))?;
        }
        Ok(())
    }
}
