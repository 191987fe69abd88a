//! Nothing of a guest or of a run of the suite outlives `cargo ci`, however that ends, and no directory stays for ever.
//!
//! The guest starts a process that goes as far from it as it can: into a session of its own, without a parent,
//! and deaf to all signals but SIGKILL.
mod support;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use support::{READY, StandIn};
use tempfile::TempDir;

type Done = Result<(), Box<dyn std::error::Error>>;

/// More than a busy machine needs, and less than a test may take.
const PATIENCE: Duration = Duration::from_secs(8);

const DEAF: &str =
    r#"(trap '' HUP INT TERM; setsid sh -c 'echo $$ > "$0"; while :; do sleep 1; done' ROOT/deaf &)"#;

/// A run of `cargo ci kernels` whose guest is up, and the directory in which it makes its own.
struct Run {
    stand_in: StandIn,
    scratch: TempDir,
    ci: Child,
}

impl Run {
    fn begin(arguments: &[&str]) -> Result<Self, Box<dyn std::error::Error>> {
        let stand_in = StandIn::new("")?;
        stand_in.guest(&format!("{READY}\n{}", Self::script(&stand_in)))?;
        let command = stand_in.command(arguments);
        Self::of(stand_in, command)
    }

    /// The same of `cargo ci suite`, whose nextest is in the guest's place.
    fn of_the_suite() -> Result<Self, Box<dyn std::error::Error>> {
        let stand_in = StandIn::new("")?;
        stand_in.run(&Self::script(&stand_in))?;
        let command = stand_in.suite();
        Self::of(stand_in, command)
    }

    /// What a guest does: it leaves the numbers of the processes, and goes on.
    fn script(stand_in: &StandIn) -> String {
        let root = stand_in.dir.path().display().to_string();
        let deaf = DEAF.replace("ROOT", &root);
        format!("echo $PPID > {root}/guard\necho $$ > {root}/guest\n{deaf}\nexec sleep 600")
    }

    fn of(stand_in: StandIn, mut command: Command) -> Result<Self, Box<dyn std::error::Error>> {
        let open = Permissions::from_mode(0o755);
        let scratch = tempfile::Builder::new().permissions(open).tempdir()?;
        command.env("TMPDIR", scratch.path()).stdout(Stdio::null()).stderr(Stdio::null());
        let run = Self { ci: command.spawn()?, stand_in, scratch };
        eventually("the guest is up", || ["guard", "guest", "deaf"].iter().all(|it| run.id(it).is_some()));
        Ok(run)
    }

    fn id(&self, name: &str) -> Option<Pid> {
        let text = fs::read_to_string(self.stand_in.dir.path().join(name)).ok()?;
        text.trim().parse().ok().map(Pid::from_raw)
    }

    fn ids(&self) -> impl Iterator<Item = Pid> {
        ["guard", "guest", "deaf"].into_iter().filter_map(|name| self.id(name))
    }

    /// What is in the directory for directories.
    fn directories(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.scratch.path()).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    }

    fn send(&mut self, signal: Signal) -> Done {
        kill(Pid::from_raw(self.ci.id().try_into()?), signal)?;
        self.ci.wait()?;
        Ok(())
    }

    #[track_caller]
    fn leaves_nothing(&self) {
        eventually("guard, guest and what it started are gone", || self.ids().all(is_gone));
        eventually("its directory is gone", || self.directories().is_empty());
    }
}

impl Drop for Run {
    /// Where the test fails, as little as possible stays.
    fn drop(&mut self) {
        let _ = self.ci.kill();
        let _ = self.ci.wait();
        for pid in self.ids().filter(|pid| !is_gone(*pid)) {
            let _ = kill(pid, Signal::SIGKILL);
        }
    }
}

/// A zombie counts as ended: the process that adopted it may take a moment to reap it.
fn is_gone(pid: Pid) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).unwrap_or_default();
    stat.is_empty() || stat.contains(") Z ") || stat.contains(") X ")
}

#[track_caller]
fn eventually(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "not so after {PATIENCE:?}: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn nothing_is_left_of_a_run_that_is_killed() -> Done {
    let mut run = Run::begin(&[])?;
    assert_eq!(run.directories().len(), 1);
    assert!(run.ids().all(|pid| !is_gone(pid)));

    run.send(Signal::SIGKILL)?;

    run.leaves_nothing();
    Ok(())
}

/// nextest would run all tests to their end.
#[test]
fn nothing_is_left_of_a_suite_that_is_killed() -> Done {
    let mut run = Run::of_the_suite()?;
    assert!(run.ids().all(|pid| !is_gone(pid)));

    run.send(Signal::SIGKILL)?;

    run.leaves_nothing();
    Ok(())
}

/// nextest ends its tests on a signal, and the supervisor leaves it the time.
#[test]
fn a_suite_that_is_asked_to_end_ends_by_itself() -> Done {
    let mut run = Run::of_the_suite()?;

    run.send(Signal::SIGTERM)?;

    run.leaves_nothing();
    Ok(())
}

#[test]
fn nothing_is_left_of_a_run_that_is_asked_to_end() -> Done {
    let mut run = Run::begin(&[])?;

    run.send(Signal::SIGTERM)?;

    run.leaves_nothing();
    Ok(())
}

#[test]
fn nothing_is_left_of_a_guest_that_takes_too_long() -> Done {
    let mut run = Run::begin(&["--limit", "1"])?;

    run.ci.wait()?;

    run.leaves_nothing();
    Ok(())
}

/// If the supervisor is also killed, only the next run can remove the directory.
#[test]
fn the_next_run_removes_the_directory_of_one_that_was_killed() -> Done {
    let mut run = Run::begin(&[])?;
    kill(Pid::from_raw(run.ci.id().try_into()?), Signal::SIGSTOP)?;
    for pid in run.ids() {
        kill(pid, Signal::SIGKILL)?;
    }
    run.send(Signal::SIGKILL)?;
    let left = run.directories();
    assert_eq!(left.len(), 1);

    let next = StandIn::new("exit 0")?;
    let ended = next.command(&[]).env("TMPDIR", run.scratch.path()).output()?;

    assert_eq!(ended.status.code(), Some(2));
    run.leaves_nothing();
    assert!(left.iter().all(|directory| !directory.exists()));
    Ok(())
}
