//! The program that shows what a report is about.

use super::stands_on;
use crate::model::Prediction;
use crate::reproducer::{self, Header, Host};
use crate::trace::Trace;
use std::path::Path;

/// Writes the C program of a scenario under this name to a directory. Returns the line of a report that names its
/// file, or gives the reason why there is none.
pub fn line(
    name: &str,
    trace: &Trace,
    prediction: Option<&Prediction>,
    host: &Host,
    directory: &Path,
) -> String {
    let expected = match prediction {
        Some(prediction) => reproducer::Prediction {
            outcomes: prediction.steps.iter().map(|step| step.outcome.clone()).collect(),
            states: prediction.states.clone(),
            names: trace.names,
        },
        // Without the model nothing is foretold, and the program tells what the kernel does.
        None => reproducer::Prediction {
            outcomes: vec![None; trace.outcomes.len()],
            states: Vec::new(),
            names: trace.names,
        },
    };
    let about = prediction.map(|prediction| about(trace, prediction)).unwrap_or_default();
    let header = Header { name: name.to_owned(), about, host: host.clone() };
    let saved = match reproducer::save(directory, &trace.scenario, &expected, &header) {
        Ok(path) => format!("reproducer {}", path.display()),
        Err(reason) => format!("no reproducer: {reason}"),
    };
    format!("kernel {}   {saved}", host.kernel)
}

/// The rules on which kernel and model differ, each with its source.
fn about(trace: &Trace, prediction: &Prediction) -> Vec<String> {
    let rules = stands_on(trace, prediction).into_iter();
    rules.flat_map(|rule| [format!("{}: {}", rule.name, rule.sentence), rule.source.to_owned()]).collect()
}
