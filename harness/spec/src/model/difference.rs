//! Where a scenario goes another way for this caller than for the one for whom the suite was written.
//!
//! The scenario is predicted twice, without a system call: for the usual caller and for this one. The first step that
//! differs is what this caller lacks. A step that the model does not know changes nothing for this comparison: what
//! follows is wrong for both callers, and where the two differ it still shows what decides. A step that the model does not predict differs if the usual caller has a
//! capability there that [can decide it](wants) and this caller has not.

use super::World;
use super::wants::{exempts_from_limits, wants};
use super::world::{Creator, INITIAL, Process};
use crate::rules::{self, Rule};
use harness_scenario::action::Action;
use harness_scenario::actors::Actor;
use harness_scenario::caps::{Cap, CapSet};
use harness_scenario::ids::Names;
use harness_scenario::prediction::Expected;
use harness_scenario::scenario::{Scenario, Step};
use harness_scenario::show::{self, SameWords};
use harness_scenario::start::Start;
use harness_scenario::state::{Before, GroupsOrigin};

/// SECBIT_NO_SETUID_FIXUP of capabilities(7).
const NO_SETUID_FIXUP: u32 = 1 << 2;

/// The first point at which a scenario goes another way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The outcome of the step with this index, as traces show it.
    Outcome {
        /// The index of the step.
        step: usize,
        /// For the usual caller.
        usual: String,
        /// For this one.
        here: String,
        /// The rule by which one of them is refused.
        rule: Option<&'static Rule>,
    },
    /// The step with this index may need a capability that this caller does not have there.
    Capability {
        /// The index of the step.
        step: usize,
        /// The capability.
        cap: Cap,
    },
    /// The step with this index may be allowed by a capability that this caller keeps there, unlike the usual one.
    Kept {
        /// The index of the step.
        step: usize,
        /// The capability.
        cap: Cap,
    },
    /// An actor that is to have no capability begins with some, which a change of its ids has not cleared.
    Start {
        /// The actor.
        actor: Actor,
        /// The capabilities.
        caps: CapSet,
    },
    /// The state of an actor after its last step.
    State {
        /// The actor.
        actor: Actor,
        /// For the usual caller.
        usual: String,
        /// For this one.
        here: String,
    },
}

/// The first point at which a scenario goes another way for `here` than for `usual`; `None` if there is none that
/// the model knows of. Two answers are the same if they are for these words.
pub fn difference(scenario: &Scenario, usual: &Start, here: &Start, same: &SameWords) -> Option<Difference> {
    let mut worlds = [usual, here].map(|start| World::new(&scenario.run_as, start));
    let names = [usual, here].map(|start| start.names(&scenario.run_as));
    let [for_usual, for_here] = worlds.each_ref().map(|world| world.origin.outside.cred.caps.effective);
    if for_usual == CapSet::EMPTY && for_here != CapSet::EMPTY {
        return Some(Difference::Start { actor: Actor::Outside, caps: for_here });
    }
    let mut lost = false;
    for (index, step) in scenario.steps.iter().enumerate() {
        let before = [0, 1].map(|at| worlds[at].over_the_caller(step.actor));
        let [for_usual, for_here] = worlds.each_mut().map(|world| world.expect(step));
        // The model goes on even if it does not know what the step changed.
        lost |= worlds.iter().any(|world| world.unmodelled);
        worlds.iter_mut().for_each(|world| world.unmodelled = false);
        let unknown = for_usual.outcome.is_none() || for_here.outcome.is_none();
        if unknown && let Some(cap) = lacking(&step.action, before) {
            return Some(Difference::Capability { step: index, cap });
        }
        if (unknown || lost)
            && let Some(cap) = kept(&step.action, before)
        {
            return Some(Difference::Kept { step: index, cap });
        }
        let found = outcome(index, step, [&for_usual, &for_here], &names, same);
        if found.is_some() {
            return found;
        }
    }
    // What a change of ids leaves of the capabilities is known, whatever else is not.
    let sets_ids = scenario.steps.iter().any(|step| matches!(step.action, Action::SetId(..)));
    lost &= !(sets_ids && here.caller.securebits & NO_SETUID_FIXUP != 0);
    let [for_usual, for_here] = [0, 1].map(|at| worlds[at].states_shown(&names[at]));
    for ((actor, usual), (_, here)) in for_usual.into_iter().zip(for_here) {
        let (usual, here) = if lost { (without_caps(&usual), without_caps(&here)) } else { (usual, here) };
        if !same.same(&usual, &here) {
            return Some(Difference::State { actor, usual, here });
        }
    }
    None
}

/// A state without its capabilities: where a step is not known, they are the first to be wrong.
fn without_caps(state: &str) -> String {
    let sets = ["caps ", "permitted ", "inheritable ", "ambient ", "bounding "];
    let parts = state.split("  ").filter(|part| !sets.iter().any(|set| part.starts_with(set)));
    parts.collect::<Vec<_>>().join("  ")
}

