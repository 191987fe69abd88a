//! Random search: draws scenarios, plays them, and shrinks those on which the kernel and the model disagree.

use super::shrink::{Shrunk, shrink};
use super::strategy::{Casts, scenarios};
use super::{Mismatch, Watch, play, together};
use harness_play::error::Error;
use harness_play::here;
use harness_scenario::reach;
use harness_scenario::scenario::Scenario;
use harness_spec::model;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// The scope and the duration of a search. The same seed gives each worker the same scenarios in the same order.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The seed of the random numbers.
    pub seed: u64,
    /// The number of threads.
    pub workers: usize,
    /// The credentials of the process outside.
    pub casts: Casts,
    /// The number of scenarios of each worker. `None` if the workers run until they are stopped.
    pub scenarios: Option<u64>,
    /// Whether the search ends with the first disagreement.
    pub ends: Ends,
}

/// When a search ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// At the first disagreement.
    AtFirst,
    /// Never: it collects all disagreements.
    Never,
}

/// A disagreement, and how it was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The worker that found it.
    pub worker: usize,
    /// The number of the scenario in the worker's order, counted from 1.
    pub number: u64,
    /// The time since the start of the search.
    pub after: Duration,
    /// The number of steps of the scenario that was drawn.
    pub steps: usize,
    /// The shrunk scenario. `None` if the kernel answered differently when the scenario was played again.
    pub shrunk: Option<Shrunk>,
    /// The scenario before it was shrunk.
    pub first: Mismatch,
}

impl Found {
    /// The smallest scenario that is disputed.
    pub fn dispute(&self) -> &Mismatch {
        self.shrunk.as_ref().map_or(&self.first, |shrunk| &shrunk.dispute)
    }
}

/// The result of a search.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The disagreements, each once.
    pub found: Vec<Found>,
    /// The rules by which the model refused a step, and the number of scenarios of each.
    pub rules: BTreeMap<&'static str, u64>,
    /// The number of steps that were played.
    pub steps: u64,
}

/// A scenario that could not be played: a fault of the search or of the harness.
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

/// The longest time that shrinking continues after the search was asked to stop.
const PATIENCE: Duration = Duration::from_secs(5);

/// The greatest number of disagreements that a worker collects. Shrinking each one takes a while.
const MANY: usize = 20;

/// Searches until the plan is complete, a disagreement ends the search, or the caller stops it.
///
/// # Errors
/// If a scenario cannot be played.
pub fn search(plan: &Plan, watch: &Watch) -> Result<Report, Box<Unplayed>> {
    let began = Instant::now();
    let work = |number| {
        let mut worker = Worker { plan, watch, number, began, report: Report::default() };
        worker.search().map(|()| worker.report)
    };
    let mut all = Report::default();
    for report in together(plan.workers, watch, work)? {
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
    /// Whether the disagreement is new.
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
        if model::decides(harness_play::here::start()).is_err() {
            return Ok(());
        }
        let strategy = scenarios(self.plan.casts);
        let mut runner = TestRunner::new_with_rng(Config::default(), stream(self.plan.seed, self.number));
        let numbers = 1..=self.plan.scenarios.unwrap_or(u64::MAX);
        for number in numbers {
            if !self.watch.goes_on() || self.report.found.len() >= MANY {
                break;
            }
            // Drawing cannot fail, because no strategy filters.
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

    /// Whether no disagreement of this kind was found before. Only a new one is worth the time of shrinking.
    fn is_news(&self, dispute: &Mismatch) -> bool {
        let before = self.report.found.iter().flat_map(|found| [&found.first, found.dispute()]);
        !before.into_iter().any(|other| kind(other) == kind(dispute))
    }

    fn one(&mut self, number: u64, scenario: &Scenario) -> Result<(), Error> {
        // A map of the caller's namespace may still be empty, and is not for the search to write.
        if reach::check(scenario, here::start()).is_err() {
            return Ok(());
        }
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

/// An approximate key of a disagreement: the same rule or errno is probably the same fault.
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
    use harness_scenario::reach::Reach;
    use harness_scenario::start::Start;

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

    /// No scenario of the search needs a preparation, since it contains no step that reaches the host. Only the maps of the
    /// caller's namespace could be reached, if they are still empty: those scenarios are left out.
    #[test]
    fn no_step_reaches_the_host() {
        let written = here::start().clone();
        let mut empty = written.clone();
        (empty.caller.files, empty.in_initial_userns) = (<[String; 3]>::default(), false);
        assert!(!written.caller.files[0].is_empty() && !written.caller.files[1].is_empty());

        for scenario in (0..25).flat_map(|worker| drawn(4, worker)) {
            assert_eq!(
                reach::check(&scenario, &Start { in_initial_userns: true, ..written.clone() }),
                Ok(())
            );
            let reaches = reach::check(&scenario, &empty).map_err(|exposed| exposed.reach);
            assert!(matches!(reaches, Ok(()) | Err(Reach::Maps)), "{reaches:?}");
        }
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
