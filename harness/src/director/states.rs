//! What the actors are in the end, and what of it comes from the caller.

use super::Director;
use super::queue::Queue;
use crate::caller;
use crate::caps::CapSet;
use crate::error::Error;
use crate::host::CapSets;
use crate::scenario::{Actor, Cast, Namespace};
use crate::state::{Before, Kept, State};
impl Director<'_> {
    pub(super) fn states(&mut self, queue: &mut Queue) -> Result<Vec<(Actor, State)>, Error> {
        self.ask_states(queue)?;
        self.hear_states(queue)
    }

    /// Asks every actor, and awaits the answers of all but the last.
    pub(super) fn ask_states(&mut self, queue: &mut Queue) -> Result<(), Error> {
        for actor in Actor::ALL {
            if let Some(player) = self.find(actor) {
                self.enqueue_state(queue, player)?;
            }
        }
        Ok(())
    }

    /// What they have answered.
    pub(super) fn hear_states(&mut self, queue: &mut Queue) -> Result<Vec<(Actor, State)>, Error> {
        self.flush(queue)?;
        let mut states = std::mem::take(&mut self.states);
        let gid_maps: Vec<(Actor, String)> =
            states.iter().map(|(actor, state)| (*actor, state.gid_map.clone())).collect();
        for (actor, state) in &mut states {
            if self.kept[self.player(*actor)?] == Kept::TheCallers {
                let mut maps = maps_above(*actor, &gid_maps);
                // An actor outside may have left the caller's namespace, whose map is no way inwards.
                maps.extend((state.gid_map != self.caller.files[1]).then_some(state.gid_map.as_str()));
                state.groups_kept = caller::kept(state, &self.groups_before(*actor), &maps);
            }
            if actor.namespace() == Namespace::Callers {
                state.before = Some(self.before(*actor));
            }
        }
        Ok(states)
    }

    fn groups_before(&self, actor: Actor) -> Vec<u32> {
        match self.scenario.cast {
            Cast::Ordinary if self.caller.uid == 0 && actor != Actor::Privileged => vec![self.own.gid],
            _ => self.caller.groups.clone(),
        }
    }

    fn before(&self, actor: Actor) -> Before {
        let caps = match self.scenario.cast {
            Cast::Ordinary | Cast::OrdinaryInGroups(_) if actor == Actor::Outside => CapSets {
                effective: CapSet::EMPTY,
                permitted: CapSet::EMPTY,
                ambient: CapSet::EMPTY,
                ..self.caller.caps
            },
            _ => self.caller.caps,
        };
        Before { caps, files: self.caller.files.clone() }
    }
}

/// The maps between the caller's namespace and the one above an actor's, the outermost first.
fn maps_above(actor: Actor, maps: &[(Actor, String)]) -> Vec<&str> {
    let Some(parent) = actor.parent() else { return Vec::new() };
    let mut above = maps_above(parent, maps);
    if actor.namespace() == Namespace::New && parent.namespace() == Namespace::New {
        above.extend(maps.iter().filter(|(other, _)| *other == parent).map(|(_, map)| map.as_str()));
    }
    above
}
