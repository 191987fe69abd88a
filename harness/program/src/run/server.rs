//! The suite as a process that plays one test after the other, each in a child of its own.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use harness::findings::Left;
use harness::listing::Served;
use harness::suite::Prepared;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::protocol::End;
use crate::run::forked;
use crate::run::lines::Lines;
use crate::run::output::Output;

/// A suite that waits for the name of a test.
#[derive(Debug)]
pub struct Server {
    process: Process,
    asks: File,
    answers: Lines,
    output: Output,
    evidence: Option<Lines>,
    groups: Groups,
    task: Option<Task>,
}

#[derive(Debug)]
enum Process {
    Spawned(Child),
    Forked(Pid),
}

/// The test that is played.
#[derive(Debug)]
struct Task {
    begun: Instant,
    limit: Duration,
    /// The process group that the test leads, once it has begun.
    group: Option<Pid>,
    is_late: bool,
}

/// Whether the process groups that the suite names are those that this process sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Groups {
    /// They are: the group of a test is killed after it.
    Seen,
    /// The suite has a PID namespace of its own. Its numbers are other processes here, and none of them is killed.
    Hidden,
}

/// How a process ended.
#[derive(Debug, PartialEq, Eq)]
pub enum ProcessEnd {
    /// By itself.
    ByItself(ExitStatus),
    /// It was killed, since it took too long.
    TooLate,
}

/// A test that is over.
#[derive(Debug)]
pub struct Ended {
    /// How its process ended.
    pub process: ProcessEnd,
    /// What it printed.
    pub said: String,
    /// What it left, if the suite was [forked](Server::fork).
    pub left: Vec<Left>,
    /// How long it took.
    pub took: Duration,
}

