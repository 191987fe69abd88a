//! What a failed test found, as data: which step differs from which answer, for `cargo ci` and the guests.

use crate::comparator::equal_where_known;
use crate::evidence;
use crate::findings::{Difference, Expecting, FINDINGS, Findings, Left, Point};
use crate::listing::TOO_SLOW_HERE;
use crate::model::{Disagreement, Side};
use crate::prediction::Prediction;
use crate::scenario::Step;
use crate::show;
use crate::trace::Trace;
use std::any::Any;
use std::path::PathBuf;

/// The greatest number of differences that a file keeps. What follows the first is mostly its consequence.
const MOST: usize = 20;

/// The step with this index.
pub(crate) fn point(step: &Step, index: usize) -> Point {
    let action = show::action(step.actor, &step.action);
    Point::Step { number: index + 1, actor: step.actor.to_string(), action }
}

/// Where a trace differs from its reviewed snapshot: the steps and the final states. The model names the rule of a step
/// that it refuses, also where it agrees with the kernel.
pub(crate) fn from_snapshot(
    scenario: usize,
    trace: &Trace,
    prediction: Option<&Prediction>,
    snapshot: &str,
) -> Vec<Difference> {
    let reviewed = steps_of(snapshot, trace);
    let shown = trace.scenario.steps.iter().zip(trace.outcomes_shown()).zip(reviewed).enumerate();
    let steps = shown.filter_map(|(index, ((step, got), expected))| {
        let expected = expected.filter(|expected| !equal_where_known(&got, expected))?;
        let difference = by(Expecting::Snapshot, scenario, point(step, index), got, expected);
        Some(Difference { rule: rule_of(prediction, index), ..difference })
    });
    let states = states_of(&trace.to_string(), snapshot).into_iter();
    steps
        .chain(states.map(|(actor, got, expected)| {
            by(Expecting::Snapshot, scenario, Point::Afterwards { actor }, got, expected)
        }))
        .collect()
}

/// The rule by which the model refuses the step with this index.
pub(crate) fn rule_of(prediction: Option<&Prediction>, index: usize) -> Option<String> {
    prediction?.steps.get(index)?.rule.map(str::to_owned)
}

/// A point on which the model differs.
pub(crate) fn from_model(scenario: usize, trace: &Trace, found: &Disagreement) -> Difference {
    let on = match found.on {
        Side::Step(index) => point(&trace.scenario.steps[index], index),
        Side::State(actor) => Point::Afterwards { actor: actor.to_string() },
    };
    let rule = found.rule.map(|rule| rule.name.to_owned());
    Difference { rule, ..by(Expecting::Model, scenario, on, found.kernel.clone(), found.model.clone()) }
}

/// A difference from one answer.
pub(crate) fn by(by: Expecting, scenario: usize, on: Point, got: String, expected: String) -> Difference {
    Difference { scenario, on, got, expected, by: vec![by], rule: None }
}

/// The outcomes in a reviewed trace: the lines before "afterwards", without actor and action. An outcome of several
/// lines goes on in lines that begin with blanks. `None` where the snapshot has another step.
pub(crate) fn steps_of(snapshot: &str, trace: &Trace) -> Vec<Option<String>> {
    let mut lines = snapshot.lines().take_while(|line| line.trim() != "afterwards").peekable();
    let names = trace.scenario.steps.iter().map(|step| step.actor.to_string().len()).max();
    let indent = names.unwrap_or(0) + 4;
    let outcome = |step: &Step| {
        let line = lines.next()?;
        let more: Vec<&str> =
            std::iter::from_fn(|| lines.next_if(|line| line.starts_with(' ') || line.is_empty())).collect();
        let rest = line.strip_prefix(&step.actor.to_string())?.trim_start();
        let rest = rest.strip_prefix(&show::action(step.actor, &step.action))?.trim();
        let more = more.into_iter().map(|line| line.get(indent..).unwrap_or_default());
        Some(std::iter::once(rest).chain(more).collect::<Vec<_>>().join("\n"))
    };
    trace.scenario.steps.iter().map(outcome).collect()
}

