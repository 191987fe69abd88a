//! A program in all states: what was seen, and what is wrong with it.

use std::time::{Duration, Instant};

use crate::field::junit::Case;
use crate::field::model::{Said, answers};
use crate::field::options::FieldOptions;
use crate::field::root::Root;
use crate::field::says::unusual;
use crate::programs::calls::{Sequence, shown};
use crate::programs::finding::Finding;
use crate::programs::names::Names;
use crate::programs::predict::{Predicted, predict};
use crate::programs::rows::{Row, What};
use crate::programs::run::{self, Left};
use crate::programs::seen::Seen;
use crate::programs::snapshots::{Reviewed, difference};
use crate::programs::states::{STATES, State};
use crate::programs::verdict::{Word, is_sound, word};

/// What stands in a snapshot for something that differs from run to run.
const VARIES: &str = "differs from run to run";

/// What came of a row in a release.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The row.
    pub row: Row,
    /// The release.
    pub release: String,
    /// The version of its package.
    pub version: String,
    /// What was seen, for each state.
    pub seen: Vec<Seen>,
    /// The first refused call by the model, and the rule that refuses it, for each state.
    pub predicted: Vec<Predicted>,
    /// The version of the snapshot that was compared, if there is one.
    pub reviewed: Option<String>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// How long all states took.
    pub took: Duration,
}

impl Judged {
    /// A row without a result.
    pub fn could_not_run(row: &Row, root: &Root, why: &str) -> Self {
        Self {
            row: row.clone(),
            release: root.release.clone(),
            version: root.versions.get(&row.package).cloned().unwrap_or_default(),
            seen: Vec::new(),
            predicted: Vec::new(),
            reviewed: None,
            findings: vec![Finding::CouldNotRun { why: why.to_owned() }],
            took: Duration::ZERO,
        }
    }

    /// Whether each state has a result that a person can review.
    pub fn is_whole(&self) -> bool {
        let broken = |it: &Finding| matches!(it, Finding::CouldNotRun { .. } | Finding::DoesNotWork { .. });
        self.seen.len() == STATES.len() && !self.findings.iter().any(broken)
    }

    /// The words for the states.
    pub fn words(&self) -> Vec<Word> {
        let allow = self.seen.first().into_iter();
        allow.flat_map(|allow| self.seen.iter().map(|seen| word(self.row.target, allow, seen))).collect()
    }

    /// The test of a JUnit file.
    pub fn case(&self) -> Case {
        Case {
            release: self.release.clone(),
            name: format!("{} {}", self.row.name, self.version),
            findings: self.findings.iter().map(ToString::to_string).collect(),
            broken: self.findings.iter().any(|it| matches!(it, Finding::CouldNotRun { .. })),
            known: None,
            took: self.took,
        }
    }

    /// A line for the progress.
    pub fn in_one_line(&self) -> String {
        let deny = self.words().get(1).map_or("no result", |word| word.text());
        let wrong = match self.findings.len() {
            0 => String::new(),
            number => format!(", {number} findings"),
        };
        let seconds = self.took.as_secs_f64();
        format!(
            "{} {} ({}): {deny} under \"deny\"{wrong} ({seconds:.1} s)",
            self.row.name, self.version, self.release
        )
    }
}

/// Runs a row in all states and compares.
pub fn judge(row: &Row, root: &Root, reviewed: &Reviewed, options: &FieldOptions) -> Judged {
    let begun = Instant::now();
    let mut judged = Judged::could_not_run(row, root, "");
    judged.findings.clear();
    match STATES.iter().map(|state| run::run(row, *state, root, options)).collect::<Result<Vec<Left>, _>>() {
        Ok(left) => compare(&mut judged, &left, reviewed),
        Err(why) => judged.findings.push(Finding::CouldNotRun { why }),
    }
    judged.took = begun.elapsed();
    judged
}

