//! Which scenarios can be played by processes that share memory with the player.
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
//!    one process, nobody sees a difference. The player resets the flag after it, and plays nothing else meanwhile. A
//!    scenario with more processes needs memory for each of them.
//!
//! Source: clone(2), CLONE_VM; kernel current_is_single_threaded(), commit_creds(), task_dump_owner().

use crate::action::{Action, Groups, Leaves, Via};
use crate::scenario::Scenario;

/// Whether the processes of a scenario may share the memory of the process that plays it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sharing {
    /// They may.
    Free,
    /// They may while nothing else is played, since they can change the dumpable flag of all.
    Alone,
    /// Each needs memory of its own.
    Never(Why),
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
    Child,
    /// It makes a call that Linux answers by whether memory is shared.
    SingleThreaded,
    /// One of several processes can change the dumpable flag of the others.
    Dumpable,
    /// It leaves a zombie, whose files in /proc depend on the dumpable flag.
    Zombie,
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

/// How the processes of a scenario may share memory. If they take on credentials before the first step, this changes the
/// dumpable flag for a moment; `takes_on` says whether they do.
pub fn sharing(scenario: &Scenario, takes_on: bool) -> Sharing {
    let alone = scenario.steps.iter().all(|step| step.actor == scenario.steps[0].actor);
    let mut sharing = if takes_on { Sharing::Alone } else { Sharing::Free };
    for step in &scenario.steps {
        match effect(&step.action) {
            Effect::Nothing => {}
            Effect::Dumpable if alone => sharing = Sharing::Alone,
            Effect::Dumpable => return Sharing::Never(Why::Dumpable),
            Effect::Needs(why) => return Sharing::Never(why),
        }
    }
    sharing
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
        Action::Setgroups(Groups::Sequence { .. }, _) | Action::CountGroups { .. } => Effect::Needs(Why::Call),
        Action::Syscall(_) | Action::OpenFile(..) => Effect::Needs(Why::Call),
        Action::CloneAndKeep(_) | Action::Child(_) => Effect::Needs(Why::Child),
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
    use super::{Sharing, Why, sharing};
    use crate::action::{Action, DUMPABLE, SETGROUPS_EMPTY, setresuid, uid_map};
    use crate::scenario::caller;

    const MAP: fn() -> Action = || uid_map("0 own 1");

    #[test]
    fn maps_and_groups_are_indifferent_to_shared_memory() {
        let scenario = caller().outside(&[MAP()]).inside(&[SETGROUPS_EMPTY]);

        assert_eq!(sharing(&scenario, false), Sharing::Free);
        assert_eq!(sharing(&scenario, true), Sharing::Alone);
    }

    #[test]
    fn one_process_may_change_its_ids_while_nothing_else_is_played() {
        assert_eq!(sharing(&caller().inside(&[MAP(), setresuid(0)]), false), Sharing::Alone);
        assert_eq!(sharing(&caller().inside(&[DUMPABLE]), false), Sharing::Alone);
    }

    #[test]
    fn a_second_process_would_lose_the_dumpable_flag() {
        let scenario = caller().inside(&[MAP()]).second(&[setresuid(0)]);
        assert_eq!(sharing(&scenario, false), Sharing::Never(Why::Dumpable));
    }

    #[test]
    fn what_needs_memory_of_its_own_is_told() {
        let why = |action: Action| sharing(&caller().inside(&[action]), false);

        assert_eq!(why(setresuid(0).via_libc()), Sharing::Never(Why::Wrapper));
        assert_eq!(why(Action::Unshare(libc::CLONE_VM)), Sharing::Never(Why::SingleThreaded));
        assert_eq!(why(Action::CloneAndKeep(libc::CLONE_VM)), Sharing::Never(Why::Child));
        assert_eq!(why(Action::Run(vec!["true".into()].into())), Sharing::Never(Why::Program));
    }
}
