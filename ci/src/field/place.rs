//! A place for real programs: a copy of a root in memory, with namespaces of its own.
//!
//! The copy is an overlay whose changes are in memory. It is the root of its mount namespace by pivot_root(2): a process
//! in a chroot may not create user namespaces. Network, processes, System V objects and the host name are the place's own.
//! Nothing that is done there reaches the host, and all of it ends with the first process of the place.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::sys::process::{self, Captured};
use crate::sys::scratch::Scratch;
use crate::sys::signals;
use crate::sys::supervisor::supervised;

const SCRIPT: &str = include_str!("place.sh");
const NAME: &str = "place.sh";
/// Where programs are.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Where the directory for results is in a place.
pub const RESULTS: &str = "/run/field";

/// Removes the cgroups of places that have ended, also of those that were killed: a cgroup with a process stays.
const CLEAR: &str = r#"
mount -t cgroup2 cgroup2 "$1"
find "$1" -mindepth 1 -maxdepth 1 -name 'userns-suite.*' | while read -r own; do
    find "$own" -depth -type d -exec rmdir {} + 2> /dev/null || true
done
"#;
/// How long that may take.
const QUICK: Duration = Duration::from_secs(30);

/// Whether sysctls can be written in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proc {
    /// They cannot.
    Sealed,
    /// They can: a runtime may only mount a /proc of its own if none of this one is hidden or read-only. The place has a
    /// cgroup, too.
    Open,
}

/// A place that has not been entered yet.
#[derive(Debug)]
pub struct Place {
    scratch: Scratch,
    root: PathBuf,
    proc: Proc,
}

impl Place {
    /// A place with a copy of this root.
    ///
    /// # Errors
    /// When its directories cannot be made.
    pub fn new(root: &Path, proc: Proc) -> Result<Self, String> {
        let scratch = Scratch::new()?;
        for name in ["work", "out"] {
            let dir = scratch.path().join(name);
            fs::create_dir(&dir).map_err(|error| format!("cannot make {}: {error}", dir.display()))?;
        }
        // A file, so that a message about the command can be read.
        let script = scratch.path().join(NAME);
        fs::write(&script, SCRIPT).map_err(|error| format!("cannot write {}: {error}", script.display()))?;
        Ok(Self { scratch, root: root.to_owned(), proc })
    }

    /// Writes a file that is at [`RESULTS`] in the place.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn give(&self, name: &str, text: &str) -> Result<(), String> {
        let file = self.result(name);
        fs::write(&file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))
    }

    /// The text of a file at [`RESULTS`]; empty if there is none.
    pub fn read(&self, name: &str) -> String {
        let bytes = fs::read(self.result(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Copies files at [`RESULTS`] to a directory, which is made. One that is missing becomes an empty file.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn keep(&self, names: &[&str], to: &Path) -> Result<(), String> {
        let fail = |error: std::io::Error| format!("cannot keep the run in {}: {error}", to.display());
        fs::create_dir_all(to).map_err(fail)?;
        names.iter().try_for_each(|name| fs::write(to.join(name), self.read(name)).map_err(fail))
    }

    /// Where a file at [`RESULTS`] is outside.
    fn result(&self, name: &str) -> PathBuf {
        self.scratch.path().join("out").join(name)
    }

    /// Runs a command in the place, once: all that it starts has ended then.
    ///
    /// # Errors
    /// When the place cannot be made, or the command does not end in time.
    pub fn run(&self, command: &[&str], limit: Duration) -> Result<Captured, String> {
        let captured = self.capture(command, limit);
        if self.proc == Proc::Open {
            let mut clear = Command::new("unshare");
            clear.args(["--mount", "--propagation", "private", "sh", "-euc", CLEAR, "sh"]);
            // One that cannot be removed now is empty, and is removed after the next run.
            let _ = process::capture(clear.arg(self.scratch.path().join("work")), QUICK);
        }
        let mut captured = captured?;
        captured.stderr.truncate(captured.stderr.trim_end().len());
        Ok(captured)
    }

    /// Runs the command. One that takes too long is ended by its supervisor, with all that it started.
    fn capture(&self, words: &[&str], limit: Duration) -> Result<Captured, String> {
        let fail = |error: std::io::Error| format!("cannot run a command in a place: {error}");
        let stream = |name: &str| File::create(self.scratch.path().join(name)).map_err(fail);
        let mut command = self.command(words);
        command.stdin(Stdio::null()).stdout(stream("stdout")?).stderr(stream("stderr")?);
        let begun = Instant::now();
        let mut child = command.spawn().map_err(fail)?;
        let stop = |_: &Child| begun.elapsed() > limit || signals::interrupted();
        let ended = process::wait_unless(&mut child, stop).map_err(fail)?;
        let status = match ended {
            Some(status) => status,
            None => {
                let pid = i32::try_from(child.id()).map_err(|error| error.to_string())?;
                // It has not been waited for, so that its id is still its own.
                kill(Pid::from_raw(pid), Signal::SIGTERM).map_err(|error| fail(error.into()))?;
                child.wait().map_err(fail)?
            }
        };
        match ended {
            None if signals::interrupted() => Err("interrupted".to_owned()),
            None => Err(format!("it did not end within {} s", limit.as_secs())),
            Some(_) => {
                let text = |name: &str| {
                    String::from_utf8_lossy(&fs::read(self.scratch.path().join(name)).unwrap_or_default())
                        .into_owned()
                };
                Ok(Captured { status, stdout: text("stdout"), stderr: text("stderr") })
            }
        }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        // With the first process of the PID namespace all others end.
        command.args(["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]);
        command
            .args(["--net", "--ipc", "--uts", "--", "sh", "-eu"])
            .arg(self.scratch.path().join(NAME))
            .arg(&self.root);
        command.args(["work", "out"].map(|name| self.scratch.path().join(name)));
        command.arg(match self.proc {
            Proc::Sealed => "sealed",
            Proc::Open => "open",
        });
        command.args(words).current_dir("/");
        let mut supervised = supervised(&command, self.scratch.path());
        supervised.env_clear().env("PATH", PATH).env("LC_ALL", "C").env("HOME", "/root").env("TERM", "dumb");
        supervised
    }
}