/// A capability that can decide the step, and that this caller lacks where the usual one has it.
fn lacking(action: &Action, [usual, here]: [CapSet; 2]) -> Option<Cap> {
    let mut lacks = CapSet(usual.0 & !here.0 & wants(action).0);
    // CAP_DAC_OVERRIDE includes what CAP_DAC_READ_SEARCH allows, but for open_by_handle_at(2).
    if here.contains(Cap::DacOverride) {
        lacks = lacks.without(Cap::DacReadSearch);
    }
    Cap::all().find(|cap| lacks.contains(*cap))
}

/// A capability that can decide the step, and that this caller has where the usual one has it no more. A process may be
/// created beyond a limit that the model does not know.
fn kept(action: &Action, [usual, here]: [CapSet; 2]) -> Option<Cap> {
    let decide = CapSet(wants(action).0 | exempts_from_limits(action).0);
    Cap::all().find(|cap| decide.contains(*cap) && here.contains(*cap) && !usual.contains(*cap))
}

fn outcome(
    step: usize,
    Step { action, .. }: &Step,
    [usual, here]: [&Expected; 2],
    names: &[Names; 2],
    same: &SameWords,
) -> Option<Difference> {
    let shown = |expected: &Expected, names| Some(show::outcome(expected.outcome.as_ref()?, action, names));
    let rule = here.rule.or(usual.rule).and_then(rules::find);
    match (shown(usual, &names[0]), shown(here, &names[1])) {
        (Some(usual), Some(here)) if !same.same(&usual, &here) => {
            Some(Difference::Outcome { step, usual, here, rule })
        }
        // The creation of a namespace that is refused leaves nothing to predict.
        (Some(usual), None) if matches!(action, Action::Fork | Action::ForkCloned) => {
            Some(Difference::Outcome { step, usual, here: "refused".to_owned(), rule })
        }
        _ => None,
    }
}

impl World {
    /// The capabilities that an actor has over the caller's namespace. An actor that has not begun has what its
    /// parent, or the scenario, will give it. A namespace whose creator had CAP_SETFCAP counts as having it: that
    /// decides which maps it may be given from inside.
    ///
    /// Source: user_namespaces(7), CAP_SETFCAP; kernel db2e718a4798, verify_root_map().
    fn over_the_caller(&self, actor: Actor) -> CapSet {
        let process = match (self.find(actor), actor) {
            (Some(index), _) => &self.processes[index].1,
            (None, Actor::Privileged) => &self.origin.privileged,
            (None, _) => &self.origin.outside,
        };
        let has = |cap: &Cap| self.namespaces.capable(&process.cred, INITIAL, *cap);
        let caps = Cap::all().filter(has).fold(CapSet::EMPTY, CapSet::with);
        let ns = process.cred.ns;
        let keeps_setfcap = ns != INITIAL && self.namespaces[ns].creator == Creator::HadSetfcap;
        if keeps_setfcap { caps.with(Cap::Setfcap) } else { caps }
    }

