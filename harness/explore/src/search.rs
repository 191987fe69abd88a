//! Random search: draws scenarios, plays them, and makes those small of which kernel and model think differently.

use super::shrink::{Shrunk, shrink};
use super::strategy::{Casts, scenarios};
use super::{Mismatch, Watch, play, together};
use harness_play::error::Error;
use harness_scenario::scenario::Scenario;
use harness_spec::model;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// What is searched, and for how long. The same seed gives each worker the same scenarios in the same order.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where the random numbers begin.
    pub seed: u64,
    /// How many threads play.
    pub workers: usize,
    /// Who is outside.
    pub casts: Casts,
    /// After how many scenarios each worker ends; `None` if it plays until it is stopped.
    pub scenarios: Option<u64>,
    /// Whether it ends with the first that is found.
    pub ends: Ends,
}

/// When a search ends before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// With the first disagreement.
    AtFirst,
    /// Never: it gathers what it finds.
    Never,
}

/// A disagreement, and how it was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// By which worker.
    pub worker: usize,
    /// At which of the worker's scenarios, counted from 1.
    pub number: u64,
    /// How long after the beginning of the search.
    pub after: Duration,
    /// How many steps it had as it was drawn.
    pub steps: usize,
    /// What it shrank to; `None` if the kernel did something else when it was played again.
    pub shrunk: Option<Shrunk>,
    /// What it was at first.
    pub first: Mismatch,
}

impl Found {
    /// The smallest scenario that is disputed.
    pub fn dispute(&self) -> &Mismatch {
        self.shrunk.as_ref().map_or(&self.first, |shrunk| &shrunk.dispute)
    }
}

/// What a search has seen.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The disagreements, each once.
    pub found: Vec<Found>,
    /// By which rules the model had something refused, and in how many scenarios.
    pub rules: BTreeMap<&'static str, u64>,
    /// How many steps were played.
    pub steps: u64,
}

/// A scenario that could not be played: a fault of the search or the harness.
#[derive(Debug, Clone)]
pub struct Unplayed {
    /// Which.
    pub scenario: Scenario,
    /// Why.
    pub error: Error,
}

impl std::fmt::Display for Unplayed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\nin\n{}", self.error, super::told(&self.scenario))
    }
}

/// How long somebody who wants to end waits at most for a disagreement to become small.
const PATIENCE: Duration = Duration::from_secs(5);

/// More disagreements than this are not gathered by a worker: each takes a while to become small.
const MANY: usize = 20;

/// Searches until the plan is carried out, something is found, or the watch says stop.
///
/// # Errors
/// If a scenario cannot be played.
pub fn search(plan: &Plan, watch: &Watch) -> Result<Report, Box<Unplayed>> {
    let began = Instant::now();
    let work = |number| {
        let mut worker = Worker { plan, watch, number, began, report: Report::default() };
        let done = worker.search();
        if done.is_err() {
            watch.stop.store(true, Ordering::Relaxed);
        }
        done.map(|()| worker.report)
    };
    let mut all = Report::default();
    for report in together(plan.workers, work) {
        let report = report?;
        for found in report.found {
            all.remember(found);
        }
        for (rule, count) in report.rules {
            *all.rules.entry(rule).or_default() += count;
        }
        all.steps += report.steps;
    }
    Ok(all)
}

impl Report {
    /// Whether it was not known before.
    fn remember(&mut self, found: Found) {
        if !self.found.iter().any(|other| kind(other.dispute()) == kind(found.dispute())) {
            self.found.push(found);
        }
    }
}

struct Worker<'a> {
    plan: &'a Plan,
    watch: &'a Watch,
    number: usize,
    began: Instant,
    report: Report,
}

impl Worker<'_> {
    fn search(&mut self) -> Result<(), Box<Unplayed>> {
        if model::applies(harness_play::here::start()).is_err() {
            return Ok(());
        }
        let strategy = scenarios(self.plan.casts);
        let mut runner = TestRunner::new_with_rng(Config::default(), stream(self.plan.seed, self.number));
        let numbers = 1..=self.plan.scenarios.unwrap_or(u64::MAX);
        for number in numbers {
            if !self.watch.goes_on() || self.report.found.len() >= MANY {
                break;
            }
            // Nothing is filtered while drawing, so that it does not fail.
            let Ok(drawn) = strategy.new_tree(&mut runner) else { continue };
            let (scenario, rules) = drawn.current();
            for rule in rules {
                *self.report.rules.entry(rule).or_default() += 1;
            }
            self.report.steps += scenario.steps.len() as u64;
            self.one(number, &scenario).map_err(|error| Box::new(Unplayed { scenario, error }))?;
        }
        Ok(())
    }

    /// Whether nothing of the kind was found before: making it small takes a while.
    fn is_news(&self, dispute: &Mismatch) -> bool {
        let before = self.report.found.iter().flat_map(|found| [&found.first, found.dispute()]);
        !before.into_iter().any(|other| kind(other) == kind(dispute))
    }

    fn one(&mut self, number: u64, scenario: &Scenario) -> Result<(), Error> {
        let disputed = play(scenario)?;
        self.watch.count();
        let Some(first) = disputed.filter(|dispute| self.is_news(dispute)) else { return Ok(()) };
        let after = self.began.elapsed();
        if self.plan.ends == Ends::AtFirst {
            self.watch.stop.store(true, Ordering::Relaxed);
        }
        let since = Instant::now();
        let goes_on = || self.watch.goes_on() || since.elapsed() < PATIENCE;
        let again = play(scenario)?;
        let shrunk = again.map(|again| shrink(again, &goes_on)).transpose()?;
        let steps = scenario.steps.len();
        self.report.remember(Found { worker: self.number, number, after, steps, shrunk, first });
        Ok(())
    }
}

/// What a disagreement is about, more or less: the same rule or errno is likely to be the same fault.
fn kind(dispute: &Mismatch) -> Option<(Option<&'static str>, &str, &str)> {
    let point = dispute.points.first()?;
    Some((point.rule.map(|rule| rule.name), &point.kernel, &point.model))
}

/// The random numbers of a worker.
fn stream(seed: u64, worker: usize) -> TestRng {
    let mut seeds = [0; 32];
    seeds[..8].copy_from_slice(&seed.to_le_bytes());
    seeds[8..16].copy_from_slice(&(worker as u64).to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &seeds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(seed: u64, worker: usize) -> Vec<Scenario> {
        let mut runner = TestRunner::new_with_rng(Config::default(), stream(seed, worker));
        let strategy = scenarios(Casts::All);
        let mut draw = || strategy.new_tree(&mut runner).map(|drawn| drawn.current().0);
        (0..40).map(|_| draw().expect("nothing is filtered")).collect()
    }

    #[test]
    fn a_seed_draws_the_same_again_and_each_worker_something_else() {
        let first = drawn(1, 0);

        assert!(first == drawn(1, 0));
        assert!(first != drawn(1, 1));
        assert!(first != drawn(2, 0));
    }

    #[test]
    fn every_actor_and_every_kind_of_cast_is_drawn() {
        let all = drawn(3, 0);

        for actor in harness_scenario::scenario::Actor::ALL {
            assert!(all.iter().any(|scenario| scenario.mentions(actor)), "{actor}");
        }
        assert!(all.iter().all(|scenario| !scenario.steps.is_empty()));
    }
}
