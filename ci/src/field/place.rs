//! A place for real programs: a copy of a root in memory, with namespaces of its own.
//!
//! The copy is an overlay whose changes are in memory. It is the root of its mount namespace by pivot_root(2): a process
//! in a chroot may not create user namespaces. Network, processes, System V objects and the host name are the place's own.
//! Nothing that is done there reaches the host, and all of it ends with the first process of the place.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::sys::process::{self, Captured};
use crate::sys::scratch::Scratch;
use crate::sys::supervisor::supervised;

const SCRIPT: &str = include_str!("place.sh");
/// Where programs are.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Where the directory for results is in a place.
pub const RESULTS: &str = "/run/field";

/// A place that has not been entered yet.
#[derive(Debug)]
pub struct Place {
    scratch: Scratch,
    root: PathBuf,
}

impl Place {
    /// A place with a copy of this root.
    ///
    /// # Errors
    /// When its directories cannot be made.
    pub fn new(root: &Path) -> Result<Self, String> {
        let scratch = Scratch::new()?;
        for name in ["work", "out"] {
            let dir = scratch.path().join(name);
            fs::create_dir(&dir).map_err(|error| format!("cannot make {}: {error}", dir.display()))?;
        }
        Ok(Self { scratch, root: root.to_owned() })
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

    /// Where a file at [`RESULTS`] is outside.
    pub fn result(&self, name: &str) -> PathBuf {
        self.scratch.path().join("out").join(name)
    }

    /// Runs a command in the place, once: all that it starts has ended then.
    ///
    /// # Errors
    /// When the place cannot be made, or the command does not end in time.
    pub fn run(&self, command: &[&str], limit: Duration) -> Result<Captured, String> {
        let mut captured = process::capture(&mut self.command(command), limit)?;
        captured.stderr.truncate(captured.stderr.trim_end().len());
        Ok(captured)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        // With the first process of the PID namespace all others end.
        command.args(["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]);
        command.args(["--net", "--ipc", "--uts", "--", "sh", "-euc", SCRIPT, "sh"]).arg(&self.root);
        command.args(["work", "out"].map(|name| self.scratch.path().join(name)));
        command.args(words).current_dir("/");
        let mut supervised = supervised(&command, self.scratch.path());
        supervised.env_clear().env("PATH", PATH).env("LC_ALL", "C").env("HOME", "/root").env("TERM", "dumb");
        supervised
    }
}
