//! Calling cargo-nextest: the suite's binary, the variables of a run, and what its exit status means.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use harness::findings::FINDINGS;

use crate::sys::process;
use crate::sys::workspace::{SUITE, Workspace};

/// The id that nextest gives to the suite's test binary.
const BINARY_ID: &str = "userns-suite::userns";
/// A cold build on a slow machine; more is a hang.
const BUILD_LIMIT: Duration = Duration::from_secs(1800);

/// How a run of nextest ended, by its exit status.
///
/// Source: the constants of `NextestExitCode` in the crate nextest-metadata 0.15.
#[derive(Debug, PartialEq, Eq)]
pub enum NextestExit {
    /// 0: every test that ran passed.
    Passed,
    /// 100: a test failed, crashed or took too long.
    TestsFailed,
    /// 101: cargo could not build the tests.
    BuildFailed,
    /// 4: no test was selected.
    NothingRan,
    /// Any other status or a signal, in words.
    Otherwise(String),
}

impl From<ExitStatus> for NextestExit {
    fn from(status: ExitStatus) -> Self {
        match status.code() {
            Some(0) => Self::Passed,
            Some(4) => Self::NothingRan,
            Some(100) => Self::TestsFailed,
            Some(101) => Self::BuildFailed,
            Some(code) => Self::Otherwise(format!("nextest ended with status {code}: see its message above")),
            None => Self::Otherwise(format!("nextest was killed by signal {}", status.signal().unwrap_or(0))),
        }
    }
}

/// Builds the suite and tells where its binary is.
///
/// # Errors
/// When it does not build, or nextest does not know the binary.
pub fn build_suite(workspace: &Workspace) -> Result<PathBuf, String> {
    let mut command = workspace.cargo(["nextest", "list", "--package", SUITE]);
    command.args(["--list-type", "binaries-only", "--message-format", "json"]);
    let output = process::capture_stdout(&mut command, BUILD_LIMIT)?;
    match NextestExit::from(output.status) {
        NextestExit::Passed => binary_path(&output.stdout),
        NextestExit::BuildFailed => Err("the suite did not build: see the compiler's messages above".into()),
        other => Err(format!("`{}` failed: {other:?}", process::show(&command))),
    }
}

fn binary_path(json: &str) -> Result<PathBuf, String> {
    let list: serde_json::Value = serde_json::from_str(json)
        .map_err(|error| format!("the list of test binaries is no JSON: {error}"))?;
    let binary = list.get("rust-binaries").and_then(|binaries| binaries.get(BINARY_ID));
    let path = binary.and_then(|binary| binary.get("binary-path")).and_then(serde_json::Value::as_str);
    path.map(PathBuf::from).ok_or_else(|| format!("nextest lists no test binary {BINARY_ID}"))
}

/// Where one run of the suite works and what it leaves behind.
#[derive(Clone, Debug)]
pub struct Places {
    /// The workspace that the tests see.
    pub root: PathBuf,
    /// Where the run leaves snapshots, references and its JUnit file. Emptied before each run.
    pub results: PathBuf,
}

impl Places {
    /// Snapshots that differ, as a tree like the workspace.
    pub fn snapshots(&self) -> PathBuf {
        self.results.join("snapshots")
    }

    /// The list of snapshots that tests asked for.
    pub fn references(&self) -> PathBuf {
        self.results.join("references")
    }

    /// What failed tests found, as data.
    pub fn findings(&self) -> PathBuf {
        self.results.join("findings")
    }

    /// The JUnit file, once it is gathered.
    pub fn junit(&self) -> PathBuf {
        self.results.join("junit.xml")
    }

    /// nextest's store, with a directory for each profile.
    pub fn store(&self) -> PathBuf {
        self.root.join("target/nextest")
    }

    /// Sets what insta needs to leave pending snapshots in one place, under CI too.
    ///
    /// INSTA_WORKSPACE_ROOT is left to `.cargo/config.toml`: insta reads it when it is compiled, too, and
    /// another spelling of the same directory would build the suite anew at each turn.
    pub fn set_variables(&self, command: &mut Command) {
        // insta writes nothing when CI is set, unless it is told what to do.
        command.env("INSTA_UPDATE", "new");
        command.env("INSTA_PENDING_DIR", self.snapshots());
        command.env("INSTA_SNAPSHOT_REFERENCES_FILE", self.references());
        command.env(FINDINGS, self.findings());
    }

    /// Removes what an earlier run left: a stale file must not pass for a result.
    ///
    /// # Errors
    /// When something cannot be removed or the directory cannot be made, such as after a run as root.
    pub fn empty(&self) -> Result<(), String> {
        let gone = |path: &Path, done: std::io::Result<()>| match done {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(format!("cannot remove the earlier {}: {error}; remove it by hand", path.display()))
            }
            _ => Ok(()),
        };
        gone(&self.results, std::fs::remove_dir_all(&self.results))?;
        for junit in self.junit_files() {
            gone(&junit, std::fs::remove_file(&junit))?;
        }
        std::fs::create_dir_all(self.findings())
            .map_err(|error| format!("cannot make {}: {error}", self.results.display()))
    }

    /// Moves nextest's JUnit file, whatever the profile, to [`Places::junit`].
    ///
    /// # Errors
    /// When there is none: nextest stopped before it ran a test.
    pub fn collect_junit(&self) -> Result<(), String> {
        let found = self.junit_files();
        let Some(file) = found.first() else {
            return Err(format!("nextest left no JUnit file below {}", self.store().display()));
        };
        std::fs::copy(file, self.junit())
            .map(drop)
            .map_err(|error| format!("cannot copy {} to {}: {error}", file.display(), self.junit().display()))
    }

    fn junit_files(&self) -> Vec<PathBuf> {
        let profiles = std::fs::read_dir(self.store()).into_iter().flatten().flatten();
        profiles.map(|profile| profile.path().join("junit.xml")).filter(|file| file.is_file()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_is_told_apart() {
        let ended = |raw| NextestExit::from(ExitStatus::from_raw(raw));

        assert_eq!(ended(0), NextestExit::Passed);
        assert_eq!(ended(4 << 8), NextestExit::NothingRan);
        assert_eq!(ended(100 << 8), NextestExit::TestsFailed);
        assert_eq!(ended(101 << 8), NextestExit::BuildFailed);
        assert_eq!(ended(9), NextestExit::Otherwise("nextest was killed by signal 9".into()));
    }

    #[test]
    fn the_binary_is_found_by_its_id() {
        let json = r#"{"rust-binaries":{"userns-suite::userns":{"binary-path":"/t/userns-1"}}}"#;

        assert_eq!(binary_path(json), Ok(PathBuf::from("/t/userns-1")));
        assert_eq!(binary_path("{}"), Err("nextest lists no test binary userns-suite::userns".into()));
    }

    #[test]
    fn an_earlier_junit_file_is_not_taken_for_a_result() -> Result<(), Box<dyn std::error::Error>> {
        let dir = tempfile::tempdir()?;
        let places = Places { root: dir.path().into(), results: dir.path().join("target/userns-suite") };
        std::fs::create_dir_all(places.store().join("default"))?;
        std::fs::write(places.store().join("default/junit.xml"), "old")?;

        places.empty()?;

        let message = places.collect_junit().err().unwrap_or_default();
        assert!(message.starts_with("nextest left no JUnit file below "), "{message}");
        Ok(())
    }
}
