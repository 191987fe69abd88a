//! The reproducer of a report.

use super::{Header, save};
use harness_scenario::prediction::Prediction;
use harness_scenario::trace::Trace;
use std::path::Path;

/// Writes the C program of what was played to a directory. Returns the line of a report that names its file, or
/// gives the reason why there is none. Without a prediction the program prints what the kernel does.
pub fn report(header: &Header, trace: &Trace, prediction: Option<&Prediction>, directory: &Path) -> String {
    let nothing = Prediction::nothing(trace.names);
    let saved = match save(directory, &trace.scenario, prediction.unwrap_or(&nothing), header) {
        Ok(path) => format!("reproducer {}", path.display()),
        Err(reason) => format!("no reproducer: {reason}"),
    };
    format!("kernel {}   {saved}", header.host.kernel)
}
