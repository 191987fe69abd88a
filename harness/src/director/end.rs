//! How an actor ends before the scenario does.

use super::Director;
use crate::action::Remains;
use crate::error::Error;
use crate::outcome::Outcome;
use crate::wire::{Op, Request};

impl Director<'_> {
    /// Has an actor exit. What it was leaves no state; a zombie keeps its process id, which nobody else
    /// can be given until it is reaped with the director's other players.
    pub(super) fn end(&mut self, index: usize, remains: Remains) -> Result<Outcome, Error> {
        let mut player = self.players.remove(index);
        self.kept.remove(index);
        let mut message = Vec::new();
        Request::new(Op::Exit, 0).write(&mut message, 0);
        player.send(&message, None)?;
        match remains {
            Remains::Nothing => player.farewell(&|_| "its end".to_owned())?,
            Remains::Zombie => {
                player.become_zombie();
                self.zombies.push(player);
            }
        }
        Ok(Outcome::Done)
    }
}
