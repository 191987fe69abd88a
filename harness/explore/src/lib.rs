//! Scenarios that were not written by hand, played on the kernel and predicted by the [model]: where the two
//! disagree, one of them is wrong.
//!
//! | module | what it is |
//! |---|---|
//! | [sweep], [maps] | all scenarios and all texts of maps that are short |
//! | [search] | scenarios drawn at random, and made small where they are disputed |
//! | [regressions] | the ones that were disputed once, kept as files |
#![forbid(unsafe_code)]

pub mod maps;
pub mod regressions;
mod repair;
pub mod search;
mod shrink;
mod strategy;
pub mod sweep;

pub use shrink::Shrunk;
pub use strategy::Casts;

use harness_play::Play;
use harness_play::error::Error;
use harness_play::here;
use harness_reproduce::{Header, Host, report};
use harness_scenario::scenario::Scenario;
use harness_scenario::trace::Trace;
use harness_spec::model::{self, Disagreement, World};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::ScopedJoinHandle;

/// A scenario on which the kernel and the model disagree.
#[derive(Debug, Clone)]
pub struct Mismatch {
    /// The kernel's answer.
    pub trace: Trace,
    /// The points on which the model differs.
    pub points: Vec<Disagreement>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.trace)?;
        self.points.iter().try_for_each(|point| write!(f, "\n{}", model::described(&self.trace, point)))
    }
}

impl Mismatch {
    /// Writes a C program that shows it under this name to a directory. Returns a line that names its file, or
    /// gives the reason why there is none.
    pub fn reproduced(&self, name: &str, host: &Host, directory: &Path) -> String {
        let prediction = model::predict(&self.trace.scenario, here::start());
        let about = prediction.as_ref().map(|prediction| model::about(&self.trace, prediction));
        let (name, host) = (name.to_owned(), host.clone());
        let header = Header { name, about: about.unwrap_or_default(), host };
        report(&header, &self.trace, prediction.as_ref(), directory)
    }
}

/// Plays a scenario and compares the trace with the model's prediction. `None` if they agree.
///
/// # Errors
/// If the harness fails.
pub fn play(scenario: &Scenario) -> Result<Option<Mismatch>, Error> {
    match scenario.try_play() {
        Ok(trace) => Ok(compared(trace)),
        Err(error) if is_the_kernels(&error) => before(scenario, error).map(Some),
        Err(error) => Err(error),
    }
}

fn compared(trace: Trace) -> Option<Mismatch> {
    let prediction = model::predict(&trace.scenario, here::start());
    let points = prediction.map(|prediction| model::disagreements(&trace, &prediction)).unwrap_or_default();
    (!points.is_empty()).then_some(Mismatch { trace, points })
}

/// Whether a scenario ended because the kernel refused something that the model expected to succeed: the namespace of
/// a process, or the open of a file that is passed on.
fn is_the_kernels(error: &Error) -> bool {
    matches!(error, Error::Namespace { .. } | Error::Fork { .. } | Error::InvalidScenario(_))
}

/// The disagreements of a scenario before it ended in this way, or this end if there were none.
fn before(scenario: &Scenario, end: Error) -> Result<Mismatch, Error> {
    let mut shorter = scenario.clone();
    while shorter.steps.pop().is_some() {
        match shorter.try_play() {
            Ok(trace) => return compared(trace).ok_or(end),
            Err(error) if is_the_kernels(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Err(end)
}

/// The progress of a long run, for the caller that shows it or stops it.
#[derive(Debug, Default)]
pub struct Watch {
    /// Set this to make the workers stop after their current scenario.
    pub stop: AtomicBool,
    /// The number of scenarios that were played.
    pub played: AtomicU64,
    /// The total number of scenarios, as far as it is known.
    pub planned: AtomicU64,
}

impl Watch {
    /// Whether the run continues.
    pub fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    /// Counts a scenario that was played.
    pub fn count(&self) {
        self.played.fetch_add(1, Ordering::Relaxed);
    }
}

/// Runs the same work in so many threads, each with its own number, and returns their results. An error or a panic of
/// one of them stops the others after their current scenario: they would go on for as long as their work takes. One
/// worker alone is the calling thread, because a filter may refuse the call that makes threads.
///
/// # Errors
/// The first error of a thread.
///
/// # Panics
/// With the panic of a thread.
pub fn together<T: Send, E: Send>(
    workers: usize,
    watch: &Watch,
    work: impl Fn(usize) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let one = |number| {
        let done = catch_unwind(AssertUnwindSafe(|| work(number)));
        if !matches!(done, Ok(Ok(_))) {
            watch.stop.store(true, Ordering::Relaxed);
        }
        done.unwrap_or_else(|panic| resume_unwind(panic))
    };
    if workers == 1 {
        return one(0).map(|done| vec![done]);
    }
    std::thread::scope(|scope| {
        let one = &one;
        let threads: Vec<_> = (0..workers).map(|number| scope.spawn(move || one(number))).collect();
        let ended: Vec<_> = threads.into_iter().map(ScopedJoinHandle::join).collect();
        ended.into_iter().map(|done| done.unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

/// The model's state at the start of a scenario. [`World::expect`] advances it step by step.
pub fn beginning(scenario: &Scenario) -> World {
    World::new(&scenario.run_as, here::start())
}

/// The steps of a scenario that could not be played, one a line.
pub fn told(scenario: &Scenario) -> String {
    let mut text = format!("cast {:?}\n", scenario.run_as);
    for step in &scenario.steps {
        text.push_str(&format!(
            "{}  {}\n",
            step.actor,
            harness_scenario::show::action(step.actor, &step.action)
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Works until it is stopped, as a worker with billions of texts does.
    fn until_stopped(watch: &Watch) -> Result<(), &'static str> {
        while watch.goes_on() {
            std::thread::yield_now();
        }
        Ok(())
    }

    #[test]
    fn one_worker_needs_no_thread() {
        let caller = std::thread::current().id();
        let done = together(1, &Watch::default(), |_| Ok::<_, ()>(std::thread::current().id()));

        assert_eq!(done, Ok(vec![caller]));
    }

    #[test]
    fn an_error_of_one_worker_stops_the_others() {
        let watch = Watch::default();

        let done =
            together(3, &watch, |number| if number == 2 { Err("broken") } else { until_stopped(&watch) });

        assert_eq!(done, Err("broken"));
    }

    #[test]
    fn a_panic_of_one_worker_stops_the_others_and_is_passed_on() {
        let watch = Watch::default();
        let work = |number| if number == 1 { panic!("an odd text") } else { until_stopped(&watch) };

        let panicked = catch_unwind(AssertUnwindSafe(|| together(2, &watch, work)));

        let words = panicked.expect_err("the panic of the worker");
        assert_eq!(words.downcast_ref::<&str>(), Some(&"an odd text"));
    }
}
