//! What a test needs, found out from the scenarios that it plays.
//!
//! Before a test is listed, it is rehearsed: its function runs, and the player gives each scenario to this module
//! instead of the kernel. No process is forked and no system call of a scenario is made. Each scenario is judged:
//!
//! - The model predicts it twice, for the usual caller and for this one. The first step that differs is the reason
//!   why the test cannot run here. The usual caller is root with every capability, or a user without any.
//! - Each step is asked for the [needs](step_needs) that facts decide: a program, an id map, a file below /proc.
//! - Each system call of the scenario is looked up among those that a seccomp filter refuses.
//!
//! The test meets predicted traces, and some of its scenarios may follow only from others: a test that finds in a trace
//! what it does not expect ends by a panic. Then it is rehearsed once more, and each scenario that was judged is played,
//! so that the next one is judged, too. What the kernel answers decides nothing here.
//!
//! A need that follows from a scenario cannot be forgotten. On a host where nothing is unusual there is nothing to
//! find, and no test is rehearsed.

pub(crate) mod limits;
mod reason;
mod step_needs;

use crate::error::Error;
use crate::facts;
use crate::here;
use crate::host::{Fact, Seccomp};
use crate::ids::{CapSets, FsId, Ids};
use crate::model;
use crate::needs::Need;
use crate::show::SameWords;
use crate::start::Start;
use crate::trace::{Outcome, Trace};
use harness_play::Rehearsed;
use harness_scenario::action::Action;
use harness_scenario::actors::{ORDINARY, RunAs};
use harness_scenario::caller::Caller;
use harness_scenario::caps::CapSet;
use harness_scenario::outcome::{self, Status};
use harness_scenario::scenario::{Scenario, Step};
use std::panic::{self, AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The most scenarios of a test that are judged. A sweep plays thousands that differ in little.
const MOST: usize = 400;

/// The most steps of a scenario that are predicted. What a caller lacks shows early, and some scenarios read a file
/// byte by byte.
const STEPS: usize = 300;

/// How long the scenarios of a test may be played while it is rehearsed.
const LONGEST: Duration = Duration::from_secs(2);

/// The most scenarios of a test that are played while it is rehearsed. What a caller lacks shows in the first ones, and a list of
/// tests is waited for.
const MOST_PLAYED: usize = 60;

/// Whether the tests of this process were judged by another one, which listed them.
static LISTED: AtomicBool = AtomicBool::new(false);

/// From now on no scenario is played for a rehearsal: it would be played twice by a process that runs one test.
pub(crate) fn trust_the_list() {
    LISTED.store(true, Ordering::Relaxed);
}

/// Who answers the scenarios of a test that is rehearsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// The model, for the usual caller. No system call of a scenario is made.
    Model,
    /// The kernel, for the test that refuses what the model predicts.
    Kernel,
}

/// Why a scenario cannot be played here as it was meant; `None` if nothing is missing.
type Judge = fn(&Scenario) -> Option<String>;

/// A rehearsal that goes on: who answers since when, how many scenarios were judged, and the first reason that was found.
struct Rehearsal {
    by: By,
    judge: Judge,
    begun: Instant,
    judged: usize,
    reason: Option<String>,
}

impl Rehearsal {
    fn new(by: By, judge: Judge) -> Self {
        Self { by, judge, begun: Instant::now(), judged: 0, reason: None }
    }

    /// Whether nothing more is to be found out.
    fn is_decided(&self) -> bool {
        self.reason.is_some()
            || self.judged >= MOST
            || self.by == By::Kernel && (self.judged >= MOST_PLAYED || self.begun.elapsed() >= LONGEST)
    }
}

/// The rehearsal of the moment. A test may play its scenarios on threads of its own, so it belongs to the process.
static REHEARSAL: Mutex<Option<Rehearsal>> = Mutex::new(None);

/// What a rehearsal unwinds with, once it is decided.
struct Decided;

/// Whether a test is rehearsed at the moment, so that nothing is compared.
pub(crate) fn is_on() -> bool {
    REHEARSAL.lock().unwrap_or_else(PoisonError::into_inner).is_some()
}

/// Why a test that runs this function, and names these needs, cannot run here; `Ok` if nothing speaks against it.
///
/// # Errors
/// The reason, as a sentence that begins with "needs".
pub(crate) fn rehearse(run: fn(), needs: &[Need]) -> Result<(), String> {
    if !is_needed() {
        return Ok(());
    }
    // Where the model alone decides it is asked about this caller, and what the usual one is answered does not matter. A
    // trace that is predicted for the usual one is then refused, and nothing more is compared with it.
    let again = if needs.contains(&Need::DecidedModel) { judge_steps } else { judge };
    twice(run, judge, again)
}

/// Rehearses a test, and once more if it refuses what the model predicts.
fn twice(run: fn(), first: Judge, again: Judge) -> Result<(), String> {
    match once(run, Rehearsal::new(By::Model, first)) {
        (Some(reason), _) => Err(reason),
        (None, Ended::Whole) => Ok(()),
        (None, Ended::Early) if LISTED.load(Ordering::Relaxed) => Ok(()),
        (None, Ended::Early) => once(run, Rehearsal::new(By::Kernel, again)).0.map_or(Ok(()), Err),
    }
}

/// How a rehearsal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// At the end of the test, or when it was decided.
    Whole,
    /// By a panic of the test.
    Early,
}

