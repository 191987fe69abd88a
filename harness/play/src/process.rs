//! An actor as the director sees it: a process id and a socket.

mod ask;
mod buffer;
mod end;
mod forker;
mod room;

pub use ask::{ask, spawn};
use buffer::Buffer;
pub use forker::fork;
pub use room::{Memory, Room};

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
    memory: Room,
    /// The director's end, from the fork on. An actor that leaves its answers in shared memory has none.
    socket: Option<OwnedFd>,
    limit: Duration,
    reaped: Option<Status>,
}

/// Whether the process is there.
enum ForkState {
    /// It is not forked yet. It will open files through this directory /proc.
    NotForked(BorrowedFd<'static>),
    /// Since its fork, until it is reaped.
    Forked(Pid),
}

/// Whether an actor exits after a message.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It continues, or its answers are so long that the director has to read them first.
    #[default]
    Later,
    /// It exits and its answers are short. Waiting for the exit first saves a wake-up for the answers.
    AtOnce,
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
    pub fn to_be_forked(actor: Actor, proc: BorrowedFd<'static>, memory: Memory, limit: Duration) -> Self {
        let (number, fork_state) = (next_number(), ForkState::NotForked(proc));
        let memory = Room::of(memory);
        Self { actor, number, fork_state, memory, socket: None, limit, reaped: None }
    }

    /// An actor that another one has forked.
    pub fn new(
        actor: Actor,
        number: usize,
        pid: Pid,
        socket: OwnedFd,
        memory: Room,
        limit: Duration,
    ) -> Self {
        let fork_state = ForkState::Forked(pid);
        Self { actor, number, fork_state, memory, socket: Some(socket), limit, reaped: None }
    }

    /// Forks the actor with its first message of requests, if it is not forked yet.
    fn fork(&mut self, batch: &[u8], end: End) -> Result<(), Error> {
        let ForkState::NotForked(proc) = self.fork_state else { return Ok(()) };
        let limit = u32::try_from(self.limit.as_millis()).unwrap_or(u32::MAX);
        let leaves_answers = end == End::AtOnce && self.memory.block().is_some();
        let ends = if leaves_answers { None } else { Some(sockets(self.limit)?) };
        let (ours, theirs) = ends.unzip();
        let socket = theirs.as_ref().map(AsFd::as_fd);
        let start = Start { number: self.number, socket, proc, limit, batch };
        let forked = match self.memory.block() {
            Some(block) => actor::share(start, block),
            None => actor::fork(start),
        };
        let pid = forked.map_err(|errno| Error::Fork { actor: self.actor, errno })?;
        (self.fork_state, self.socket) = (ForkState::Forked(pid), ours);
        Ok(())
    }

    /// Forks the actor, if it is not forked yet.
    pub fn ensure_forked(&mut self) -> Result<(), Error> {
        self.fork(&[], End::Later)
    }

    /// Its process id, once it is forked.
    pub fn pid(&self) -> Option<Pid> {
        match self.fork_state {
            ForkState::NotForked(..) => None,
            ForkState::Forked(pid) => Some(pid),
        }
    }

    /// Sends a message of requests, after which the actor may exit.
    pub fn send(&mut self, message: &[u8], end: End) -> Result<(), Error> {
        match self.fork_state {
            ForkState::NotForked(_) => self.fork(message, end),
            ForkState::Forked(_) => self.send_with(message, None),
        }
    }

    /// Sends a message of requests, with a file descriptor.
    pub fn send_with(&mut self, message: &[u8], fd: Option<BorrowedFd<'_>>) -> Result<(), Error> {
        self.ensure_forked()?;
        let Some(socket) = &self.socket else { return Ok(()) };
        let fds: Vec<i32> = fd.iter().map(AsRawFd::as_raw_fd).collect();
        let rights = [ControlMessage::ScmRights(&fds)];
        let control = if fds.is_empty() { &rights[..0] } else { &rights[..] };
        let vector = [IoSlice::new(message)];
        match sendmsg::<()>(socket.as_raw_fd(), &vector, control, MsgFlags::MSG_NOSIGNAL, None) {
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
        if self.socket.is_none() {
            return Ok((self.left_answers(count, doing)?, None));
        }
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

    /// The answers that an actor has left in shared memory, once it has ended.
    fn left_answers(&mut self, count: usize, doing: Doing<'_>) -> Result<Vec<Answer>, Error> {
        self.reap();
        let mut all = Vec::with_capacity(count);
        let left = self.memory.block().map_or(&[][..], |block| block.answers());
        match read_answers(left, &mut all) {
            Some(()) if all.len() == count && self.reaped == Some(Status::Exited(0)) => Ok(all),
            Some(()) if all.is_empty() => Err(self.gone(doing)),
            Some(()) if all.len() > count => {
                Err(Error::UnexpectedAnswer { actor: self.actor, doing: self.step(doing) })
            }
            _ => Err(Error::Short { actor: self.actor, doing: self.step(doing), bytes: left.len() }),
        }
    }

    /// The last known step of the actor.
    pub fn at(&self) -> u32 {
        actor::step_counter(self.number).load(Ordering::Relaxed)
    }

    fn step(&self, doing: Doing<'_>) -> String {
        doing(self.at())
    }

    fn message(&self, buffer: &mut [u8]) -> nix::Result<(usize, Option<OwnedFd>)> {
        let Some(socket) = &self.socket else { return Ok((0, None)) };
        let mut vector = [IoSliceMut::new(buffer)];
        let mut space = nix::cmsg_space!([i32; 1]);
        let flags = MsgFlags::MSG_CMSG_CLOEXEC;
        let message = loop {
            match recvmsg::<()>(socket.as_raw_fd(), &mut vector, Some(&mut space), flags) {
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

    /// The socket on which it answers, from its fork on.
    pub fn socket(&self) -> Option<BorrowedFd<'_>> {
        self.socket.as_ref().map(AsFd::as_fd)
    }

    /// Whether an answer, or the end of the actor, arrives by then.
    pub fn readable_by(&self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let Some(socket) = self.socket() else { return true };
        let mut fds = [PollFd::new(socket, PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)).is_ok_and(|ready| ready > 0)
    }

    /// Closes the socket, so that an actor that guards a program ends both.
    pub fn shutdown(&self) {
        let _ = self.socket.as_ref().map(|socket| socket::shutdown(socket.as_raw_fd(), Shutdown::Both));
    }
}

impl Drop for ActorProcess {
    fn drop(&mut self) {
        self.end();
    }
}

/// Forks a child that does a task and ends with its result. It plays scenarios as a process of its own: what this process keeps
/// for its next scenario is ended first.
///
/// # Errors
/// EBUSY if the caller has more than one thread, since another one's locks would stay taken in the child; the errno of fork(2).
pub fn fork_for_test(task: impl FnOnce() -> u8) -> nix::Result<Pid> {
    forker::end();
    crate::actor::fork_for_test(task)
}