    /// The state of each process in the words of a trace; nothing if the model does not know it.
    fn states_shown(&self, names: &Names) -> Vec<(Actor, String)> {
        let states = self.states().into_iter();
        let shown = states.filter_map(|(actor, mut state)| {
            let process: &Process = &self.processes[self.find(actor)?].1;
            let origin =
                if actor == Actor::Privileged { &self.origin.privileged } else { &self.origin.outside };
            if process.cred.ns == INITIAL {
                let caps = origin.cred.caps.into();
                let securebits = Some(origin.cred.securebits.into());
                state.before = Some(Before { caps, securebits, userns: state.userns.clone() });
            }
            if process.cred.groups == origin.cred.groups {
                state.groups_origin = GroupsOrigin::Caller;
            }
            Some((actor, format!("{}  {}", show::maps(&state, names), show::credentials(&state, names))))
        });
        shown.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness_scenario::action::{DENY, Leaves, SETGROUPS_EMPTY, gid_map, setresuid, syscall};
    use harness_scenario::caller::Caller;
    use harness_scenario::ids::{CapSets, FsId, Ids};
    use harness_scenario::missing::MissingFeatures;
    use harness_scenario::release::Release;
    use harness_scenario::scenario::{caller, root};

    fn start(id: u32, effective: CapSet) -> Start {
        let ids = Ids { real: id, effective: id, saved: id, fs: FsId::Known(id) };
        let bounding = CapSet::up_to(40);
        let caps = CapSets { effective, permitted: effective, bounding, ..CapSets::default() };
        Start {
            caller: Caller { uid: ids, gid: ids, caps, ..Caller::default() },
            in_initial_userns: true,
            overflow: [65_534; 2],
            last_cap: 40,
            page: 4096,
            release: Some(Release::NEWEST),
            missing: MissingFeatures::default(),
        }
    }

    fn found(scenario: &Scenario, usual: &Start, here: &Start) -> Option<Difference> {
        let same = SameWords::new(&here.names(&harness_scenario::actors::RunAs::Ordinary));
        difference(scenario, usual, here, &same)
    }

    #[test]
    fn a_capability_that_decides_a_known_step_is_found_by_its_outcome() {
        let (full, without) = (CapSet::up_to(40), CapSet::up_to(40).without(Cap::Setgid));
        let scenario = root().outside(&[SETGROUPS_EMPTY]);

        let same = found(&scenario, &start(0, full), &start(0, full));
        let differs = found(&scenario, &start(0, full), &start(0, without));

        assert_eq!(same, None);
        let Some(Difference::Outcome { step: 1, usual, here, rule }) = differs else { panic!("{differs:?}") };
        assert_eq!((usual.as_str(), here.as_str()), ("ok", "EPERM"));
        assert_eq!(rule.map(|rule| rule.name), Some("groups.needs-setgid"));
    }

    #[test]
    fn a_capability_that_may_decide_an_unknown_step_is_named() {
        let (full, without) = (CapSet::up_to(40), CapSet::up_to(40).without(Cap::SysAdmin));
        let hostname = root().outside(&[syscall("sethostname", libc::SYS_sethostname, Vec::new())]);
        let inside = root().inside(&[syscall("sethostname", libc::SYS_sethostname, Vec::new())]);

        let differs = found(&hostname, &start(0, full), &start(0, without));

        assert_eq!(differs, Some(Difference::Capability { step: 1, cap: Cap::SysAdmin }));
        // There nobody has it over the caller's namespace.
        assert_eq!(found(&inside, &start(0, full), &start(0, without)), None);
    }

    /// Source: user_namespaces(7), CAP_SETFCAP; kernel db2e718a4798, verify_root_map().
    #[test]
    fn a_creator_without_setfcap_may_decide_an_unknown_write_from_inside() {
        let (full, without) = (CapSet::up_to(40), CapSet::up_to(40).without(Cap::Setfcap));
        let writes = syscall("writev", libc::SYS_writev, Vec::new());
        let (inside, outside) = (root().inside(std::slice::from_ref(&writes)), root().outside(&[writes]));

        let differs = found(&inside, &start(0, full), &start(0, without));

        let Some(Difference::Capability { cap: Cap::Setfcap, .. }) = differs else { panic!("{differs:?}") };
        assert!(matches!(
            found(&outside, &start(0, full), &start(0, without)),
            Some(Difference::Capability { cap: Cap::Setfcap, .. })
        ));
        assert_eq!(found(&inside, &start(0, full), &start(0, full)), None);
    }

    /// Source: capabilities(7), "The securebits flags", SECBIT_NO_SETUID_FIXUP; getrlimit(2), RLIMIT_NPROC.
    #[test]
    fn a_capability_that_is_kept_may_decide_an_unknown_step() {
        let full = CapSet::up_to(40);
        let mut keeps = start(0, full);
        keeps.caller.securebits = 1 << 2;
        let limit = syscall("prlimit64", libc::SYS_prlimit64, Vec::new());
        let clone = Action::Clone(libc::CLONE_NEWUSER);
        let as_user =
            root().outside(&[setresuid(61_411), limit.clone(), clone.clone(), Action::Exit(Leaves::Nothing)]);
        let as_root = root().outside(&[limit, clone, Action::Exit(Leaves::Nothing)]);

        let differs = found(&as_user, &start(0, full), &keeps);

        assert_eq!(differs, Some(Difference::Kept { step: 3, cap: Cap::SysAdmin }));
        assert_eq!(found(&as_root, &start(0, full), &keeps), None, "both have it");
    }

    /// Source: capabilities(7), "The securebits flags", SECBIT_NO_SETUID_FIXUP.
    #[test]
    fn an_ordinary_user_with_capabilities_is_none() {
        let full = CapSet::up_to(40);
        let mut kept = start(0, full);
        kept.caller.securebits = 1 << 2;
        let ordinary = harness_scenario::scenario::ordinary().outside(&[DENY]);

        let begins = Difference::Start { actor: Actor::Outside, caps: full };
        assert_eq!(found(&ordinary, &start(0, full), &kept), Some(begins));
        assert_eq!(found(&root().outside(&[]), &start(0, full), &start(0, full)), None);
    }

    #[test]
    fn the_ids_of_the_caller_do_not_matter_unless_they_decide() {
        let scenario = caller().inside(&[DENY, gid_map("0 own 1")]);
        for id in [1, 65_534, 4_294_967_294, 1 << 31] {
            let differs = found(&scenario, &start(61_234, CapSet::EMPTY), &start(id, CapSet::EMPTY));
            assert_eq!(differs, None, "{id}");
        }
    }
}
