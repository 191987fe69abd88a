//! `run`: the tests of the suite, each in a process of its own.

mod forked;
pub mod gathered;
mod junit;
mod ktap;
mod leg;
mod lines;
pub mod options;
mod output;
mod pool;
pub mod results;
pub mod selection;
pub mod server;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use harness::listing::Listing;
use harness::suite::Prepared;

use crate::channel::Channel;
use crate::protocol::{End, Event};
use crate::report::summary::{self, Names};
use crate::report::user_run::UserRun;
use crate::report::{differs, document};
use crate::run::gathered::Gathered;
use crate::run::ktap::Ktap;
use crate::run::leg::Leg;
use crate::run::options::{Format, RunOptions};
use crate::ui::live;
use crate::ui::pace;
use crate::ui::print::{note, print};
use crate::ui::style::BAD;
use crate::ui::verdict::Verdict;

/// A run that is over.
#[derive(Debug)]
pub struct Ran {
    /// What it came to.
    pub run: UserRun,
    /// What its tests left.
    pub gathered: Gathered,
}

/// What people see while tests run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quiet {
    /// How far the run is, and failures as they happen.
    No,
    /// How far the run is.
    Progress,
    /// Nothing.
    All,
}

/// Runs the tests that the options select, and prints what came of it in the form that they ask for.
///
/// # Errors
/// When no test is selected, the run cannot be made, or its result cannot be written.
pub fn run(suite: &Prepared, options: &RunOptions) -> Result<Verdict, String> {
    let quiet = if options.format == Format::Text { Quiet::No } else { Quiet::All };
    match options.format {
        Format::Events => return events(suite, options),
        Format::Ktap => return ktap(suite, options),
        Format::Text | Format::Json | Format::Junit => {}
    }
    let Ran { run, gathered } = gather(suite, options, quiet)?;
    keep(options, &run, &gathered)?;
    print(match options.format {
        Format::Json => document::json(&run)?,
        Format::Junit => junit::text(&run, &gathered)?,
        _ => summary::render(&run, Path::new(""), Names::all_if(options.verbose)),
    });
    Ok(run.verdict)
}

/// Runs the tests that the options select. Why a run ended early is in its verdict.
///
/// # Errors
/// When no test is selected.
pub fn gather(suite: &Prepared, options: &RunOptions, quiet: Quiet) -> Result<Ran, String> {
    let (listing, asked) = select(suite, options)?;
    let mut progress = Progress { quiet, asked: asked.len(), done: 0, failed: 0, begun: Instant::now() };
    let mut gathered = Gathered::default();
    let played = leg(suite, options, &listing, &asked).play(&mut |event| {
        progress.show(&event, &listing);
        gathered.hear(event);
        Ok(())
    });
    live::clear();
    let run = gathered.judged(&listing, &asked, played.err());
    Ok(Ran { run, gathered })
}

/// The tests that are asked for, and their names.
fn select(suite: &Prepared, options: &RunOptions) -> Result<(Listing, BTreeSet<String>), String> {
    harness::suite::explore(options.exploration);
    let asked = selection::selected(&suite.tests(), &options.selection)?;
    Ok((suite.listing(&asked), asked))
}

fn leg<'a>(
    suite: &'a Prepared,
    options: &RunOptions,
    listing: &'a Listing,
    asked: &BTreeSet<String>,
) -> Leg<'a> {
    let limit = Duration::from_secs(options.limit);
    Leg { suite, listing, asked: asked.clone(), jobs: options.jobs(), limit }
}

fn keep(options: &RunOptions, run: &UserRun, gathered: &Gathered) -> Result<(), String> {
    options.results.as_ref().map_or(Ok(()), |directory| results::write(directory, run, gathered))
}

/// Runs the tests, and prints each topic when it is over.
fn ktap(suite: &Prepared, options: &RunOptions) -> Result<Verdict, String> {
    let (listing, asked) = select(suite, options)?;
    let (mut ktap, mut gathered) = (Ktap::begin(&listing, &asked), Gathered::default());
    let played = leg(suite, options, &listing, &asked).play(&mut |event| {
        print(ktap.heard(&event));
        gathered.hear(event);
        Ok(())
    });
    let run = gathered.judged(&listing, &asked, played.err());
    print(ktap.end(&run));
    keep(options, &run, &gathered)?;
    Ok(run.verdict)
}

/// Tells what happens as lines of JSON: for a program that judges it.
fn events(suite: &Prepared, options: &RunOptions) -> Result<Verdict, String> {
    let (listing, asked) = select(suite, options)?;
    let mut channel = Channel::standard_output()?;
    leg(suite, options, &listing, &asked).play(&mut |event| channel.send(&event))?;
    Ok(Verdict::Good)
}

/// What people see while tests run.
struct Progress {
    quiet: Quiet,
    asked: usize,
    done: usize,
    failed: usize,
    begun: Instant,
}

impl Progress {
    fn show(&mut self, event: &Event, listing: &Listing) {
        if self.quiet == Quiet::All {
            return;
        }
        match event {
            Event::Skipped { .. } => self.asked -= 1,
            Event::Ended { test, end, output, differences, .. } => {
                self.done += 1;
                self.failed += usize::from(end.is_failure());
                if end.is_failure() && self.quiet == Quiet::No {
                    let rules = listing.tests.iter().find(|it| it.test.name == *test);
                    let rules = rules.map(|it| it.test.rules.clone()).unwrap_or_default();
                    let how = differences.first().map(|it| differs::with_rule(it, &rules));
                    note(failure(test, end, how, output));
                }
            }
            _ => {}
        }
        live::show(|| {
            let failed = if self.failed == 0 { String::new() } else { format!(", {} failed", self.failed) };
            let left = pace::left(self.done as u64, self.asked as u64, self.begun.elapsed());
            format!("{} of {} tests{failed}{}", self.done, self.asked, pace::words(left))
        });
    }
}

/// A failure as it is printed at once.
fn failure(test: &str, end: &End, how: Option<String>, output: &str) -> String {
    let how = how.map(|how| format!("  {how}")).unwrap_or_default();
    format!("{BAD}{}{BAD:#}  {test}{how}\n{}\n", end.label(), output.trim_end())
}
