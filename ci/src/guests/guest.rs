//! A running guest: a process group whose events are read, and which is always ended.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use harness_program::protocol::Event;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::guests::failure::{self, RunFailure};
use crate::guests::transcript::Transcript;
use crate::sys::{process, signals, supervisor, tools};

/// How often we look up from listening.
const TICK: Duration = Duration::from_millis(100);
/// How long a guest that has said everything may take to switch itself off.
const SWITCH_OFF: Duration = Duration::from_secs(10);
/// How long one that fell silent may take to end.
const LAST_BREATH: Duration = Duration::from_secs(1);

/// How long a guest may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until it says its first word.
    pub boot: Duration,
    /// Between two words.
    pub silence: Duration,
    /// Altogether.
    pub total: Duration,
}

/// Which of a command's streams the guest's events come over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Standard output. The console is elsewhere; errors are kept with it.
    Stdout,
    /// File descriptor 0, to which User-Mode Linux writes when told so; the console is standard output.
    Stdin,
}

/// A running guest. Dropping it ends every process of its group.
#[derive(Debug)]
pub struct Guest {
    child: Child,
    lines: Receiver<io::Result<String>>,
}

impl Guest {
    /// Starts a command under a supervisor, in a process group of their own, with the console's end in `console`. The
    /// supervisor removes the directory `work` if this process is killed.
    ///
    /// # Errors
    /// When it cannot be started; the message names it.
    pub fn start(command: &Command, over: Over, console: &Path, work: &Path) -> Result<Self, RunFailure> {
        let program = command.get_program();
        if tools::find(&program.to_string_lossy()).is_none() {
            let why = format!("`{}`: there is no such program", process::show(command));
            return Err(RunFailure::NotStarted(why));
        }
        Self::spawn(supervisor::supervised(command, work), over, console)
    }

    /// As [`Guest::start`], without a supervisor.
    fn spawn(mut command: Command, over: Over, console: &Path) -> Result<Self, RunFailure> {
        let shown = process::show(&command);
        let fail = |error: io::Error| RunFailure::NotStarted(format!("`{shown}`: {error}"));
        let (reader, writer) = io::pipe().map_err(fail)?;
        let kept = File::options().append(true).create(true).open(console).map_err(fail)?;
        match over {
            Over::Stdout => command.stdin(Stdio::null()).stdout(writer).stderr(kept),
            Over::Stdin => command.stdin(writer).stdout(kept.try_clone().map_err(fail)?).stderr(kept),
        };
        // A group of its own: Ctrl-C reaches us alone, and we end all of it.
        let child = command.process_group(0).spawn().map_err(fail)?;
        // The command holds our copies of the guest's ends; a guest that ends has to end the stream.
        drop(command);
        Ok(Self { child, lines: listen(reader) })
    }

    /// Listens until the guest has said everything and ended, or the run failed.
    ///
    /// `received` is told after each event.
    pub fn follow(
        mut self,
        transcript: &mut Transcript,
        limits: Limits,
        console: &Path,
        mut received: impl FnMut(&Transcript),
    ) -> Option<RunFailure> {
        let failure = self.receive_all(transcript, limits, &mut received);
        let status = self.end(match &failure {
            None => SWITCH_OFF,
            // One that has closed its stream is about to end by itself, and its status says more.
            Some(RunFailure::AnsweredShort(_)) => LAST_BREATH,
            Some(_) => Duration::ZERO,
        });
        let failure = failure.or_else(|| transcript.whole().err())?;
        // A stop has a reason, and the kernel said it on its console. Only silence is explained by it, though:
        // words that are wrong are wrong whatever else happened.
        let silent =
            matches!(&failure, RunFailure::AnsweredShort(_) | RunFailure::Hung(..)) && !transcript.is_done();
        let told = std::fs::read(console).map(|text| String::from_utf8_lossy(&text).into_owned());
        let reason = told.ok().and_then(|text| failure::on_console(&text)).filter(|_| silent);
        Some(reason.unwrap_or_else(|| with_status(failure, status)))
    }

