//! A process that takes part in a race.

use harness_scenario::action::Action;
use harness_scenario::actors::Actor;

/// A process that races.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Racer {
    /// An actor of the setup, or an actor outside.
    pub actor: Actor,
    /// Its actions before the barrier, such as opening a file.
    pub before: Vec<Action>,
    /// Its action at the same time as the others: a single system call.
    pub call: Action,
}

/// A racer.
pub fn racer(actor: Actor, before: &[Action], call: Action) -> Racer {
    Racer { actor, before: before.to_vec(), call }
}
