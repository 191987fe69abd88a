//! `run`: the tests of the suite, each in a process of its own.

mod forked;
mod gathered;
mod junit;
mod ktap;
mod leg;
mod lines;
pub mod options;
mod output;
mod pool;
mod results;
pub mod selection;
pub mod server;

use std::time::{Duration, Instant};

use harness::listing::Listing;
use harness::suite::Prepared;

use crate::channel::Channel;
use crate::protocol::{End, Event};
use crate::report::summary::{self, Names};
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

/// Runs the tests that the options select, and prints what came of it in the form that they ask for.
///
/// # Errors
/// When no test is selected, the run cannot be made, or its result cannot be written.
pub fn run(suite: &Prepared, options: &RunOptions) -> Result<Verdict, String> {
    harness::suite::explore(options.exploration);
    let listing = suite.listing();
    let asked = selection::selected(&listing, &options.selection)?;
    let leg = Leg {
        suite,
        listing: &listing,
        asked: asked.clone(),
        jobs: options.jobs(),
        limit: Duration::from_secs(options.limit),
    };
    if options.format == Format::Events {
        return events(&leg);
    }
    let mut gathered = Gathered::default();
    let mut ktap = (options.format == Format::Ktap).then(|| Ktap::begin(&listing, &asked));
    let mut progress = Progress { asked: asked.len(), done: 0, failed: 0, begun: Instant::now() };
    let played = leg.play(&mut |event| {
        if options.format == Format::Text {
            progress.show(&event, &listing);
        }
        if let Some(ktap) = &mut ktap {
            print(ktap.heard(&event));
        }
        gathered.hear(event);
        Ok(())
    });
    live::clear();
    let run = gathered.judged(&listing, &asked, played.err());
    if let Some(directory) = &options.results {
        results::write(directory, &run, &gathered)?;
    }
    match options.format {
        Format::Text => {
            print(summary::render(&run, std::path::Path::new(""), Names::all_if(options.verbose)))
        }
        Format::Json => print(document::json(&run)?),
        Format::Junit => print(junit::text(&run, &gathered)?),
        Format::Ktap => print(ktap.map(|it| it.end(&run)).unwrap_or_default()),
        Format::Events => {}
    }
    Ok(run.verdict)
}

/// Tells what happens as lines of JSON: for a program that judges it.
fn events(leg: &Leg<'_>) -> Result<Verdict, String> {
    let mut channel = Channel::standard_output()?;
    leg.play(&mut |event| channel.send(&event))?;
    Ok(Verdict::Good)
}

/// What people see while tests run.
struct Progress {
    asked: usize,
    done: usize,
    failed: usize,
    begun: Instant,
}

impl Progress {
    fn show(&mut self, event: &Event, listing: &Listing) {
        match event {
            Event::Skipped { .. } => self.asked -= 1,
            Event::Ended { test, end, output, differences, .. } => {
                self.done += 1;
                if end.is_failure() {
                    self.failed += 1;
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
