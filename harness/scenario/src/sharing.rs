//! Which processes of a scenario can share memory with the player.
//!
//! A process that is made by clone(2) with CLONE_VM, and with no other flag to share, has credentials, namespaces,
//! descriptors, signals and files of /proc of its own. It is several times cheaper than a forked one, because nothing is
//! copied. Three things are common to all that share memory, and each of them is an exception below:
//!
//! 1. **The memory.** A program that is executed, a thread, the C library's wrappers of set*id calls, and calls that this
//!    module does not know need memory of their own.
//! 2. **The number of those who share it.** Linux refuses some flags of unshare(2) and setns(2) to a process that shares
//!    its memory.
//! 3. **The dumpable flag.** A process that changes its uid or joins a namespace is no longer dumpable. Neither is any
//!    process that shares its memory: their states say so, and their files /proc/PID/* belong to root. If a scenario has
//!    one process, nobody sees a difference. The player resets the flag after it, and plays nothing else meanwhile. If it
//!    has more, such a process needs memory of its own.
//!
//! The parents and the children of a process with memory of its own have memory of their own, too.
//!
//! Source: clone(2), CLONE_VM; kernel current_is_single_threaded(), commit_creds(), task_dump_owner().

use crate::action::{Action, Groups, Leaves, Via};
use crate::actors::Actor;
use crate::scenario::Scenario;

/// How the processes of a scenario may share the memory of the process that plays it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sharing {
    /// Those that need memory of their own, and why.
    own: Vec<(Actor, Why)>,
    /// How many there are.
    cast: usize,
    /// Whether one that shares can change the dumpable flag of all.
    changes: Changes,
}

/// Whether processes that share memory can change the dumpable flag of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changes {
    /// None can.
    Never,
    /// They can, so that nothing else may be played meanwhile.
    Dumpable,
}

/// Why a process needs memory of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// It runs a program.
    Program,
    /// It calls a wrapper of the C library, which keeps notes in memory.
    Wrapper,
    /// It makes a system call of which it is not known what it does to memory.
    Call,
    /// It has a thread or a child that goes on.
    Companion,
    /// It makes a call that Linux answers by whether memory is shared.
    SingleThreaded,
    /// It can change the dumpable flag of others.
    Dumpable,
    /// It leaves a zombie, whose files in /proc depend on the dumpable flag.
    Zombie,
    /// The process that forks it has memory of its own.
    Parent,
    /// A process that it forks needs memory of its own. A fork copies the memory of the parent, which had better be small.
    /// Only the player's fork(3) tells the C library that a child has one thread.
    Child,
}

impl Sharing {
    /// Why a process needs memory of its own; `None` if it may share the player's.
    pub fn needs_own(&self, actor: Actor) -> Option<Why> {
        self.own.iter().find(|(other, _)| *other == actor).map(|(_, why)| *why)
    }

    /// Whether one that shares can change the dumpable flag of all.
    pub fn changes(&self) -> Changes {
        self.changes
    }

    /// Whether any process may share the player's memory.
    pub fn is_possible(&self) -> bool {
        self.own.len() < self.cast
    }
}

/// The flags of unshare(2) and clone(2) that mean the same whether memory is shared or not.
///
/// Source: kernel check_unshare_flags(): CLONE_THREAD, CLONE_SIGHAND and CLONE_VM are refused to those who share.
const INDIFFERENT: i32 = libc::CLONE_NEWUSER
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_FS
    | libc::CLONE_FILES
    | libc::CLONE_SYSVSEM;

/// The options of prctl(2) that are about the calling process alone.
const OWN_OPTIONS: [i32; 6] = [
    libc::PR_SET_KEEPCAPS,
    libc::PR_SET_SECUREBITS,
    libc::PR_SET_NO_NEW_PRIVS,
    libc::PR_SET_PDEATHSIG,
    libc::PR_CAPBSET_DROP,
    libc::PR_CAP_AMBIENT,
];

