//! Waiting for a process, but not for ever.

use std::process::{Child, ExitStatus};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

/// How a process ended.
#[derive(Debug, PartialEq, Eq)]
pub enum ProcessEnd {
    /// By itself.
    ByItself(ExitStatus),
    /// It was killed, since it took too long.
    TooLate,
}

/// Waits until a process that leads a group of its own ends, and kills what is left of the group then, or
/// when `limit` is over.
///
/// A thread that sleeps watches the clock: a guest has one processor, and who polls takes it from the test.
///
/// # Errors
/// When it cannot be waited for.
pub fn wait(child: &mut Child, limit: Duration) -> Result<ProcessEnd, String> {
    let group = Pid::from_raw(i32::try_from(child.id()).map_err(|error| format!("no process id: {error}"))?);
    let late = Mutex::new(false);
    let (ended, watch) = channel::<()>();
    thread::scope(|scope| {
        let late = &late;
        scope.spawn(move || {
            if watch.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                *late.lock().unwrap_or_else(PoisonError::into_inner) = true;
                let _ = killpg(group, Signal::SIGKILL);
            }
        });
        // It stays a zombie, so that no other process gets its id while the thread may still kill it.
        let waited = waitid(Id::Pid(group), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
        drop(ended);
        waited.map(drop).map_err(|error| format!("cannot wait for a test: {error}"))
    })?;
    // What a test started and left behind is not the next one's company.
    let _ = killpg(group, Signal::SIGKILL);
    let status = child.wait().map_err(|error| format!("cannot wait for a test: {error}"))?;
    let late = late.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(if late { ProcessEnd::TooLate } else { ProcessEnd::ByItself(status) })
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use super::*;

    fn ended(script: &str, limit: Duration) -> Result<ProcessEnd, String> {
        let mut command = Command::new("sh");
        let child = command.args(["-c", script]).process_group(0).spawn();
        wait(&mut child.map_err(|error| error.to_string())?, limit)
    }

    #[test]
    fn what_hangs_is_killed_and_what_ends_is_not() -> Result<(), String> {
        assert_eq!(ended("sleep 600", Duration::from_millis(50))?, ProcessEnd::TooLate);
        let ProcessEnd::ByItself(status) = ended("exit 3", Duration::from_secs(60))? else {
            panic!("killed")
        };
        assert_eq!(status.code(), Some(3));
        Ok(())
    }
}
