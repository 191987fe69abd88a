//! One actor as the director sees it: a process id and a socket.

use crate::actor;
use crate::error::Error;
use crate::scenario::Actor;
use crate::trace::Status;
use crate::wire::{Answer, MESSAGE, read_answers};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, Shutdown, SockFlag, SockType, recvmsg,
    sendmsg, setsockopt, shutdown, socketpair, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use rustix::process::{Pid as RustixPid, PidfdFlags, pidfd_open};
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A forked process that plays a part.
pub struct Player {
    /// Its part.
    pub actor: Actor,
    number: usize,
    pid: Pid,
    socket: OwnedFd,
    limit: Duration,
    reaped: Option<Status>,
}

/// What the step of a number is, in words.
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

impl Player {
    /// Forks an actor from the calling process.
    pub fn fork(actor: Actor, proc: BorrowedFd<'_>, limit: Duration) -> Result<Self, Error> {
        let (ours, theirs) = sockets(limit)?;
        let number = next_number();
        let forked = actor::fork(number, theirs.as_fd(), proc);
        let pid = forked.map_err(|errno| Error::Fork { actor, errno })?;
        Ok(Self::new(actor, number, pid, ours, limit))
    }

    /// An actor that another one has forked.
    pub fn new(actor: Actor, number: usize, pid: Pid, socket: OwnedFd, limit: Duration) -> Self {
        Self { actor, number, pid, socket, limit, reaped: None }
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Sends a batch of requests, and a descriptor with it.
    pub fn send(&self, message: &[u8], fd: Option<BorrowedFd<'_>>) -> Result<(), Error> {
        let fds: Vec<i32> = fd.iter().map(AsRawFd::as_raw_fd).collect();
        let rights = [ControlMessage::ScmRights(&fds)];
        let control = if fds.is_empty() { &rights[..0] } else { &rights[..] };
        let vector = [IoSlice::new(message)];
        match sendmsg::<()>(self.socket.as_raw_fd(), &vector, control, MsgFlags::MSG_NOSIGNAL, None) {
            // An actor that is gone is noticed, and named, when its answer is awaited.
            Ok(_) | Err(Errno::EPIPE | Errno::ECONNRESET) => Ok(()),
            Err(errno) => Err(Error::Director { what: "send to an actor", errno }),
        }
    }

    /// Awaits `count` answers. `doing` describes the step of a number, for errors.
    pub fn receive(
        &mut self,
        count: usize,
        doing: Doing<'_>,
    ) -> Result<(Vec<Answer>, Option<OwnedFd>), Error> {
        let mut buffer = Buffer::take();
        let (mut all, mut arrived) = (Vec::new(), None);
        while all.len() < count {
            let (bytes, fd) = match self.message(buffer.bytes()) {
                Ok((0, _)) | Err(Errno::ECONNRESET) => return Err(self.gone(doing)),
                Ok(received) => received,
                Err(Errno::EAGAIN) => return Err(self.silent(doing)),
                Err(errno) => return Err(Error::Director { what: "receive from an actor", errno }),
            };
            arrived = fd.or(arrived);
            let Some(answers) = read_answers(&buffer.bytes()[..bytes]) else {
                return Err(Error::Short { actor: self.actor, doing: self.step(doing), bytes });
            };
            all.extend(answers);
        }
        if all.len() > count {
            return Err(Error::Stray { actor: self.actor, doing: self.step(doing) });
        }
        Ok((all, arrived))
    }

    /// The step that the actor was last seen at.
    fn step(&self, doing: Doing<'_>) -> String {
        doing(actor::place(self.number).load(Ordering::Relaxed))
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

    /// The socket's other end is closed: either the actor has ended or it has lost its pipe.
    fn gone(&mut self, doing: Doing<'_>) -> Error {
        let (actor, doing) = (self.actor, self.step(doing));
        match self.wait(Duration::from_millis(200)) {
            Some(status) => Error::Ended { actor, doing, status },
            None => Error::LostPipe { actor, doing },
        }
    }

    fn silent(&mut self, doing: Doing<'_>) -> Error {
        let (actor, limit, doing) = (self.actor, self.limit, self.step(doing));
        match self.wait(Duration::ZERO) {
            Some(status) => Error::Ended { actor, doing, status },
            None => Error::Hung { actor, doing, limit },
        }
    }

    /// Waits for the process to end, so long at most; its status, if it has.
    pub fn wait(&mut self, limit: Duration) -> Option<Status> {
        let deadline = Instant::now() + limit;
        // Before Linux 5.3 there are no such descriptors, and a process has to be looked after.
        let pidfd =
            RustixPid::from_raw(self.pid.as_raw()).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        while self.reaped.is_none() {
            let left = deadline.saturating_duration_since(Instant::now());
            match &pidfd {
                Some(fd) => {
                    let mut fds = [PollFd::new(fd.as_fd(), PollFlags::POLLIN)];
                    let _ = poll(&mut fds, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX));
                }
                None => std::thread::sleep(left.min(Duration::from_micros(200))),
            }
            match waitpid(self.pid, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) | Err(Errno::EINTR) if Instant::now() >= deadline => break,
                Ok(WaitStatus::StillAlive) | Err(Errno::EINTR) => {}
                other => self.reaped = Some(status(other).unwrap_or(Status::Exited(0))),
            }
        }
        self.reaped
    }

    /// Awaits the end of an actor that was told to exit, which must say nothing more and exit in
    /// good order.
    pub fn farewell(&mut self, doing: Doing<'_>) -> Result<(), Error> {
        let actor = self.actor;
        if self.wait(self.limit).is_none() {
            return Err(Error::Hung { actor, doing: self.step(doing), limit: self.limit });
        }
        let mut buffer = Buffer::take();
        match (self.message(buffer.bytes()), self.reaped) {
            (Ok((1.., _)), _) => Err(Error::Stray { actor, doing: self.step(doing) }),
            (_, Some(Status::Exited(0)) | None) => Ok(()),
            (_, Some(status)) => Err(Error::Ended { actor, doing: self.step(doing), status }),
        }
    }

    /// Whether an answer, or the end of the actor, comes by then.
    pub fn speaks_by(&self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut fds = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)).is_ok_and(|ready| ready > 0)
    }

    /// Lets go of the socket, so that an actor that guards a program ends both.
    pub fn hang_up(&self) {
        let _ = shutdown(self.socket.as_raw_fd(), Shutdown::Both);
    }

    /// Ends the process and reaps it.
    fn end(&mut self) {
        if self.reaped.is_none() {
            let _ = kill(self.pid, Signal::SIGKILL);
            self.hang_up();
            while let Err(Errno::EINTR) = waitpid(self.pid, None) {}
            self.reaped = Some(Status::Killed(Signal::SIGKILL));
        }
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.end();
    }
}

fn status(waited: nix::Result<WaitStatus>) -> Option<Status> {
    match waited {
        Ok(WaitStatus::Exited(_, status)) => Some(Status::Exited(status)),
        Ok(WaitStatus::Signaled(_, signal, _)) => Some(Status::Killed(signal)),
        _ => None,
    }
}

/// A receive buffer, of which each thread keeps one.
struct Buffer(Vec<u8>);

thread_local! {
    static SPARE: std::cell::RefCell<Vec<u8>> = const { std::cell::RefCell::new(Vec::new()) };
}

impl Buffer {
    fn take() -> Self {
        let mut bytes = SPARE.take();
        bytes.resize(MESSAGE, 0);
        Self(bytes)
    }

    fn bytes(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        SPARE.set(std::mem::take(&mut self.0));
    }
}
