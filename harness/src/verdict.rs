//! The answers of kernel, snapshot and model for a test's scenarios, side by side, and the one that differs from the
//! other two.
//!
//! While a test of the suite runs, each trace that it plays is compared with the [model]'s prediction. If the model
//! disagrees, a test fails even if its snapshot agrees with the kernel.

use crate::comparator::says_the_same;
use crate::current::current_test;
use crate::evidence;
use crate::findings::{Difference, Expecting, Findings, Left};
use crate::found;
use crate::here;
use crate::model::{self, Disagreement, described};
use crate::prediction::Prediction;
use crate::record;
use crate::rehearsal;
use crate::reproducer::{self, Header};
use crate::rules;
use crate::show;
use crate::trace::Trace;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// The greatest number of traces that are described. More are only counted.
const MOST: usize = 3;

/// What a test has played so far.
#[derive(Default)]
struct Played {
    /// The last trace, with the model's prediction.
    last: Option<(Trace, Option<Prediction>)>,
    /// The traces on which the model differs.
    disputed: Vec<(Trace, Prediction, Vec<Disagreement>)>,
    /// The steps that differ from any answer.
    findings: Findings,
    /// The number of scenarios, and of how many the model predicted every step and the final states.
    counts: Counts,
}

/// How much of a test's scenarios the model predicted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Scenarios.
    pub played: usize,
    /// The scenarios that the model predicted completely.
    pub whole: usize,
    /// Steps.
    pub steps: usize,
    /// The steps that the model predicted.
    pub predicted: usize,
}

thread_local! {
    static PLAYED: RefCell<Option<Played>> = const { RefCell::new(None) };
}

/// From now on traces are compared.
pub(crate) fn begin() {
    PLAYED.set(Some(Played::default()));
}

/// A scenario was played.
pub(crate) fn played(trace: &Trace) {
    PLAYED.with_borrow_mut(|played| {
        let Some(played) = played else { return };
        let prediction = model::predict(&trace.scenario, here::start());
        played.counts.played += 1;
        played.counts.steps += trace.outcomes.len();
        if let Some(prediction) = &prediction {
            played.counts.whole += usize::from(prediction.is_whole());
            played.counts.predicted += prediction.steps.iter().filter(|step| step.outcome.is_some()).count();
            let found = model::disagreements(trace, prediction);
            let number = played.counts.played;
            found.iter().for_each(|found| played.findings.add(found::from_model(number, trace, found)));
            if !found.is_empty() {
                played.disputed.push((trace.clone(), prediction.clone(), found));
            }
        }
        played.last = Some((trace.clone(), prediction));
    });
}

/// What is known at the end of a test.
pub(crate) struct Ended {
    /// The model's disagreements as a report.
    pub report: Option<String>,
    /// How much the model predicted.
    pub counts: Counts,
    /// The steps that differ, as data.
    pub findings: Findings,
}

/// Ends the comparison.
pub(crate) fn end() -> Ended {
    let mut played = PLAYED.take().unwrap_or_default();
    let findings = std::mem::take(&mut played.findings);
    let report = (!played.disputed.is_empty()).then(|| report(&played));
    Ended { report, counts: played.counts, findings }
}

/// The scenarios on which the model differs.
fn report(played: &Played) -> String {
    let mut report = String::from("the model says otherwise than the kernel:\n");
    for (number, (trace, prediction, found)) in (1..).zip(&played.disputed).take(MOST) {
        for disagreement in found {
            report.push_str(&described(trace, disagreement));
        }
        let _ = writeln!(report, "in\n{}", indented(&trace.to_string()));
        let name = format!("{} {number}", current_test().unwrap_or_default());
        let _ = writeln!(report, "  {}", reproducer(name, trace, Some(prediction)));
    }
    if played.disputed.len() > MOST {
        let _ = writeln!(report, "and {} more scenarios", played.disputed.len() - MOST);
    }
    report
}

/// A step whose outcome is not the one that stands in the test. `trace` is the last one that was played, or none that
/// is known.
pub(crate) fn unexpected(trace: &Trace, index: usize, got: String, expected: String) {
    PLAYED.with_borrow_mut(|played| {
        let Some(played) = played else { return };
        let step = &trace.scenario.steps[index];
        let number = played.counts.played;
        let on = found::point(step, index);
        let last = played.last.as_ref().filter(|(last, _)| last == trace);
        let rule = found::rule_of(last.and_then(|(_, prediction)| prediction.as_ref()), index);
        let difference = found::by(Expecting::Test, number, on, got, expected);
        played.findings.add(Difference { rule, ..difference });
    });
}

