//! A command that waits for another build reports it: without a word it looks like one that hangs.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, geteuid};
use tempfile::TempDir;

type Done = Result<(), Box<dyn std::error::Error>>;

/// More than cargo needs to find the lock on a busy machine.
const PATIENCE: Duration = Duration::from_secs(25);
/// How long silence is listened to.
const SHORT: Duration = Duration::from_secs(3);

/// Whether cargo reports that it waits. Its releases name the directory differently.
fn waits(text: &str) -> bool {
    text.lines()
        .any(|line| line.contains("Blocking waiting for file lock on ") && line.ends_with(" directory"))
}

/// A target directory in which another build runs.
struct Busy {
    dir: TempDir,
    /// What a build of cargo holds.
    _lock: Flock<File>,
}

impl Busy {
    fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let dir = tempfile::tempdir()?;
        fs::create_dir(dir.path().join("debug"))?;
        let file = File::create(dir.path().join("debug/.cargo-lock"))?;
        let lock = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, error)| error)?;
        Ok(Self { dir, _lock: lock })
    }

    /// The lines that a command prints on standard error, until it reports that it waits or takes too long.
    fn printed(&self, command: &mut Command) -> Result<String, Box<dyn std::error::Error>> {
        self.printed_for(command, PATIENCE)
    }

    /// As [`Busy::printed`], for this time at most.
    fn printed_for(
        &self,
        command: &mut Command,
        patience: Duration,
    ) -> Result<String, Box<dyn std::error::Error>> {
        command.env("CARGO_TARGET_DIR", self.dir.path()).current_dir(root());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut running = Group(command.process_group(0).spawn()?);
        let lines = lines(running.0.stderr.take().ok_or("no standard error")?);
        let (begun, mut text) = (Instant::now(), String::new());
        while !waits(&text) {
            match lines.recv_timeout(patience.saturating_sub(begun.elapsed())) {
                Ok(line) => text += &line,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        Ok(text)
    }
}

/// A command and all that it started, which end when this is dropped: none may begin to build.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        if let Ok(id) = i32::try_from(self.0.id()) {
            let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
        }
        let _ = self.0.wait();
    }
}

fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (say, hear) = channel();
    thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while stream.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            if say.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                break;
            }
            line.clear();
        }
    });
    hear
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn ci(arguments: &[&str]) -> Result<String, Box<dyn std::error::Error>> {
    Busy::new()?.printed(Command::new(env!("CARGO_BIN_EXE_ci")).args(arguments).arg("--skip-install"))
}

#[test]
fn the_suite_reports_that_it_waits_for_another_build() -> Done {
    let text = ci(&["suite"])?;

    assert!(waits(&text), "it is silent:\n{text}");
    Ok(())
}

#[test]
fn kernels_report_that_they_wait_for_another_build() -> Done {
    let text = ci(&["kernels", "--only", "host"])?;

    assert!(waits(&text), "they are silent:\n{text}");
    Ok(())
}

#[test]
fn hosts_report_that_they_wait_for_another_build_or_need_root() -> Done {
    let text = ci(&["hosts", "--quick"])?;

    let expected =
        if geteuid().is_root() { waits(&text) } else { text.contains("only root can make these hosts") };
    assert!(expected, "they are silent:\n{text}");
    Ok(())
}

#[test]
fn the_alias_reports_that_it_waits_for_another_build() -> Done {
    let text = Busy::new()?.printed(cargo().args(["ci", "facts"]))?;

    assert!(waits(&text), "it is silent:\n{text}");
    Ok(())
}

/// This is what the reports are for.
#[test]
fn a_quiet_build_that_waits_is_silent() -> Done {
    let mut build = cargo();
    let text =
        Busy::new()?.printed_for(build.args(["build", "--quiet", "--package", "harness-scenario"]), SHORT)?;

    assert_eq!(text, "");
    Ok(())
}
