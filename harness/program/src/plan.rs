//! Following a plan: the program runs itself, once for each user.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use harness::suite::ACTORS;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, geteuid};

use crate::channel::Channel;
use crate::protocol::{Event, Plan};

/// Where programs are.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The name of the file with the names of the tests, in the directory of the plan.
const TESTS: &str = "tests";

/// Follows the plan in this file to its end, and tells so or what went wrong.
///
/// # Errors
/// When the reader of the channel has ended.
pub fn follow(plan: &Path, channel: &mut Channel) -> Result<(), String> {
    let release = nix::sys::utsname::uname()
        .map_or_else(|error| format!("unknown: {error}"), |uname| uname.release().to_string_lossy().into());
    channel.send(&Event::Ready { release })?;
    match read(plan).and_then(|plan| run(&plan, channel)) {
        Ok(()) => channel.send(&Event::Done),
        Err(what) => channel.send(&Event::Failure { what }),
    }
}

fn read(plan: &Path) -> Result<Plan, String> {
    let text = fs::read_to_string(plan)
        .map_err(|error| format!("cannot read the plan {}: {error}", plan.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{} is no plan: {error}", plan.display()))
}

/// Runs the tests of a plan as each of its users.
fn run(plan: &Plan, channel: &Channel) -> Result<(), String> {
    if plan.tests.is_empty() {
        return Ok(());
    }
    let tests = plan.scratch.join(TESTS);
    fs::write(&tests, plan.tests.join("\n") + "\n")
        .and_then(|()| fs::set_permissions(&tests, fs::Permissions::from_mode(0o644)))
        .map_err(|error| format!("cannot write {}: {error}", tests.display()))?;
    plan.users.iter().try_for_each(|user| run_as(plan, *user, &tests, channel))
}

/// Runs the tests as one user, whose events go to the channel.
fn run_as(plan: &Plan, user: Option<u32>, tests: &Path, channel: &Channel) -> Result<(), String> {
    let fail = |what: &str, error: &dyn std::fmt::Display| format!("cannot {what}: {error}");
    let own = std::env::current_exe().map_err(|error| fail("find this program", &error))?;
    let home = plan.scratch.join(user.map_or("caller".to_owned(), |uid| format!("uid-{uid}")));
    let temporary = home.join("tmp");
    for directory in [&home, &temporary] {
        made(directory, user).map_err(|error| fail(&format!("make {}", directory.display()), &error))?;
    }
    let mut command = Command::new(own);
    command.args(["run", "--format", "events", "--jobs", "1", "--tests-from"]).arg(tests);
    command.args(["--limit", &plan.limit.to_string(), "--exploration", &plan.exploration.to_string()]);
    let actors = std::env::var_os(ACTORS);
    command.env_clear().env("PATH", PATH).env("LC_ALL", "C").env("TERM", "dumb");
    command.env("HOME", &home).env("TMPDIR", &temporary).envs(actors.map(|choice| (ACTORS, choice)));
    // The standard library drops supplementary groups when it changes the uid as root.
    if let Some(uid) = user.filter(|uid| *uid != geteuid().as_raw()) {
        command.uid(uid).gid(uid);
    }
    let out = channel.duplicate().map_err(|error| fail("share the channel", &error))?;
    command.current_dir(&home).stdin(Stdio::null()).stdout(out);
    let mut child = command.spawn().map_err(|error| fail("run this program", &error))?;
    let status = child.wait().map_err(|error| fail("wait for this program", &error))?;
    reap();
    match status.code() {
        // Failed tests, and a run that is partial, are in the events.
        Some(0 | 1 | 3) => Ok(()),
        _ => Err(format!("the run as uid {} ended with {status}", user.unwrap_or(geteuid().as_raw()))),
    }
}

fn made(directory: &PathBuf, user: Option<u32>) -> std::io::Result<()> {
    fs::create_dir_all(directory)?;
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755))?;
    user.map_or(Ok(()), |uid| chown(directory, Some(uid), Some(uid)))
}

/// As init, takes leave of processes whose parents have ended.
fn reap() {
    if std::process::id() != 1 {
        return;
    }
    while let Ok(status) = waitpid(Pid::from_raw(-1), Some(WaitPidFlag::WNOHANG)) {
        if status == WaitStatus::StillAlive {
            break;
        }
    }
}
