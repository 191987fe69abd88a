//! The final states of the actors, and the parts of them that come from the caller.

use super::Director;
use super::queue::Queue;
use crate::error::Error;
use crate::here;
use harness_scenario::action::IdFile;
use harness_scenario::actors::{Actor, Namespace, RunAs, TakesOn};
use harness_scenario::caps::CapSet;
use harness_scenario::ids::CapSets;
use harness_scenario::map::IdMap;
use harness_scenario::state::{Before, GroupsOrigin, State};
impl Director<'_> {
    pub(super) fn states(&mut self, queue: &mut Queue) -> Result<Vec<(Actor, State)>, Error> {
        self.ask_states(queue)?;
        self.hear_states(queue)
    }

    /// Requests the state of every actor, and waits for the answers of all but the last.
    pub(crate) fn ask_states(&mut self, queue: &mut Queue) -> Result<(), Error> {
        let reaped_in_turn = self.reaped_in_turn();
        for actor in self.exit_first(&reaped_in_turn) {
            if let Some(process) = self.find(actor) {
                self.enqueue_state(queue, process)?;
            }
        }
        if !reaped_in_turn.is_empty() {
            self.zombies.clear();
        }
        for actor in reaped_in_turn {
            let Some(process) = self.find(actor) else { continue };
            self.enqueue_state(queue, process)?;
            self.flush(queue)?;
            self.processes[process].wait_exit(&|_| "its last step".to_owned())?;
        }
        Ok(())
    }

    /// The states that the actors have reported.
    pub(crate) fn hear_states(&mut self, queue: &mut Queue) -> Result<Vec<(Actor, State)>, Error> {
        self.flush(queue)?;
        let mut states = std::mem::take(&mut self.states);
        states.sort_by_key(|(actor, _)| *actor);
        for (_, state) in &mut states {
            let files = [&state.uid_map, &state.gid_map, &state.setgroups].map(Clone::clone);
            state.userns = here::namespace(std::mem::take(&mut state.userns), &files);
        }
        let gid_maps: Vec<(Actor, String)> =
            states.iter().map(|(actor, state)| (*actor, state.gid_map.clone())).collect();
        for (actor, state) in &mut states {
            if self.kept[self.process(*actor)?] == GroupsOrigin::Caller {
                let mut maps = maps_above(*actor, &gid_maps);
                // An actor outside may have left the caller's namespace. The map of its namespace then does not lead
                // inwards.
                maps.extend((state.userns != self.caller.userns).then_some(state.gid_map.as_str()));
                let before = self.groups_before(*actor);
                state.groups_origin = kept(state, &before, &maps, self.names.overflow(IdFile::GidMap));
            }
            if actor.namespace() == Namespace::Callers {
                state.before = Some(self.before(*actor));
            }
        }
        Ok(states)
    }

    fn groups_before(&self, actor: Actor) -> Vec<u32> {
        match self.scenario.run_as.takes_on(self.caller) {
            Some(TakesOn { groups, .. }) if actor != Actor::Privileged => groups,
            _ => self.caller.groups.clone(),
        }
    }

    fn before(&self, actor: Actor) -> Before {
        let caps = match self.scenario.run_as {
            RunAs::Ordinary | RunAs::OrdinaryInGroups(_) if actor == Actor::Outside => CapSets {
                effective: CapSet::EMPTY,
                permitted: CapSet::EMPTY,
                ambient: CapSet::EMPTY,
                ..self.caller.caps
            },
            _ => self.caller.caps,
        };
        let securebits = Some(self.caller.securebits.into());
        Before { caps, securebits, userns: self.caller.userns.clone() }
    }
}

/// Whether a state's groups are those of the caller, as the state's namespace maps them. A mapped gid goes through
/// all maps, from the outermost namespace inwards. Every other gid is the overflow id. The caller's groups differ
/// from host to host, so no trace can list them.
fn kept(state: &State, before: &[u32], gid_maps: &[&str], overflow: u32) -> GroupsOrigin {
    let name = |gid: &u32| {
        let inside = gid_maps.iter().try_fold(*gid, |gid, map| IdMap::parse(map).up(gid));
        inside.unwrap_or(overflow)
    };
    let (mut now, mut named): (Vec<u32>, Vec<u32>) =
        (state.groups.clone(), before.iter().map(name).collect());
    now.sort_unstable();
    named.sort_unstable();
    if now == named { GroupsOrigin::Caller } else { GroupsOrigin::Scenario }
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
