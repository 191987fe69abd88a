//! An actor as the director sees it: a process id and a socket.

mod ask;
mod buffer;
mod end;

pub use ask::{ask, spawn};
use buffer::Buffer;

use crate::actor::{self, Start};
use crate::error::Error;
use crate::wire::{Answer, read_answers};
use harness_scenario::actors::Actor;
use harness_scenario::outcome::Status;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::sys::socket::{
    self, AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, Shutdown, SockFlag, SockType,
    recvmsg, sendmsg, setsockopt, socketpair, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};
use nix::unistd::Pid;
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A forked process that makes system calls as one actor of a scenario.
pub struct ActorProcess {
    /// Which actor of the scenario it is.
    pub actor: Actor,
    number: usize,
    fork_state: ForkState,
    socket: OwnedFd,
    limit: Duration,
    reaped: Option<Status>,
}

/// Whether the process is there.
enum ForkState {
    /// It is not forked yet. It will answer on this socket and open files through this directory /proc.
    NotForked(OwnedFd, BorrowedFd<'static>),
    /// Since its fork, until it is reaped.
    Forked(Pid),
}

/// The description of the step with a number.
pub type Doing<'a> = &'a dyn Fn(u32) -> String;

/// The number of the next actor.
pub fn next_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The two ends of a new socket pair: the director's and the actor's.
pub fn sockets(limit: Duration) -> Result<(OwnedFd, OwnedFd), Error> {
    let cloexec = SockFlag::SOCK_CLOEXEC;
    let failed = |errno| Error::Director { what: "make a socket pair", errno };
    let (ours, theirs) =
        socketpair(AddressFamily::Unix, SockType::SeqPacket, None, cloexec).map_err(failed)?;
    let micros = i64::try_from(limit.as_micros()).unwrap_or(i64::MAX);
    setsockopt(&ours, sockopt::ReceiveTimeout, &TimeVal::microseconds(micros)).map_err(failed)?;
    Ok((ours, theirs))
}

impl ActorProcess {
    /// An actor that the calling process forks when it has a message for it. Memory that a parent writes after a fork
    /// has to be copied, so everything is prepared before.
    pub fn to_be_forked(actor: Actor, proc: BorrowedFd<'static>, limit: Duration) -> Result<Self, Error> {
        let (socket, theirs) = sockets(limit)?;
        let (number, fork_state) = (next_number(), ForkState::NotForked(theirs, proc));
        Ok(Self { actor, number, fork_state, socket, limit, reaped: None })
    }

    /// An actor that another one has forked.
    pub fn new(actor: Actor, number: usize, pid: Pid, socket: OwnedFd, limit: Duration) -> Self {
        Self { actor, number, fork_state: ForkState::Forked(pid), socket, limit, reaped: None }
    }

    /// Forks the actor with its first message of requests, if it is not forked yet.
    fn fork(&mut self, batch: &[u8]) -> Result<(), Error> {
        if let ForkState::NotForked(socket, proc) = &self.fork_state {
            let limit = u32::try_from(self.limit.as_millis()).unwrap_or(u32::MAX);
            let start = Start { number: self.number, socket: socket.as_fd(), proc: *proc, limit, batch };
            let forked = actor::fork(start);
            let pid = forked.map_err(|errno| Error::Fork { actor: self.actor, errno })?;
            self.fork_state = ForkState::Forked(pid);
        }
        Ok(())
    }

    /// Forks the actor, if it is not forked yet.
    pub fn ensure_forked(&mut self) -> Result<(), Error> {
        self.fork(&[])
    }

    /// Its process id, once it is forked.
    pub fn pid(&self) -> Option<Pid> {
        match self.fork_state {
            ForkState::NotForked(..) => None,
            ForkState::Forked(pid) => Some(pid),
        }
    }

