//! A container that runs already: what it reads of its user namespace, and a program in it.

use super::Refused;
use crate::director::{LIMIT, play_program};
use crate::error::Error;
use harness_scenario::action::Action;
use harness_scenario::outcome::{Ended, Outcome, Status};
use harness_scenario::scenario::caller;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::Duration;

/// The namespaces of a process that runs: a container of a runtime, or a pod, whose parts were made by others.
///
/// It is held by its directory in /proc, so that what it reads is never that of another process which has got its id since.
/// nsenter(1) is told the id, right after a look whether the process is still there.
///
/// ```
/// use harness_play::userns::Container;
///
/// let this = Container::of(std::process::id())?;
/// assert_eq!(this.setgroups()?, std::fs::read_to_string("/proc/self/setgroups")?.trim_end());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Container {
    pid: u32,
    /// /proc/PID.
    directory: File,
    limit: Duration,
}

impl Container {
    /// The container of the process with this id, as the caller's /proc numbers it.
    ///
    /// # Errors
    /// ENOENT if there is no such process, or none that the caller may see.
    pub fn of(pid: u32) -> io::Result<Self> {
        let directory = File::open(format!("/proc/{pid}"))?;
        Ok(Self { pid, directory, limit: LIMIT })
    }

    /// The container of the process to which a pidfd refers.
    ///
    /// Source: pidfd_open(2); proc(5), /proc/pid/fdinfo.
    ///
    /// # Errors
    /// ESRCH if the process has ended or is in another PID namespace, EINVAL if the descriptor is no pidfd, and what
    /// open(2) says.
    pub fn of_pidfd(pidfd: BorrowedFd<'_>) -> io::Result<Self> {
        let about = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd()))?;
        let pid = about.lines().find_map(|line| line.strip_prefix("Pid:"));
        let pid = pid.ok_or(Errno::EINVAL)?.trim().parse::<i64>().map_err(io::Error::other)?;
        // -1 for one that was reaped, 0 for one that this PID namespace does not show.
        let pid = u32::try_from(pid).ok().filter(|pid| *pid != 0).ok_or(Errno::ESRCH)?;
        Self::of(pid)
    }

    /// The time limit of a program. Then it is killed. The default is ten seconds.
    #[must_use]
    pub fn time_limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// What /proc/PID/setgroups reads: "allow" or "deny".
    ///
    /// # Errors
    /// ESRCH or ENOENT if the process has ended, and what open(2) and read(2) say.
    pub fn setgroups(&self) -> io::Result<String> {
        Ok(self.read("setgroups")?.trim_end().to_owned())
    }

    /// The lines of /proc/PID/uid_map, with the outside ids as the caller's namespace has them.
    ///
    /// # Errors
    /// As [`Container::setgroups`].
    pub fn uid_map(&self) -> io::Result<Vec<[u32; 3]>> {
        lines(&self.read("uid_map")?)
    }

    /// The lines of /proc/PID/gid_map.
    ///
    /// # Errors
    /// As [`Container::setgroups`].
    pub fn gid_map(&self) -> io::Result<Vec<[u32; 3]>> {
        lines(&self.read("gid_map")?)
    }

    /// Runs a program in all namespaces of the process, with its root and working directory, by nsenter(1): as uid 0 and
    /// gid 0 of its user namespace, without supplementary groups where they can be given up. The standard input is empty.
    ///
    /// # Errors
    /// [`Refused::Program`] with the words of nsenter if it cannot enter or cannot start the program, [`Refused::Harness`]
    /// if the harness fails or the process has ended. A program that fails is not an error: see [`Ended::status`].
    pub fn run(&self, words: &[&str]) -> Result<Ended, Refused> {
        let invalid = |why: String| Refused::Harness(Error::InvalidScenario(why));
        self.setgroups().map_err(|error| invalid(format!("process {} has ended: {error}", self.pid)))?;
        if words.is_empty() {
            return Err(invalid("no program is named".to_owned()));
        }
        let target = self.pid.to_string();
        let enter = ["nsenter", "--target", &target, "--all", "--root", "--wd", "--"];
        let all = enter.iter().chain(words).map(|word| (*word).to_owned().into()).collect();
        let scenario = caller().outside(&[Action::Run(all)]);
        let trace = play_program(&scenario, self.limit).map_err(Refused::Harness)?;
        match trace.outcomes.last() {
            Some(Outcome::Program(ended)) if is_of_nsenter(ended) => {
                let program = enter[..enter.len() - 1].join(" ");
                Err(Refused::Program { program, ended: ended.clone() })
            }
            Some(Outcome::Program(ended)) => Ok(ended.clone()),
            other => Err(invalid(format!("nsenter did not run: {other:?}"))),
        }
    }

    fn read(&self, name: &str) -> io::Result<String> {
        let file = openat(self.directory.as_fd(), name, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?;
        let mut text = String::new();
        File::from(file).read_to_string(&mut text)?;
        Ok(text)
    }
}

/// Whether nsenter itself failed: it then says so and starts nothing.
fn is_of_nsenter(ended: &Ended) -> bool {
    !matches!(ended.status, Status::Exited(0)) && ended.stderr.starts_with("nsenter: ")
}

fn lines(map: &str) -> io::Result<Vec<[u32; 3]>> {
    let line = |line: &str| {
        let numbers: Result<Vec<u32>, _> = line.split_whitespace().map(str::parse).collect();
        let numbers = numbers.map_err(io::Error::other)?;
        numbers.try_into().map_err(|_| io::Error::other("a line of a map has three numbers"))
    };
    map.lines().map(line).collect()
}