/// The lines below "afterwards" that differ: the actor, and the parts that differ in the one and the other.
fn states_of(seen: &str, reviewed: &str) -> Vec<(String, String, String)> {
    let below = |text: &str| -> Vec<String> {
        text.lines().skip_while(|line| line.trim() != "afterwards").skip(1).map(str::to_owned).collect()
    };
    let mut actor = String::new();
    let mut found = Vec::new();
    for (seen, reviewed) in below(seen).iter().zip(below(reviewed)) {
        if !seen.starts_with(' ') {
            actor = seen.split_whitespace().next().unwrap_or_default().to_owned();
        }
        if !equal_where_known(seen, &reviewed) {
            let (got, expected) = parts(seen, &reviewed);
            found.push((actor.clone(), got, expected));
        }
    }
    found
}

/// The columns in which two lines differ. Two blanks part the columns.
fn parts(one: &str, other: &str) -> (String, String) {
    let columns = |line: &str| -> Vec<String> {
        line.split("  ").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let (one, other) = (columns(one), columns(other));
    let lone = |these: &[String], those: &[String]| {
        these.iter().filter(|part| !those.contains(part)).cloned().collect::<Vec<_>>().join("  ")
    };
    (lone(&one, &other), lone(&other, &one))
}

/// Why a test could show nothing, if the message of its panic says that the host is too slow.
pub(crate) fn too_slow(panic: &(dyn Any + Send)) -> Option<String> {
    let text =
        panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied())?;
    let line = text.lines().find(|line| line.starts_with(TOO_SLOW_HERE))?;
    text.starts_with(TOO_SLOW_HERE).then(|| line.to_owned())
}

/// Writes what a failed test found into the directory that [`FINDINGS`] names. Where that fails, standard error has
/// the reason: the test has failed in any case.
pub(crate) fn write(test: &str, mut differences: Findings, too_slow: Option<String>) {
    differences.sort(MOST);
    // A difference that was seen is a failure, however slow the host is.
    let too_slow = too_slow.filter(|_| differences.differences.is_empty());
    let findings = Findings { test: test.to_owned(), too_slow, ..differences };
    if evidence::is_sent() {
        return evidence::send(&Left::Findings(findings));
    }
    let Some(directory) = std::env::var_os(FINDINGS).map(PathBuf::from) else { return };
    let path = directory.join(Findings::file_name(test));
    let written = findings
        .to_line()
        .and_then(|line| std::fs::write(&path, line).map_err(|error| format!("{}: {error}", path.display())));
    if let Err(error) = written {
        eprintln!("the findings are not kept: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_parts_of_a_state_that_differ_are_named_with_the_actor() {
        let seen = "a  b  ok\nafterwards\ninside  uid_map \"\"  gid_map \"0 own 1\"\n        uid own\n";
        let reviewed = "a  b  ok\nafterwards\ninside  uid_map \"\"  gid_map \"\"\n        uid 0\n";

        let words = |got: &str, expected: &str| ("inside".to_owned(), got.to_owned(), expected.to_owned());
        let expected = [words("gid_map \"0 own 1\"", "gid_map \"\""), words("uid own", "uid 0")];
        assert_eq!(states_of(seen, reviewed), expected);
        assert!(states_of(seen, seen).is_empty());
    }

    #[test]
    fn only_a_panic_that_begins_so_is_a_slow_host() {
        let slow = format!("{TOO_SLOW_HERE} 3 of 90 rounds overlapped\nmore");

        assert_eq!(too_slow(&slow).as_deref(), slow.lines().next());
        assert_eq!(too_slow(&"too slow here: x").as_deref(), Some("too slow here: x"));
        assert_eq!(too_slow(&format!("the map is not empty\n{slow}")), None);
        assert_eq!(too_slow(&7), None);
    }
}
