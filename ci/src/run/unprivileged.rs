//! The suite as an unprivileged user, for a caller who is root.
//!
//! The workspace, the toolchain and cargo's home are often readable by root alone. So the tests are
//! built and archived as root, and what they need is copied to a directory that the user owns. The
//! user is a number without a passwd entry: what works for it works for every user.

use std::fs;
use std::os::unix::fs::lchown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::scenario::ORDINARY;
use nix::unistd::{Gid, Group, Uid, User};
use walkdir::WalkDir;

use crate::run::collect::{EndedRun, collect};
use crate::run::nextest::{self, NextestExit, Places};
use crate::run::user_run::UserRun;
use crate::sys::scratch::Scratch;
use crate::sys::workspace::{SUITE, Workspace};
use crate::sys::{process, tools};

/// What the tests read at run time.
const COPIED: [&str; 5] = [".config", "Cargo.toml", "Cargo.lock", "tests", "harness"];
/// The settings of the caller that mean something to the tests or to what they print.
const KEPT: [&str; 9] = [
    "PATH",
    "LANG",
    "TERM",
    "CI",
    "NO_COLOR",
    "CARGO_TERM_COLOR",
    "RUST_BACKTRACE",
    "USERNS_SUITE_REQUIRE",
    "INSTA_OUTPUT",
];

/// Runs the suite as a user without privileges and brings its results to the workspace.
///
/// # Errors
/// When the suite does not build, or the user's directory cannot be made.
pub fn run(workspace: &Workspace) -> Result<UserRun, String> {
    let kept = workspace.results().join("ordinary-user");
    Places { root: workspace.target.join("none"), results: kept.clone() }.empty()?;
    let binary = nextest::build_suite(workspace)?;
    let user = Unprivileged::prepare(workspace, &binary)?;
    let mut run = user.play()?;
    copy(&user.places.results, &kept)?;
    run.snapshots = kept.join("snapshots");
    run.junit = kept.join("junit.xml");
    Ok(run)
}

/// A directory of an unprivileged user with all that the suite needs. Removed when dropped.
struct Unprivileged {
    home: Scratch,
    places: Places,
    id: u32,
}

impl Unprivileged {
    fn prepare(workspace: &Workspace, binary: &Path) -> Result<Self, String> {
        let home = Scratch::new()?;
        let root = home.path().join("workspace");
        let user =
            Self { places: Places { results: root.join("target").join(SUITE), root }, id: free_id()?, home };
        let bin = user.path("bin");
        for dir in [&bin, &user.path("home"), &user.path("tmp"), &user.places.findings()] {
            fs::create_dir_all(dir).map_err(|error| format!("cannot make {}: {error}", dir.display()))?;
        }
        for name in COPIED.iter().filter(|name| workspace.root.join(name).exists()) {
            copy(&workspace.root.join(name), &user.places.root.join(name))?;
        }
        let nextest = tools::find("cargo-nextest").ok_or("cargo-nextest is not on PATH")?;
        copy(&nextest, &bin.join("cargo-nextest"))?;
        copy(binary, &bin.join("userns"))?;
        // The build may have replaced the file that this process was started from; this still is it.
        copy(Path::new("/proc/self/exe"), &bin.join("ci"))?;
        user.archive(workspace)?;
        user.own()?;
        Ok(user)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn archive(&self, workspace: &Workspace) -> Result<(), String> {
        let mut command = workspace.cargo(["nextest", "archive", "--package", SUITE, "--archive-file"]);
        let status = process::stream(command.arg(self.path("suite.tar.zst")))?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("`{}` failed ({status})", process::show(&command)))
        }
    }

    /// Makes the user the owner of everything in the directory. Other users only need to read. The directory itself
    /// stays ours: its owner shows a later run which user it belongs to.
    fn own(&self) -> Result<(), String> {
        for entry in WalkDir::new(self.home.path()).min_depth(1) {
            let entry = entry.map_err(|error| format!("cannot read the copy of the workspace: {error}"))?;
            lchown(entry.path(), Some(self.id), Some(self.id)).map_err(|error| {
                format!("cannot give {} to uid {}: {error}", entry.path().display(), self.id)
            })?;
        }
        Ok(())
    }

    /// A program of the directory's bin, with the user's ids and no supplementary group.
    ///
    /// Privileges are dropped and nothing else: no_new_privs would keep sudo and newuidmap from working.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.path("bin").join(program));
        command.env_clear().envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command.env("HOME", self.path("home")).env("TMPDIR", self.path("tmp"));
        command.env("INSTA_WORKSPACE_ROOT", &self.places.root);
        self.places.set_variables(&mut command);
        // The standard library drops supplementary groups when it changes the uid as root.
        command.current_dir(&self.places.root).uid(self.id).gid(self.id);
        command
    }

    fn play(&self) -> Result<UserRun, String> {
        let mut command = self.command("cargo-nextest");
        command.args(["nextest", "run", "--archive-file"]).arg(self.path("suite.tar.zst"));
        command.arg("--workspace-remap").arg(&self.places.root);
        let ended = NextestExit::from(process::stream(&mut command)?);
        let facts = process::capture(self.command("ci").arg("facts"), std::time::Duration::from_secs(60))?;
        Ok(collect(EndedRun {
            who: format!("as an unprivileged user (uid {}, no passwd entry)", self.id),
            ended,
            places: &self.places,
            suite: self.command("userns"),
            selected: None,
            left_out: None,
            facts: facts.stdout,
        }))
    }
}

/// The first id from [`ORDINARY`] on that names no user and no group.
fn free_id() -> Result<u32, String> {
    let free = |id: &u32| {
        let user = User::from_uid(Uid::from_raw(*id));
        let group = Group::from_gid(Gid::from_raw(*id));
        matches!((user, group), (Ok(None), Ok(None)))
    };
    let last = ORDINARY + 100;
    (ORDINARY..last).find(free).ok_or_else(|| format!("all ids from {ORDINARY} to {last} are taken"))
}

/// Copies a file or a tree; a symbolic link is copied as what it points to.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let fail = |error: &dyn std::fmt::Display| {
        format!("cannot copy {} to {}: {error}", from.display(), to.display())
    };
    for entry in WalkDir::new(from) {
        let entry = entry.map_err(|error| fail(&error))?;
        let below = entry.path().strip_prefix(from).map_err(|error| fail(&error))?;
        let target = if below.as_os_str().is_empty() { to.to_owned() } else { to.join(below) };
        let copied = if entry.path().is_dir() {
            fs::create_dir_all(&target)
        } else {
            fs::copy(entry.path(), &target).map(drop)
        };
        copied.map_err(|error| fail(&error))?;
    }
    Ok(())
}
