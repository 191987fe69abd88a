//! Shrinks a scenario on which the kernel and the model disagree to the smallest one on which they still do.
//!
//! Steps are taken out first, in halves, quarters and one by one, then what is left is made simpler: other actors,
//! shorter texts, smaller ids. Whatever is tried must make sense, and is played. proptest would shrink what was drawn,
//! which is not what is played: groups that were left out in part are not simpler for being shorter.

mod simpler;

use super::repair::{Missing, Repaired};
use super::{Mismatch, play};
use harness_play::error::Error;
use harness_scenario::scenario::{Scenario, Step};

/// The greatest number of scenarios that are tried.
const MOST: usize = 4000;

/// The result of shrinking a disputed scenario.
#[derive(Debug, Clone)]
pub struct Shrunk {
    /// The smallest scenario that was found.
    pub dispute: Mismatch,
    /// The number of scenarios that were tried.
    pub tried: usize,
}

/// Shrinks a disputed scenario as long as the smaller one is disputed, too. `goes_on` may end this early.
///
/// # Errors
/// If the harness fails.
pub fn shrink(dispute: Mismatch, goes_on: &dyn Fn() -> bool) -> Result<Shrunk, Error> {
    let mut shrinking = Shrinking { best: dispute, tried: 0, goes_on };
    loop {
        let before = shrinking.scenario().clone();
        shrinking.take_steps_out()?;
        shrinking.simplify()?;
        if *shrinking.scenario() == before || shrinking.is_over() {
            return Ok(Shrunk { dispute: shrinking.best, tried: shrinking.tried });
        }
    }
}

struct Shrinking<'a> {
    best: Mismatch,
    tried: usize,
    goes_on: &'a dyn Fn() -> bool,
}

impl Shrinking<'_> {
    fn scenario(&self) -> &Scenario {
        &self.best.trace.scenario
    }

    fn is_over(&self) -> bool {
        self.tried >= MOST || !(self.goes_on)()
    }

    /// Repairs and plays a candidate. Keeps it, and returns true, if kernel and model still disagree on no more points
    /// than before.
    fn try_these(&mut self, mut scenario: Scenario) -> Result<bool, Error> {
        let steps = std::mem::take(&mut scenario.steps);
        let (scenario, _) = Repaired::of(scenario.run_as, steps, Missing::AreLeftOut).done();
        if self.is_over() || scenario == *self.scenario() {
            return Ok(false);
        }
        self.tried += 1;
        let disputed = match play(&scenario) {
            // A candidate that cannot be played is possible if the model is wrong. It is not a simpler way to show
            // the disagreement.
            Err(error) if super::is_the_kernels(&error) => None,
            played => played?,
        };
        let found = disputed.is_some();
        self.best = disputed.unwrap_or_else(|| self.best.clone());
        Ok(found)
    }

    /// Removes as many steps as possible at a time, then fewer, down to one, until no step can be removed.
    fn take_steps_out(&mut self) -> Result<(), Error> {
        let mut count = self.scenario().steps.len().div_ceil(2);
        while count > 0 {
            let mut from = self.scenario().steps.len();
            let mut fewer = false;
            // Starts at the end, because later steps depend on earlier ones.
            while from > 0 {
                let first = from.saturating_sub(count);
                let mut scenario = self.scenario().clone();
                scenario.steps.drain(first..from.min(scenario.steps.len()));
                fewer |= self.try_these(scenario)?;
                from = first.min(self.scenario().steps.len());
            }
            if !fewer || count > 1 {
                count /= 2;
            }
            if self.is_over() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Replaces each part by the first simpler one with which the scenario is still disputed.
    fn simplify(&mut self) -> Result<(), Error> {
        for run_as in simpler::run_as(&self.scenario().run_as) {
            let scenario = Scenario { run_as, ..self.scenario().clone() };
            if self.try_these(scenario)? {
                break;
            }
        }
        for (from, to) in simpler::actors(self.scenario()) {
            let scenario = simpler::with_actor(self.scenario(), from, to);
            self.try_these(scenario)?;
        }
        let mut at = 0;
        while at < self.scenario().steps.len() {
            let step = &self.scenario().steps[at];
            let mut simpler = simpler::actions(&step.action).into_iter();
            let next = loop {
                let Some(action) = simpler.next() else { break at + 1 };
                let mut scenario = self.scenario().clone();
                scenario.steps[at] = Step { actor: scenario.steps[at].actor, action };
                let length = scenario.steps.len();
                if self.try_these(scenario)? {
                    // The simplified part may become even simpler, if it is still at its place.
                    break if self.scenario().steps.len() == length { at } else { at + 1 };
                }
            };
            at = next;
        }
        Ok(())
    }
}
