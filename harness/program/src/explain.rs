//! `explain`: from a symptom to the rule behind it.

pub mod options;

use harness::prelude::IdFile;
use harness_explain::explanation::{Conclusion, Explanation};
use harness_explain::process::Which;
use harness_explain::sequences::{DAEMON, Target};
use harness_explain::write::{self, Write};
use harness_explain::{messages, text};
use serde::Serialize;

use crate::explain::options::{ExplainOptions, FileOption, FromOption};
use crate::invocation::named;
use crate::ui::print::{note, print};
use crate::ui::verdict::Verdict;

/// Explains what the options ask for: a message, a write of a map, or a process.
///
/// # Errors
/// If the message is not known, if there is no such process, or if the result cannot be written as JSON.
pub fn run(options: &ExplainOptions) -> Result<Verdict, String> {
    if !options.message.is_empty() {
        return message(&options.message.join(" "), options);
    }
    match &options.map {
        Some(map) => maps(map, options),
        None => process(options),
    }
}

fn message(message: &str, options: &ExplainOptions) -> Result<Verdict, String> {
    let mut meanings = messages::explain(message);
    if meanings.is_empty() {
        return Err(named(&format!(
            "no message of the {} that are known is in this one, nor a call with an errno; `cargo ci rules --call NAME \
             --errno ERRNO` finds rules, and `cargo ci explain` without a message looks at this process",
            messages::count()
        )));
    }
    let rules = options.pid.map(|which| Explanation::of(which, DAEMON).map(|it| it.rules())).transpose()?;
    if let Some(Some(rules)) = &rules {
        meanings = meanings.into_iter().map(|meaning| meaning.among(rules)).collect();
    }
    show(&meanings, options.json, || text::meanings(&meanings))?;
    if rules == Some(None) {
        note(named("too little of the process could be seen: `cargo ci explain --pid` lists what\n"));
        return Ok(Verdict::Partial("too little of the process could be seen".to_owned()));
    }
    Ok(Verdict::Good)
}

fn process(options: &ExplainOptions) -> Result<Verdict, String> {
    let to = options.to.map_or(DAEMON, |[uid, gid]| Target { uid, gid });
    let explanation = Explanation::of(options.pid.unwrap_or(Which::Own), to)?;
    show(&explanation, options.json, || text::explanation(&explanation))?;
    Ok(match explanation.conclusion() {
        Conclusion::Free => Verdict::Good,
        Conclusion::Refused => Verdict::Failed("something is refused".to_owned()),
        Conclusion::Unknown => Verdict::Partial("too little could be seen".to_owned()),
    })
}

fn maps(map: &str, options: &ExplainOptions) -> Result<Verdict, String> {
    let files = match options.file {
        Some(FileOption::UidMap) => vec![IdFile::UidMap],
        Some(FileOption::GidMap) => vec![IdFile::GidMap],
        None => vec![IdFile::UidMap, IdFile::GidMap],
    };
    let from = match options.from {
        FromOption::Parent => write::From::Parent,
        FromOption::Inside => write::From::Inside,
    };
    let write = |file| Write {
        text: map.to_owned(),
        file,
        writer: options.writer.unwrap_or([0, 0]),
        from,
        deny: options.deny,
        parent_map: options.parent_map.clone(),
    };
    let judged: Vec<_> = files.into_iter().map(|file| write(file).judge()).collect();
    show(&judged, options.json, || text::judgements(&judged))?;
    let open = judged.iter().any(|it| matches!(it.answer, write::Answer::Open(_)));
    Ok(match judged.iter().any(|it| matches!(it.answer, write::Answer::Refused { .. })) {
        true => Verdict::Failed("the write is refused".to_owned()),
        false if open => Verdict::Partial("the model does not know".to_owned()),
        false => Verdict::Good,
    })
}

/// Prints a result as text, or as JSON.
fn show(result: &impl Serialize, json: bool, text: impl FnOnce() -> String) -> Result<(), String> {
    if !json {
        print(text());
        return Ok(());
    }
    let json = serde_json::to_string_pretty(result)
        .map_err(|error| format!("the explanation cannot be written as JSON: {error}"))?;
    print(format_args!("{json}\n"));
    Ok(())
}
