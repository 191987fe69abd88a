//! Asking an actor to do something at once: what concerns processes and no scenario.

use super::{ActorProcess, Doing, Memory, Room, next_number, sockets};
use crate::error::Error;
use crate::lower::number;
use crate::wire::{Answer, Arg, Op, Request};
use harness_scenario::actors::Actor;
use nix::errno::Errno;
use nix::unistd::Pid;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// Sends requests as one step and awaits their answers.
pub fn ask(
    process: &mut ActorProcess,
    requests: &[Request],
    fd: Option<&OwnedFd>,
    doing: Doing<'_>,
) -> Result<(Vec<Answer>, Option<OwnedFd>), Error> {
    let mut message = Vec::new();
    for request in requests {
        request.write(&mut message, 0);
    }
    process.send_with(&message, fd.map(AsFd::as_fd))?;
    process.receive(requests.len(), doing)
}

/// Makes an actor fork the actor `actor`, by clone(2) with these additional flags. It shares the director's
/// memory only if that actor does.
pub fn spawn(
    parent: &mut ActorProcess,
    actor: Actor,
    (flags, memory): (i32, Memory),
    limit: Duration,
) -> Result<ActorProcess, Error> {
    let memory = if parent.memory.block().is_some() { memory } else { Memory::Own };
    let (ours, theirs) = sockets(limit)?;
    let next = next_number();
    let take = Request::new(Op::Take, 0).keep(PASSING);
    let millis = Arg::Value(u64::from(u32::try_from(limit.as_millis()).unwrap_or(u32::MAX)));
    let mut room = Room::of(memory);
    let block = room.block().map_or(0, |block| std::ptr::from_ref(block).expose_provenance());
    let args =
        [Arg::Value(PASSING), Arg::Value(next as u64), number(flags), Arg::Value(block as u64), millis];
    let fork = Request::new(Op::Spawn, 0).args(&args);
    let (answers, _) = ask(parent, &[take, fork], Some(&theirs), &|_| format!("fork of {actor}"))?;
    match (answers[1].errno, i32::try_from(answers[1].value)) {
        (0, Ok(pid @ 2..)) => Ok(ActorProcess::new(actor, next, Pid::from_raw(pid), ours, room, limit)),
        // A correct actor never returns this. A signal to process 0 or -1 would reach very many processes.
        (0, _) => Err(Error::UnexpectedAnswer { actor: parent.actor, doing: format!("fork of {actor}") }),
        (errno, _) => {
            room.release();
            Err(Error::Fork { actor, errno: Errno::from_raw(errno) })
        }
    }
}

/// The slot that holds a file descriptor between its arrival and a fork.
const PASSING: u64 = 5;
