//! `sweep`: everything short, kernel against model.

use std::time::Instant;

use harness::action::IdFile;
use harness::error::Error;
use harness::suite::choose_actors;
use harness::{model, record};
use harness_explore::{Mismatch, Watch, maps, sweep};

use crate::explore::progress::watched;
use crate::explore::sweep_options::SweepOptions;
use crate::facts;
use crate::sys::signals;
use crate::ui::print::print;
use crate::ui::style::{BAD, BOLD};
use crate::ui::verdict::Verdict;

/// What texts of maps are called among the fields.
const TEXTS: &str = "texts";

/// Does what the options ask for.
///
/// # Errors
/// When the model does not apply here, a field is unknown, or the harness fails.
pub fn run(options: &SweepOptions) -> Result<Verdict, String> {
    let fields = sweep::fields();
    let names: Vec<&str> = fields.iter().map(|field| field.name).chain([TEXTS]).collect();
    if options.list {
        names.iter().for_each(|name| print(format_args!("{name}\n")));
        return Ok(Verdict::Good);
    }
    if let Some(unknown) = options.only.iter().find(|name| !names.contains(&name.as_str())) {
        return Err(format!("no field is called {unknown:?}; there are {}", names.join(", ")));
    }
    choose_actors()?;
    model::decides(harness::here::start())?;
    let processors = || std::thread::available_parallelism().map_or(1, Into::into);
    let workers = options.workers.map_or_else(processors, |workers| workers as usize);
    let asked = |name: &str| options.only.is_empty() || options.only.iter().any(|only| only == name);
    let mut found = Found::default();
    print(format_args!(
        "{BOLD}{:28}{BOLD:#} {:>10} {:>20} {:>8} {:>8} {:>9}\n",
        "field", "played", "sequences", "states", "seconds", "a second"
    ));
    for field in fields.iter().filter(|field| asked(field.name)) {
        if signals::interrupted() {
            break;
        }
        if field.name != "ordinary" && !is_root() {
            print(format_args!("{:28} not played: needs root\n", field.name));
            found.left_out += 1;
            continue;
        }
        found.add(field_of(field, options.depth as usize, workers)?);
    }
    if asked(TEXTS) && !signals::interrupted() {
        found.add(texts(options.length, workers)?);
    }
    found.closing(!options.only.is_empty())
}

/// What all fields together showed.
#[derive(Debug, Default)]
struct Found {
    /// Scenarios and texts that were played.
    played: u64,
    /// Fields that only root can play.
    left_out: usize,
    disputes: Vec<Mismatch>,
}

/// How many scenarios were played, and those on which kernel and model differ.
type Played = (u64, Vec<Mismatch>);

/// One field, with a line of the table.
fn field_of(field: &sweep::Field, depth: usize, workers: usize) -> Result<Played, String> {
    let (watch, begun) = (Watch::default(), Instant::now());
    let swept = watched(field.name, &watch, None, || sweep::sweep(field, depth, workers, &watch))?;
    let (sequences, states) = (swept.sequences.to_string(), swept.states.to_string());
    row(field.name, swept.scenarios, [&sequences, &states], begun);
    if swept.depth < depth && swept.disputes.is_empty() {
        print(format_args!("{:28} ended early: {} of {depth} steps are complete\n", "", swept.depth));
    }
    if swept.open > 0 {
        print(format_args!("{:28} of {} steps the model says nothing\n", "", swept.open));
    }
    Ok((swept.scenarios, swept.disputes))
}

/// A line of the table: how many were played since then, and at which rate.
fn row(name: &str, count: u64, [sequences, states]: [&str; 2], begun: Instant) {
    let seconds = begun.elapsed().as_secs_f64();
    let rate = count as f64 / seconds;
    print(format_args!("{name:28} {count:>10} {sequences:>20} {states:>8} {seconds:>8.1} {rate:>9.0}\n"));
}

/// Texts of both maps: those that are refused in one namespace together, those that root may write each in one of
/// its own.
fn texts(length: u32, workers: usize) -> Result<Played, String> {
    let (mut played, mut disputes) = (0, Vec::new());
    for file in [IdFile::UidMap, IdFile::GidMap] {
        let (watch, begun) = (Watch::default(), Instant::now());
        let tried = watched(file.name(), &watch, None, || refused(file, length, workers, &watch))?;
        row(&format!("{TEXTS} of {}, refused", file.name()), tried.texts, [""; 2], begun);
        played += tried.texts;
        disputes.extend(tried.disputes);
        if !is_root() {
            continue;
        }
        let begun = Instant::now();
        let tried = watched(file.name(), &watch, None, || accepted(file, workers, &watch))?;
        row(&format!("{TEXTS} of {}, accepted", file.name()), tried.texts, [""; 2], begun);
        played += tried.texts;
        disputes.extend(tried.disputes);
    }
    Ok((played, disputes))
}

fn refused(file: IdFile, length: u32, workers: usize, watch: &Watch) -> Result<maps::Tried, Error> {
    let mut all = maps::refused(file, maps::edges(), workers, watch)?;
    all.add(maps::refused(file, maps::pairs(), workers, watch)?);
    for length in 0..=length {
        all.add(maps::refused(file, maps::strings(maps::ALPHABET.len() as u64, length), workers, watch)?);
    }
    Ok(all)
}

fn accepted(file: IdFile, workers: usize, watch: &Watch) -> Result<maps::Tried, Error> {
    let mut all = maps::accepted(file, maps::pairs(), workers, watch)?;
    all.add(maps::accepted(file, maps::edges(), workers, watch)?);
    Ok(all)
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

impl Found {
    fn add(&mut self, (played, disputes): Played) {
        self.played += played;
        self.disputes.extend(disputes);
    }

    /// Shows the disputes. `named` says that the caller named the fields: then each of them has to be played.
    fn closing(&self, named: bool) -> Result<Verdict, String> {
        for (number, dispute) in (1..).zip(&self.disputes) {
            let program =
                dispute.reproduced(&format!("sweep {number}"), &record::host(), &record::directory());
            print(format_args!("\n{BAD}kernel and model disagree{BAD:#}\n{dispute}\n{program}\n"));
        }
        if !self.disputes.is_empty() {
            print(format_args!("\n{}", facts::text()));
            let count = self.disputes.len();
            return Ok(Verdict::Failed(format!("kernel and model disagree in {count} scenarios")));
        }
        if signals::interrupted() {
            return Err("interrupted; what was played until then agrees".to_owned());
        }
        match (self.played, self.left_out) {
            (0, 0) => Err("nothing was played".to_owned()),
            (0, _) => Err("nothing was played: the fields need root".to_owned()),
            (_, 1..) if named => Err(format!("{} of the named fields need root", self.left_out)),
            _ => Ok(Verdict::Good),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_that_played_nothing_or_less_than_was_named_is_no_success() {
        let found = |played, left_out| Found { played, left_out, ..Found::default() };

        assert_eq!(found(9, 8).closing(false), Ok(Verdict::Good));
        assert_eq!(found(9, 1).closing(true), Err("1 of the named fields need root".to_owned()));
        assert_eq!(found(0, 0).closing(false), Err("nothing was played".to_owned()));
        assert!(found(0, 9).closing(false).is_err_and(|why| why.contains("need root")));
    }
}
