//! The program that shows what a report is about.

use super::stands_on;
use crate::prediction::Prediction;
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
    // Without the model nothing is expected, and the program prints what the kernel does.
    let nothing = Prediction::nothing(trace.names);
    let expected = prediction.unwrap_or(&nothing);
    let about = prediction.map(|prediction| about(trace, prediction)).unwrap_or_default();
    let header = Header { name: name.to_owned(), about, host: host.clone() };
    let saved = match reproducer::save(directory, &trace.scenario, expected, &header) {
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
