//! The result of all rows as JSON.

use serde::Serialize;

use crate::programs::finding::Finding;
use crate::programs::judge::Judged;
use crate::programs::predict::Predicted;
use crate::programs::seen::Seen;
use crate::programs::verdict::Word;

#[derive(Serialize)]
struct Program<'a> {
    name: &'a str,
    release: &'a str,
    package: &'a str,
    version: &'a str,
    /// The version of the snapshot that it was compared with.
    reviewed: Option<&'a str>,
    seconds: f64,
    states: Vec<InState<'a>>,
    findings: &'a [Finding],
}

#[derive(Serialize)]
struct InState<'a> {
    verdict: Word,
    predicted: &'a Predicted,
    #[serde(flatten)]
    seen: &'a Seen,
}

/// A list with an object for each row and release.
///
/// # Errors
/// When it cannot be written.
pub fn text(judged: &[Judged]) -> Result<String, String> {
    let programs: Vec<Program> = judged.iter().map(program).collect();
    let text = serde_json::to_string_pretty(&programs);
    text.map(|text| text + "\n").map_err(|error| format!("the result cannot be written as JSON: {error}"))
}

fn program(it: &Judged) -> Program<'_> {
    let states = it.words().into_iter().zip(&it.predicted).zip(&it.seen);
    Program {
        name: &it.row.name,
        release: &it.release,
        package: &it.row.package,
        version: &it.version,
        reviewed: it.reviewed.as_deref(),
        seconds: it.took.as_secs_f64(),
        states: states.map(|((verdict, predicted), seen)| InState { verdict, predicted, seen }).collect(),
        findings: &it.findings,
    }
}
