//! The page: one file that loads nothing.

use askama::Template;

use crate::matrix::cell::{Cell, STATES};
use crate::matrix::grid::{Grid, Row};
use crate::matrix::merge::{Column, Merged};
use crate::matrix::page_data::PageData;

#[derive(Template)]
#[template(path = "matrix.html")]
struct Page<'a> {
    css: &'static str,
    script: &'static str,
    kernels: Vec<Kernel<'a>>,
    states: Vec<(&'static str, &'static str, String)>,
    sections: Vec<Section<'a>>,
    grid: &'a Grid<'a>,
    page_data: PageData<'a>,
}

/// A kernel with how many rules are in each state.
struct Kernel<'a> {
    column: &'a Column,
    counts: Vec<usize>,
}

/// A family with its rows, which are numbered throughout.
struct Section<'a> {
    title: &'a str,
    rows: Vec<(usize, &'a Row<'a>)>,
}

impl Section<'_> {
    /// The heading as a name in the page's address.
    fn key(&self) -> String {
        let words: Vec<String> = self
            .title
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        words.join("-")
    }
}

/// What the whole of a cell says, for a pointer that rests on it.
fn whole(cell: &Cell) -> String {
    let text = [cell.state.word(), &cell.text, cell.news.as_deref().unwrap_or_default()];
    text.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
}

/// The page.
///
/// # Errors
/// When the data cannot be written as JSON.
pub fn render(merged: &Merged, grid: &Grid) -> Result<String, String> {
    let mut numbers = 0..;
    let mut sections = Vec::new();
    for family in &grid.families {
        let rows = family.rows.iter().map(|row| (numbers.next().unwrap_or_default(), row)).collect();
        sections.push(Section { title: family.title, rows });
    }
    let kernel = |(number, column)| Kernel { column, counts: grid.counts(number).to_vec() };
    let page = Page {
        css: include_str!("../../templates/matrix.css"),
        script: include_str!("../../templates/matrix.js"),
        kernels: merged.columns.iter().enumerate().map(kernel).collect(),
        states: STATES.iter().map(|it| (it.sign(), it.word(), it.key())).collect(),
        sections,
        grid,
        page_data: PageData::new(merged, grid),
    };
    page.render().map_err(|error| format!("the page cannot be made: {error}"))
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
