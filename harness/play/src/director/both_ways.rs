//! A scenario with forked processes and with processes that share memory: the two traces have to be the same.

use super::Turn;
use crate::error::Error;
use crate::here;
use harness_scenario::action::Action;
use harness_scenario::actors::Actor;
use harness_scenario::outcome::Outcome;
use harness_scenario::scenario::Scenario;
use harness_scenario::state::State;
use harness_scenario::trace::Trace;
use std::time::Duration;

/// Plays a scenario in the cheapest way and, if its processes then share memory, before that with forked ones. Both have to
/// give the same trace.
pub(super) fn play(scenario: &Scenario, limit: Duration) -> Result<Trace, Error> {
    if !Turn::cheapest(scenario).shares() {
        return super::play(scenario, Turn::forked(), limit);
    }
    let forked = super::play(scenario, Turn::forked(), limit)?;
    let cheap = super::play(scenario, Turn::cheapest(scenario), limit)?;
    match same(&forked, &cheap) {
        true => Ok(cheap),
        false => Err(Error::ActorsDiffer { forked: forked.to_string(), cheap: cheap.to_string() }),
    }
}

/// Whether two traces say the same. Each has namespaces of its own, so that only whether a process is still in the
/// caller's is compared. What a raw system call reads may have process ids.
fn same(one: &Trace, other: &Trace) -> bool {
    let told = |trace: &Trace| -> Vec<(Actor, bool, State)> {
        let told = |(actor, state): &(Actor, State)| {
            let outside = state.userns == here::start().caller.userns;
            (*actor, outside, State { userns: String::new(), ..state.clone() })
        };
        trace.states.iter().map(told).collect()
    };
    let mut steps = one.scenario.steps.iter().zip(one.outcomes.iter().zip(&other.outcomes));
    let alike = steps.all(|(step, outcomes)| match (&step.action, outcomes) {
        (Action::Syscall(_), (Outcome::Text(_), Outcome::Text(_))) => true,
        (_, (one, other)) => one == other,
    });
    alike && one.outcomes.len() == other.outcomes.len() && told(one) == told(other)
}

#[cfg(test)]
mod tests {
    use super::same;
    use crate::director::Play;
    use harness_scenario::action::uid_map;
    use harness_scenario::scenario::caller;

    #[test]
    fn a_trace_with_another_flag_or_outcome_is_not_the_same() {
        let trace = caller().inside(&[uid_map("0 own 1")]).play();
        let again = caller().inside(&[uid_map("0 own 1")]).play();
        let refused = caller().inside(&[uid_map("0 own")]).play();
        let mut undumpable = trace.clone();
        undumpable.states[0].1.dumpable = 0;

        assert!(same(&trace, &again), "{again}");
        assert!(!same(&trace, &undumpable));
        assert!(!same(&trace, &refused), "{refused}");
    }
}
