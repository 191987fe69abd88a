//! The end of an actor before the end of the scenario.

use super::Director;
use crate::error::Error;
use crate::process::End;
use crate::wire::{Op, Request};
use harness_scenario::action::Leaves;
use harness_scenario::outcome::Outcome;

impl Director<'_> {
    /// Makes an actor exit. It reports no state. A zombie keeps its process id, which no other process can get until
    /// the director reaps the zombie with its other processes.
    pub(super) fn end(&mut self, index: usize, leaves: Leaves) -> Result<Outcome, Error> {
        let mut process = self.processes.remove(index);
        self.kept.remove(index);
        let mut message = Vec::new();
        Request::new(Op::Exit, 0).write(&mut message, 0);
        process.send(&message, End::Later)?;
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
