//! The suite as a process that plays one test after the other, each in a child of its own.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::limit::Ended;

/// A suite that waits for the name of a test.
pub struct Server {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
    output: File,
}

impl Server {
    /// Starts the suite by this command. What tests print goes to the file, which is empty and is appended to.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(mut command: Command, output: File) -> Result<Self, String> {
        let fail = |error: std::io::Error| format!("cannot start the suite: {error}");
        let copy = output.try_clone().map_err(fail)?;
        command.arg("--serve").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(copy);
        let mut child = command.spawn().map_err(fail)?;
        let (Some(asks), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the suite has no pipes".to_owned());
        };
        Ok(Self { child, asks, answers: BufReader::new(answers), output })
    }

    /// Plays a test; how it ended and what it printed. What it left behind in its process group is killed.
    ///
    /// # Errors
    /// When the suite itself ends or says something else than it should; then it is of no more use.
    pub fn play(&mut self, test: &str, limit: Duration) -> Result<(Ended, String), String> {
        let fail = |error: std::io::Error| format!("cannot talk to the suite: {error}");
        self.output.set_len(0).map_err(fail)?;
        writeln!(self.asks, "{test}").map_err(fail)?;
        let group = Pid::from_raw(self.answer("started")?);
        let late = !self.speaks(limit)?;
        if late {
            let _ = killpg(group, Signal::SIGKILL);
        }
        let ended = self.end()?;
        // The test is a zombie until the next one is asked for: its number is nobody else's.
        let _ = killpg(group, Signal::SIGKILL);
        let said = self.said().map_err(fail)?;
        Ok((if late { Ended::TooLate } else { Ended::ByItself(ended) }, said))
    }

    /// What the tests printed since the last one began, and how the suite itself ended.
    pub fn last_words(mut self) -> String {
        drop(self.asks);
        let _ = self.child.kill();
        let status = self.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        self.output.rewind().and_then(|()| read(&mut self.output)).unwrap_or_default() + &status
    }

    fn said(&mut self) -> std::io::Result<String> {
        self.output.rewind()?;
        read(&mut self.output)
    }

    /// Whether it says something before the limit is over.
    fn speaks(&self, limit: Duration) -> Result<bool, String> {
        // What came together with the last line is no longer in the pipe.
        if !self.answers.buffer().is_empty() {
            return Ok(true);
        }
        let limit = PollTimeout::try_from(limit).unwrap_or(PollTimeout::MAX);
        let mut answers = [PollFd::new(self.answers.get_ref().as_fd(), PollFlags::POLLIN)];
        let ready = poll(&mut answers, limit).map_err(|errno| format!("cannot wait for a test: {errno}"))?;
        Ok(ready > 0)
    }

    fn end(&mut self) -> Result<ExitStatus, String> {
        let line = self.line()?;
        let number = |word: &str| line.strip_prefix(word)?.strip_prefix(' ')?.parse::<i32>().ok();
        // As wait(2) packs them.
        let exited = number("exited").map(|status| status << 8);
        exited.or_else(|| number("killed")).map(ExitStatus::from_raw).ok_or_else(|| odd(&line))
    }

    fn answer(&mut self, word: &str) -> Result<i32, String> {
        let line = self.line()?;
        let number = line.strip_prefix(word).and_then(|rest| rest.trim().parse().ok());
        number.filter(|pid| *pid > 1).ok_or_else(|| odd(&line))
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(|error| format!("cannot hear the suite: {error}"))?;
        match line.strip_suffix('\n') {
            Some(whole) => Ok(whole.to_owned()),
            None => Err(format!("the suite ended in the middle of {line:?}")),
        }
    }
}

fn odd(line: &str) -> String {
    format!("the suite says {line:?}")
}

fn read(file: &mut File) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
