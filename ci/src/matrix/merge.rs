//! Runs from files, put side by side; what does not belong together is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use walkdir::WalkDir;

use crate::report::record::{Document, FORMAT, Kernel, OLDEST, Suite, Traces};

/// A kernel with the tests that it was asked for.
#[derive(Clone, Debug)]
pub struct Column {
    /// The kernel.
    pub kernel: Kernel,
    /// The tests.
    pub asked: BTreeSet<String>,
}

/// Kernels side by side, all asked by the same version of the suite.
#[derive(Clone, Debug, Default)]
pub struct Merged {
    /// Rules and tests.
    pub suite: Suite,
    /// Reviewed snapshots.
    pub traces: Traces,
    /// The kernels.
    pub columns: Vec<Column>,
}

/// How a file is called that is looked for in a directory.
const NAME: &str = "kernels.json";

/// The files themselves, and those below directories, in order.
///
/// # Errors
/// When a directory cannot be read, or holds none.
pub fn files(given: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for path in given {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        for entry in WalkDir::new(path).sort_by_file_name() {
            let entry = entry.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            files.extend((entry.file_name() == NAME).then(|| entry.into_path()));
        }
        if files.len() == before {
            return Err(format!(
                "no {NAME} is below {}; `cargo ci kernels --save` writes one",
                path.display()
            ));
        }
    }
    Ok(files)
}

/// Reads a file that `cargo ci kernels --json` printed.
///
/// # Errors
/// When it cannot be read, is cut short, or was printed by another version of `cargo ci`.
pub fn read(path: &Path) -> Result<Document, String> {
    let name = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {name}: {error}"))?;
    parse(&text).map_err(|why| format!("{name} {why}; make it anew with `cargo ci kernels --save {name}`"))
}

/// Reads what `cargo ci kernels --json` printed.
///
/// # Errors
/// What is wrong with it, to follow the name of the file.
pub fn parse(text: &str) -> Result<Document, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| match (error.is_eof(), text.trim()) {
        (true, "") => "is empty".to_owned(),
        (true, _) => format!("is cut short: {error}"),
        _ => format!("is no JSON: {error}"),
    })?;
    match value.get("format").and_then(Value::as_u64) {
        Some(format) if (u64::from(OLDEST)..=u64::from(FORMAT)).contains(&format) => {}
        Some(format) => {
            return Err(format!("is of form {format}, and this `cargo ci` reads forms {OLDEST} to {FORMAT}"));
        }
        None => return Err("is not from `cargo ci kernels --json`, or from an older version".to_owned()),
    }
    let run: Document =
        serde_json::from_value(value).map_err(|error| format!("is of another form: {error}"))?;
    check(&run)?;
    Ok(run)
}

/// That each kernel that was asked in full reports each test, once for each user.
///
/// # Errors
/// What is missing or too much, to follow the name of the file.
pub fn check(run: &Document) -> Result<(), String> {
    run.kernels.iter().try_for_each(|kernel| whole(kernel, &run.asked))
}

/// A kernel that was asked in full tells of each test, as each user.
fn whole(kernel: &Kernel, asked: &BTreeSet<String>) -> Result<(), String> {
    let name = &kernel.name;
    if kernel.failure.is_none() && kernel.users.is_empty() {
        return Err(format!("has neither answers of {name} nor a reason why there are none"));
    }
    for user in &kernel.users {
        let mut reported = BTreeSet::new();
        if let Some(twice) = user.tests.iter().find(|test| !reported.insert(&test.name)) {
            return Err(format!("reports {} on {name} twice, as uid {}", twice.name, user.uid));
        }
        let unasked = reported.iter().find(|test| !asked.contains(**test));
        if let Some(test) = unasked {
            return Err(format!("reports {test} on {name}, which was not asked for"));
        }
        let unreported =
            asked.iter().find(|test| !reported.contains(test)).filter(|_| kernel.failure.is_none());
        if let Some(test) = unreported {
            return Err(format!("does not report how {test} ended on {name}, as uid {}", user.uid));
        }
    }
    Ok(())
}

/// Puts runs side by side, each with the name of its file.
///
/// # Errors
/// Names the two files that do not belong together, and why.
pub fn merge(runs: Vec<(String, Document)>) -> Result<Merged, String> {
    let mut merged = Merged::default();
    let mut first: Option<String> = None;
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for (file, run) in runs {
        match &first {
            None => (merged.suite, first) = (run.suite, Some(file.clone())),
            Some(other) if merged.suite != run.suite => {
                return Err(apart(other, &file, &differs(&merged.suite, &run.suite)));
            }
            Some(_) => {}
        }
        for (test, trace) in run.traces {
            if merged.traces.get(&test).is_some_and(|known| *known != trace) {
                let other = first.clone().unwrap_or_default();
                return Err(apart(&other, &file, &format!("the reviewed snapshot of {test} differs")));
            }
            merged.traces.insert(test, trace);
        }
        for kernel in run.kernels {
            if let Some(other) = files.insert(kernel.name.clone(), file.clone()) {
                let which =
                    if other == file { format!("{file} twice") } else { format!("{other} and {file}") };
                return Err(format!("the kernel {} is in {which}: leave one of them out", kernel.name));
            }
            merged.columns.push(Column { kernel, asked: run.asked.clone() });
        }
    }
    if merged.columns.is_empty() { Err("there is no kernel in these files".to_owned()) } else { Ok(merged) }
}

fn apart(one: &str, other: &str, why: &str) -> String {
    format!("{one} and {other} are from different versions of the suite ({why}): make both from one checkout")
}

/// The first thing in which two versions of the suite differ.
fn differs(one: &Suite, other: &Suite) -> String {
    let names = |suite: &Suite| -> BTreeSet<String> {
        let rules = suite.families.iter().flat_map(|family| &family.rules);
        let rules = rules.map(|rule| format!("the rule {}", rule.name));
        rules.chain(suite.tests.iter().map(|test| format!("the test {}", test.name))).collect()
    };
    let (one, other) = (names(one), names(other));
    let lone = one.symmetric_difference(&other).next();
    lone.map_or("their rules or tests read otherwise".to_owned(), |name| format!("only one has {name}"))
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