/// What a step does to those who share its memory.
enum Effect {
    /// Nothing.
    Nothing,
    /// It can change the dumpable flag.
    Dumpable,
    /// It needs memory of its own.
    Needs(Why),
}

/// How the processes of a scenario may share memory. `changes` says what they do before the first step, when they take on
/// the credentials of the scenario.
pub fn sharing(scenario: &Scenario, changes: Changes) -> Sharing {
    let mut cast: Vec<Actor> = Vec::new();
    for step in &scenario.steps {
        if !cast.contains(&step.actor) {
            cast.push(step.actor);
        }
    }
    let mut sharing = Sharing { own: Vec::new(), cast: cast.len(), changes };
    for actor in &cast {
        let steps = scenario.steps.iter().filter(|step| step.actor == *actor);
        for effect in steps.map(|step| effect(&step.action)) {
            match effect {
                Effect::Nothing => {}
                Effect::Dumpable if cast.len() == 1 => sharing.changes = Changes::Dumpable,
                Effect::Dumpable => sharing.needs(*actor, Why::Dumpable),
                Effect::Needs(why) => sharing.needs(*actor, why),
            }
        }
    }
    sharing.pass_on(&cast);
    sharing
}

impl Sharing {
    fn needs(&mut self, actor: Actor, why: Why) {
        if self.needs_own(actor).is_none() {
            self.own.push((actor, why));
        }
    }

    /// Decides about the parents and the children of those that need memory of their own, until nothing changes: a process may
    /// take its first step before its parent does.
    fn pass_on(&mut self, cast: &[Actor]) {
        let mut decided = 0;
        while decided < self.own.len() {
            decided = self.own.len();
            for actor in cast {
                let parent = actor.parent().filter(|parent| cast.contains(parent));
                let Some(parent) = parent else { continue };
                match [*actor, parent].map(|actor| self.needs_own(actor).is_some()) {
                    [true, false] => self.needs(parent, Why::Child),
                    [false, true] => self.needs(*actor, Why::Parent),
                    _ => {}
                }
            }
        }
    }
}

