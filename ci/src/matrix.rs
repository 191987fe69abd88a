//! `cargo ci matrix`: rules down, kernels across, as one page for a browser or as Markdown.
//!
//! All of it is made from what `cargo ci kernels --json` prints: jobs that each ran one kernel can be put side by
//! side afterwards.

mod cell;
mod difference;
mod grid;
mod island;
mod markdown;
mod merge;
mod page;
mod record;
mod suite;

use std::path::Path;

use crate::cli::{MatrixOptions, PagesOptions};
use crate::rules;
use crate::say::say;
use crate::verdict::Verdict;

use grid::Grid;
use merge::Merged;
use record::{Suite, Traces};

pub use record::FORMAT;
pub use suite::{body, lacks};

/// What a run of kernels tells of the suite that asked them.
#[derive(Debug, Default)]
pub struct About {
    /// Rules and tests.
    pub suite: Suite,
    /// The tests that were asked for.
    pub asked: Vec<String>,
    /// Their reviewed snapshots.
    pub traces: Traces,
}

impl About {
    /// Asks the suite's binary which tests there are, and reads the snapshots of those that are asked for.
    ///
    /// # Errors
    /// When it does not tell, or a snapshot cannot be read.
    pub fn of(root: &Path, binary: &Path, asked: &[String]) -> Result<Self, String> {
        let tests = rules::told_by(binary, root)?;
        Ok(Self { suite: suite::suite(&tests), asked: asked.to_vec(), traces: suite::traces(root, asked)? })
    }
}

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
        say(format_args!("wrote {}: {} kernels\n", path.display(), merged.columns.len()));
    }
    Ok(Verdict::Good)
}

/// Writes the pages of one run, from its JSON.
///
/// # Errors
/// When a page cannot be written.
pub fn write_run(json: &str, pages: &PagesOptions) -> Result<(), String> {
    if pages.is_empty() {
        return Ok(());
    }
    let run = merge::parse(json).map_err(|why| format!("what the kernels answered {why}"))?;
    write(&merge::merge(vec![("this run".to_owned(), run)])?, pages)
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
