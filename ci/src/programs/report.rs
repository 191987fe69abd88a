//! The result of all rows: a table with the findings below it, and Markdown.

use std::fmt::Write as _;

use anstyle::Style;

use crate::programs::finding::Finding;
use crate::programs::judge::Judged;
use crate::programs::rows::Row;
use crate::programs::seen::Seen;
use crate::programs::states::STATES;
use crate::programs::verdict::Word;
use harness_program::ui::style::{BAD, BOLD, MIDDLING};
use harness_program::ui::table::{Side, Table, cell, plain};
use harness_program::ui::verdict::Verdict;

/// The rows: name, releases and command line.
pub fn list(rows: &[Row]) -> String {
    let mut table = Table::new([("row", Side::Left), ("releases", Side::Left), ("command", Side::Left)]);
    for row in rows {
        let command = row.run.trim().lines().last().unwrap_or_default();
        table.row(vec![plain(&row.name), plain(row.releases.join(" ")), plain(command)]);
    }
    table.to_string()
}

/// What a table shows of a state: the word, and of a refusal the first refused call.
pub fn in_words(word: Word, allow: &Seen, seen: &Seen) -> String {
    match (word, seen.newly_refused(allow)) {
        (Word::Works | Word::NeverAsks, _) | (_, None) => word.text().to_owned(),
        (_, Some((call, errno))) => format!("{}: {call} {errno}", word.text()),
    }
}

/// The table for a terminal, with the findings below it.
pub fn text(judged: &[Judged]) -> String {
    let columns = ["program", "version", "release"].into_iter().chain(STATES.map(|state| state.name()));
    let mut table = Table::new(columns.map(|title| (title, Side::Left)));
    for it in judged {
        let style = if it.findings.is_empty() { Style::new() } else { BAD };
        let mut cells = vec![cell(&it.row.name, style), plain(&it.version), plain(&it.release)];
        for (word, seen) in it.words().into_iter().zip(&it.seen) {
            let style = match word {
                Word::KeepsSilently | Word::StaysRoot => MIDDLING,
                Word::Works | Word::NeverAsks | Word::Refuses | Word::Warns => Style::new(),
            };
            cells.push(cell(in_words(word, &it.seen[0], seen), style));
        }
        table.row(cells);
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
    let names = STATES.map(|state| state.name()).join(" | ");
    let mut text = format!("| program | version | release | {names} |\n|---|---|---|---|---|---|---|---|\n");
    for it in judged {
        let cells: Vec<String> = it
            .words()
            .into_iter()
            .zip(&it.seen)
            .map(|(word, seen)| in_words(word, &it.seen[0], seen))
            .collect();
        let _ =
            writeln!(text, "| {} | {} | {} | {} |", it.row.name, it.version, it.release, cells.join(" | "));
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
    let not_run = |it: &Finding| matches!(it, Finding::CouldNotRun { .. });
    let findings: Vec<&Finding> = judged.iter().flat_map(|it| &it.findings).filter(counts).collect();
    let broken = findings.iter().filter(|it| not_run(it)).count();
    if judged.is_empty() || broken == judged.len() {
        return Verdict::CouldNotRun("no program ran".to_owned());
    }
    match (findings.len(), broken) {
        (0, _) => Verdict::Good,
        (all, broken) if all == broken => {
            Verdict::CouldNotRun(format!("{broken} rows could not run: see above"))
        }
        (all, _) => {
            let rows = judged.iter().filter(|it| it.findings.iter().any(|it| counts(&it))).count();
            Verdict::Failed(format!("{all} findings in {rows} of {} rows", judged.len()))
        }
    }
}
