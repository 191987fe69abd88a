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
use crate::show::SameWords;
use crate::start::Start;
use crate::trace::{Outcome, Trace};
use harness_scenario::actors::{ORDINARY, RunAs};
use harness_scenario::caller::Caller;
use harness_scenario::caps::CapSet;
use harness_scenario::scenario::Scenario;
use std::panic::{self, AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The most scenarios of a test that are judged. A sweep plays thousands that differ in little.
const MOST: usize = 400;

/// The most steps of a scenario that are predicted. What a caller lacks shows early, and some scenarios read a file
/// byte by byte.
const STEPS: usize = 300;

/// A rehearsal that goes on: how many scenarios were judged, and the first reason that was found.
#[derive(Default)]
struct Rehearsal {
    judged: usize,
    reason: Option<String>,
}

/// The rehearsal of the moment. A test may play its scenarios on threads of its own, so it belongs to the process.
static REHEARSAL: Mutex<Option<Rehearsal>> = Mutex::new(None);

/// What a rehearsal unwinds with, once it is decided.
struct Decided;

/// Whether a test is rehearsed at the moment, so that nothing is compared.
pub(crate) fn is_on() -> bool {
    REHEARSAL.lock().unwrap_or_else(PoisonError::into_inner).is_some()
}

/// Why a test that runs this function cannot run here; `Ok` if nothing speaks against it.
///
/// # Errors
/// The reason, as a sentence that begins with "needs".
pub(crate) fn rehearse(run: fn()) -> Result<(), String> {
    if !is_needed() {
        return Ok(());
    }
    *REHEARSAL.lock().unwrap_or_else(PoisonError::into_inner) = Some(Rehearsal::default());
    // A test that meets a predicted trace may find in it what it does not expect, and says so by a panic.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let _ended = catch_unwind(AssertUnwindSafe(run));
    panic::set_hook(hook);
    let rehearsal = REHEARSAL.lock().unwrap_or_else(PoisonError::into_inner).take();
    rehearsal.and_then(|rehearsal| rehearsal.reason).map_or(Ok(()), Err)
}

/// Answers a scenario in the kernel's place while a test is rehearsed.
pub(crate) fn stand_in(scenario: &Scenario, refused: Option<&Error>) -> Option<Trace> {
    if !is_on() {
        return None;
    }
    let reason = judge(scenario).or_else(|| match refused? {
        Error::InvalidScenario(why) => {
            Some(format!("needs a caller's namespace that it cannot change: {why}"))
        }
        error => Some(format!("needs what cannot be played here: {error}")),
    });
    let decided = {
        let mut held = REHEARSAL.lock().unwrap_or_else(PoisonError::into_inner);
        let rehearsal = held.as_mut()?;
        rehearsal.judged += 1;
        rehearsal.reason = rehearsal.reason.take().or(reason);
        rehearsal.reason.is_some() || rehearsal.judged >= MOST
    };
    if decided {
        resume_unwind(Box::new(Decided));
    }
    Some(predicted(scenario))
}

/// The beginning of a scenario.
fn beginning(scenario: &Scenario) -> Scenario {
    let steps = scenario.steps.iter().take(STEPS).cloned().collect();
    Scenario { steps, run_as: scenario.run_as.clone() }
}

/// Why a scenario cannot be played here as it was meant.
fn judge(scenario: &Scenario) -> Option<String> {
    step_needs::unmet(scenario, facts()).or_else(|| {
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
    let outcomes = (0..scenario.steps.len()).map(|index| outcome(index).unwrap_or(Outcome::Done)).collect();
    let whole = scenario.steps.len() <= STEPS;
    let states = prediction.filter(|_| whole).map(|prediction| prediction.states).unwrap_or_default();
    Trace { scenario: scenario.clone(), outcomes, states, names }
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
