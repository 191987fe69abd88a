//! The result of all hosts: a table with the findings below it, Markdown, and JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use anstyle::Style;
use serde::Serialize;

use crate::hosts::answers::{Answers, Ran};
use crate::hosts::judge::Finding;
use crate::hosts::rows::Row;
use harness_program::ui::style::{BAD, BOLD, MIDDLING};
use harness_program::ui::table::{Side, Table, cell, plain};
use harness_program::ui::verdict::Verdict;

/// How many lines of a failure are printed if not all are asked for.
const LINES: usize = 12;

/// What came of one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The host.
    pub row: Row,
    /// What the suite did there.
    pub answers: Answers,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// How long it took.
    pub took: Duration,
}

impl Judged {
    fn failed(&self) -> usize {
        let failed =
            |finding: &&Finding| matches!(finding, Finding::Failed { .. } | Finding::NotNoticed { .. });
        self.findings.iter().filter(failed).count()
    }

    fn numbers(&self) -> [usize; 5] {
        let residue = |finding: &&Finding| matches!(finding, Finding::Residue { .. });
        let (failed, residue) = (self.failed(), self.findings.iter().filter(residue).count());
        let other = self.findings.len() - failed - residue;
        [self.answers.shown(), self.answers.skipped.len(), failed, residue, other]
    }

    /// A line for the progress.
    pub fn in_one_line(&self) -> String {
        let [ran, skipped, failed, residue, other] = self.numbers();
        let seconds = self.took.as_secs_f64();
        let wrong = match self.findings.len() {
            0 => String::new(),
            _ => format!(", {failed} failed, {residue} left behind, {other} other findings"),
        };
        let slow = match self.answers.too_slow() {
            0 => String::new(),
            number => format!(", {number} too slow here"),
        };
        format!("{}: {ran} ran, {skipped} skipped{slow}{wrong} ({seconds:.1} s)", self.row.name)
    }
}

const COLUMNS: [&str; 7] = ["host", "ran", "skipped", "failed", "left", "other", "seconds"];

/// The table for a terminal, with the findings below it.
pub fn text(judged: &[Judged], verbose: bool) -> String {
    let side = |title: &&str| if *title == "host" { Side::Left } else { Side::Right };
    let mut table = Table::new(COLUMNS.iter().map(|title| (*title, side(title))));
    for host in judged {
        let [ran, skipped, wrong @ ..] = host.numbers();
        let bad = |number| cell(number, if number == 0 { Style::new() } else { BAD });
        let mut cells = vec![plain(&host.row.name), plain(ran), cell(skipped, MIDDLING)];
        cells.extend(wrong.map(bad));
        cells.push(plain(format!("{:.1}", host.took.as_secs_f64())));
        table.row(cells);
    }
    let mut text = format!("\n{table}");
    for host in judged.iter().filter(|host| !host.findings.is_empty()) {
        let _ = writeln!(text, "\n{BOLD}{}{BOLD:#}: {}", host.row.name, host.row.about);
        for finding in shown(&host.findings, verbose) {
            let _ = writeln!(text, "  {finding}");
            if let Finding::Failed { output, .. } = finding {
                text.extend(lines(output, verbose).map(|line| format!("      {line}\n")));
            }
        }
    }
    text + &closing(judged)
}

fn closing(judged: &[Judged]) -> String {
    match verdict(judged) {
        Verdict::Good => format!("\npassed: {} hosts\n", judged.len()),
        Verdict::Partial(why) => format!("\npassed, but {why}\n"),
        Verdict::Failed(why) => format!("\n{BAD}failed:{BAD:#} {why}\n"),
        Verdict::CouldNotRun(why) => format!("\n{BAD}could not run:{BAD:#} {why}\n"),
    }
}

/// The findings that are printed: of what stays behind, which may be thousands of files, only the first.
fn shown(findings: &[Finding], all: bool) -> impl Iterator<Item = &Finding> {
    let mut left = 0;
    findings.iter().filter(move |finding| {
        left += usize::from(matches!(finding, Finding::Residue { .. }));
        all || left <= LINES || !matches!(finding, Finding::Residue { .. })
    })
}