impl Server {
    /// Starts the suite by this command. What tests print goes to the file, which is empty and is appended to.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(command: Command, output: File) -> Result<Self, String> {
        let copy = output.try_clone().map_err(|error| format!("cannot start the suite: {error}"))?;
        Self::spawn(command, Output::File(output), copy.into())
    }

    /// The same, with a pipe in the place of the file: for a suite that may not write to files.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_with_pipe(command: Command) -> Result<Self, String> {
        let pipe = Output::pipe().map_err(|error| format!("cannot start the suite: {error}"));
        pipe.and_then(|(output, writer)| Self::spawn(command, output, writer.into()))
    }

    fn spawn(mut command: Command, output: Output, errors: Stdio) -> Result<Self, String> {
        let fail = |error: io::Error| format!("cannot start the suite: {error}");
        command.arg("--serve").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().map_err(fail)?;
        let (Some(asks), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the suite has no pipes".to_owned());
        };
        let asks = File::from(OwnedFd::from(asks));
        let answers = Lines::of(answers).map_err(fail)?;
        let process = Process::Spawned(child);
        Ok(Self { process, asks, answers, output, evidence: None, groups: Groups::Seen, task: None })
    }

    /// Forks this process, which has one thread: the child serves the suite.
    ///
    /// # Errors
    /// What cannot be forked, or which pipe cannot be made.
    pub fn fork(suite: &Prepared) -> Result<Self, String> {
        let fail = |error: io::Error| format!("cannot start a process for tests: {error}");
        let (forked, process) = forked::fork(suite)?;
        let (output, answers) = (Output::of(forked.output), Lines::of(forked.answers).map_err(fail)?);
        Ok(Self {
            process: Process::Forked(process),
            asks: forked.asks,
            answers,
            output: output.map_err(fail)?,
            evidence: Some(Lines::of(forked.evidence).map_err(fail)?),
            groups: Groups::Seen,
            task: None,
        })
    }

    /// The same, for a suite whose process groups are seen or hidden.
    #[must_use]
    pub fn with_groups(self, groups: Groups) -> Self {
        Self { groups, ..self }
    }

    /// Plays a test; how it ended and what it printed. What it left behind in its process group is killed.
    ///
    /// # Errors
    /// When the suite itself ends or says something else than it should; then it is of no more use.
    pub fn play(&mut self, test: &str, limit: Duration) -> Result<(ProcessEnd, String), String> {
        self.ask(test, limit)?;
        loop {
            wait_for(&[&*self], &[])?;
            if let Some(ended) = self.advance()? {
                return Ok((ended.process, ended.said));
            }
        }
    }

    /// Asks for a test, which is killed if it takes longer than the limit. [`Server::advance`] returns how it ended.
    ///
    /// # Errors
    /// When the suite cannot be asked.
    pub fn ask(&mut self, test: &str, limit: Duration) -> Result<(), String> {
        let fail = |error: io::Error| format!("cannot talk to the suite: {error}");
        self.output.clear().map_err(fail)?;
        writeln!(self.asks, "{test}").map_err(fail)?;
        self.task = Some(Task { begun: Instant::now(), limit, group: None, is_late: false });
        Ok(())
    }

    /// Whether a test is played.
    pub fn is_busy(&self) -> bool {
        self.task.is_some()
    }

    /// Reads what there is to read, and kills a test that is too late. Returns the test if it is over.
    ///
    /// # Errors
    /// When the suite itself ends or says something else than it should; then it is of no more use.
    pub fn advance(&mut self) -> Result<Option<Ended>, String> {
        let fail = |error: io::Error| format!("cannot read from the suite: {error}");
        self.output.take_in().map_err(fail)?;
        self.answers.take_in().map_err(fail)?;
        if let Some(evidence) = &mut self.evidence {
            evidence.take_in().map_err(fail)?;
        }
        while let Some(line) = self.answers.next_line() {
            let answer = Served::read(&line)?;
            if let Some(status) = self.heard(answer)? {
                return self.ended(status).map(Some);
            }
        }
        if let Some(rest) = self.answers.cut_short() {
            return Err(format!("the suite ended in the middle of {rest:?}"));
        }
        self.kill_if_late()?;
        Ok(None)
    }

    /// What an answer means for the test that is played: its status, if it is over.
    fn heard(&mut self, answer: Served) -> Result<Option<ExitStatus>, String> {
        let unexpected = || format!("the suite answers {answer:?} out of turn");
        let task = self.task.as_mut().ok_or_else(unexpected)?;
        match (answer, task.group) {
            // Any other number would mean this process's own group, every process, or init.
            (Served::Started(group), None) if group > 1 => task.group = Some(Pid::from_raw(group)),
            // As wait(2) packs them.
            (Served::Exited(status), Some(_)) => return Ok(Some(ExitStatus::from_raw(status << 8))),
            (Served::Killed(signal), Some(_)) => return Ok(Some(ExitStatus::from_raw(signal))),
            _ => return Err(unexpected()),
        }
        Ok(None)
    }

    fn kill_if_late(&mut self) -> Result<(), String> {
        let Some(Task { begun, limit, group: Some(group), is_late }) = &mut self.task else { return Ok(()) };
        if !*is_late && begun.elapsed() >= *limit {
            if self.groups == Groups::Hidden {
                return Err(format!("it took longer than {} s", limit.as_secs()));
            }
            *is_late = true;
            let _ = killpg(*group, Signal::SIGKILL);
        }
        Ok(())
    }

    fn ended(&mut self, status: ExitStatus) -> Result<Ended, String> {
        let fail = |error: io::Error| format!("cannot read what a test printed: {error}");
        let task = self.task.take().ok_or("no test is played")?;
        // The test stays a zombie until the next request, so no other process has its number.
        if let (Groups::Seen, Some(group)) = (self.groups, task.group) {
            let _ = killpg(group, Signal::SIGKILL);
        }
        let mut left = Vec::new();
        if let Some(evidence) = &mut self.evidence {
            evidence.take_in().map_err(fail)?;
            while let Some(line) = evidence.next_line() {
                left.push(Left::read(&line)?);
            }
            // The beginning of a line, of a test that was killed.
            evidence.take();
        }
        let process = if task.is_late { ProcessEnd::TooLate } else { ProcessEnd::ByItself(status) };
        Ok(Ended { process, said: self.output.said().map_err(fail)?, left, took: task.begun.elapsed() })
    }

    /// Ends a suite that has played its tests, and waits until it has ended.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn finish(self) -> Result<ExitStatus, String> {
        let fail = |error: &dyn std::fmt::Display| format!("cannot wait for the suite: {error}");
        drop(self.asks);
        match self.process {
            Process::Spawned(mut child) => child.wait().map_err(|error| fail(&error)),
            Process::Forked(process) => {
                // Another process for tests may hold a copy of the pipe. This one only waits for a name.
                let _ = kill(process, Signal::SIGKILL);
                match waitpid(process, None).map_err(|errno| fail(&errno))? {
                    WaitStatus::Exited(_, status) => Ok(ExitStatus::from_raw(status << 8)),
                    WaitStatus::Signaled(_, signal, _) => Ok(ExitStatus::from_raw(signal as i32)),
                    other => Err(fail(&format!("{other:?}"))),
                }
            }
        }
    }

    /// Ends the test that is played, if there is one, and the suite. Returns what the tests printed since the last one
    /// began, and how the suite ended.
    pub fn last_words(mut self) -> String {
        let group = self.task.as_ref().and_then(|task| task.group);
        if let (Groups::Seen, Some(group)) = (self.groups, group) {
            let _ = killpg(group, Signal::SIGKILL);
        }
        // A supervisor has to end what is below it, so that it is not killed.
        let process = match &self.process {
            Process::Spawned(child) => i32::try_from(child.id()).ok().map(Pid::from_raw),
            Process::Forked(_) => None,
        };
        if let Some(process) = process {
            let _ = kill(process, Signal::SIGTERM);
        }
        let said = self.output.said().unwrap_or_default();
        let status = self.finish().map_or_else(|error| error, |status| status.to_string());
        said + &status
    }

    /// Until when a test may go on.
    fn deadline(&self) -> Option<Instant> {
        let task = self.task.as_ref().filter(|task| task.group.is_some() && !task.is_late)?;
        Some(task.begun + task.limit)
    }

    fn to_poll(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let evidence = self.evidence.as_ref().and_then(Lines::to_poll);
        self.answers.to_poll().into_iter().chain(self.output.to_read()).chain(evidence)
    }
}

