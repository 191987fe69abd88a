//! The system calls of a step, and the first that a filter refuses.

use super::programs::refused_command;
use super::{may_filter, refused_call, refused_i386_call};
use crate::lower::{Context, Directed, Lowered};
use crate::wire::{Arg, Op, Request, SETEGID, SETEUID};
use harness_scenario::action::Action;
use harness_scenario::actors::{Actor, Namespace};
use harness_scenario::ids::Own;

/// Why an actor cannot take a step: the first of its system calls that a seccomp filter refuses, as
/// [`refused_call`], or the first of those that the program calls that it runs. `None` without a filter.
pub fn refused_step(actor: Actor, action: &Action) -> Option<String> {
    if !may_filter() {
        return None;
    }
    let context = Context { actor, own: Own { uid: 0, gid: 0 }, pid: &|_| None };
    let of_program = match action {
        Action::Run(words) => refused_command(words),
        _ => None,
    };
    of_program.or_else(|| match context.lower(action) {
        Lowered::Calls(calls) => calls.iter().find_map(|(_, request)| refused_request(request)),
        Lowered::Directed(part) => {
            directed(&part, actor).into_iter().find_map(|(number, first)| refused_call(number, &[first]))
        }
    })
}

/// The calls of a step in which the director takes part, with their first arguments.
fn directed(part: &Directed<'_>, actor: Actor) -> Vec<(i64, u64)> {
    let newuser = u64::from(libc::CLONE_NEWUSER.cast_unsigned());
    match part {
        Directed::Fork => {
            let mut calls = vec![(libc::SYS_clone, 0)];
            if actor.namespace() == Namespace::New {
                calls.push((libc::SYS_unshare, newuser));
            }
            calls
        }
        Directed::PassFd(_) => vec![(libc::SYS_sendmsg, 0), (libc::SYS_recvmsg, 0)],
        Directed::Socketpair(_) => vec![(libc::SYS_socketpair, u64::from(libc::AF_UNIX.cast_unsigned()))],
        Directed::Capset(_) => vec![(libc::SYS_capget, 0), (libc::SYS_capset, 0)],
        Directed::Exit(_) => Vec::new(),
        Directed::Run(_) => vec![
            (libc::SYS_clone, 0),
            (libc::SYS_prctl, u64::from(libc::PR_SET_CHILD_SUBREAPER.cast_unsigned())),
            (libc::SYS_execve, 0),
            (libc::SYS_setsid, 0),
            (libc::SYS_pipe2, 0),
            (libc::SYS_socketpair, u64::from(libc::AF_UNIX.cast_unsigned())),
            (libc::SYS_newfstatat, 0),
        ],
    }
}

fn refused_request(request: &Request) -> Option<String> {
    let args: Vec<u64> = request.args.iter().map(|arg| value(*arg)).collect();
    let number = match request.op {
        Op::Compat => return refused_i386_call(request.number, &args),
        Op::Companion | Op::Dead | Op::Spawn => libc::SYS_clone,
        Op::ManyGroups => libc::SYS_setgroups,
        Op::CountGroups => libc::SYS_getgroups,
        Op::SendCredentials => libc::SYS_sendmsg,
        Op::ReceiveCredentials => libc::SYS_recvmsg,
        Op::Socketpair => libc::SYS_socketpair,
        Op::Libc if request.number == SETEUID => libc::SYS_setresuid,
        Op::Libc if request.number == SETEGID => libc::SYS_setresgid,
        Op::Syscall | Op::Libc | Op::ReadAll | Op::Clone | Op::GoOn | Op::Zombie | Op::Exec => request.number,
        Op::Take | Op::Send | Op::Exit | Op::DieWithDirector | Op::Barrier | Op::Clock => return None,
    };
    let children = matches!(request.op, Op::Dead).then(|| refused_call(libc::SYS_pidfd_open, &[]));
    // The arguments of an operation of the harness are not those of the call, but for the flags of clone(2).
    let are_of_the_call =
        matches!(request.op, Op::Syscall | Op::Libc | Op::Clone | Op::GoOn | Op::Zombie | Op::Companion);
    refused_call(number, if are_of_the_call { &args } else { &[] }).or(children.flatten())
}

/// A number as it is; a pointer or a descriptor as 0, which filters do not look at.
fn value(arg: Arg) -> u64 {
    match arg {
        Arg::Value(value) => value,
        Arg::Payload(_) | Arg::Slot(_) | Arg::Room(_) => 0,
    }
}
