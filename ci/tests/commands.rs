//! `cargo ci` as a script sees it: what it prints, how it ends, and that it is not fooled.
//!
//! The runs of the suite are played by a stand-in for cargo, so that it can lie.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const JUNIT: &str = include_str!("data/junit.xml");
const REASONS: &str = "topic::case::a\tneeds CONFIG_X\n\
                       topic::case::b\tneeds CONFIG_X\n\
                       topic::needs_user\tneeds an ordinary user: this process is root\n";
/// Which rules the tests of [`JUNIT`] pin.
const RULES: &str = "bad::hangs\ttests/userns/bad.rs\thangs\tmap.written-once\t1\t\n\
                     map_order::plain\ttests/userns/map_order.rs\tplain\tmap.written-once text.nul\t1\t\n\
                     topic::needs_user\ttests/userns/topic.rs\tneeds_user\tgroups.denied\t1\t\n";

fn ci(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ci"));
    command.args(arguments);
    command
}

/// Standard output as text, and the exit status.
fn ends(mut command: Command) -> io::Result<(String, Option<i32>)> {
    let Output { status, stdout, .. } = command.output()?;
    Ok((String::from_utf8_lossy(&stdout).into_owned(), status.code()))
}

/// A workspace whose cargo answers as told.
struct StandIn {
    dir: TempDir,
}

impl StandIn {
    /// `status` is what `cargo nextest run` ends with, after it wrote `junit`.
    fn new(status: u8, junit: &str, reasons: &str) -> io::Result<Self> {
        let dir = tempfile::tempdir()?;
        let root = dir.path().display();
        fs::write(dir.path().join("junit.in"), junit)?;
        fs::write(dir.path().join("reasons"), reasons)?;
        program(dir.path(), "cargo-nextest", "echo 'cargo-nextest 99.0.0'")?;
        fs::write(dir.path().join("rules"), RULES)?;
        let lists = format!("case $1 in --rules) cat {root}/rules ;; *) cat {root}/reasons ;; esac");
        program(dir.path(), "userns", &lists)?;
        let answers = format!(
            r#"case "$1 $2" in
            metadata*) echo '{{"workspace_root":"{root}","target_directory":"{root}/target"}}' ;;
            "nextest list")
                echo '{{"rust-binaries":{{"userns-suite::userns":{{"binary-path":"{root}/userns"}}}}}}' ;;
            "nextest run")
                mkdir -p {root}/target/nextest/default "$INSTA_PENDING_DIR/tests"
                cp {root}/junit.in {root}/target/nextest/default/junit.xml
                touch "$INSTA_PENDING_DIR/tests/a.snap.new"
                exit {status} ;;
            esac"#
        );
        program(dir.path(), "cargo", &answers)?;
        Ok(Self { dir })
    }

    fn suite(&self) -> io::Result<(String, Option<i32>)> {
        self.says(&["suite", "--skip-install"])
    }

    fn says(&self, arguments: &[&str]) -> io::Result<(String, Option<i32>)> {
        let mut command = ci(arguments);
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.dir.path().display()));
        command.env("CARGO", self.dir.path().join("cargo")).current_dir("/");
        ends(command)
    }
}

fn program(dir: &Path, name: &str, script: &str) -> io::Result<()> {
    let file = dir.join(name);
    fs::write(&file, format!("#!/bin/sh\n{script}\n"))?;
    fs::set_permissions(file, Permissions::from_mode(0o755))
}

#[test]
fn help_teaches_the_exit_status() -> io::Result<()> {
    let (text, status) = ends(ci(&["--help"]))?;

    assert_eq!(status, Some(0));
    for word in ["facts", "suite", "rules", "kernels", "test", "2  could not run"] {
        assert!(text.contains(word), "no {word:?} in:\n{text}");
    }
    Ok(())
}

#[test]
fn the_steps_can_be_listed_and_an_unknown_one_is_refused() -> io::Result<()> {
    let (text, status) = ends(ci(&["test", "--list"]))?;
    assert_eq!(status, Some(0));
    for step in ["suite-user ", "hostile "] {
        assert!(text.lines().any(|line| line.starts_with(step)), "no {step}in:\n{text}");
    }

    assert_eq!(ends(ci(&["test", "--only", "no-such-step"]))?.1, Some(2));
    Ok(())
}

#[test]
fn without_a_browser_the_page_is_not_looked_at_and_that_is_told() -> io::Result<()> {
    let stand_in = StandIn::new(0, JUNIT, REASONS)?;
    let mut command = ci(&["test", "--only", "browser", "--skip-install"]);
    command.env("PATH", stand_in.dir.path()).env("CARGO", stand_in.dir.path().join("cargo"));

    let (text, status) = ends(command)?;

    assert_eq!(status, Some(2), "{text}");
    let line = text.lines().find(|line| line.starts_with("browser      not run")).unwrap_or_default();
    assert!(line.contains("missing: Chromium; as root on Debian: apt-get install"), "{text}");
    Ok(())
}

#[test]
fn a_red_run_names_what_failed_why_tests_were_skipped_and_where_things_are() -> io::Result<()> {
    let (text, status) = StandIn::new(100, JUNIT, REASONS)?.suite()?;

    assert_eq!(status, Some(1), "{text}");
    for line in [
        "    2  needs CONFIG_X",
        "    1  needs an ordinary user: this process is root",
        "  bad::aborts  crashed: process aborted with signal 6 (SIGABRT)",
        "  bad::hangs   timed out and was killed",
        "  bad::flaky",
        "snapshots that differ, below target/userns-suite/snapshots",
        "  tests/a.snap.new",
        "  ran          7",
        "  failed       4",
        "  JUnit     target/userns-suite/junit.xml",
        "failed: 4 of 7 tests failed",
    ] {
        assert!(text.lines().any(|found| found == line), "no line {line:?} in:\n{text}");
    }
    assert!(!text.contains('\x1b'), "colour in a pipe:\n{text}");
    Ok(())
}

