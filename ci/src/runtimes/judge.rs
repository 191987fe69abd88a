//! A runtime in a release: what was seen, and what is wrong with it.

use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::field::junit::Case;
use crate::field::options::FieldOptions;
use crate::field::place::{Place, Proc, RESULTS};
use crate::field::reviewed::difference;
use crate::field::root::Root;
use crate::field::says::{Numbers, unusual};
use crate::field::trace::Trace;
use crate::runtimes::checks::{CHECKS, Outcome};
use crate::runtimes::rows::Row;
use crate::runtimes::seen::{Reviewed, Seen, table};
use crate::runtimes::writes::{self, Write};

const PREPARE: &str = include_str!("prepare.sh");
const FUNCTIONS: &str = include_str!("functions.sh");
const PROBE: &str = include_str!("probe.sh");
/// A client of the interface that Kubernetes uses.
const CLIENT: &str = include_str!("cri.py");
const MESSAGES: &str = include_str!("cri.proto");
/// How long a runtime may take, in fifths of a second.
const PATIENCE: u64 = 600;
/// How long all of its place may take.
const LIMIT: u64 = 240;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "kebab-case")]
pub enum Finding {
    /// There is no result.
    CouldNotRun {
        /// Why.
        why: String,
    },
    /// No version of it has a snapshot.
    NotReviewed,
    /// It behaves differently from the reviewed snapshot.
    Changed {
        /// The version of the snapshot.
        reviewed: String,
        /// The lines that differ.
        difference: String,
    },
    /// The kernel answers a write differently from the model.
    Model {
        /// The write, with the answer of the kernel.
        write: String,
        /// The answer of the model.
        model: String,
    },
    /// A check does not hold, and the row does not name it.
    Check {
        /// The check.
        check: &'static str,
        /// What was seen.
        why: String,
    },
    /// A check that the row names does hold, or does not apply.
    Unexpected {
        /// The check.
        check: String,
        /// The reason that the row gives.
        why: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CouldNotRun { why } => write!(out, "could not run: {why}"),
            Self::NotReviewed => write!(out, "no version has a reviewed snapshot; --accept writes one"),
            Self::Changed { reviewed, difference } => {
                write!(out, "it differs from the reviewed version {reviewed}\n{difference}")
            }
            Self::Model { write, model } => write!(out, "the kernel answers {write}, the model {model}"),
            Self::Check { check, why } => write!(out, "{check} does not hold: {why}"),
            Self::Unexpected { check, why } => {
                write!(out, "{check} does not fail any more; remove it from ci/runtimes.toml ({why})")
            }
        }
    }
}

/// What came of a row in a release.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The row.
    pub row: Row,
    /// The release.
    pub release: String,
    /// The version of its package.
    pub version: String,
    /// What was seen.
    pub seen: Option<Seen>,
    /// The version of the snapshot that was compared, if there is one.
    pub reviewed: Option<String>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// How long it took.
    pub took: Duration,
}

impl Judged {
    /// A row without a result.
    pub fn could_not_run(row: &Row, root: &Root, why: &str) -> Self {
        Self {
            row: row.clone(),
            release: root.release.clone(),
            version: root.versions.get(&row.package).cloned().unwrap_or_default(),
            seen: None,
            reviewed: None,
            findings: vec![Finding::CouldNotRun { why: why.to_owned() }],
            took: Duration::ZERO,
        }
    }

    /// What each check says, in their order.
    pub fn outcomes(&self) -> Vec<Outcome> {
        let seen = self.seen.clone().unwrap_or_default();
        CHECKS.iter().map(|check| check.of(&self.row, &seen)).collect()
    }

    /// The reason for which a check does not hold here, if the row names one.
    pub fn known(&self, check: &str) -> Option<&str> {
        known(&self.row, &self.release, check)
    }

    /// The test of a JUnit file.
    pub fn case(&self) -> Case {
        let known = self.row.known.iter().filter(|it| it.releases.contains(&self.release));
        let known: Vec<String> = known.map(|it| format!("{}: {}", it.check, it.why)).collect();
        Case {
            release: self.release.clone(),
            name: format!("{} {}", self.row.name, self.version),
            findings: self.findings.iter().map(ToString::to_string).collect(),
            broken: self.seen.is_none(),
            known: (!known.is_empty()).then(|| format!("known: {}", known.join("; "))),
            took: self.took,
        }
    }

    /// A line for the progress.
    pub fn in_one_line(&self) -> String {
        let reads = match &self.seen {
            Some(seen) if seen.setgroups.is_empty() => "no container".to_owned(),
            Some(seen) => format!("reads \"{}\"", seen.setgroups),
            None => "no result".to_owned(),
        };
        let wrong = match self.findings.len() {
            0 => String::new(),
            number => format!(", {number} findings"),
        };
        let seconds = self.took.as_secs_f64();
        format!("{} {} ({}): {reads}{wrong} ({seconds:.1} s)", self.row.name, self.version, self.release)
    }
}

