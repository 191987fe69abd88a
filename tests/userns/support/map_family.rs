//! A second model of maps, for five processes in as many user namespaces: what each calls the ids of the others. It shares
//! nothing with `harness::model`, as [`Stack`] does not.
//!
//! ```text
//! the caller's namespace    Outside    effective ids 0
//! +- inside                 Inside     six extents, of ids outside from 3000 (uids) and 6000 (gids) on
//! |  +- nested              Nested     six extents, of ids inside
//! |     +- deepest          Deepest    six extents, of ids of nested
//! +- sibling                Sibling    six extents, of the ids outside that inside has, too; effective ids 0
//! ```
//!
//! Inside, nested and deepest have the ids of [`Stack::owner`], which have a name in each of the three.

use crate::support::map_stack::{ACTORS, Level, Order, Stack, above, below};
use crate::support::map_tables::extent;
use harness::prelude::*;

/// Who is in which namespace.
pub const MEMBERS: [Actor; 5] =
    [Actor::Outside, Actor::Inside, Actor::Nested, Actor::Deepest, Actor::Sibling];

/// The maps of the namespaces.
#[derive(Debug, Clone)]
pub struct Family {
    pub stack: Stack,
    sibling: Level,
}

impl Family {
    /// Three levels of six extents, and a sibling that names some of the same ids, one of them 65534.
    pub fn new() -> Self {
        let map = |lower: u32| {
            let lines =
                [(500, 3, 9), (65_534, 15, 1), (700, 20, 16), (800, 40, 3), (900, 43, 5), (400, 48, 2)];
            lines.map(|(upper, first, count)| extent(upper, lower + first, count)).to_vec()
        };
        let stack = Stack::new(&[6, 6, 6], Order::Mixed);
        Self { stack, sibling: Level { uids: map(3000), gids: map(6000) } }
    }

    /// All of them. They have the real ids of [`Stack::owner`] in common, so that they may send each other
    /// signals; those outside and beside have the effective ids 0.
    pub fn cast(&self, before: &[Action]) -> Scenario {
        let [uid, gid] = self.stack.owner();
        let (zero, keep) = (0, u32::MAX);
        let real = [
            set_id(SetId::Setresgid, &[gid, zero, keep]),
            set_id(SetId::Setresuid, &[uid, zero, keep]),
            DUMPABLE,
        ];
        let cast = root().outside(before).outside(&real).sibling(&[]);
        self.stack.cast(cast.outside(&self.sibling.writes(Actor::Sibling)))
    }

    /// The effective uid and gid of one of them, as the caller's namespace has them.
    pub fn effective(&self, of: Actor) -> [u32; 2] {
        match of {
            Actor::Outside | Actor::Sibling => [0, 0],
            _ => self.stack.owner(),
        }
    }

    /// What one of them calls an id of the caller's namespace.
    pub fn called(&self, by: Actor, file: IdFile, id: u32) -> Option<u32> {
        match depth(by) {
            Some(depth) => self.stack.called(file, id, depth),
            None => above(self.sibling.map(file), id),
        }
    }

    /// As [`Self::called`], as a call tells it.
    pub fn told(&self, to: Actor, file: IdFile, id: u32) -> u32 {
        self.called(to, file, id).unwrap_or(overflow(file))
    }

    /// A uid and a gid, as a call tells them.
    pub fn both(&self, to: Actor, [uid, gid]: [u32; 2]) -> [u32; 2] {
        [self.told(to, IdFile::UidMap, uid), self.told(to, IdFile::GidMap, gid)]
    }

    /// What an id that one of them names is in the caller's namespace.
    pub fn meant(&self, by: Actor, file: IdFile, id: u32) -> Option<u32> {
        match depth(by) {
            Some(depth) => self.stack.meant(file, id, depth),
            None => below(self.sibling.map(file), id),
        }
    }

    /// Ids that one of them may name: mapped ones and, beside them, others.
    pub fn names(by: Actor) -> Vec<u32> {
        match by {
            Actor::Outside => (2998..3052).chain(5998..6052).collect(),
            Actor::Sibling => {
                (398..404).chain(498..510).chain(798..806).chain(899..906).chain([65_534]).collect()
            }
            _ => (0..60).chain([3000, 6000, 65_534]).collect(),
        }
    }
}

/// How many namespaces below the caller's; `None` for the sibling.
fn depth(actor: Actor) -> Option<usize> {
    ACTORS.iter().position(|member| *member == actor)
}

/// Every one of them with every one.
pub fn pairs() -> impl Iterator<Item = (Actor, Actor)> {
    MEMBERS.into_iter().flat_map(|one| MEMBERS.map(|other| (one, other)))
}
