//! What a kernel is to do, of each step and in the end.

use crate::actors::Actor;
use crate::ids::Names;
use crate::outcome::Outcome;
use crate::state::State;
use crate::trace::Trace;

/// The expected outcome of a step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expected {
    /// What comes of it; `None` where that is not known.
    pub outcome: Option<Outcome>,
    /// The name of the rule by which it is refused, if it is.
    pub rule: Option<&'static str>,
}

impl From<Option<Outcome>> for Expected {
    /// By no rule.
    fn from(outcome: Option<Outcome>) -> Self {
        Self { outcome, rule: None }
    }
}

/// What is expected of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prediction {
    /// Of each step, in the order of the scenario. Of steps that are missing nothing is expected.
    pub steps: Vec<Expected>,
    /// What actors are in the end, in the order of [`Actor::ALL`]; of those that are missing nothing is expected.
    pub states: Vec<(Actor, State)>,
    /// What ids and capabilities are called in both.
    pub names: Names,
}

impl Prediction {
    /// Nothing at all, where ids and capabilities are called so.
    pub fn nothing(names: Names) -> Self {
        Self { steps: Vec::new(), states: Vec::new(), names }
    }

    /// Whether something is said of every step and of the end.
    pub fn is_whole(&self) -> bool {
        !self.states.is_empty() && self.steps.iter().all(|step| step.outcome.is_some())
    }

    /// What comes of the step with this index, where that is known.
    pub fn outcome(&self, index: usize) -> Option<&Outcome> {
        self.steps.get(index)?.outcome.as_ref()
    }
}

impl From<&Trace> for Prediction {
    /// The kernel does again what it did. Of /proc/PID/status as a whole nothing is expected: it contains process
    /// ids, and counts of the moment.
    fn from(trace: &Trace) -> Self {
        let of_the_moment =
            |outcome: &Outcome| matches!(outcome, Outcome::Text(bytes) if bytes.starts_with(b"Name:\t"));
        let again = |outcome: &Outcome| Expected::from((!of_the_moment(outcome)).then(|| outcome.clone()));
        let steps = trace.outcomes.iter().map(again).collect();
        Self { steps, states: trace.states.clone(), names: trace.names }
    }
}
