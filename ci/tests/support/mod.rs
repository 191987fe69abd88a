//! A workspace whose guest is a shell script, so that it can lie.
#![allow(dead_code, clippy::allow_attributes, reason = "each binary uses a part of it")]

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

const LIST: &str = r#"{"rust-suites":{"userns-suite::userns":{"binary-path":"ROOT/userns","testcases":{
    "a":{"filter-match":{"status":"matches"}},"b":{"filter-match":{"status":"matches"}}}}},
    "rust-binaries":{"userns-suite::userns":{"binary-path":"ROOT/userns"}}}"#;

/// What the suite lists.
const TESTS: &str = r#"{"tests":[
    {"name":"a","file":"tests/a.rs","line":1,"function":"a","rules":["map.written-once"],"varies":[],"skipped":null},
    {"name":"b","file":"tests/b.rs","line":2,"function":"b","rules":["text.nul"],"varies":[],"skipped":null}]}"#;

/// A guest's first word.
pub const READY: &str = r#"echo '{"ready":{"release":"7.3.4"}}'"#;
/// `cargo ci` with these arguments, in a directory that has nothing to do with it.
pub fn ci(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ci"));
    command.args(arguments).current_dir("/");
    command
}

fn program(file: &Path, script: &str) -> io::Result<()> {
    fs::write(file, format!("#!/bin/sh\n{script}\n"))?;
    fs::set_permissions(file, Permissions::from_mode(0o755))
}

/// A workspace whose guest says what the script prints.
pub struct StandIn {
    /// Where it is.
    pub dir: TempDir,
}

impl StandIn {
    /// With this script in the place of the guest's program.
    pub fn new(guest: &str) -> io::Result<Self> {
        let dir = tempfile::tempdir()?;
        let root = dir.path();
        let shown = root.display().to_string();
        for made in ["bin", "tests", "target"] {
            fs::create_dir_all(root.join(made))?;
        }
        fs::write(root.join("Cargo.toml"), "")?;
        fs::write(root.join("list"), LIST.replace("ROOT", &shown))?;
        let play = format!("[ \"$1\" != play ] || exec {shown}/bin/guest \"$@\"");
        program(&root.join("userns"), &format!("{play}\necho '{TESTS}'"))?;
        program(&root.join("bin/rustc"), &format!("echo {shown}"))?;
        program(&root.join("bin/cargo-nextest"), "echo 'cargo-nextest 99.0.0'")?;
        let metadata = format!(r#"{{"workspace_root":"{shown}","target_directory":"{shown}/target"}}"#);
        program(
            &root.join("bin/cargo"),
            &format!(
                "case \"$1 $2\" in metadata*) echo '{metadata}' ;; 'nextest list') cat {shown}/list ;; \
                 'nextest run') exec {shown}/bin/run ;; esac"
            ),
        )?;
        let stand_in = Self { dir };
        stand_in.guest(guest)?;
        Ok(stand_in)
    }

    /// Puts this script in the place of the guest's program.
    pub fn guest(&self, script: &str) -> io::Result<()> {
        program(&self.dir.path().join("bin/guest"), script)
    }

    /// Puts this script in the place of a run by nextest.
    pub fn run(&self, script: &str) -> io::Result<()> {
        program(&self.dir.path().join("bin/run"), script)
    }

    /// `cargo ci suite`.
    pub fn suite(&self) -> Command {
        let mut command = ci(&["suite", "--skip-install"]);
        command.env("CARGO_HOME", self.dir.path()).env("CARGO", self.dir.path().join("bin/cargo"));
        command
    }

    /// `cargo ci kernels` for the host alone.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = ci(&["kernels", "--skip-install", "--only", "host"]);
        command.args(arguments).env("CARGO_HOME", self.dir.path());
        command.env("CARGO", self.dir.path().join("bin/cargo"));
        command
    }
}
