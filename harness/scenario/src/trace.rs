//! A trace: the outcome of each step, the final state of each actor, and the text of both.

use crate::actors::Actor;
use crate::ids::Names;
pub use crate::outcome::{Credentials, Ended, Outcome, Status};
use crate::scenario::{Scenario, Step};
use crate::show;
use crate::state::State;
use std::fmt;

/// The result of playing a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The scenario.
    pub scenario: Scenario,
    /// The outcome of each step, in the same order.
    pub outcomes: Vec<Outcome>,
    /// The final state of each actor that took part, in the order of [`Actor::ALL`].
    pub states: Vec<(Actor, State)>,
    /// What the host calls ids and capabilities.
    pub names: Names,
}

impl Trace {
    /// Steps and outcomes, without those that fork actors.
    pub fn steps(&self) -> impl Iterator<Item = (&Step, &Outcome)> {
        self.scenario.steps.iter().zip(&self.outcomes)
    }

    /// The state in which an actor ended.
    pub fn state_of(&self, actor: Actor) -> Option<&State> {
        self.states.iter().find(|(who, _)| *who == actor).map(|(_, state)| state)
    }

    /// The outcome of each step, as traces show it.
    pub fn outcomes_shown(&self) -> impl Iterator<Item = String> {
        self.steps().map(|(step, outcome)| show::outcome(outcome, &step.action, &self.names))
    }

    /// The outcomes of the last so many steps, as traces show them.
    pub fn last_shown(&self, count: usize) -> Vec<String> {
        let before = self.outcomes.len().saturating_sub(count);
        self.outcomes_shown().skip(before).collect()
    }

    /// One actor's ids, groups and capabilities in one line, for tables of many scenarios.
    pub fn credentials_in_short(&self, actor: Actor) -> String {
        self.state_of(actor).map_or_else(String::new, |state| show::credentials(state, &self.names))
    }

    /// One actor's state in one line, for tables of many scenarios.
    pub fn state_in_short(&self, actor: Actor) -> String {
        self.state_of(actor).map_or_else(String::new, |state| show::maps(state, &self.names))
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
            writeln!(f, "{actor:name$}  {}", show::maps(state, &self.names))?;
            writeln!(f, "{:name$}  {}", "", show::credentials(state, &self.names))?;
        }
        Ok(())
    }
}
