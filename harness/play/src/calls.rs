//! The system calls that a scenario makes, known without making them: what a seccomp filter could refuse.

use crate::director::credential_calls;
use crate::here;
use crate::lower::{Call, Context, Directed, Lowered, number, syscall};
use crate::wire::{Arg, Op, Request, SETEGID, SETEUID};
use harness_scenario::action::Action;
use harness_scenario::actors::{Actor, Namespace};
use harness_scenario::scenario::{Scenario, Step};

/// A system call that a step makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepCall {
    /// The index of the step.
    pub step: usize,
    /// Whether it is a call of i386, by int 0x80.
    pub compat: bool,
    /// Its number, which depends on the entry.
    pub number: i64,
    /// Its arguments. A pointer or a descriptor is 0.
    pub args: [u64; 6],
}

/// The system calls of each step, in order. Not those that every scenario makes: the exchange with the director and
/// the report of the final state.
pub fn calls(scenario: &Scenario) -> Vec<StepCall> {
    let of_step = |(index, step): (usize, &Step)| {
        requests(scenario, step).into_iter().flat_map(move |request| made(index, &request))
    };
    scenario.steps.iter().enumerate().flat_map(of_step).collect()
}

fn requests(scenario: &Scenario, step: &Step) -> Vec<Request> {
    let start = here::start();
    let pid = |_: Actor| Some(1);
    let own = start.names(&scenario.run_as).own;
    let context = Context { actor: step.actor, own, pid: &pid };
    let call = |nr: i64| syscall(nr, &[]);
    let directed = match context.lower(&step.action) {
        Lowered::Calls(calls) => return only_requests(calls),
        Lowered::Directed(directed) => directed,
    };
    match directed {
        Directed::Fork => forks(scenario, step),
        Directed::PassFd(_) => vec![call(libc::SYS_sendmsg), call(libc::SYS_recvmsg)],
        Directed::Socketpair(_) => vec![Request::new(Op::Socketpair, 0)],
        Directed::Capset(_) => vec![call(libc::SYS_capget), call(libc::SYS_capset)],
        Directed::Run(_) => vec![call(libc::SYS_execve)],
        Directed::Exit(_) => Vec::new(),
    }
}

/// An actor takes on its credentials and creates its namespace.
fn forks(scenario: &Scenario, step: &Step) -> Vec<Request> {
    let new = step.actor.namespace() == Namespace::New;
    let mut all = match (step.actor.parent().filter(|parent| scenario.mentions(*parent)), step.actor) {
        (None, actor) if actor != Actor::Privileged => {
            only_requests(credential_calls(scenario, &here::start().caller))
        }
        _ => Vec::new(),
    };
    let flags =
        [number(libc::CLONE_NEWUSER | if step.action == Action::ForkCloned { libc::SIGCHLD } else { 0 })];
    match step.action {
        Action::ForkCloned => all.push(syscall(libc::SYS_clone, &flags)),
        _ if new => all.push(syscall(libc::SYS_unshare, &flags)),
        _ => {}
    }
    all
}

fn only_requests(calls: Vec<Call>) -> Vec<Request> {
    calls.into_iter().map(|(_, request)| request).collect()
}

/// The system calls of a request, without those that any actor makes.
fn made(step: usize, request: &Request) -> Vec<StepCall> {
    let value = |arg: Arg| if let Arg::Value(value) = arg { value } else { 0 };
    let with = |number: i64| StepCall { step, compat: false, number, args: request.args.map(value) };
    match request.op {
        Op::Syscall | Op::Libc | Op::Clone | Op::GoOn | Op::Zombie => match request.number {
            SETEUID => vec![with(libc::SYS_setresuid)],
            SETEGID => vec![with(libc::SYS_setresgid)],
            number => vec![with(number)],
        },
        Op::Compat => vec![StepCall { compat: true, ..with(request.number) }],
        Op::Companion => vec![with(libc::SYS_clone)],
        Op::Dead => vec![with(libc::SYS_openat)],
        Op::ReadAll => vec![with(libc::SYS_read)],
        Op::ManyGroups => vec![with(libc::SYS_setgroups)],
        Op::CountGroups => vec![with(libc::SYS_getgroups)],
        Op::Socketpair => vec![with(libc::SYS_socketpair)],
        Op::SendCredentials => vec![with(libc::SYS_sendmsg)],
        Op::ReceiveCredentials => vec![with(libc::SYS_recvmsg)],
        Op::Spawn
        | Op::Take
        | Op::Send
        | Op::Exec
        | Op::Exit
        | Op::DieWithDirector
        | Op::Barrier
        | Op::Clock => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness_scenario::action::{CLONE3, DENY, SETGROUPS_EMPTY, UNSHARE};
    use harness_scenario::scenario::caller;

    #[test]
    fn each_step_names_its_calls() {
        let scenario = caller().inside(&[DENY, SETGROUPS_EMPTY, UNSHARE, CLONE3]);

        let found: Vec<(usize, i64)> = calls(&scenario).iter().map(|call| (call.step, call.number)).collect();

        let newuser = u64::from(libc::CLONE_NEWUSER.cast_unsigned());
        assert_eq!(
            found,
            [
                (0, libc::SYS_unshare),
                (1, libc::SYS_openat),
                (1, libc::SYS_write),
                (1, libc::SYS_close),
                (2, libc::SYS_setgroups),
                (3, libc::SYS_unshare),
                (4, libc::SYS_clone3),
            ]
        );
        assert_eq!(calls(&scenario)[0].args[0], newuser);
    }
}
