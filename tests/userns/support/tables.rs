//! Gives tables of many small scenarios, one line each: for what is exhaustive rather than a story.

use harness::prelude::*;
use std::fmt::Write as _;

/// Who opens the files and who writes to them.
#[derive(Debug, Clone, Copy)]
pub enum Way {
    /// The process in the namespace does both.
    Inside,
    /// A process in the parent namespace does both.
    Outside,
    /// The one opens, the other writes.
    InsideOpensOutsideWrites,
    /// The other way round.
    OutsideOpensInsideWrites,
}

/// A sequence of steps and the letters that stand for it.
pub type Sequence = (String, Vec<Action>);

/// Every sequence of 1 to `longest` of the words, shorter ones first.
pub fn every_sequence(words: &[(&str, Action)], longest: usize) -> Vec<Sequence> {
    let mut all: Vec<Sequence> = Vec::new();
    let mut previous: Vec<Sequence> = vec![(String::new(), Vec::new())];
    for _ in 0..longest {
        let longer = previous.iter().flat_map(|(letters, steps)| {
            words.iter().map(move |(letter, step)| {
                let steps = steps.iter().chain([step]).cloned().collect();
                (format!("{letters}{letter}"), steps)
            })
        });
        previous = longer.collect();
        all.extend(previous.iter().cloned());
    }
    all
}

/// Every order of the words, each at most once, and every sequence of up to `longest` with repeats.
pub fn every_order(words: &[(&str, Action)], longest: usize) -> Vec<Sequence> {
    let mut all = every_sequence(words, words.len());
    all.retain(|(letters, _)| {
        letters.len() <= longest || words.iter().all(|(word, _)| letters.contains(word))
    });
    all
}

/// Plays each sequence in a namespace of its own; a line each with the outcomes and the state in
/// which it leaves the process inside.
pub fn table(cast: &Scenario, way: Way, sequences: Vec<Sequence>) -> String {
    let mut lines = String::new();
    for (letters, steps) in sequences {
        let trace = steps.iter().fold(stage(cast, way), |scenario, step| act(scenario, way, step)).play();
        let (outcomes, state) = (outcomes(&trace), trace.state_in_short(Actor::Inside));
        let _ = writeln!(lines, "{letters:4}  {outcomes:23}  {state}");
    }
    lines
}

fn stage(cast: &Scenario, way: Way) -> Scenario {
    match way {
        Way::Inside => cast.clone().inside(&[]),
        _ => cast.clone().outside(&[]).inside(&[]),
    }
}

/// A write the way it is to be done: by one process, or opened, passed on and written.
fn act(scenario: Scenario, way: Way, write: &Action) -> Scenario {
    let Action::Write { file, text, .. } = write else { return scenario.inside(std::slice::from_ref(write)) };
    let (opener, writer) = match way {
        Way::Inside => return scenario.inside(std::slice::from_ref(write)),
        Way::Outside => return scenario.outside(std::slice::from_ref(write)),
        Way::InsideOpensOutsideWrites => (Actor::Inside, Actor::Outside),
        Way::OutsideOpensInsideWrites => (Actor::Outside, Actor::Inside),
    };
    let held = Action::WriteHeld { text: text.clone(), file: *file, at: At::Position };
    scenario.by(opener, &[open(*file), Action::PassFd(writer)]).by(writer, &[held])
}

/// The outcomes of the writes. An open or a pass is shown only where it is refused.
fn outcomes(trace: &Trace) -> String {
    let shown: Vec<String> = trace
        .steps()
        .zip(trace.outcomes_shown())
        .filter(|((step, outcome), _)| {
            let aside = matches!(step.action, Action::Fork | Action::Open { .. } | Action::PassFd(_));
            !(aside && **outcome == Outcome::Done)
        })
        .map(|(_, shown)| shown)
        .collect();
    shown.join(" ")
}
