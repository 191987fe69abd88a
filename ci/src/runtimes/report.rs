//! The result of all rows: a table with the findings below it, Markdown, and JSON.

use std::fmt::Write as _;

use anstyle::Style;
use serde::Serialize;

use crate::runtimes::checks::{CHECKS, Outcome};
use crate::runtimes::judge::{Finding, Judged};
use crate::runtimes::rows::Row;
use crate::runtimes::seen::Seen;
use harness_program::ui::style::{BAD, BOLD, MIDDLING};
use harness_program::ui::table::{Side, Table, cell, plain};
use harness_program::ui::verdict::Verdict;

/// The rows: name, releases, caller and command line.
pub fn list(rows: &[Row]) -> String {
    let columns = ["row", "releases", "user", "command"];
    let mut table = Table::new(columns.map(|title| (title, Side::Left)));
    for row in rows {
        let command = row.run.trim().lines().last().unwrap_or_default();
        let releases = row.releases.join(" ");
        table.row(vec![plain(&row.name), plain(releases), plain(row.user.word()), plain(command)]);
    }
    table.to_string()
}

/// A cell: `-` where a check does not apply.
pub fn in_a_word(outcome: &Outcome, known: bool) -> &'static str {
    match (outcome, known) {
        (Outcome::Holds, _) => "holds",
        (Outcome::Fails(_), true) => "known",
        (Outcome::Fails(_), false) => "fails",
        (Outcome::DoesNotApply(_), _) => "-",
    }
}

fn cells(it: &Judged) -> Vec<&'static str> {
    let outcomes = it.outcomes();
    CHECKS
        .iter()
        .zip(&outcomes)
        .map(|(check, outcome)| in_a_word(outcome, it.known(check.name).is_some()))
        .collect()
}

/// The table for a terminal, with the findings below it.
pub fn text(judged: &[Judged]) -> String {
    let checks = CHECKS.iter().map(|check| check.name.trim_start_matches("runtime."));
    let columns = ["runtime", "version", "release"].into_iter().chain(checks);
    let mut table = Table::new(columns.map(|title| (title, Side::Left)));
    for it in judged {
        let style = if it.findings.is_empty() { Style::new() } else { BAD };
        let mut row = vec![cell(&it.row.name, style), plain(&it.version), plain(&it.release)];
        row.extend(cells(it).into_iter().map(|word| match word {
            "fails" => cell(word, BAD),
            "known" => cell(word, MIDDLING),
            _ => plain(word),
        }));
        table.row(row);
    }
    let mut text = format!("\n{table}");
    for it in judged.iter().filter(|it| !it.findings.is_empty()) {
        let _ = writeln!(text, "\n{BOLD}{} {}{BOLD:#} ({})", it.row.name, it.version, it.release);
        for finding in &it.findings {
            text.extend(finding.to_string().lines().map(|line| format!("  {line}\n")));
        }
    }
    let _ = writeln!(text, "\n{}", verdict(judged, false).line());
    text
}

/// The table as Markdown, with the findings below it.
pub fn markdown(judged: &[Judged]) -> String {
    let names: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
    let mut text = format!(
        "| runtime | version | release | {} |\n|---|---|---|---|---|---|---|---|\n",
        names.join(" | ")
    );
    for it in judged {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            it.row.name,
            it.version,
            it.release,
            cells(it).join(" | ")
        );
    }
    for it in judged.iter().filter(|it| !it.findings.is_empty()) {
        let _ = writeln!(text, "\n**{} {} ({})**\n", it.row.name, it.version, it.release);
        for finding in &it.findings {
            let _ = writeln!(text, "```text\n{}\n```", finding.to_string().trim_end().replace("```", "'''"));
        }
    }
    text
}

/// How the command ends. What was just accepted is reviewed.
pub fn verdict(judged: &[Judged], accepted: bool) -> Verdict {
    let is_new = |it: &Finding| matches!(it, Finding::NotReviewed | Finding::Changed { .. });
    let counts = |it: &&Finding| !(accepted && is_new(it));
    let findings = |it: &Judged| it.findings.iter().filter(counts).count();
    let all: usize = judged.iter().map(findings).sum();
    let broken = judged.iter().filter(|it| it.seen.is_none()).count();
    match (all, broken) {
        _ if broken == judged.len() => Verdict::CouldNotRun("no runtime ran".to_owned()),
        (0, _) => Verdict::Good,
        (all, broken) if all == broken => {
            Verdict::CouldNotRun(format!("{broken} rows could not run: see above"))
        }
        (all, _) => {
            let rows = judged.iter().filter(|it| findings(it) > 0).count();
            Verdict::Failed(format!("{all} findings in {rows} of {} rows", judged.len()))
        }
    }
}

#[derive(Serialize)]
struct Runtime<'a> {
    name: &'a str,
    release: &'a str,
    package: &'a str,
    version: &'a str,
    reviewed: Option<&'a str>,
    seconds: f64,
    checks: Vec<Named>,
    seen: Option<&'a Seen>,
    findings: &'a [Finding],
}

#[derive(Serialize)]
struct Named {
    check: &'static str,
    known: Option<String>,
    #[serde(flatten)]
    outcome: Outcome,
}

/// A list with an object for each row and release, as JSON.
///
/// # Errors
/// When it cannot be written.
pub fn json(judged: &[Judged]) -> Result<String, String> {
    let runtimes: Vec<Runtime> = judged.iter().map(runtime).collect();
    let text = serde_json::to_string_pretty(&runtimes);
    text.map(|text| text + "\n").map_err(|error| format!("the result cannot be written as JSON: {error}"))
}

fn runtime(it: &Judged) -> Runtime<'_> {
    let named = CHECKS.iter().zip(it.outcomes());
    Runtime {
        name: &it.row.name,
        release: &it.release,
        package: &it.row.package,
        version: &it.version,
        reviewed: it.reviewed.as_deref(),
        seconds: it.took.as_secs_f64(),
        checks: named
            .map(|(check, outcome)| Named {
                check: check.name,
                known: it.known(check.name).map(str::to_owned),
                outcome,
            })
            .collect(),
        seen: it.seen.as_ref(),
        findings: &it.findings,
    }
}
