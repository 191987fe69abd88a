//! Running other programs: streamed or captured, with signals passed on and errors that name the command.

use std::io::{self, Read, Seek};
use std::iter;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::sys::signals;

/// How often a running child is looked at: short beside a build, long beside a system call.
const POLL: Duration = Duration::from_millis(20);

/// What a captured command said.
#[derive(Debug)]
pub struct Captured {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output; bytes that are no UTF-8 are replaced.
    pub stdout: String,
    /// Its standard error; bytes that are no UTF-8 are replaced.
    pub stderr: String,
}

/// Runs a command with its output on our own streams.
///
/// # Errors
/// When it cannot be started, or a signal asked us to stop; the message names the command.
pub fn stream(command: &mut Command) -> Result<ExitStatus, String> {
    let shown = show(command);
    let child = command.spawn().map_err(|error| format!("cannot start `{shown}`: {error}"))?;
    wait(child, &shown, None)
}

/// Runs an installer. All its output goes to standard error, because the standard output of `cargo ci` may be JSON.
///
/// # Errors
/// As for [`stream`], and if the installer fails.
pub fn install(command: &mut Command) -> Result<(), String> {
    let status = stream(command.stdout(io::stderr()))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` failed ({status})", show(command))) }
}

/// Runs a command, keeps both of its streams, and kills it after `limit`.
///
/// # Errors
/// When it cannot be started, takes too long, or a signal asked us to stop.
pub fn capture(command: &mut Command, limit: Duration) -> Result<Captured, String> {
    let stderr = tempfile::tempfile().map_err(|error| format!("cannot make a temporary file: {error}"))?;
    capture_into(command, limit, stderr.try_clone().map(Stdio::from), Some(stderr))
}

/// How a message ends about a program that there is not.
pub const NOT_IN_PATH: &str = "is not in PATH";

/// Runs a command, keeps its standard output and lets its standard error through: for builds.
///
/// # Errors
/// As for [`capture`].
pub fn capture_stdout(command: &mut Command, limit: Duration) -> Result<Captured, String> {
    capture_into(command, limit, Ok(Stdio::inherit()), None)
}

fn capture_into(
    command: &mut Command,
    limit: Duration,
    stderr: std::io::Result<Stdio>,
    kept: Option<std::fs::File>,
) -> Result<Captured, String> {
    let shown = show(command);
    let fail = |error: std::io::Error| format!("cannot run `{shown}`: {error}");
    // Files, not pipes: a grandchild that keeps a pipe open would keep us waiting.
    let mut out = tempfile::tempfile().map_err(fail)?;
    command.stdin(Stdio::null()).stdout(out.try_clone().map_err(fail)?).stderr(stderr.map_err(fail)?);
    let child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            format!("cannot run `{shown}`: {} {NOT_IN_PATH}", command.get_program().to_string_lossy())
        }
        _ => fail(error),
    })?;
    let status = wait(child, &shown, Some(limit))?;
    let stdout = read_from_start(&mut out).map_err(fail)?;
    let stderr = kept.map(|mut file| read_from_start(&mut file)).transpose().map_err(fail)?;
    Ok(Captured { status, stdout, stderr: stderr.unwrap_or_default() })
}

fn read_from_start(file: &mut std::fs::File) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn wait(mut child: Child, shown: &str, limit: Option<Duration>) -> Result<ExitStatus, String> {
    let start = Instant::now();
    let mut passed_on = false;
    let status = wait_unless(&mut child, |child| {
        if !passed_on && signals::was_meant_for_us_alone() {
            passed_on = true;
            send(child, Signal::SIGTERM);
        }
        limit.is_some_and(|limit| start.elapsed() > limit)
    });
    match status.map_err(|error| format!("cannot wait for `{shown}`: {error}"))? {
        Some(_) if signals::interrupted() => Err(format!("interrupted while running `{shown}`")),
        Some(status) => Ok(status),
        None => {
            send(&child, Signal::SIGKILL);
            let _ = child.wait();
            Err(format!("`{shown}` did not end within {} s", limit.unwrap_or_default().as_secs()))
        }
    }
}

/// Waits until a child has ended, or until `stop` says not to wait any longer; `None` then.
///
/// # Errors
/// When it cannot be waited for.
pub fn wait_unless(
    child: &mut Child,
    mut stop: impl FnMut(&Child) -> bool,
) -> std::io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if stop(child) {
            return Ok(None);
        }
        thread::sleep(POLL);
    }
}

/// The child is not reaped yet, so its id is still its own. It may have ended already: no error.
fn send(child: &Child, signal: Signal) {
    if let Ok(pid) = i32::try_from(child.id()) {
        let _ = kill(Pid::from_raw(pid), signal);
    }
}

/// A command as it would be typed, without its environment, its supervisor and the directory of the program.
pub fn show(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let words = iter::once(program.file_name().unwrap_or(program.as_os_str())).chain(command.get_args());
    without(words.map(|word| word.to_string_lossy().into_owned()).collect()).join(" ")
}

/// The words of a command, without its supervisor.
fn without(words: Vec<String>) -> Vec<String> {
    let own =
        words.first().is_some_and(|first| first == "exe") && words.get(1).is_some_and(|it| it == "supervise");
    let from = if own { words.iter().position(|word| word == "--").map_or(0, |at| at + 1) } else { 0 };
    words.into_iter().skip(from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hanging_command_is_killed_and_named() {
        let hangs = capture(Command::new("sleep").arg("600"), Duration::from_millis(100));

        assert_eq!(hangs.err().as_deref(), Some("`sleep 600` did not end within 0 s"));
    }

    #[test]
    fn a_missing_program_is_named() {
        let missing = stream(&mut Command::new("/nowhere/program"));

        let message = missing.err().unwrap_or_default();
        assert!(message.starts_with("cannot start `program`: "), "{message}");
    }

    #[test]
    fn both_streams_are_kept() -> Result<(), String> {
        let output =
            capture(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]), Duration::MAX)?;

        assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("out\n", "err\n"));
        assert_eq!(output.status.code(), Some(3));
        Ok(())
    }
}
