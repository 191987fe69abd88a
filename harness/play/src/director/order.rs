//! The order in which actors report their state and exit.
//!
//! The end of the first process of a PID namespace kills all others there, and it waits until these are reaped. Each of them is
//! younger: it was forked later, or joined the namespace by a child that goes on as the actor.
//!
//! Source: pid_namespaces(7), "The namespace init process"; kernel zap_pid_ns_processes().

use super::Director;
use crate::host;
use harness_scenario::action::{Action, Child, RawArg};
use harness_scenario::actors::Actor;
use harness_scenario::scenario::{Scenario, Step};

/// Refuses a scenario in which an actor of a PID namespace that it makes forks another actor: the parent is told a process id of
/// that namespace, which is another process for the director.
///
/// # Errors
/// A sentence that names both actors.
pub(super) fn check(scenario: &Scenario) -> Result<(), String> {
    for (index, step) in scenario.steps.iter().enumerate() {
        let forked = matches!(step.action, Action::Fork | Action::ForkCloned);
        let parent = step.actor.parent().filter(|_| forked);
        if let Some(parent) = parent.filter(|parent| in_new_pids(&scenario.steps[..index]).contains(parent)) {
            return Err(format!(
                "{parent} may be in a new PID namespace and forks {}, whose process id the director would not know",
                step.actor
            ));
        }
    }
    Ok(())
}

/// The actors that may be in a PID namespace which these steps make, the youngest first.
fn in_new_pids(steps: &[Step]) -> Vec<Actor> {
    let Some(made) = steps.iter().position(|step| makes_pids(&step.action)) else {
        return Vec::new();
    };
    let mut actors = Vec::new();
    for step in steps[made..].iter().rev() {
        if begins_a_process(step) && !actors.contains(&step.actor) {
            actors.push(step.actor);
        }
    }
    actors
}

/// Whether later children of a process are in a new PID namespace, or the process goes on as such a child.
fn makes_pids(action: &Action) -> bool {
    let flag = libc::CLONE_NEWPID;
    match action {
        Action::Unshare(flags) | Action::UnshareOrStop(flags) | Action::Child(Child::GoesOn(flags)) => {
            flags & flag != 0
        }
        Action::Child(Child::GoesOnByClone3(flags)) => flags & u64::from(flag.cast_unsigned()) != 0,
        Action::Syscall(call) if call.number == libc::SYS_unshare => {
            matches!(call.args.first(), Some(RawArg::Number(flags)) if flags & i64::from(flag) != 0)
        }
        _ => false,
    }
}

/// Whether from this step on another process is the actor.
fn begins_a_process(step: &Step) -> bool {
    matches!(
        step.action,
        Action::Fork | Action::ForkCloned | Action::Child(Child::GoesOn(_) | Child::GoesOnByClone3(_))
    )
}

/// gVisor ignores CLONE_PARENT, so when an actor exits, the actors that it forked end as well.
///
/// Source: gVisor, pkg/sentry/kernel/task_clone.go, Task.Clone().
pub(super) fn last_forked_ends_first() -> bool {
    host::system().is_gvisor()
}

impl Director<'_> {
    /// The actors that may be in a new PID namespace, the youngest first. Each has to be reaped before the next one exits.
    pub(super) fn reaped_in_turn(&self) -> Vec<Actor> {
        if last_forked_ends_first() { Vec::new() } else { in_new_pids(&self.scenario.steps) }
    }

    /// The others, in the order in which they exit, before those in a new PID namespace.
    pub(super) fn exit_first(&self, reaped_in_turn: &[Actor]) -> Vec<Actor> {
        let mut all = Actor::ALL;
        if last_forked_ends_first() {
            all.reverse();
        }
        all.into_iter().filter(|actor| !reaped_in_turn.contains(actor)).collect()
    }
}

impl Drop for Director<'_> {
    /// Ends the actors of a scenario that was not played to its end: all of them before the first is waited for, and the first
    /// process of a PID namespace after the others.
    fn drop(&mut self) {
        let mut all = std::mem::take(&mut self.processes);
        all.append(&mut self.zombies);
        all.iter().for_each(|process| process.kill());
        let last = in_new_pids(&self.scenario.steps);
        all.sort_by_key(|process| last.iter().position(|actor| *actor == process.actor));
        all.into_iter().for_each(drop);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness_scenario::scenario::caller;

    const NEW_PIDS: Action = Action::Unshare(libc::CLONE_NEWPID);
    const GOES_ON: Action = Action::Child(Child::GoesOn(0));

    #[test]
    fn those_in_a_new_pid_namespace_end_from_the_youngest_to_the_first() {
        let none = caller().inside(&[]).second(&[]).nested(&[]);
        assert_eq!(in_new_pids(&none.steps), []);

        let two = caller().inside(&[NEW_PIDS]).second(&[]).nested(&[]);
        assert_eq!(in_new_pids(&two.steps), [Actor::Nested, Actor::Second]);

        let joined = caller().outside(&[]).inside(&[NEW_PIDS]).second(&[]).outside(&[GOES_ON]);
        assert_eq!(in_new_pids(&joined.steps), [Actor::Outside, Actor::Second]);
    }

    #[test]
    fn an_actor_in_a_new_pid_namespace_forks_no_other() {
        let fine = caller().inside(&[NEW_PIDS]).second(&[]).nested(&[]);
        assert_eq!(check(&fine), Ok(()));

        let refused = "nested may be in a new PID namespace and forks deepest, whose process id the director would not know";
        assert_eq!(check(&fine.deepest(&[])), Err(refused.to_owned()));
        let itself = caller().inside(&[Action::Child(Child::GoesOn(libc::CLONE_NEWPID))]).second(&[]);
        assert!(check(&itself).is_err_and(|why| why.starts_with("inside may be in a new PID namespace")));
    }
}