/// The lines that say what is wrong: not those by which libtest announces a test, and of a diff only what differs.
fn lines(output: &str, all: bool) -> impl Iterator<Item = &str> {
    const NOISE: [&str; 22] = [
        "running ",
        "test ",
        "failures:",
        "----",
        "thread '",
        "note: run with",
        "FAILED",
        "Snapshot",
        "Source:",
        "────",
        "━━━━",
        "-old snapshot",
        "+new results",
        "Stopped on",
        "To update",
        // The header of a pending snapshot: the facts of the host are those of the row.
        "host:",
        "apparmor_restrict",
        "distribution:",
        "kernel: ",
        "lsm: ",
        "max_user_namespaces:",
        "unprivileged_userns_clone:",
    ];
    let is_noise = |line: &str| line.is_empty() || NOISE.iter().any(|noise| line.starts_with(noise));
    let is_same = |line: &str| line.contains('│') && !line.contains("│-") && !line.contains("│+");
    let wanted = move |line: &&str| all || !(is_noise(line.trim()) || is_same(line));
    output.lines().filter(wanted).take(if all { usize::MAX } else { LINES })
}

/// The table and the findings as Markdown.
pub fn markdown(judged: &[Judged]) -> String {
    let mut text = format!("| {} |\n|---|---:|---:|---:|---:|---:|---:|\n", COLUMNS.join(" | "));
    for host in judged {
        let numbers = host.numbers().map(|number| number.to_string()).join(" | ");
        let _ = writeln!(text, "| {} | {numbers} | {:.1} |", host.row.name, host.took.as_secs_f64());
    }
    for host in judged.iter().filter(|host| !host.findings.is_empty()) {
        let _ = writeln!(text, "\n**{}**: {}\n", host.row.name, host.row.about);
        for finding in shown(&host.findings, false) {
            let _ = writeln!(text, "- {}", finding.to_string().replace('\n', " "));
            if let Finding::Failed { output, .. } = finding {
                text.extend(lines(output, false).map(|line| format!("      {line}\n")));
            }
        }
    }
    text
}

/// What `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    verdict: &'static str,
    hosts: Vec<HostDocument<'a>>,
}

#[derive(Serialize)]
struct HostDocument<'a> {
    name: &'a str,
    about: &'a str,
    seconds: f64,
    ran: usize,
    /// How each test ended that ran.
    tests: BTreeMap<String, &'static str>,
    skipped: &'a BTreeMap<String, String>,
    findings: &'a [Finding],
}

/// All of it, for scripts.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn json(judged: &[Judged]) -> Result<String, String> {
    let document =
        Document { verdict: verdict(judged).label(), hosts: judged.iter().map(document).collect() };
    serde_json::to_string_pretty(&document)
        .map(|text| text + "\n")
        .map_err(|error| format!("no JSON: {error}"))
}

fn document(host: &Judged) -> HostDocument<'_> {
    let test = |ran: &'_ Ran| (ran.test.clone(), ran.end.label());
    HostDocument {
        name: &host.row.name,
        about: &host.row.about,
        seconds: host.took.as_secs_f64(),
        ran: host.answers.ran.len(),
        tests: host.answers.ran.iter().map(test).collect(),
        skipped: &host.answers.skipped,
        findings: &host.findings,
    }
}

/// The verdict on all hosts: something wrong is worth more than a host that could not be made.
pub fn verdict(judged: &[Judged]) -> Verdict {
    let named = |wanted: fn(&Finding) -> bool| -> Vec<&str> {
        let hosts = judged.iter().filter(|host| host.findings.iter().any(wanted));
        hosts.map(|host| host.row.name.as_str()).collect()
    };
    let (wrong, not_made) = (named(|it| !it.is_not_made()), named(Finding::is_not_made));
    match (wrong.as_slice(), not_made.as_slice()) {
        ([], []) if judged.iter().all(|host| host.answers.ran.is_empty()) => {
            Verdict::CouldNotRun("no test ran on any host".to_owned())
        }
        ([], []) => Verdict::Good,
        ([], names) => Verdict::CouldNotRun(format!("not made: {}", names.join(", "))),
        (names, _) => {
            Verdict::Failed(format!("{} of {} hosts: {}", names.len(), judged.len(), names.join(", ")))
        }
    }
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
