//! Which memory the processes of a scenario use, and who may play at the same time.

use crate::process::Memory;
use crate::{here, host};
use harness_scenario::actors::Actor;
use harness_scenario::caller::Caller;
use harness_scenario::ids::Own;
use harness_scenario::scenario::Scenario;
use harness_scenario::sharing::{Changes, Sharing, sharing};
use rustix::process::{DumpableBehavior, dumpable_behavior, set_dumpable_behavior};
use std::fmt;
use std::str::FromStr;
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// How the processes of scenarios are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actors {
    /// They share the memory of the caller where [`harness_scenario::sharing`] allows it, and are forked elsewhere.
    Cheap,
    /// They are forked.
    Forked,
    /// A scenario that may be played in the cheap way is played in both ways. It is an error if the traces differ.
    Both,
}

/// A word for [`Actors`] that there is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownActors(String);

impl fmt::Display for UnknownActors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is none of \"cheap\", \"forked\" and \"both\"", self.0)
    }
}

impl std::error::Error for UnknownActors {}

impl FromStr for Actors {
    type Err = UnknownActors;

    /// "cheap", "forked" or "both".
    fn from_str(word: &str) -> Result<Self, UnknownActors> {
        match word {
            "cheap" => Ok(Self::Cheap),
            "forked" => Ok(Self::Forked),
            "both" => Ok(Self::Both),
            other => Err(UnknownActors(other.to_owned())),
        }
    }
}

static CHOICE: OnceLock<Actors> = OnceLock::new();

/// Chooses how the processes of all scenarios are made. Without a choice it is [`Actors::Cheap`].
///
/// # Errors
/// The choice that was made before, by a call of this function or by playing a scenario. It stays.
pub fn choose_actors(choice: Actors) -> Result<(), Actors> {
    let made = *CHOICE.get_or_init(|| choice);
    if made == choice { Ok(()) } else { Err(made) }
}

/// How the processes of scenarios are made.
pub(crate) fn actors() -> Actors {
    *CHOICE.get_or_init(|| Actors::Cheap)
}

/// Who plays now: many at the same time, or one alone.
static PLAYING: RwLock<()> = RwLock::new(());

/// The right to play a scenario. It lasts until its processes have ended.
pub(crate) struct Turn {
    /// Which processes share memory; `None` if all are forked.
    sharing: Option<Sharing>,
    guard: Guard,
}

/// The lock that a turn holds.
enum Guard {
    WithOthers(#[expect(dead_code, reason = "held")] RwLockReadGuard<'static, ()>),
    Alone(#[expect(dead_code, reason = "held")] RwLockWriteGuard<'static, ()>),
}

impl Guard {
    fn with_others() -> Self {
        Self::WithOthers(PLAYING.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Turn {
    /// The right to play with forked processes.
    pub(crate) fn forked() -> Self {
        Self { sharing: None, guard: Guard::with_others() }
    }

    /// The right to play a scenario in the cheapest way.
    pub(crate) fn cheapest(scenario: &Scenario) -> Self {
        let sharing = sharing(scenario, changes(scenario, &here::start().caller));
        // A process that shares memory does not answer in gVisor (runsc 20240729), whatever it is asked.
        if !sharing.is_possible() || !is_dumpable() || host::system().is_gvisor() {
            return Self::forked();
        }
        let guard = match sharing.changes() {
            Changes::Never => Guard::with_others(),
            Changes::Dumpable => Guard::Alone(PLAYING.write().unwrap_or_else(PoisonError::into_inner)),
        };
        Self { sharing: Some(sharing), guard }
    }

    /// Whose memory an actor uses.
    pub(crate) fn memory(&self, actor: Actor) -> Memory {
        match &self.sharing {
            Some(sharing) if sharing.needs_own(actor).is_none() => Memory::Directors,
            _ => Memory::Own,
        }
    }

    /// Whether any actor shares memory.
    pub(crate) fn shares(&self) -> bool {
        self.sharing.is_some()
    }
}

/// Whether taking on the credentials of a scenario changes the dumpable flag: other effective ids do.
///
/// Source: kernel commit_creds().
fn changes(scenario: &Scenario, caller: &Caller) -> Changes {
    let same = |ids: Own| (caller.uid.effective, caller.gid.effective) == (ids.uid, ids.gid);
    match scenario.run_as.takes_on(caller) {
        Some(taken) if !same(taken.ids) => Changes::Dumpable,
        _ => Changes::Never,
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if matches!(self.guard, Guard::Alone(_)) {
            // The call knows the value, so that it cannot be refused.
            let _ = set_dumpable_behavior(DumpableBehavior::Dumpable);
        }
    }
}

/// Whether this process was dumpable when it first played. If it was not, nobody makes it so.
fn is_dumpable() -> bool {
    static DUMPABLE: OnceLock<bool> = OnceLock::new();
    *DUMPABLE.get_or_init(|| dumpable_behavior().is_ok_and(|now| now == DumpableBehavior::Dumpable))
}
