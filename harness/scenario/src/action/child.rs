//! Children that an actor becomes, or whose end it has seen.

use serde::{Deserialize, Serialize};

/// A child of an actor's that is more than made and waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Child {
    /// clone(2) with these CLONE_ flags: the child goes on as the actor. The parent waits for its end, and
    /// it is the parent's process id that other actors name it by.
    GoesOn(i32),
    /// The same by clone3(2).
    GoesOnByClone3(u64),
    /// clone(2) with these CLONE_ flags; the child exits at once and is left to be waited for.
    NotWaitedFor(i32),
    /// The actor holds the pidfd of a child that has ended and was not yet waited for.
    Zombie,
    /// The actor holds the pidfd of a child that was waited for.
    Gone,
}
