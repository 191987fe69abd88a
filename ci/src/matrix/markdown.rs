//! The same as Markdown, for a README, an issue or the summary of a job: only what differs, and counts.

use askama::Template;

use crate::matrix::cell::{Cell, STATES, State};
use crate::matrix::grid::{Grid, Row, Section};
use crate::matrix::merge::{Column, Merged};
use crate::report::record::Kernel;

/// GitHub takes a mebibyte for the summary of a job, and the job may have more to say.
const LIMIT: usize = 900_000;

#[derive(Template)]
#[template(path = "matrix.md", escape = "none")]
struct Page {
    kernels: Vec<ShownKernel>,
    states: Vec<(&'static str, &'static str)>,
    troubles: Vec<(String, String)>,
    /// Families with a difference.
    sections: Vec<Shown>,
    /// Those without, with how many rules they have.
    same: Vec<String>,
    shortened: Option<String>,
}

struct ShownKernel {
    name: String,
    release: String,
    counts: Vec<usize>,
}

struct Shown {
    title: String,
    counts: String,
    rows: Vec<Line>,
}

struct Line {
    title: String,
    cells: Vec<String>,
}

/// The tables.
///
/// # Errors
/// When the template fails.
pub fn render(merged: &Merged, grid: &Grid) -> Result<String, String> {
    within(merged, grid, LIMIT)
}

/// As [`render`], in so many bytes at most: what is longer is cut to the counts.
fn within(merged: &Merged, grid: &Grid, limit: usize) -> Result<String, String> {
    let kernels = merged.columns.iter().enumerate().map(|(number, column)| ShownKernel {
        name: code(&column.kernel.name),
        release: code(column.kernel.release.as_deref().unwrap_or("unknown")),
        counts: grid.counts(number).to_vec(),
    });
    let (differing, same): (Vec<&Section>, Vec<&Section>) =
        grid.families.iter().partition(|family| family.rows.iter().any(Row::differs));
    let mut page = Page {
        kernels: kernels.collect(),
        states: STATES.iter().map(|state| (state.sign(), state.word())).collect(),
        troubles: merged.columns.iter().filter_map(trouble).collect(),
        sections: differing.into_iter().map(section).collect(),
        same: same.iter().map(|it| format!("{} ({})", plain(it.title), rules(it.rows.len()))).collect(),
        shortened: None,
    };
    let render = |page: &Page| page.render().map_err(|error| format!("no Markdown can be made: {error}"));
    let text = render(&page)?;
    if text.len() <= limit {
        return Ok(text);
    }
    let differ = grid.rows().filter(|row| row.differs()).count();
    page.shortened = Some(format!("{differ} rules differ, too many to list here; `--html` shows them."));
    render(&page)
}

/// What keeps a kernel from being judged in full.
fn trouble(column: &Column) -> Option<(String, String)> {
    let Kernel { name, failure, verdict, users, .. } = &column.kernel;
    let told = |how: &str, text: &str| (format!("{}: {how}", plain(name)), code(text));
    match failure {
        Some(failure) if users.is_empty() => Some(told("no answer", &failure.text)),
        Some(failure) => Some(told("no full answer", &failure.text)),
        None => verdict.partial().map(|text| told("little could run", text)),
    }
}

fn section(section: &Section) -> Shown {
    let differing: Vec<&Row> = section.rows.iter().filter(|row| row.differs()).collect();
    Shown {
        title: plain(section.title),
        counts: format!("{}, {} with a difference", rules(section.rows.len()), differing.len()),
        rows: differing.into_iter().map(line).collect(),
    }
}

fn rules(number: usize) -> String {
    if number == 1 { "1 rule".to_owned() } else { format!("{number} rules") }
}

fn line(row: &Row) -> Line {
    let title =
        format!("{} {}<br>{}", code(&row.rule.name), plain(&row.rule.outcome), plain(&row.rule.sentence));
    Line { title, cells: row.cells.iter().map(cell).collect() }
}

fn cell(cell: &Cell) -> String {
    let mut text = match cell.state {
        State::Holds => cell.state.sign().to_owned(),
        state => format!("{} {}", state.sign(), state.word()),
    };
    if !cell.text.is_empty() {
        text += ": ";
        text += &code(&cell.text);
    }
    if cell.news.is_some() {
        text += " **news: differs no more**";
    }
    text
}

/// Text of others as code: nothing in it is markup or a mention.
fn code(text: &str) -> String {
    let inner = text.replace(['\n', '\r'], " ").replace('`', "\u{2019}").replace('|', "\\|");
    if inner.trim().is_empty() { String::new() } else { format!("`{}`", inner.trim()) }
}

/// Text without markup.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for letter in text.chars() {
        match letter {
            '\n' | '\r' => plain.push(' '),
            '<' => plain.push_str("&lt;"),
            '&' => plain.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '@' | '#' => plain.extend(['\\', letter]),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
#[path = "markdown_tests.rs"]
mod tests;