    fn receive_all(
        &mut self,
        transcript: &mut Transcript,
        limits: Limits,
        received: &mut impl FnMut(&Transcript),
    ) -> Option<RunFailure> {
        let begun = Instant::now();
        let mut last = begun;
        loop {
            match self.lines.recv_timeout(TICK) {
                Ok(Ok(line)) => {
                    last = Instant::now();
                    if let Err(failure) = receive(transcript, &line) {
                        return Some(failure);
                    }
                    received(transcript);
                    if transcript.is_done() {
                        return None;
                    }
                }
                Ok(Err(error)) => {
                    return Some(RunFailure::AnsweredShort(format!("cannot be received: {error}")));
                }
                // Nothing can follow: the guest's end of the stream is closed.
                Err(RecvTimeoutError::Disconnected) => return transcript.whole().err(),
                Err(RecvTimeoutError::Timeout) => {}
            }
            let limit = if transcript.release.is_none() { limits.boot } else { limits.silence };
            if signals::interrupted() {
                return Some(RunFailure::Interrupted);
            }
            if last.elapsed() > limit {
                return Some(RunFailure::Hung(last.elapsed(), transcript.last()));
            }
            if begun.elapsed() > limits.total {
                return Some(RunFailure::TooLong(limits.total, transcript.last()));
            }
        }
    }

    /// Waits a while for the guest to end by itself, and ends it. `None` if it had to be killed.
    fn end(&mut self, patience: Duration) -> Option<ExitStatus> {
        let until = Instant::now() + patience;
        let status = self.wait(|| Instant::now() >= until || signals::interrupted());
        self.kill();
        status
    }

    fn kill(&mut self) {
        if let Ok(id) = i32::try_from(self.child.id()) {
            if let Ok(None) = self.child.try_wait() {
                // The supervisor ends whatever the guest has started, wherever that has gone.
                let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
                let until = Instant::now() + 2 * supervisor::PATIENCE;
                self.wait(|| Instant::now() >= until);
            }
            // If the supervisor was killed, its group still exists.
            let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
        }
        let _ = self.child.wait();
    }

    /// Waits until the child has ended, but not for ever.
    fn wait(&mut self, stop: impl Fn() -> bool) -> Option<ExitStatus> {
        process::wait_unless(&mut self.child, |_| stop()).ok().flatten()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.kill();
    }
}

fn listen(reader: impl Read + Send + 'static) -> Receiver<io::Result<String>> {
    let (say, hear) = channel();
    thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        loop {
            let mut line = Vec::new();
            let read = reader.read_until(b'\n', &mut line);
            let received = match read {
                Ok(0) => break,
                Ok(_) => Ok(String::from_utf8_lossy(&line).into_owned()),
                Err(error) => Err(error),
            };
            // The signal reaches no process: the guest has already ended.
            if say.send(received).is_err() {
                break;
            }
        }
    });
    hear
}

/// Before the first event there may be words of a firmware or an emulator on the line.
fn receive(transcript: &mut Transcript, line: &str) -> Result<(), RunFailure> {
    match Event::from_line(line.trim()) {
        Ok(event) => transcript.receive(event),
        Err(_) if transcript.release.is_none() || line.trim().is_empty() => Ok(()),
        Err(error) => Err(RunFailure::AnsweredShort(error)),
    }
}

fn with_status(failure: RunFailure, status: Option<ExitStatus>) -> RunFailure {
    match (failure, status) {
        (RunFailure::AnsweredShort(how), Some(status)) if !status.success() => {
            RunFailure::AnsweredShort(format!("{how} ({status})"))
        }
        (failure, _) => failure,
    }
}

/// Where a guest's console is kept, below the directory of its results.
pub fn console_file(results: &Path) -> PathBuf {
    results.join("console")
}

#[cfg(test)]
#[path = "guest_tests.rs"]
mod tests;
