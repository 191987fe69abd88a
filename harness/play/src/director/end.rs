//! The end of an actor before the end of the scenario.

use super::Director;
use crate::error::Error;
use crate::wire::{Op, Request};
use harness_scenario::action::Leaves;
use harness_scenario::outcome::Outcome;

impl Director<'_> {
    /// Has an actor exit. What it was leaves no state; a zombie keeps its process id, which nobody else
    /// can be given until it is reaped with the director's other processes.
    pub(super) fn end(&mut self, index: usize, leaves: Leaves) -> Result<Outcome, Error> {
        let mut process = self.processes.remove(index);
        self.kept.remove(index);
        let mut message = Vec::new();
        Request::new(Op::Exit, 0).write(&mut message, 0);
        process.send(&message, None)?;
        match leaves {
            Leaves::Nothing => process.wait_exit(&|_| "its end".to_owned())?,
            Leaves::Zombie => {
                process.become_zombie();
                self.zombies.push(process);
            }
        }
        Ok(Outcome::Done)
    }
}
