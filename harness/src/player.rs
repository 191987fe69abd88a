//! One actor as the director sees it: a process id and a socket.

use crate::actor;
use crate::error::Error;
use crate::scenario::Actor;
use crate::trace::Status;
use crate::wire::{Answer, MESSAGE, read_answers};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, Shutdown, SockFlag, SockType, recvmsg,
    sendmsg, setsockopt, shutdown, socketpair, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// A forked process that plays a part.
pub struct Player {
    /// Its part.
    pub actor: Actor,
    pid: Pid,
    socket: OwnedFd,
    limit: Duration,
    reaped: Option<Status>,
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
        let pid = actor::fork(theirs.as_fd(), proc).map_err(|errno| Error::Fork { actor, errno })?;
        Ok(Self::new(actor, pid, ours, limit))
    }

    /// An actor that another one has forked.
    pub fn new(actor: Actor, pid: Pid, socket: OwnedFd, limit: Duration) -> Self {
        Self { actor, pid, socket, limit, reaped: None }
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

    /// Awaits the answers to one step of `count` requests, numbered `step`.
    pub fn receive(
        &mut self,
        step: u32,
        count: usize,
        doing: &dyn Fn() -> String,
    ) -> Result<(Vec<Answer>, Option<OwnedFd>), Error> {
        let mut buffer = Buffer::take();
        let (bytes, fd) = match self.message(buffer.bytes()) {
            Ok((0, _)) | Err(Errno::ECONNRESET) => return Err(self.gone(doing())),
            Ok(received) => received,
            Err(Errno::EAGAIN) => return Err(self.silent(doing())),
            Err(errno) => return Err(Error::Director { what: "receive from an actor", errno }),
        };
        let actor = self.actor;
        match read_answers(&buffer.bytes()[..bytes]) {
            Some((number, _)) if number != step => Err(Error::Stray { actor, doing: doing() }),
            Some((_, answers)) if answers.len() == count => Ok((answers, fd)),
            _ => Err(Error::Short { actor, doing: doing(), bytes }),
        }
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
    fn gone(&mut self, doing: String) -> Error {
        let actor = self.actor;
        match self.wait(Duration::from_millis(200)) {
            Some(status) => Error::Ended { actor, doing, status },
            None => Error::LostPipe { actor, doing },
        }
    }

    fn silent(&mut self, doing: String) -> Error {
        let (actor, limit) = (self.actor, self.limit);
        match self.wait(Duration::ZERO) {
            Some(status) => Error::Ended { actor, doing, status },
            None => Error::Hung { actor, doing, limit },
        }
    }

    /// Waits for the process to end, so long at most; its status, if it has.
    pub fn wait(&mut self, limit: Duration) -> Option<Status> {
        let deadline = Instant::now() + limit;
        while self.reaped.is_none() {
            match waitpid(self.pid, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) | Err(Errno::EINTR) if Instant::now() >= deadline => break,
                Ok(WaitStatus::StillAlive) => std::thread::sleep(Duration::from_micros(200)),
                other => self.reaped = status(other),
            }
        }
        self.reaped
    }

    /// Tells the actor that nothing more is asked.
    pub fn dismiss(&self) {
        let _ = shutdown(self.socket.as_raw_fd(), Shutdown::Write);
    }

    /// Awaits the end of a dismissed actor, which must say nothing more and exit in good order.
    pub fn farewell(&mut self, doing: &dyn Fn() -> String) -> Result<(), Error> {
        let mut buffer = Buffer::take();
        let actor = self.actor;
        match self.message(buffer.bytes()) {
            Ok((0, _)) | Err(Errno::ECONNRESET) => {}
            Ok(_) => return Err(Error::Stray { actor, doing: doing() }),
            Err(_) => return Err(self.silent(doing())),
        }
        while self.reaped.is_none() {
            match waitpid(self.pid, None) {
                Err(Errno::EINTR) => {}
                other => self.reaped = Some(status(other).unwrap_or(Status::Exited(0))),
            }
        }
        match self.reaped {
            Some(Status::Exited(0)) | None => Ok(()),
            Some(status) => Err(Error::Ended { actor, doing: doing(), status }),
        }
    }

    /// Ends the process, and those of its session if it leads one, and reaps it.
    pub fn end(&mut self, leads: Leads) {
        if leads == Leads::ASession {
            let _ = kill(Pid::from_raw(-self.pid.as_raw()), Signal::SIGKILL);
        }
        if self.reaped.is_none() {
            let _ = kill(self.pid, Signal::SIGKILL);
            let _ = shutdown(self.socket.as_raw_fd(), Shutdown::Both);
            while let Err(Errno::EINTR) = waitpid(self.pid, None) {}
            self.reaped = Some(Status::Killed(Signal::SIGKILL));
        }
    }
}

/// Whether a process has a session of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leads {
    /// It has, like a program that was run.
    ASession,
    /// It has not, like an actor.
    Nothing,
}

impl Drop for Player {
    fn drop(&mut self) {
        self.end(Leads::Nothing);
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