    /// Sends a message of requests, with a file descriptor.
    pub fn send(&mut self, message: &[u8], fd: Option<BorrowedFd<'_>>) -> Result<(), Error> {
        if matches!((&self.fork_state, fd), (ForkState::NotForked(..), None)) {
            return self.fork(message);
        }
        self.ensure_forked()?;
        let fds: Vec<i32> = fd.iter().map(AsRawFd::as_raw_fd).collect();
        let rights = [ControlMessage::ScmRights(&fds)];
        let control = if fds.is_empty() { &rights[..0] } else { &rights[..] };
        let vector = [IoSlice::new(message)];
        match sendmsg::<()>(self.socket.as_raw_fd(), &vector, control, MsgFlags::MSG_NOSIGNAL, None) {
            // If the actor has ended, this is reported when the director waits for its answer.
            Ok(_) | Err(Errno::EPIPE | Errno::ECONNRESET) => Ok(()),
            Err(errno) => Err(Error::Director { what: "send to an actor", errno }),
        }
    }

    /// Waits for `count` answers. `doing` describes the step with a number, for errors.
    pub fn receive(
        &mut self,
        count: usize,
        doing: Doing<'_>,
    ) -> Result<(Vec<Answer>, Option<OwnedFd>), Error> {
        let mut buffer = Buffer::take();
        let (mut all, mut arrived) = (Vec::with_capacity(count), None);
        while all.len() < count {
            let (bytes, fd) = match self.message(buffer.bytes()) {
                Ok((0, _)) | Err(Errno::ECONNRESET) => return Err(self.gone(doing)),
                Ok(received) => received,
                Err(Errno::EAGAIN) => return Err(self.silent(doing)),
                Err(errno) => return Err(Error::Director { what: "receive from an actor", errno }),
            };
            arrived = fd.or(arrived);
            if read_answers(&buffer.bytes()[..bytes], &mut all).is_none() {
                return Err(Error::Short { actor: self.actor, doing: self.step(doing), bytes });
            }
        }
        if all.len() > count {
            return Err(Error::UnexpectedAnswer { actor: self.actor, doing: self.step(doing) });
        }
        Ok((all, arrived))
    }

    /// The last known step of the actor.
    pub fn at(&self) -> u32 {
        actor::step_counter(self.number).load(Ordering::Relaxed)
    }

    fn step(&self, doing: Doing<'_>) -> String {
        doing(self.at())
    }

    fn message(&self, buffer: &mut [u8]) -> nix::Result<(usize, Option<OwnedFd>)> {
        let mut vector = [IoSliceMut::new(buffer)];
        let mut space = nix::cmsg_space!([i32; 1]);
        let flags = MsgFlags::MSG_CMSG_CLOEXEC;
        let message = loop {
            match recvmsg::<()>(self.socket.as_raw_fd(), &mut vector, Some(&mut space), flags) {
                Err(Errno::EINTR) => {}
                other => break other?,
            }
        };
        let fd = message.cmsgs()?.find_map(|control| match control {
            ControlMessageOwned::ScmRights(fds) => fds.first().copied(),
            _ => None,
        });
        Ok((message.bytes, fd.map(actor::adopt)))
    }

    /// The other end of the socket is closed: either the actor has ended or it has closed its socket.
    fn gone(&mut self, doing: Doing<'_>) -> Error {
        let (actor, limit, doing) = (self.actor, self.limit, self.step(doing));
        match self.wait(Duration::from_millis(200)) {
            // The timer that every message starts.
            Some(Status::Killed(Signal::SIGALRM)) => Error::Hung { actor, doing, limit },
            Some(status) => Error::Ended { actor, doing, status },
            None => Error::LostPipe { actor, doing },
        }
    }

    fn silent(&mut self, doing: Doing<'_>) -> Error {
        let (actor, limit, doing) = (self.actor, self.limit, self.step(doing));
        match self.wait(Duration::ZERO) {
            // If the process is not the director's child, the director cannot find out whether it has ended.
            None | Some(Status::Unseen) => Error::Hung { actor, doing, limit },
            Some(status) => Error::Ended { actor, doing, status },
        }
    }

    /// The socket on which it answers.
    pub fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Whether an answer, or the end of the actor, arrives by then.
    pub fn readable_by(&self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut fds = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)).is_ok_and(|ready| ready > 0)
    }

    /// Closes the socket, so that an actor that guards a program ends both.
    pub fn shutdown(&self) {
        let _ = socket::shutdown(self.socket.as_raw_fd(), Shutdown::Both);
    }
}

impl Drop for ActorProcess {
    fn drop(&mut self) {
        self.end();
    }
}
