//! Comparing a kernel with the model.

use crate::rules::{self, Rule};
use harness_scenario::actors::Actor;
use harness_scenario::ids::{FsId, Ids};
use harness_scenario::outcome::{self, Outcome};
use harness_scenario::prediction::{Expected, Prediction};
use harness_scenario::show;
use harness_scenario::state::State;
use harness_scenario::trace::Trace;
use std::fmt::Write as _;

/// A point on which kernel and model differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// The step, or the actor's final state.
    pub on: Side,
    /// The kernel's answer, as traces show it.
    pub kernel: String,
    /// The model's prediction.
    pub model: String,
    /// The rule that the model applied, if it refused by one.
    pub rule: Option<&'static Rule>,
}

/// The subject of a disagreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The outcome of the step with this index.
    Step(usize),
    /// The final state of this actor.
    State(Actor),
}

/// Every point on which a trace differs from the prediction.
pub fn disagreements(trace: &Trace, prediction: &Prediction) -> Vec<Disagreement> {
    let steps = trace.steps().zip(&prediction.steps).enumerate();
    let mut found: Vec<Disagreement> = steps
        .filter_map(|(index, ((step, outcome), Expected { outcome: expected, rule }))| {
            let expected = expected.as_ref().filter(|expected| *expected != outcome)?;
            let expected = &ignoring_unknown(expected, outcome);
            if expected == outcome {
                return None;
            }
            let shown = |outcome| show::outcome(outcome, &step.action, &trace.names);
            let (kernel, model) = (shown(outcome), shown(expected));
            Some(Disagreement { on: Side::Step(index), kernel, model, rule: rule.and_then(rules::find) })
        })
        .collect();
    for (actor, expected) in &prediction.states {
        let Some(state) = trace.state_of(*actor) else { continue };
        let comparable = comparable(state);
        if comparable == *expected {
            continue;
        }
        let (uid, gid) = (forget(expected.uid, state.uid), forget(expected.gid, state.gid));
        let securebits = state.securebits.and(expected.securebits);
        let expected = State { uid, gid, securebits, ..expected.clone() };
        if comparable != expected {
            let (kernel, model) = different(&comparable, &expected);
            found.push(Disagreement { on: Side::State(*actor), kernel, model, rule: None });
        }
    }
    found
}

/// The expected state, without the parts that this kernel has no call to report.
fn ignoring_unknown(expected: &Outcome, seen: &Outcome) -> Outcome {
    match (expected, seen) {
        (Outcome::Credentials(expected), Outcome::Credentials(seen)) => {
            let (uid, gid) = (forget(expected.uid, seen.uid), forget(expected.gid, seen.gid));
            Outcome::Credentials(Box::new(outcome::Credentials { uid, gid, ..**expected }))
        }
        _ => expected.clone(),
    }
}

fn forget(expected: Ids, seen: Ids) -> Ids {
    let fs = if seen.fs == FsId::Unknown { FsId::Unknown } else { expected.fs };
    Ids { fs, ..expected }
}

/// The part of a state that is compared. It leaves out how the state came about and why a process is not dumpable.
fn comparable(state: &State) -> State {
    State {
        groups_origin: Default::default(),
        before: None,
        userns: String::new(),
        dumpable: i64::from(state.dumpable == 1),
        ..state.clone()
    }
}

/// The parts in which two states differ, from each of them.
fn different(one: &State, other: &State) -> (String, String) {
    let parts = |state: &State| {
        [
            format!("uid {}", show::four(state.uid)),
            format!("gid {}", show::four(state.gid)),
            format!("groups {:?}", state.groups),
            format!("effective {}", state.caps.effective),
            format!("permitted {}", state.caps.permitted),
            format!("inheritable {}", state.caps.inheritable),
            format!("bounding {}", state.caps.bounding),
            format!("ambient {}", state.caps.ambient),
            format!("dumpable {}", state.dumpable),
            format!("securebits {:#x}", state.securebits.unwrap_or_default()),
            format!("uid_map {:?}", harness_scenario::map::lines(&state.uid_map)),
            format!("gid_map {:?}", harness_scenario::map::lines(&state.gid_map)),
            format!("setgroups {}", state.setgroups),
        ]
    };
    let both = parts(one).into_iter().zip(parts(other)).filter(|(one, other)| one != other);
    let (ones, others): (Vec<String>, Vec<String>) = both.unzip();
    (ones.join("  "), others.join("  "))
}

/// The rules on which kernel and model differ, each with its source.
pub fn about(trace: &Trace, prediction: &Prediction) -> Vec<String> {
    let found = disagreements(trace, prediction);
    let rules = found.iter().filter_map(|found| found.rule);
    rules.flat_map(|rule| [format!("{}: {}", rule.name, rule.sentence), rule.source.to_owned()]).collect()
}

/// One point as reports show it.
pub fn described(trace: &Trace, Disagreement { on, kernel, model, rule }: &Disagreement) -> String {
    let mut text = match on {
        Side::Step(index) => {
            let step = &trace.scenario.steps[*index];
            let action = show::action(step.actor, &step.action);
            format!("  step {}   {}   {action}\n", index + 1, step.actor)
        }
        Side::State(actor) => format!("  afterwards   {actor}\n"),
    };
    let _ = writeln!(text, "           kernel   {kernel}");
    let _ = write!(text, "           model    {model}");
    if let Some(rule) = rule {
        let _ = write!(text, "   {}: {}\n                    {}", rule.name, rule.sentence, rule.source);
    }
    text.push('\n');
    text
}
