//! Children that continue as the actor, and children that have ended.

use serde::{Deserialize, Serialize};

/// A child of an actor with more than its creation and its exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Child {
    /// clone(2) with these CLONE_ flags. The child continues as the actor. The parent waits for the child's end.
    /// Other actors name this actor by the parent's process id.
    GoesOn(i32),
    /// The same by clone3(2).
    GoesOnByClone3(u64),
    /// clone(2) with these CLONE_ flags. The child exits at once, and the actor does not wait for it.
    NotWaitedFor(i32),
    /// The actor holds the pidfd of a child that has ended and is still a zombie.
    Zombie,
    /// The actor holds the pidfd of a child that has ended and was reaped.
    Gone,
}
