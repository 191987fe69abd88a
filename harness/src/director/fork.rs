//! How an actor comes into being and takes on its credentials.

use super::Director;
use crate::actors::{Actor, TakesOn};
use crate::error::Error;
use crate::lower::{Call, number, syscall};
use crate::player::{Doing, Player, next_number, sockets};
use crate::wire::{Answer, Arg, Op, Request};
use nix::errno::Errno;
use nix::unistd::Pid;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// Sends requests as one step and awaits their answers.
pub fn ask(
    player: &mut Player,
    requests: &[Request],
    fd: Option<&OwnedFd>,
    doing: Doing<'_>,
) -> Result<(Vec<Answer>, Option<OwnedFd>), Error> {
    let mut message = Vec::new();
    for request in requests {
        request.write(&mut message, 0);
    }
    player.send(&message, fd.map(AsFd::as_fd))?;
    player.receive(requests.len(), doing)
}

/// Has an actor fork another one, which plays the part `actor`, by a clone(2) with these flags besides.
pub fn spawn(parent: &mut Player, actor: Actor, flags: i32, limit: Duration) -> Result<Player, Error> {
    let (ours, theirs) = sockets(limit)?;
    let next = next_number();
    let take = Request::new(Op::Take, 0).keep(PASSING);
    let args = [Arg::Value(PASSING), Arg::Value(next as u64), number(flags)];
    let fork = Request::new(Op::Spawn, 0).args(&args);
    let (answers, _) = ask(parent, &[take, fork], Some(&theirs), &|_| format!("fork of {actor}"))?;
    match (answers[1].errno, i32::try_from(answers[1].value)) {
        (0, Ok(pid @ 2..)) => Ok(Player::new(actor, next, Pid::from_raw(pid), ours, limit)),
        // Whoever answers this lies; and a signal to 0 or -1 would reach a great many processes.
        (0, _) => Err(Error::Stray { actor: parent.actor, doing: format!("fork of {actor}") }),
        (errno, _) => Err(Error::Fork { actor, errno: Errno::from_raw(errno) }),
    }
}

/// The slot in which a descriptor rests between its arrival and a fork.
const PASSING: u64 = 5;

impl Director<'_> {
    /// The calls by which a copy of the caller takes on the credentials of the scenario.
    pub(super) fn credential_calls(&self) -> Vec<Call> {
        let Some(TakesOn { ids, groups }) = self.scenario.cast.takes_on(self.caller) else {
            return Vec::new();
        };
        let bytes: Vec<u8> = groups.iter().flat_map(|gid| gid.to_ne_bytes()).collect();
        let (uid, gid) = (Arg::Value(ids.uid.into()), Arg::Value(ids.gid.into()));
        let list = [Arg::Value(groups.len() as u64), Arg::Payload(0)];
        let dumpable = [number(libc::PR_SET_DUMPABLE), Arg::Value(1)];
        // Nothing that an unprivileged user is to do may be done by root.
        vec![
            ("setgroups", syscall(libc::SYS_setgroups, &list).payload(&bytes).or_stop()),
            ("setresgid", syscall(libc::SYS_setresgid, &[gid; 3]).or_stop()),
            ("setresuid", syscall(libc::SYS_setresuid, &[uid; 3]).or_stop()),
            ("prctl", syscall(libc::SYS_prctl, &dumpable)),
        ]
    }
}
