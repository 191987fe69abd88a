//! `cargo ci matrix`: rules down, kernels across, as one page for a browser or as Markdown.
//!
//! All of it is made from what `cargo ci kernels --json` prints: jobs that each ran one kernel can be put side by
//! side afterwards.

mod cell;
mod difference;
mod grid;
mod markdown;
mod merge;
pub mod options;
mod page;
mod page_data;

use std::path::Path;

use crate::matrix::grid::Grid;
use crate::matrix::merge::Merged;
use crate::matrix::options::{MatrixOptions, PagesOptions};
use crate::report::record::Document;
use harness_program::ui::print::print;
use harness_program::ui::verdict::Verdict;

/// Does what the options ask for.
///
/// # Errors
/// When a file cannot be read or does not belong to the others, or a page cannot be written.
pub fn run(options: &MatrixOptions) -> Result<Verdict, String> {
    if options.pages.is_empty() {
        return Err("no page is asked for: name one with --html FILE or --markdown FILE".to_owned());
    }
    let mut runs = Vec::new();
    for file in merge::files(&options.files)? {
        runs.push((file.display().to_string(), merge::read(&file)?));
    }
    let merged = merge::merge(runs)?;
    write(&merged, &options.pages)?;
    let written = [&options.pages.html, &options.pages.markdown];
    for path in written.into_iter().flatten() {
        print(format_args!("wrote {}: {} kernels\n", path.display(), merged.columns.len()));
    }
    Ok(Verdict::Good)
}

/// Writes the pages of one run.
///
/// # Errors
/// When a page cannot be written.
pub fn write_run(document: Document, pages: &PagesOptions) -> Result<(), String> {
    if pages.is_empty() {
        return Ok(());
    }
    merge::check(&document).map_err(|why| format!("what the kernels answered {why}"))?;
    write(&merge::merge(vec![("this run".to_owned(), document)])?, pages)
}

fn write(merged: &Merged, pages: &PagesOptions) -> Result<(), String> {
    let grid = Grid::new(merged);
    let file = |path: &Path, text: String| {
        std::fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
    };
    if let Some(path) = &pages.html {
        file(path, page::render(merged, &grid)?)?;
    }
    if let Some(path) = &pages.markdown {
        file(path, markdown::render(merged, &grid)?)?;
    }
    Ok(())
}
