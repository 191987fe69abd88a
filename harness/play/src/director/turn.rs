//! Which memory the processes of a scenario use, and who may play at the same time.

use crate::here;
use crate::process::Memory;
use harness_scenario::scenario::Scenario;
use harness_scenario::sharing::{Sharing, sharing};
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
    /// Whose memory its processes use.
    pub memory: Memory,
    guard: Guard,
}

/// The lock that a turn holds.
enum Guard {
    WithOthers(#[expect(dead_code, reason = "held")] RwLockReadGuard<'static, ()>),
    Alone(#[expect(dead_code, reason = "held")] RwLockWriteGuard<'static, ()>),
}

impl Turn {
    /// The right to play with forked processes.
    pub(crate) fn forked() -> Self {
        Self::with_others(Memory::Own)
    }

    fn with_others(memory: Memory) -> Self {
        let guard = PLAYING.read().unwrap_or_else(PoisonError::into_inner);
        Self { memory, guard: Guard::WithOthers(guard) }
    }

    /// The right to play a scenario in the cheapest way.
    pub(crate) fn cheapest(scenario: &Scenario) -> Self {
        let takes_on = scenario.run_as.takes_on(&here::start().caller).is_some();
        match sharing(scenario, takes_on) {
            Sharing::Never(_) => Self::forked(),
            _ if !is_dumpable() => Self::forked(),
            Sharing::Free => Self::with_others(Memory::Directors),
            Sharing::Alone => {
                let guard = PLAYING.write().unwrap_or_else(PoisonError::into_inner);
                Self { memory: Memory::Directors, guard: Guard::Alone(guard) }
            }
        }
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