/// Writes the program of what was played under this name. Returns the line of a report that names its file.
fn reproducer(name: String, trace: &Trace, prediction: Option<&Prediction>) -> String {
    let about = prediction.map(|prediction| model::about(trace, prediction)).unwrap_or_default();
    let header = Header { name, about, host: record::host() };
    if evidence::is_sent() {
        return sent(&header, trace, prediction);
    }
    reproducer::report(&header, trace, prediction, &record::directory())
}

/// Sends the programs of what was played to the program that runs the test. Returns the line of a report.
fn sent(header: &Header, trace: &Trace, prediction: Option<&Prediction>) -> String {
    let nothing = Prediction::nothing(trace.names);
    let made = reproducer::texts(&trace.scenario, prediction.unwrap_or(&nothing), header);
    let told = made.map_or_else(
        |reason| format!("no reproducer: {reason}"),
        |texts| {
            let names: Vec<String> = texts.iter().map(|(name, _)| name.clone()).collect();
            let send = |(name, text)| evidence::send(&Left::Reproducer { name, text });
            texts.into_iter().for_each(send);
            format!("reproducer {}", names.join(" and "))
        },
    );
    format!("kernel {}   {told}", header.host.kernel)
}

/// Compares a value with a snapshot, by `assert`, which panics if they differ. If the value is a trace, the report
/// then shows the three answers for each step. `snapshot` returns the reviewed text.
pub fn compare(seen: &str, snapshot: impl FnOnce() -> Option<String>, assert: impl FnOnce()) {
    if rehearsal::is_on() {
        return;
    }
    let Err(panic) = catch_unwind(AssertUnwindSafe(assert)) else { return };
    PLAYED.with_borrow_mut(|played| {
        let Some(Played { last, counts, findings, .. }) = played else { return };
        let last = last.as_ref().filter(|(trace, _)| trace.to_string().trim() == seen.trim());
        if let Some((trace, prediction)) = last {
            let snapshot = snapshot().unwrap_or_default();
            let differences = found::from_snapshot(counts.played, trace, prediction.as_ref(), &snapshot);
            differences.into_iter().for_each(|difference| findings.add(difference));
            let name = current_test().unwrap_or_default();
            eprint!("{}", side_by_side(trace, prediction.as_ref(), &snapshot));
            eprintln!("  {}", reproducer(name, trace, prediction.as_ref()));
        }
    });
    resume_unwind(panic);
}

/// Each step on which the three do not agree, and the one that stands alone.
pub fn side_by_side(trace: &Trace, prediction: Option<&Prediction>, snapshot: &str) -> String {
    let reviewed = found::steps_of(snapshot, trace);
    let mut report = String::new();
    for (index, (step, kernel)) in trace.scenario.steps.iter().zip(trace.outcomes_shown()).enumerate() {
        let expected = prediction.and_then(|prediction| prediction.steps.get(index));
        let outcome = expected.and_then(|expected| expected.outcome.as_ref());
        let model = outcome.map(|outcome| show::outcome(outcome, &step.action, &trace.names));
        let snapshot = reviewed.get(index).cloned().flatten();
        let Some(alone) = stands_alone(&kernel, snapshot.as_deref(), model.as_deref()) else { continue };
        let action = show::action(step.actor, &step.action);
        let _ = writeln!(report, "  step {}   {}   {action}", index + 1, step.actor);
        let or_nothing = |said: Option<String>| said.unwrap_or_else(|| "says nothing".to_owned());
        let _ = writeln!(report, "           kernel   {kernel}");
        let _ = writeln!(report, "           snapshot {}", or_nothing(snapshot));
        let _ = write!(report, "           model    {}", or_nothing(model));
        if let Some(rule) = expected.and_then(|expected| expected.rule).and_then(rules::find) {
            let _ = write!(report, "   {}; {}", rule.name, rule.source);
        }
        let _ = writeln!(report, "\n           {alone}");
    }
    report
}

/// The one of the three that differs from the other two.
fn stands_alone(kernel: &str, snapshot: Option<&str>, model: Option<&str>) -> Option<&'static str> {
    match (snapshot, model) {
        (Some(snapshot), Some(model)) => {
            match (says_the_same(kernel, snapshot), says_the_same(kernel, model), snapshot == model) {
                (true, true, _) => None,
                (true, ..) => Some("the model stands alone"),
                (_, true, _) => {
                    Some("the snapshot stands alone: was the kernel's outcome another when it was made?")
                }
                (.., true) => Some("the kernel stands alone"),
                _ => Some("all three differ"),
            }
        }
        (Some(snapshot), None) => (!says_the_same(kernel, snapshot)).then_some("kernel and snapshot differ"),
        (None, Some(model)) => (!says_the_same(kernel, model)).then_some("kernel and model differ"),
        (None, None) => None,
    }
}

fn indented(text: &str) -> String {
    text.lines().fold(String::new(), |mut all, line| {
        let _ = writeln!(all, "    {line}");
        all
    })
}