/// Rehearses a test once: the reason that was found, and whether every scenario was judged that may have one.
fn once(run: fn(), rehearsal: Rehearsal) -> (Option<String>, Ended) {
    *REHEARSAL.lock().unwrap_or_else(PoisonError::into_inner) = Some(rehearsal);
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let ended = catch_unwind(AssertUnwindSafe(run));
    panic::set_hook(hook);
    let rehearsal = REHEARSAL.lock().unwrap_or_else(PoisonError::into_inner).take();
    // A test may unwind with a panic of its own, if a thread of it was the one that decided.
    let is_decided = rehearsal.as_ref().is_some_and(Rehearsal::is_decided);
    let ended = if ended.is_ok() || is_decided { Ended::Whole } else { Ended::Early };
    (rehearsal.and_then(|it| it.reason), ended)
}

/// Answers a scenario in the kernel's place while a test is rehearsed, or has it played.
pub(crate) fn stand_in(scenario: &Scenario, refused: Option<&Error>) -> Option<Rehearsed> {
    let judge = REHEARSAL.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.judge;
    let reason = judge(scenario).or_else(|| match refused? {
        Error::InvalidScenario(why) => {
            Some(format!("needs a caller's namespace that it cannot change: {why}"))
        }
        error => Some(format!("needs what cannot be played here: {error}")),
    });
    let (by, is_decided) = {
        let mut held = REHEARSAL.lock().unwrap_or_else(PoisonError::into_inner);
        let rehearsal = held.as_mut()?;
        rehearsal.judged += 1;
        rehearsal.reason = rehearsal.reason.take().or(reason);
        (rehearsal.by, rehearsal.is_decided())
    };
    if is_decided {
        resume_unwind(Box::new(Decided));
    }
    Some(match by {
        By::Model => Rehearsed::Answered(Box::new(predicted(scenario))),
        By::Kernel => Rehearsed::Played,
    })
}

/// The beginning of a scenario.
fn beginning(scenario: &Scenario) -> Scenario {
    let steps = scenario.steps.iter().take(STEPS).cloned().collect();
    Scenario { steps, run_as: scenario.run_as.clone() }
}

/// Why a scenario has a step that this host cannot play.
fn judge_steps(scenario: &Scenario) -> Option<String> {
    step_needs::unmet(scenario, facts())
}

/// Why a scenario cannot be played here as it was meant, by its steps and by the caller.
fn judge(scenario: &Scenario) -> Option<String> {
    judge_steps(scenario).or_else(|| {
        // Of a caller in a container the model does not know everything, but more than enough for what it needs.
        let here = here::start();
        here.release?;
        let scenario = beginning(scenario);
        let found = model::difference(&scenario, usual(), here, words())?;
        Some(reason::told(&scenario, &found, [usual(), here], words()))
    })
}

/// The usual caller's trace, as far as the model predicts it.
fn predicted(scenario: &Scenario) -> Trace {
    let names = here::start().names(&scenario.run_as);
    let prediction = model::predict(&beginning(scenario), usual());
    let outcome = |index| prediction.as_ref().and_then(|all| all.outcome(index)).cloned();
    let outcomes = scenario.steps.iter().enumerate();
    let outcomes = outcomes.map(|(index, step)| outcome(index).unwrap_or_else(|| unknown(step))).collect();
    let whole = scenario.steps.len() <= STEPS;
    let states = prediction.filter(|_| whole).map(|prediction| prediction.states).unwrap_or_default();
    Trace { scenario: scenario.clone(), outcomes, states, names }
}

/// An outcome that no model predicts: success without a word.
fn unknown(step: &Step) -> Outcome {
    match step.action {
        Action::Run(_) => Outcome::Program(outcome::Ended {
            status: Status::Exited(0),
            stdout: String::new(),
            stderr: String::new(),
        }),
        _ => Outcome::Done,
    }
}

/// What the words of a snapshot mean for this caller.
pub(crate) fn words() -> &'static SameWords {
    static WORDS: OnceLock<SameWords> = OnceLock::new();
    WORDS.get_or_init(|| SameWords::new(&here::start().names(&RunAs::Ordinary)))
}

/// Whether an id of the caller may be another one of a snapshot. For root it is not: the unprivileged user that root
/// becomes has an id that no test uses.
pub(crate) fn ids_may_collide() -> bool {
    let (here, usual) = (here::start(), usual());
    !here.caller.is_root() || here.overflow != usual.overflow
}

/// The caller for whom the suite was written, on this kernel.
fn usual() -> &'static Start {
    static USUAL: OnceLock<Start> = OnceLock::new();
    USUAL.get_or_init(|| usual_of(here::start()))
}

fn usual_of(here: &Start) -> Start {
    let full = CapSet::up_to(here.last_cap);
    let (id, effective) = if here.caller.is_root() { (0, full) } else { (ORDINARY, CapSet::EMPTY) };
    let ids = Ids { real: id, effective: id, saved: id, fs: FsId::Known(id) };
    let caps = CapSets { effective, permitted: effective, bounding: full, ..CapSets::default() };
    let files = ["0 0 4294967295\n", "0 0 4294967295\n", "allow"].map(str::to_owned);
    Start {
        caller: Caller {
            uid: ids,
            gid: ids,
            groups: here.caller.groups.clone(),
            caps,
            files,
            ..Caller::default()
        },
        in_initial_userns: true,
        overflow: [65_534; 2],
        ..here.clone()
    }
}

/// Whether anything about this host is unusual.
pub(crate) fn is_needed() -> bool {
    static NEEDED: OnceLock<bool> = OnceLock::new();
    *NEEDED.get_or_init(|| {
        let (here, usual, facts) = (here::start(), usual(), facts());
        let same = here.caller.uid == usual.caller.uid
            && here.caller.gid == usual.caller.gid
            && here.caller.caps == usual.caller.caps
            && here.caller.securebits == usual.caller.securebits
            && here.in_initial_userns
            && here.overflow == usual.overflow;
        let filtered = facts.process.seccomp != Fact::Known(Seccomp::Off);
        !same || filtered || step_needs::host_is_restricted(facts)
    })
}

#[cfg(test)]
mod tests;
