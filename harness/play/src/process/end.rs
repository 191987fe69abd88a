//! Waiting for the end of an actor, and ending it.

use super::{ActorProcess, Buffer, Doing};
use crate::error::Error;
use harness_scenario::outcome::Status;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use rustix::process::{Pid as RustixPid, PidfdFlags, pidfd_open};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

impl ActorProcess {
    /// Waits for the process to end, up to this limit. Returns its status if it has ended.
    pub fn wait(&mut self, limit: Duration) -> Option<Status> {
        if self.reaped.is_some() {
            return self.reaped;
        }
        let (pid, deadline) = (self.pid()?, Instant::now() + limit);
        // Before Linux 5.3 there is no pidfd, so the process is polled.
        let pidfd =
            RustixPid::from_raw(pid.as_raw()).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        while self.reaped.is_none() {
            let left = deadline.saturating_duration_since(Instant::now());
            match &pidfd {
                Some(fd) => {
                    let mut fds = [PollFd::new(fd.as_fd(), PollFlags::POLLIN)];
                    let _ = poll(&mut fds, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX));
                }
                None => std::thread::sleep(left.min(Duration::from_micros(200))),
            }
            match waitpid(pid, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) | Err(Errno::EINTR) if Instant::now() >= deadline => break,
                Ok(WaitStatus::StillAlive) | Err(Errno::EINTR) => {}
                other => self.reaped = Some(status(other)),
            }
        }
        self.reaped
    }

    /// Waits for the end of an actor that was asked to exit, or that reaches its time limit. Its answers can be
    /// received afterwards.
    pub fn reap(&mut self) {
        while let (None, Some(pid)) = (self.reaped, self.pid()) {
            match waitpid(pid, None) {
                Err(Errno::EINTR) => {}
                other => self.reaped = Some(status(other)),
            }
        }
    }

    /// Waits for the end of an actor that was asked to exit, and does not reap it.
    pub fn become_zombie(&self) {
        let stay = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
        while let Some(Err(Errno::EINTR)) = self.pid().map(|pid| waitid(Id::Pid(pid), stay)) {}
    }

    /// Waits for the end of an actor that was asked to exit. It must send nothing more and exit with status 0.
    pub fn wait_exit(&mut self, doing: Doing<'_>) -> Result<(), Error> {
        let actor = self.actor;
        if self.wait(self.limit).is_none() {
            return Err(Error::Hung { actor, doing: self.step(doing), limit: self.limit });
        }
        let mut buffer = Buffer::take();
        match (self.message(buffer.bytes()), self.reaped) {
            (Ok((1.., _)), _) => Err(Error::UnexpectedAnswer { actor, doing: self.step(doing) }),
            // The closed socket is the only sign that it has ended.
            (Err(Errno::EAGAIN), Some(Status::Unseen)) => {
                Err(Error::Hung { actor, doing: self.step(doing), limit: self.limit })
            }
            (_, Some(Status::Exited(0) | Status::Unseen) | None) => Ok(()),
            (_, Some(status)) => Err(Error::Ended { actor, doing: self.step(doing), status }),
        }
    }

    /// Kills the process, unless it has ended, and does not wait for its end.
    pub fn kill(&self) {
        if let (None, Some(pid)) = (self.reaped, self.pid()) {
            let _ = kill(pid, Signal::SIGKILL);
        }
    }

    /// Ends the process and reaps it.
    pub(super) fn end(&mut self) {
        let Some(pid) = self.pid() else { return self.memory.release() };
        if self.reaped == Some(Status::Unseen) {
            // Another process may have its process id by now. Without the socket the actor ends by itself.
            self.shutdown();
        }
        if self.reaped.is_none() {
            let _ = kill(pid, Signal::SIGKILL);
            self.shutdown();
            let mut waited = waitpid(pid, None);
            while waited == Err(Errno::EINTR) {
                waited = waitpid(pid, None);
            }
            self.reaped = Some(status(waited));
        }
        if self.reaped != Some(Status::Unseen) {
            self.memory.release();
        }
    }
}

/// The status of a process that has ended. It is ECHILD if the process is not the director's child: on a kernel that
/// ignores CLONE_PARENT, or if the test was started with SIGCHLD ignored.
fn status(waited: nix::Result<WaitStatus>) -> Status {
    match waited {
        Ok(WaitStatus::Exited(_, status)) => Status::Exited(status),
        Ok(WaitStatus::Signaled(_, signal, _)) => Status::Killed(signal),
        _ => Status::Unseen,
    }
}
