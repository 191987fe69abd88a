//! A stand-in for cargo that plays runs of the suite, so that it can lie.
#![allow(dead_code, clippy::allow_attributes, reason = "each binary uses a part of it")]

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

pub const JUNIT: &str = include_str!("../data/junit.xml");
/// Why each skipped test of [`JUNIT`] is skipped.
pub const REASONS: [(&str, &str); 3] = [
    ("topic::case::a", "needs CONFIG_X"),
    ("topic::case::b", "needs CONFIG_X"),
    ("topic::needs_user", "needs an ordinary user: this process is root"),
];
/// Which rules the tests of [`JUNIT`] pin.
pub const RULES: [(&str, &[&str]); 5] = [
    ("bad::hangs", &["map.written-once"]),
    ("map_order::plain", &["map.written-once", "text.nul"]),
    ("topic::case::a", &[]),
    ("topic::case::b", &[]),
    ("topic::needs_user", &["groups.denied"]),
];

/// What the suite prints of tests that pin these rules, some of which are skipped.
pub fn listing(rules: &[(&str, &[&str])], reasons: &[(&str, &str)]) -> String {
    let test = |(name, rules): &(&str, &[&str])| {
        let reason = reasons.iter().find(|(test, _)| test == name).map(|(_, reason)| reason);
        json!({"name": name, "file": "tests/userns/topic.rs", "line": 1, "function": name.rsplit("::").next(),
               "rules": rules, "varies": [], "skipped": reason,
               "skipped_everywhere": reason.is_some_and(|it| it.contains("root"))})
    };
    let tests: Vec<Value> = rules.iter().map(test).collect();
    format!("{}\n", json!({"tests": tests}))
}

pub fn ci(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ci"));
    command.args(arguments);
    command
}

/// Standard output as text, and the exit status.
pub fn ends(mut command: Command) -> io::Result<(String, Option<i32>)> {
    let Output { status, stdout, .. } = command.output()?;
    Ok((String::from_utf8_lossy(&stdout).into_owned(), status.code()))
}

/// A workspace whose cargo answers as told.
pub struct StandIn {
    /// Where it is.
    pub dir: TempDir,
}

impl StandIn {
    /// `status` is what `cargo nextest run` ends with, after it wrote `junit`.
    pub fn new(status: u8, junit: &str, listing: &str) -> io::Result<Self> {
        let dir = tempfile::tempdir()?;
        let root = dir.path().display();
        fs::write(dir.path().join("junit.in"), junit)?;
        fs::write(dir.path().join("listing"), listing)?;
        fs::write(dir.path().join("selected"), selected(&dir.path().join("userns"), &["topic::needs_user"]))?;
        program(dir.path(), "cargo-nextest", "echo 'cargo-nextest 99.0.0'")?;
        program(dir.path(), "userns", &format!("cat {root}/listing"))?;
        let answers = format!(
            r#"case "$1 $2" in
            metadata*) echo '{{"workspace_root":"{root}","target_directory":"{root}/target"}}' ;;
            "nextest list")
                case "$*" in *"--run-ignored all"*) cat {root}/selected; exit ;; esac
                echo '{{"rust-binaries":{{"userns-suite::userns":{{"binary-path":"{root}/userns"}}}}}}' ;;
            "nextest run")
                mkdir -p {root}/target/nextest/default "$INSTA_PENDING_DIR/tests"
                cp {root}/junit.in {root}/target/nextest/default/junit.xml
                touch "$INSTA_PENDING_DIR/tests/a.snap.new"
                cp {root}/findings/* "$USERNS_SUITE_FINDINGS" 2>/dev/null
                exit {status} ;;
            esac"#
        );
        program(dir.path(), "cargo", &answers)?;
        Ok(Self { dir })
    }

    /// What a test of the run leaves.
    pub fn leaves(&self, test: &str, findings: &Value) -> io::Result<()> {
        let directory = self.dir.path().join("findings");
        fs::create_dir_all(&directory)?;
        fs::write(directory.join(test.replace("::", "__") + ".json"), format!("{findings}\n"))
    }

    pub fn suite(&self) -> io::Result<(String, Option<i32>)> {
        self.says(&["suite", "--skip-install"])
    }

    pub fn says(&self, arguments: &[&str]) -> io::Result<(String, Option<i32>)> {
        let mut command = ci(arguments);
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.dir.path().display()));
        command.env("CARGO", self.dir.path().join("cargo")).current_dir("/");
        ends(command)
    }
}

/// What nextest lists for a filter that selects these tests.
pub fn selected(binary: &Path, tests: &[&str]) -> String {
    let case = |name: &&str| ((*name).to_owned(), json!({"filter-match": {"status": "matches"}}));
    let cases: serde_json::Map<String, Value> = tests.iter().map(case).collect();
    json!({"rust-suites": {"userns-suite::userns": {"binary-path": binary, "testcases": cases}}}).to_string()
}

pub fn program(dir: &Path, name: &str, script: &str) -> io::Result<()> {
    let file = dir.join(name);
    fs::write(&file, format!("#!/bin/sh\n{script}\n"))?;
    fs::set_permissions(file, Permissions::from_mode(0o755))
}
