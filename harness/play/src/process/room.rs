//! Whose memory an actor uses.

use crate::actor::Block;

/// Whose memory an actor uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// Its own: it is forked.
    Own,
    /// The director's: see [`harness_scenario::sharing`].
    Directors,
}

/// The block of memory that an actor uses; none if it is forked.
///
/// A block of which it is not certain that its actor has ended is never used again.
pub struct Room(Option<&'static Block>);

impl Room {
    /// The room of an actor. If there is no memory for a block, the actor is forked.
    pub fn of(memory: Memory) -> Self {
        Self(match memory {
            Memory::Own => None,
            Memory::Directors => Block::take(),
        })
    }

    /// The block.
    pub fn block(&self) -> Option<&'static Block> {
        self.0
    }

    /// Lets others use the block: its actor has ended, and its answers were read.
    pub fn release(&mut self) {
        if let Some(block) = self.0.take() {
            block.give_back();
        }
    }
}