fn known<'a>(row: &'a Row, release: &str, check: &str) -> Option<&'a str> {
    let of = |it: &&crate::runtimes::rows::Known| {
        it.check == check && it.releases.iter().any(|name| name == release)
    };
    row.known.iter().find(of).map(|it| it.why.as_str())
}

/// Runs a row and compares.
pub fn judge(row: &Row, root: &Root, reviewed: &Reviewed, options: &FieldOptions) -> Judged {
    let begun = Instant::now();
    let mut judged = Judged::could_not_run(row, root, "");
    judged.findings.clear();
    match run(row, root, options) {
        Ok((seen, writes)) => compare(&mut judged, seen, &writes, reviewed),
        Err(why) => judged.findings.push(Finding::CouldNotRun { why }),
    }
    judged.took = begun.elapsed();
    judged
}

fn run(row: &Row, root: &Root, options: &FieldOptions) -> Result<(Seen, Vec<Write>), String> {
    let place = Place::new(&root.dir, Proc::Open)?;
    let setup = format!("{FUNCTIONS}\n{}\n", row.setup);
    let run = format!(
        "(\n{}\n)\necho $? > /run/user/61234/ended\nmv /run/user/61234/ended /run/user/61234/status\n",
        row.run
    );
    let files = [
        ("prepare", PREPARE),
        ("probe", PROBE),
        ("cri.py", CLIENT),
        ("cri.proto", MESSAGES),
        ("setup", &setup),
        ("run", &run),
    ];
    for (name, text) in files {
        place.give(name, text)?;
    }
    let (script, patience) = (format!("{RESULTS}/prepare"), PATIENCE.to_string());
    let words = ["sh", "-eu", &script, &writes::traced(), row.user.word(), &patience];
    let came = place.run(&words, Duration::from_secs(options.limit.unwrap_or(LIMIT)));
    if let Some(keep) = &options.keep {
        let to = keep.join(&root.release).join(&row.name);
        place.keep(&["trace", "stdout", "stderr", "prepared"], &to)?;
    }
    let came = came?;
    let status = place.read("status");
    if status.is_empty() {
        let said = format!("{} {}", came.stderr, place.read("prepared"));
        return Err(format!("it did not end, or could not be prepared: {}", said.trim()));
    }
    let trace = Trace::read(&place.read("trace"))?;
    let writes = writes::writes(&trace, row);
    let (output, errors) = (place.read("stdout"), place.read("stderr"));
    let said = format!("{errors}\n{output}");
    let said: Vec<&str> = said.lines().filter(|line| !line.contains("probe: ")).collect();
    let threads = trace.calls.iter().map(|call| (call.thread.cast_unsigned(), "PID"));
    let numbers: Numbers = threads.collect();
    let seen = Seen {
        end: format!("exit {}", status.trim()),
        says: unusual(&said.join("\n"), "", &numbers, &row.noise),
        writes: writes.iter().zip(writes::numbered(&writes)).map(|(it, number)| it.shown(number)).collect(),
        ..Seen::of_probe(&format!("{output}\n{errors}"))
    };
    Ok((seen, writes))
}

fn compare(judged: &mut Judged, seen: Seen, writes: &[Write], reviewed: &Reviewed) {
    let row = judged.row.clone();
    for (write, model) in writes::against_model(writes, row.user) {
        judged.findings.push(Finding::Model { write: write.shown(1), model });
    }
    for check in &CHECKS {
        let known = known(&row, &judged.release, check.name);
        match (check.of(&row, &seen), known) {
            (Outcome::Fails(why), None) => judged.findings.push(Finding::Check { check: check.name, why }),
            (Outcome::Holds | Outcome::DoesNotApply(_), Some(why)) => {
                let (check, why) = (check.name.to_owned(), why.to_owned());
                judged.findings.push(Finding::Unexpected { check, why });
            }
            (Outcome::Fails(_), Some(_)) | (Outcome::Holds | Outcome::DoesNotApply(_), None) => {}
        }
    }
    match reviewed.of(&row.name, &judged.version, &judged.release) {
        None => judged.findings.push(Finding::NotReviewed),
        Some(snapshot) => {
            judged.reviewed = Some(snapshot.version.clone());
            let difference = difference(&table(&snapshot.seen), &table(&seen));
            if !difference.is_empty() {
                let reviewed = snapshot.version.clone();
                judged.findings.push(Finding::Changed { reviewed, difference });
            }
        }
    }
    judged.seen = Some(seen);
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