fn effect(action: &Action) -> Effect {
    let by_flags = |known| if known { Effect::Nothing } else { Effect::Needs(Why::SingleThreaded) };
    match action {
        Action::SetId(_, _, Via::Libc) | Action::Setgroups(_, Via::Libc) => Effect::Needs(Why::Wrapper),
        Action::SetId(..) | Action::Setns { .. } | Action::Prctl(_, libc::PR_SET_DUMPABLE, _) => {
            Effect::Dumpable
        }
        Action::Prctl(_, option, _) if !OWN_OPTIONS.contains(option) => Effect::Needs(Why::Call),
        Action::Unshare(flags) | Action::UnshareOrStop(flags) | Action::Clone(flags) => {
            by_flags(flags & !INDIFFERENT == 0)
        }
        Action::Clone3(flags) => by_flags(i32::try_from(*flags).is_ok_and(|flags| flags & !INDIFFERENT == 0)),
        Action::Run(_) => Effect::Needs(Why::Program),
        Action::Setgroups(Groups::Sequence { .. }, _) | Action::CountGroups { .. } => {
            Effect::Needs(Why::Call)
        }
        Action::Syscall(_) | Action::OpenFile(..) => Effect::Needs(Why::Call),
        Action::CloneAndKeep(_) | Action::Child(_) => Effect::Needs(Why::Companion),
        Action::Exit(Leaves::Zombie) => Effect::Needs(Why::Zombie),
        Action::Fork
        | Action::ForkCloned
        | Action::Write { .. }
        | Action::Open { .. }
        | Action::Read { .. }
        | Action::ProcOwner(_)
        | Action::Prctl(..)
        | Action::Setgroups(..)
        | Action::PassFd(_)
        | Action::WriteHeld { .. }
        | Action::ReadHeld { .. }
        | Action::ReadToEnd(_)
        | Action::Getgroups { .. }
        | Action::GetCredentials
        | Action::Capset(_)
        | Action::Chroot(..)
        | Action::Socketpair(_)
        | Action::SendCredentials(_)
        | Action::ReceiveCredentials
        | Action::OwnerUid
        | Action::Exit(Leaves::Nothing) => Effect::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::{Changes, Sharing, Why, sharing};
    use crate::action::{Action, DUMPABLE, SETGROUPS_EMPTY, gid_map, setresuid, uid_map};
    use crate::actors::Actor;
    use crate::scenario::{Scenario, Step, caller};

    fn judged(scenario: &Scenario) -> Sharing {
        sharing(scenario, Changes::Never)
    }

    #[test]
    fn maps_and_groups_are_indifferent_to_shared_memory() {
        let scenario = caller().outside(&[uid_map("0 own 1")]).inside(&[SETGROUPS_EMPTY]);

        let judged = judged(&scenario);

        let needs = [Actor::Outside, Actor::Inside].map(|actor| judged.needs_own(actor));
        assert_eq!((needs, judged.changes()), ([None, None], Changes::Never));
    }

    #[test]
    fn one_process_may_change_its_ids_while_nothing_else_is_played() {
        for change in [setresuid(0), DUMPABLE] {
            let judged = judged(&caller().inside(&[uid_map("0 own 1"), change]));

            assert_eq!((judged.needs_own(Actor::Inside), judged.changes()), (None, Changes::Dumpable));
        }
    }

    #[test]
    fn of_two_processes_the_one_that_changes_its_ids_needs_memory_of_its_own() {
        let scenario = caller().inside(&[setresuid(0)]).privileged(&[gid_map("0 own 1")]);

        let judged = judged(&scenario);

        let needs = [Actor::Privileged, Actor::Inside].map(|actor| judged.needs_own(actor));
        assert_eq!((needs, judged.changes()), ([None, Some(Why::Dumpable)], Changes::Never));
    }

    #[test]
    fn a_child_of_a_process_with_memory_of_its_own_has_its_own() {
        let judged = judged(&caller().inside(&[setresuid(0)]).second(&[]));

        assert_eq!(judged.needs_own(Actor::Second), Some(Why::Parent));
        assert!(!judged.is_possible(), "{judged:?}");
    }

    #[test]
    fn a_parent_of_a_process_with_memory_of_its_own_has_its_own() {
        let judged = judged(&caller().inside(&[]).second(&[setresuid(0).via_libc()]));

        let needs = [Actor::Inside, Actor::Second].map(|actor| judged.needs_own(actor));
        assert_eq!(needs, [Some(Why::Child), Some(Why::Wrapper)]);
    }

    #[test]
    fn all_of_a_family_need_memory_of_their_own_in_whatever_order_they_begin() {
        // The deepest process begins before the one above it does, so that the player forks it.
        let scenario = {
            let step = |actor, action| Step { actor, action };
            let mut begun = caller().inside(&[]);
            begun.steps.push(step(Actor::Deepest, Action::Fork));
            begun.steps.push(step(Actor::Deepest, setresuid(0)));
            begun.second(&[]).nested(&[])
        };

        let judged = judged(&scenario);

        let needs = [Actor::Inside, Actor::Second, Actor::Nested].map(|actor| judged.needs_own(actor));
        assert_eq!(needs, [Some(Why::Child), Some(Why::Parent), Some(Why::Child)]);
    }

    #[test]
    fn what_needs_memory_of_its_own_is_told() {
        let why = |action: Action| judged(&caller().inside(&[action])).needs_own(Actor::Inside);

        assert_eq!(why(setresuid(0).via_libc()), Some(Why::Wrapper));
        assert_eq!(why(Action::Unshare(libc::CLONE_VM)), Some(Why::SingleThreaded));
        assert_eq!(why(Action::CloneAndKeep(libc::CLONE_VM)), Some(Why::Companion));
        assert_eq!(why(Action::Run(vec!["true".into()].into())), Some(Why::Program));
    }
}
