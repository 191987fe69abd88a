//! Repairs a list of steps that were drawn at random, or that are left after others were removed. The result is a
//! scenario that the director can play and that the model predicts completely.

use super::beginning;
use harness_scenario::action::Action;
use harness_scenario::actors::{Actor, RunAs};
use harness_scenario::scenario::{Scenario, Step};
use harness_spec::model::World;
use std::collections::BTreeSet;

/// What happens to steps that mention an actor that does not exist yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// The actor is forked before the step, and so are its parents.
    Begin,
    /// The step is left out.
    AreLeftOut,
}

/// A scenario under construction, and the model's prediction so far.
pub(super) struct Repaired {
    scenario: Scenario,
    world: World,
    rules: BTreeSet<&'static str>,
    missing: Missing,
}

impl Repaired {
    /// An empty scenario.
    pub(super) fn new(cast: RunAs, missing: Missing) -> Self {
        let scenario = Scenario::new(cast);
        let world = beginning(&scenario);
        Self { scenario, world, rules: BTreeSet::new(), missing }
    }

    /// The steps that are possible, each after the steps before it.
    pub(super) fn of(cast: RunAs, steps: impl IntoIterator<Item = Step>, missing: Missing) -> Self {
        let mut repaired = Self::new(cast, missing);
        for step in steps {
            repaired.add(step);
        }
        repaired
    }

    /// The scenario, and the rules by which the model refuses a step of it.
    pub(super) fn done(self) -> (Scenario, BTreeSet<&'static str>) {
        (self.scenario, self.rules)
    }

    fn add(&mut self, mut step: Step) {
        if self.missing == Missing::Begin {
            let begins = step.action == Action::ForkCloned;
            if !begins {
                self.bring_in(step.actor);
            } else if let Some(parent) = step.actor.parent() {
                self.bring_in(parent);
            }
            let others: Vec<Actor> = step.action.actors_mut().into_iter().map(|actor| *actor).collect();
            others.into_iter().for_each(|other| self.bring_in(other));
        }
        self.try_step(step);
    }

    fn bring_in(&mut self, actor: Actor) {
        for actor in self.scenario.to_fork(actor) {
            self.try_step(Step { actor, action: Action::Fork });
        }
    }

    fn began(&self, actor: Actor) -> bool {
        self.scenario.mentions(actor)
    }

    /// Adds the step if the director can play it and the model still predicts everything.
    fn try_step(&mut self, step: Step) {
        let again = match step.action {
            Action::Fork | Action::ForkCloned => self.began(step.actor),
            Action::CloneAndKeep(_) => self.has_companion(step.actor),
            _ => false,
        };
        if again || !self.world.can_take(&step) {
            return;
        }
        let mut world = self.world.clone();
        let expected = world.expect(&step);
        if !world.is_unmodelled() {
            self.rules.extend(expected.rule);
            self.world = world;
            self.scenario.steps.push(step);
        }
    }

    fn has_companion(&self, actor: Actor) -> bool {
        let companion = |step: &Step| step.actor == actor && matches!(step.action, Action::CloneAndKeep(_));
        self.scenario.steps.iter().any(companion)
    }
}