#[test]
fn lies_end_with_could_not_run() -> io::Result<()> {
    let cut = &JUNIT[..JUNIT.len() / 2];
    let empty = r#"<testsuites name="nextest-run" tests="0" failures="0" errors="0"></testsuites>"#;
    for (lie, status, junit, reasons, said) in [
        ("a report cut short", 100, cut, REASONS, "cannot be trusted"),
        ("success with failures", 0, JUNIT, REASONS, "its JUnit file names failures"),
        ("a run of nothing", 4, empty, "", "nothing ran"),
        ("a green run of nothing", 0, empty, "", "nothing ran"),
        ("a suite that does not build", 101, JUNIT, REASONS, "did not build"),
        ("reasons cut short", 100, JUNIT, &REASONS[..70], "4 of 7 tests failed"),
    ] {
        let (text, code) = StandIn::new(status, junit, reasons)?.suite()?;

        let expected = if said.contains("tests failed") { 1 } else { 2 };
        assert_eq!(code, Some(expected), "{lie}:\n{text}");
        assert!(text.contains(said), "{lie}: no {said:?} in:\n{text}");
    }
    Ok(())
}

#[test]
fn a_green_run_with_an_unexplained_skip_is_not_good() -> io::Result<()> {
    let green = r#"<testsuites name="nextest-run" tests="2" failures="0" errors="0">
        <testsuite name="userns" tests="2" skipped="1" errors="0" failures="0">
        <testcase name="a"/><testcase name="b"><skipped/></testcase>
        </testsuite></testsuites>"#;

    assert_eq!(StandIn::new(0, green, "b\tneeds root\n")?.suite()?.1, Some(0));
    for reasons in ["", "b needs root\n", "b\tneeds ro", "c\tneeds root\n"] {
        let (text, status) = StandIn::new(0, green, reasons)?.suite()?;
        assert_eq!(status, Some(2), "reasons {reasons:?}:\n{text}");
    }
    Ok(())
}

#[test]
fn a_rule_differs_where_one_of_its_tests_failed_and_holds_where_all_passed() -> io::Result<()> {
    let (text, status) = StandIn::new(100, JUNIT, REASONS)?.says(&["rules", "--skip-install"])?;

    assert_eq!(status, Some(1), "{text}");
    let words = |name: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or_default();
        line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(words("map.written-once"), ["map.written-once", "EPERM", "2", "tests", "differs"]);
    assert_eq!(words("text.nul"), ["text.nul", "ok", "1", "test", "holds"]);
    let skipped = "groups.denied EPERM 1 test skipped: needs an ordinary user: this process is root";
    assert_eq!(words("groups.denied").join(" "), skipped);
    assert!(text.contains("failed   bad::hangs"), "{text}");
    assert!(text.contains(": 1 hold, 1 differ, 1 skipped, "), "{text}");
    assert!(text.contains("\n  tests/a.snap.new\n"), "{text}");
    Ok(())
}

#[test]
fn rules_that_are_all_skipped_are_told_and_are_no_failure() -> io::Result<()> {
    let skipped = r#"<testsuites name="nextest-run" tests="1" failures="0" errors="0">
        <testsuite name="userns" tests="1" skipped="1" errors="0" failures="0">
        <testcase name="topic::needs_user"><skipped/></testcase>
        </testsuite></testsuites>"#;
    let stand_in = StandIn::new(0, skipped, REASONS)?;

    let (text, status) = stand_in.says(&["rules", "--skip-install", "groups.denied"])?;

    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("skipped  topic::needs_user: needs an ordinary user"), "{text}");
    Ok(())
}

#[test]
fn rules_of_a_suite_that_lies_are_not_told() -> io::Result<()> {
    let cut = &JUNIT[..JUNIT.len() / 2];
    for (lie, status, junit, rules) in [
        ("a report cut short", 100, cut, RULES),
        ("no list of rules", 100, JUNIT, ""),
        ("a list cut short", 100, JUNIT, &RULES[..RULES.len() - 1]),
        ("a rule that nobody knows", 100, JUNIT, "bad::hangs\tbad.rs\thangs\tmap.written-twice\t1\t\n"),
        ("a suite that does not build", 101, JUNIT, RULES),
    ] {
        let stand_in = StandIn::new(status, junit, REASONS)?;
        fs::write(stand_in.dir.path().join("rules"), rules)?;

        let (text, code) = stand_in.says(&["rules", "--skip-install"])?;

        assert_eq!((code, text.contains(" hold, ")), (Some(2), false), "{lie}:\n{text}");
    }
    Ok(())
}

#[test]
fn a_search_draws_what_its_seed_says_and_writes_no_control_characters() -> io::Result<()> {
    let search =
        ["search", "--seed", "1", "--workers", "1", "--scenarios", "10", "--seconds", "20", "--forget"];

    let (said, status) = ends(ci(&search))?;

    // In a container the model says nothing, and the search cannot run.
    assert!(status == Some(0) || status == Some(2), "{status:?}: {said}");
    assert!(status == Some(2) || said.contains("\n10 scenarios of "), "{said}");
    assert!(!said.contains(['\r', '\x1b']), "{said}");
    Ok(())
}