fn compare(judged: &mut Judged, left: &[Left], reviewed: &Reviewed) {
    let allow = &left[0];
    judged.seen = STATES.iter().zip(left).map(|(state, it)| seen(*state, it, allow, &judged.row)).collect();
    if !is_sound(judged.row.target, &judged.seen[0]) {
        let said = allow.output.lines().take(6).collect::<Vec<_>>().join("; ");
        let seen = format!("{}, {:?} ran; {said}", allow.end, judged.seen[0].ran);
        judged.findings.push(Finding::DoesNotWork { seen });
    }
    for ((state, it), seen) in STATES.iter().zip(left).zip(&judged.seen) {
        judged.findings.extend(against_model(*state, &it.sequences));
        let predicted = predict(&state.namespace(), &allow.sequences);
        judged.findings.extend(against_prediction(&judged.row, &judged.release, seen, &predicted));
        judged.predicted.push(predicted);
    }
    let Some(snapshot) = reviewed.of(&judged.row.name, &judged.version, &judged.release) else {
        judged.findings.push(Finding::NotReviewed);
        return;
    };
    judged.reviewed = Some(snapshot.version.clone());
    for seen in &judged.seen {
        let old = snapshot.seen.iter().find(|old| old.state == seen.state).cloned().unwrap_or_default();
        let difference = difference(&old, seen);
        if !difference.is_empty() {
            let (state, reviewed) = (seen.state.clone(), snapshot.version.clone());
            judged.findings.push(Finding::Changed { state, reviewed, difference });
        }
    }
}

/// What was seen, without what the row names as different from run to run.
fn seen(state: State, left: &Left, allow: &Left, row: &Row) -> Seen {
    let mut seen = all_seen(state, left, allow, row);
    for it in &row.varies {
        match it.what {
            What::Says if seen.says.is_empty() && state == State::Allow => {}
            What::Says => seen.says = vec![VARIES.to_owned()],
            What::End => seen.end = VARIES.to_owned(),
            What::Calls => seen.calls = once_each(&left.sequences, &left.names),
        }
    }
    seen
}

/// For each program its different calls, in the order of the first of each.
fn once_each(sequences: &[Sequence], names: &Names) -> Vec<String> {
    let mut programs: Vec<(&str, Vec<String>)> = Vec::new();
    for sequence in sequences {
        if !programs.iter().any(|(name, _)| *name == sequence.program) {
            programs.push((&sequence.program, Vec::new()));
        }
        let Some((_, calls)) = programs.iter_mut().find(|(name, _)| *name == sequence.program) else {
            continue;
        };
        for call in sequence.own.iter().map(|call| shown(call, names)) {
            if !calls.contains(&call) {
                calls.push(call);
            }
        }
    }
    programs.into_iter().map(|(name, calls)| format!("{name}: {}", calls.join(", "))).collect()
}

fn all_seen(state: State, left: &Left, allow: &Left, row: &Row) -> Seen {
    let threads = left.threads.union(&allow.threads).map(|id| (id.cast_unsigned(), "PID"));
    let numbers = threads.chain(left.names.ids().map(|id| (id, "ID"))).collect();
    let calls = |it: &Sequence| {
        let calls: Vec<String> = it.own.iter().map(|call| shown(call, &left.names)).collect();
        format!("{}: {}", it.program, calls.join(", "))
    };
    Seen {
        state: state.name().to_owned(),
        end: left.end.clone(),
        ran: left.ran.clone(),
        says: match state {
            State::Allow => Vec::new(),
            _ => unusual(&left.output, &allow.output, &numbers, &row.noise),
        },
        calls: left.sequences.iter().map(calls).collect(),
    }
}

/// Each answer of the kernel that is not the one of the model.
fn against_model(state: State, sequences: &[Sequence]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for sequence in sequences {
        for (call, said) in sequence.whole.iter().zip(answers(&state.namespace(), &sequence.whole)) {
            let model = match &said {
                Said::Open => continue,
                Said::Succeeds => None,
                Said::Fails { errno, .. } => Some(errno.clone()),
            };
            if model != call.errno {
                findings.push(Finding::Model {
                    state: state.name().to_owned(),
                    call: shown(call, &Names::default()),
                    model: model.unwrap_or_else(|| "success".to_owned()),
                });
            }
        }
    }
    findings.dedup();
    findings
}

fn against_prediction(row: &Row, release: &str, seen: &Seen, predicted: &Predicted) -> Option<Finding> {
    let holds = match (predicted, seen.first_refused()) {
        (Predicted::Open, _) | (Predicted::Nothing, None) => true,
        (Predicted::Refused(call, errno, _), Some((name, refused))) => name == call && refused == errno,
        _ => false,
    };
    let known = row
        .misses
        .iter()
        .find(|miss| miss.state == seen.state && miss.releases.iter().any(|name| name == release));
    let state = seen.state.clone();
    match (holds, known) {
        (true, Some(miss)) => Some(Finding::Predicted { state, why: miss.why.clone() }),
        (false, None) => Some(Finding::Unpredicted {
            state,
            predicted: predicted.to_string(),
            seen: seen
                .first_refused()
                .map_or("no refused call".to_owned(), |(call, errno)| format!("{call} {errno}")),
        }),
        (true, None) | (false, Some(_)) => None,
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
