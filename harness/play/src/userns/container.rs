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
use nix::unistd::geteuid;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::Duration;

/// The links of a process's namespaces, and the options by which nsenter(1) enters them.
const NAMESPACES: [(&str, &str); 8] = [
    ("ns/user", "--user"),
    ("ns/cgroup", "--cgroup"),
    ("ns/ipc", "--ipc"),
    ("ns/uts", "--uts"),
    ("ns/net", "--net"),
    ("ns/pid", "--pid"),
    ("ns/mnt", "--mount"),
    ("ns/time", "--time"),
];

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
    /// gid 0 of its user namespace, without supplementary groups. In a container that shares the caller's user namespace the
    /// program keeps the caller's ids; so it does where setgroups is denied and the caller is not root, with the names
    /// that the maps give them. The standard input is empty.
    ///
    /// # Errors
    /// [`Refused::Program`] with the words of nsenter if it cannot enter or cannot start the program, [`Refused::Harness`]
    /// if the harness fails or the process has ended. A program that fails is not an error: see [`Ended::status`].
    pub fn run(&self, words: &[&str]) -> Result<Ended, Refused> {
        let invalid = |why: String| Refused::Harness(Error::InvalidScenario(why));
        let ended = |error| invalid(format!("process {} has ended: {error}", self.pid));
        let denied = self.setgroups().map_err(ended)? == "deny";
        if words.is_empty() {
            return Err(invalid("no program is named".to_owned()));
        }
        let enter = self.enter(denied);
        let all = enter.iter().map(String::as_str).chain(["--"]).chain(words.iter().copied());
        let all = all.map(|word| word.to_owned().into()).collect();
        let scenario = caller().outside(&[Action::Run(all)]);
        let trace = play_program(&scenario, self.limit).map_err(Refused::Harness)?;
        match trace.outcomes.last() {
            Some(Outcome::Program(ended)) if is_of_nsenter(ended) => {
                Err(Refused::Program { program: enter.join(" "), ended: ended.clone() })
            }
            Some(Outcome::Program(ended)) => Ok(ended.clone()),
            other => Err(invalid(format!("nsenter did not run: {other:?}"))),
        }
    }

    /// The command that enters what the container has of its own. What it shares with the caller an ordinary user may not
    /// enter, although the caller is there.
    ///
    /// Source: setns(2), EPERM; chroot(2), EPERM.
    fn enter(&self, denied: bool) -> Vec<String> {
        let own = |link: &str| {
            let of = |process: &str| std::fs::read_link(format!("/proc/{process}/{link}")).ok();
            // A link that cannot be read is left to nsenter, which says why.
            of("self").is_none_or(|here| of(&self.pid.to_string()) != Some(here))
        };
        let namespaces = NAMESPACES.into_iter().filter(|(link, _)| own(link)).map(|(_, option)| option);
        let root = if own("ns/mnt") || own("root") { ["--root", "--wd"].as_slice() } else { &[] };
        // nsenter gives up the groups before it enters or after it: an ordinary user may do neither here.
        let kept = denied && !geteuid().is_root();
        let ids = kept.then_some("--preserve-credentials");
        let options = namespaces.chain(root.iter().copied()).chain(ids).map(str::to_owned);
        ["nsenter".to_owned(), format!("--target={}", self.pid)].into_iter().chain(options).collect()
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
