//! A small process that forks others.
//!
//! A fork copies the page tables of the parent and protects its pages. Each page that the parent writes to afterwards costs it
//! a page fault. The director of a suite has some megabytes that it writes to all the time, so most of a fork's price is
//! paid by the director, after the fork. A process that only waits has few pages and writes to none of them.
//!
//! A thread that has forked a few actors makes such a process, an actor that takes no steps, and lets it fork the others. They
//! are children of the director all the same, by CLONE_PARENT. The process ends with the thread.

use super::room::Memory;
use super::{ActorProcess, spawn};
use crate::error::Error;
use crate::host;
use harness_scenario::actors::Actor;
use std::cell::RefCell;
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// So many actors are forked by the director itself: the process costs a fork, too.
const AT_FIRST: u32 = 2;

/// The process that forks for a thread.
struct Forker {
    /// How many actors the thread has asked for.
    asked: u32,
    process: Option<ActorProcess>,
}

thread_local! {
    static FORKER: RefCell<Forker> = const { RefCell::new(Forker { asked: 0, process: None }) };
}

/// Forks an actor with memory of its own. `None` if the director has to do so itself: for the first few actors, and where
/// the process does not work.
pub fn fork(actor: Actor, proc: BorrowedFd<'static>, limit: Duration) -> Option<ActorProcess> {
    FORKER.with_borrow_mut(|forker| {
        forker.asked = forker.asked.saturating_add(1);
        // gVisor ignores CLONE_PARENT, so the director could not wait for the actors.
        if forker.asked <= AT_FIRST || host::system().is_gvisor() {
            return None;
        }
        let spawned = forker.spawn(actor, proc, limit);
        if spawned.is_err() {
            // Why an actor cannot be forked is found again by the director.
            forker.process = None;
        }
        spawned.ok()
    })
}

/// Ends the process of this thread. A child that is forked from this one would inherit it, and could not wait for the actors
/// that it forks: they are children of this process.
pub fn end() {
    FORKER.set(Forker { asked: 0, process: None });
}

impl Forker {
    fn spawn(
        &mut self,
        actor: Actor,
        proc: BorrowedFd<'static>,
        limit: Duration,
    ) -> Result<ActorProcess, Error> {
        if self.process.is_none() {
            let mut process = ActorProcess::to_be_forked(Actor::Privileged, proc, Memory::Own, limit);
            process.ensure_forked()?;
            self.process = Some(process);
        }
        let parent = self.process.as_mut().ok_or(Error::LostPipe { actor, doing: "fork".to_owned() })?;
        spawn(parent, actor, (0, Memory::Own), limit)
    }
}
