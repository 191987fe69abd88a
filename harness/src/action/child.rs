//! Children that an actor becomes, or whose end it has seen.

use crate::lower::{clone, clone3};
use crate::show;
use crate::wire::{Arg, HAND, Op, Request};
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

impl Child {
    /// What an actor is asked to do for it.
    pub(crate) fn request(self) -> Request {
        match self {
            Self::GoesOn(flags) => clone(Op::GoOn, flags),
            Self::GoesOnByClone3(flags) => clone3(Op::GoOn, flags),
            Self::NotWaitedFor(flags) => clone(Op::Zombie, flags),
            Self::Zombie => Request::new(Op::Dead, 0).args(&[Arg::Value(0)]).keep(HAND),
            Self::Gone => Request::new(Op::Dead, 0).args(&[Arg::Value(1)]).keep(HAND),
        }
    }

    /// How traces show it.
    pub(crate) fn shown(self) -> String {
        match self {
            Self::GoesOn(flags) => format!("clone({}), on as the child", show::clone_flags(flags)),
            Self::GoesOnByClone3(flags) => format!("clone3({}), on as the child", show::clone3_flags(flags)),
            Self::NotWaitedFor(flags) => {
                format!("clone({}) of one that is not waited for", show::clone_flags(flags))
            }
            Self::Zombie => "pidfd of a zombie".to_owned(),
            Self::Gone => "pidfd of a child that is gone".to_owned(),
        }
    }
}
