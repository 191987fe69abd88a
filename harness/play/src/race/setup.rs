//! What a race needs before its rounds: the racers that take part in all rounds, and a setup for each round.

use super::Racer;
use crate::actor;
use crate::director::{Director, Queue, Turn};
use crate::error::Error;
use crate::process::{ActorProcess, next_number};
use harness_scenario::action::Action;
use harness_scenario::actors::{Actor, Namespace};
use harness_scenario::ids::Names;
use harness_scenario::outcome::Outcome;
use harness_scenario::scenario::Scenario;
use harness_scenario::show;
use std::time::Duration;

/// How many rounds a group of rounds has: the answers of that many readers of a map fit into a message.
pub const ROUNDS: u32 = 8;

/// The racers that take part in all rounds.
pub struct LastingRacers {
    /// Their processes.
    pub processes: Vec<ActorProcess>,
    /// The number from which those of the barriers are made.
    pub barrier: usize,
}

impl LastingRacers {
    /// The racers that are not in the setup.
    pub fn new(turn: &Turn, stage: &Scenario, racers: &[Racer], limit: Duration) -> Result<Self, Error> {
        let mut cast = Scenario::new(stage.run_as.clone());
        for racer in racers.iter().filter(|racer| !stage.mentions(racer.actor)) {
            if racer.actor.namespace() != Namespace::Callers {
                return Err(Error::InvalidScenario(format!("{} races and is not on the stage", racer.actor)));
            }
            cast = cast.by(racer.actor, &[]);
        }
        let barrier = next_number();
        // Those who wait for each other share the memory only if it is there before they are.
        actor::barrier(barrier).clear();
        let processes = std::mem::take(&mut ready(begin(&cast, turn, limit)?)?.processes);
        Ok(Self { processes, barrier })
    }

    /// How many rounds a group of rounds should have. Without anybody who goes from one to the next, all would be
    /// played at once.
    pub fn rounds(&self) -> u32 {
        if self.processes.is_empty() { 1 } else { ROUNDS }
    }
}

/// Plays a scenario but for the answers to the last message, which are awaited when others have begun, too:
/// on a busy machine one waits for many as long as for one.
pub fn begin<'a>(
    scenario: &'a Scenario,
    turn: &'a Turn,
    limit: Duration,
) -> Result<(Director<'a>, Queue), Error> {
    let mut director = Director::new(scenario, turn, limit)?;
    let mut queue = Queue::new();
    for (index, step) in scenario.steps.iter().enumerate() {
        director.take(index, step, &mut queue)?;
    }
    director.send_ahead(&mut queue)?;
    Ok((director, queue))
}

/// Awaits those; the actors wait from then on.
pub fn ready((mut director, mut queue): (Director<'_>, Queue)) -> Result<Director<'_>, Error> {
    director.flush(&mut queue)?;
    director.processes.iter_mut().try_for_each(ActorProcess::ensure_forked)?;
    for (step, outcome) in director.scenario.steps.iter().zip(&director.outcomes) {
        if matches!(outcome, Outcome::Failed { .. } | Outcome::Short { .. }) {
            return Err(not_ready(step.actor, &step.action, outcome, &director.names));
        }
    }
    Ok(director)
}

/// A race whose racers are not ready says nothing.
pub fn not_ready(actor: Actor, action: &Action, outcome: &Outcome, names: &Names) -> Error {
    let (step, shown) = (show::action(actor, action), show::outcome(outcome, action, names));
    Error::InvalidScenario(format!("before the race {actor}'s {step} came out as {shown}"))
}
