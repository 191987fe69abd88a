//! Children that continue as the actor, and children that have ended.

use super::{clone, clone3};
use crate::wire::{Arg, HAND, Op, Request};
use harness_scenario::action::Child;

/// What an actor is asked to do for a child.
pub fn child(child: Child) -> Request {
    match child {
        Child::GoesOn(flags) => clone(Op::GoOn, flags),
        Child::GoesOnByClone3(flags) => clone3(Op::GoOn, flags),
        Child::NotWaitedFor(flags) => clone(Op::Zombie, flags),
        Child::Zombie => Request::new(Op::Dead, 0).args(&[Arg::Value(0)]).keep(HAND),
        Child::Gone => Request::new(Op::Dead, 0).args(&[Arg::Value(1)]).keep(HAND),
    }
}
