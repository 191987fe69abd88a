//! The suite as a process that plays one test after the other, each in a child of its own.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use harness_scenario::listing::Served;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::End;
use crate::limit::ProcessEnd;
use crate::output::Output;

/// A suite that waits for the name of a test.
pub struct Server {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
    output: Output,
    groups: Groups,
}

/// Whether the process groups that the suite names are those that this process sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Groups {
    /// They are: the group of a test is killed after it.
    Seen,
    /// The suite has a PID namespace of its own. Its numbers are other processes here, and none of them is killed.
    Hidden,
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
        let fail = |error: std::io::Error| format!("cannot start the suite: {error}");
        command.arg("--serve").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().map_err(fail)?;
        let (Some(asks), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the suite has no pipes".to_owned());
        };
        Ok(Self { child, asks, answers: BufReader::new(answers), output, groups: Groups::Seen })
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
        let fail = |error: std::io::Error| format!("cannot talk to the suite: {error}");
        self.output.clear().map_err(fail)?;
        writeln!(self.asks, "{test}").map_err(fail)?;
        let group = self.started()?;
        let late = !self.speaks(limit)?;
        match self.groups {
            Groups::Hidden if late => return Err(format!("it took longer than {} s", limit.as_secs())),
            Groups::Seen if late => drop(killpg(group, Signal::SIGKILL)),
            _ => {}
        }
        let ended = self.end()?;
        // The test stays a zombie until the next request, so no other process has its number.
        if self.groups == Groups::Seen {
            let _ = killpg(group, Signal::SIGKILL);
        }
        let said = self.output.said().map_err(fail)?;
        Ok((if late { ProcessEnd::TooLate } else { ProcessEnd::ByItself(ended) }, said))
    }

    /// Ends a suite that has played its tests, and waits until it has ended.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn finish(mut self) -> Result<ExitStatus, String> {
        drop(self.asks);
        self.child.wait().map_err(|error| format!("cannot wait for the suite: {error}"))
    }

    /// What the tests printed since the last one began, and how the suite itself ended.
    pub fn last_words(mut self) -> String {
        drop(self.asks);
        // A supervisor has to end what is below it, so that it is not killed.
        if let Ok(pid) = i32::try_from(self.child.id()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        let status = self.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        self.output.said().unwrap_or_default() + &status
    }

    /// Whether it says something before the limit is over.
    fn speaks(&mut self, limit: Duration) -> Result<bool, String> {
        // What came together with the last line is no longer in the pipe.
        if !self.answers.buffer().is_empty() {
            return Ok(true);
        }
        let begun = Instant::now();
        loop {
            let left =
                PollTimeout::try_from(limit.saturating_sub(begun.elapsed())).unwrap_or(PollTimeout::MAX);
            let mut both = vec![PollFd::new(self.answers.get_ref().as_fd(), PollFlags::POLLIN)];
            both.extend(self.output.to_read().map(|output| PollFd::new(output, PollFlags::POLLIN)));
            let ready = poll(&mut both, left).map_err(|errno| format!("cannot wait for a test: {errno}"))?;
            let speaks = both.first().and_then(PollFd::any).unwrap_or(false);
            if speaks || ready == 0 {
                return Ok(speaks);
            }
            self.output.take_in().map_err(|error| format!("cannot read what a test prints: {error}"))?;
        }
    }

    fn end(&mut self) -> Result<ExitStatus, String> {
        match self.answer()? {
            // As wait(2) packs them.
            Served::Exited(status) => Ok(ExitStatus::from_raw(status << 8)),
            Served::Killed(signal) => Ok(ExitStatus::from_raw(signal)),
            other @ Served::Started(_) => Err(unexpected(other)),
        }
    }

    fn started(&mut self) -> Result<Pid, String> {
        match self.answer()? {
            // Any other number would mean this process's own group, every process, or init.
            Served::Started(group) if group > 1 => Ok(Pid::from_raw(group)),
            other => Err(unexpected(other)),
        }
    }

    fn answer(&mut self) -> Result<Served, String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(|error| format!("cannot read from the suite: {error}"))?;
        match line.ends_with('\n') {
            true => Served::read(&line),
            false => Err(format!("the suite ended in the middle of {line:?}")),
        }
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

fn unexpected(answer: Served) -> String {
    format!("the suite answers {answer:?} out of turn")
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