/// Waits until one of the suites has something to read, a test is too late, or another descriptor can be read.
///
/// # Errors
/// Those of poll(2).
pub fn wait_for(servers: &[&Server], others: &[BorrowedFd<'_>]) -> Result<(), String> {
    let fds = servers.iter().flat_map(|server| server.to_poll()).chain(others.iter().copied());
    let mut fds: Vec<PollFd> = fds.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
    let left = |until: Instant| until.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
    let next = servers.iter().filter_map(|server| server.deadline()).min().map(left);
    let timeout =
        next.map_or(PollTimeout::NONE, |left| PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX));
    match poll(&mut fds, timeout) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
        Err(errno) => Err(format!("cannot wait for a test: {errno}")),
    }
}

/// A name that the binary does not know, or a test that it skips after all, ends with 0 as well: only what
/// says that one test passed has passed.
pub fn end(ended: &ProcessEnd, said: &str) -> End {
    let status: &ExitStatus = match ended {
        ProcessEnd::TooLate => return End::TimedOut,
        ProcessEnd::ByItself(status) => status,
    };
    match (status.code(), status.signal()) {
        (Some(0), _) if said.contains("test result: ok. 1 passed; 0 failed;") => End::Passed,
        (Some(0), _) => End::Failed("exit code 0, and the suite does not say that the test passed".into()),
        (Some(code), _) => End::Failed(format!("exit code {code}")),
        (None, signal) => End::Crashed(format!("signal {}", signal.unwrap_or(0))),
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
