//! Explanations as text for a terminal: a conclusion first, then the evidence.

mod process;

use std::fmt::Write as _;

use crate::answers::{Answer, Opinion, Tried};
use crate::explanation::{Conclusion, Explanation};
use crate::findings::Finding;
use crate::makers::Maker;
use crate::messages::Meaning;
use crate::named::RuleName;
use crate::write::{self, Judgement};

/// The column at which values begin.
const COLUMN: usize = 16;

/// A line "name   value".
fn row(text: &mut String, name: &str, value: &str) {
    let _ = writeln!(text, "  {name:<COLUMN$}{value}");
}

/// A process, what it is answered, why, and what could not be seen.
pub fn explanation(explanation: &Explanation) -> String {
    let Explanation { process, answers, findings } = explanation;
    let mut text = String::new();
    let _ = writeln!(text, "{}", conclusion(explanation));
    for (index, finding) in findings.iter().enumerate() {
        text.push('\n');
        self::finding(&mut text, finding, &findings[..index]);
    }
    text.push_str("\nwhat the kernel answers\n");
    answers.iter().for_each(|answer| self::answer(&mut text, answer));
    text.push('\n');
    process::process(&mut text, process);
    if !process.unseen.is_empty() {
        text.push_str("\nwhat could not be seen\n");
        for line in &process.unseen {
            let _ = writeln!(text, "  {line}");
        }
    }
    text
}

/// The first line.
fn conclusion(explanation: &Explanation) -> String {
    let who = explanation.process.pid.map_or("this process".to_owned(), |pid| format!("process {pid}"));
    match explanation.conclusion() {
        Conclusion::Free => format!("nothing is refused to {who}"),
        Conclusion::Refused => format!("something is refused to {who}"),
        Conclusion::Unknown => {
            format!("nothing is known to be refused to {who}, but too little could be seen")
        }
    }
}

/// A finding. The makers that an earlier one has named are not repeated.
fn finding(text: &mut String, finding: &Finding, before: &[Finding]) {
    let _ = writeln!(text, "{}", finding.what);
    if let Some(RuleName(rule)) = finding.rule {
        row(text, "rule", &format!("{} ({})", rule.name, rule.source));
    }
    row(text, "because", &finding.because);
    row(text, "responsible", finding.responsible.words());
    finding.excluded.iter().for_each(|not| row(text, "not", not));
    row(text, "decides", &finding.decides.join(", "));
    let named = |maker: &&&Maker| before.iter().any(|other| other.likely.contains(maker));
    for maker in finding.likely.iter().filter(|maker| !named(maker)) {
        row(text, "made perhaps by", &maker.who);
        row(text, "  repair", &maker.repair);
    }
}

fn answer(text: &mut String, answer: &Answer) {
    let model = match &answer.model {
        Opinion::Succeeds => "succeeds".to_owned(),
        Opinion::Refused { call, errno, rule } => {
            let rule = rule.map_or("no rule of the catalogue", |rule| rule.0.name);
            format!("{errno} at {call} by {rule}")
        }
        Opinion::NotRoot { rule, why } => format!("does not begin as root by {}: {why}", rule.0.name),
        Opinion::Open(why) => format!("not known: {why}"),
    };
    let kernel = match &answer.kernel {
        Tried::Succeeds => "succeeds".to_owned(),
        Tried::Refused { call, errno } => format!("{errno} at {call}"),
        Tried::No(why) => format!("not tried: {why}"),
    };
    let _ = writeln!(text, "  {}", answer.question);
    row(text, "  by the rules", &model);
    row(text, "  by a child", &kernel);
}

/// What a message may mean.
pub fn meanings(meanings: &[Meaning]) -> String {
    let mut text = String::new();
    for (index, meaning) in meanings.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        self::meaning(&mut text, meaning);
    }
    text
}

fn meaning(text: &mut String, meaning: &Meaning) {
    let program = match (meaning.program, meaning.is_named) {
        (None, _) => "a program that is not known, by its words".to_owned(),
        (Some(program), true) => program.to_owned(),
        (Some(program), false) => format!("{program}, which the message does not name"),
    };
    let refused = match (meaning.call, &meaning.errno) {
        (Some(call), Some(errno)) => format!("{call}(2) was refused with {errno}"),
        (Some(call), None) => format!("{call}(2) was refused, and the message shows no errno"),
        (None, _) => "the program refuses by itself".to_owned(),
    };
    let _ = writeln!(text, "{program}: {refused}");
    [("misleading", meaning.blames), ("afterwards", meaning.then)]
        .into_iter()
        .filter_map(|(name, words)| Some((name, words?)))
        .for_each(|(name, words)| row(text, name, words));
    for cause in &meaning.causes {
        for RuleName(rule) in &cause.rules {
            let errno = cause.errno.as_ref().map_or(String::new(), |errno| format!(" ({errno})"));
            row(text, "rule", &format!("{}{errno}: {}", rule.name, rule.sentence));
        }
        row(text, "ask next", cause.ask);
    }
    if let Some(holds) = &meaning.holds {
        let names: Vec<&str> = holds.iter().map(|rule| rule.0.name).collect();
        let which = if names.is_empty() { "none of these rules".to_owned() } else { names.join(", ") };
        row(text, "refuses here", &format!("{which}, as the process shows that was looked at"));
    }
}

/// Whether writes would be accepted.
pub fn judgements(judgements: &[Judgement]) -> String {
    let mut text = String::new();
    for judgement in judgements {
        let from = match judgement.from {
            write::From::Parent => "a process in the parent namespace",
            write::From::Inside => "the process in the namespace itself",
        };
        let answer = match &judgement.answer {
            write::Answer::Accepted => "accepted".to_owned(),
            write::Answer::Refused { errno, rule: Some(RuleName(rule)) } => {
                format!("refused: {errno} by {}\n  {}\n  Source: {}", rule.name, rule.sentence, rule.source)
            }
            write::Answer::Refused { errno, rule: None } => {
                format!("refused: {errno}, by no rule of the catalogue")
            }
            write::Answer::Open(why) => format!("not known: {why}"),
        };
        let _ = writeln!(text, "{} by {from}: {answer}", judgement.file);
        judgement.then.iter().for_each(|words| row(&mut text, "afterwards", words));
        judgement.accepted_if.iter().for_each(|change| row(&mut text, "accepted if", change));
        judgement.unseen.iter().for_each(|line| row(&mut text, "not known", line));
    }
    text
}
