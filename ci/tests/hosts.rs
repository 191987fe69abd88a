//! `cargo ci hosts` as a script sees it, with a suite that is a shell script, so that it can lie. The hosts are real.

mod support;

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::geteuid;
use support::ci;
use tempfile::TempDir;

type Done = Result<(), Box<dyn std::error::Error>>;

/// What the suite lists: two tests, of which one is skipped.
const TESTS: &str = r#"{"tests":[
    {"name":"a","file":"tests/a.rs","line":1,"function":"a","rules":[],"varies":[],"skipped":${A:-null}},
    {"name":"b","file":"tests/b.rs","line":2,"function":"b","rules":[],"varies":[],"skipped":"REASON"}]}"#;
const PASSED: &str = "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
/// A row without its `make`.
const ROW: &str = "[[host]]\nname = \"NAME\"\nabout = \"about NAME\"\n";

/// A workspace with a suite that does what the script says for each test, and rows of its own.
struct StandIn(TempDir);

impl StandIn {
    /// The script's words go to standard error, where tests print.
    fn new(test: &str, rows: &str) -> io::Result<Self> {
        let dir = tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir()?;
        let root = dir.path().display().to_string();
        fs::create_dir(dir.path().join("bin"))?;
        fs::create_dir(dir.path().join("tests"))?;
        fs::write(dir.path().join("tests/kept"), "kept")?;
        fs::write(
            dir.path().join("rows.toml"),
            format!("{}make = \"exec env\"\nplain = true\n{rows}", ROW.replace("NAME", "plain")),
        )?;
        let binaries =
            format!(r#"{{"rust-binaries":{{"userns-suite::userns":{{"binary-path":"{root}/suite"}}}}}}"#);
        let metadata = format!(r#"{{"workspace_root":"{root}","target_directory":"{root}/target"}}"#);
        let program = |name: &str, script: &str| {
            let file = dir.path().join(name);
            fs::write(&file, format!("#!/bin/sh\n{script}\n"))?;
            fs::set_permissions(file, Permissions::from_mode(0o755))
        };
        program("bin/cargo-nextest", "echo 'cargo-nextest 99.0.0'")?;
        program(
            "bin/cargo",
            &format!("case \"$1\" in metadata) echo '{metadata}' ;; nextest) echo '{binaries}' ;; esac"),
        )?;
        let list = TESTS.replace("REASON", "needs ${REASON:-nothing}").replace('\n', "");
        program(
            "suite",
            &format!(
                "if [ \"$1\" = --list ]; then cat <<E\n{list}\nE\nexit; fi; [ $# = 0 ] && exit ${{STATUS:-0}}
             while read -r name; do
             setsid sh -c '{test}' >&2 & child=$!; echo \"{{\\\"started\\\":$child}}\"
             wait $child; echo \"{{\\\"exited\\\":$?}}\"; done"
            ),
        )?;
        Ok(Self(dir))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = ci(&["hosts", "--skip-install", "--rows"]);
        command.arg(self.0.path().join("rows.toml")).args(arguments);
        command.env("CARGO", self.0.path().join("bin/cargo")).env("CARGO_HOME", self.0.path());
        command
    }

    /// Standard output and the exit status.
    fn ends(&self, arguments: &[&str]) -> io::Result<(String, Option<i32>)> {
        let output = self.command(arguments).output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok((said + &String::from_utf8_lossy(&output.stderr), output.status.code()))
    }
}

fn row(name: &str, make: &str, more: &str) -> String {
    format!("{}make = '''{make}'''\n{more}\n", ROW.replace("NAME", name))
}

/// That the only row but the plain one is judged so. Only root can make hosts.
fn judged(test: &str, make: &str, more: &str, status: i32, words: &[&str]) -> Done {
    if !geteuid().is_root() {
        return Ok(());
    }
    let stand_in = StandIn::new(test, &row("lie", make, more))?;
    let (said, ended) = stand_in.ends(&["--only", "lie"])?;
    assert_eq!(ended, Some(status), "{said}");
    for word in words {
        assert!(said.contains(word), "no {word:?} in:\n{said}");
    }
    Ok(())
}

const PASS: &str = "echo \"test result: ok. 1 passed; 0 failed;\"";

#[test]
fn a_host_on_which_all_is_well_passes() -> Done {
    assert!(PASSED.starts_with("test result: ok. 1 passed; 0 failed;"));
    judged(PASS, "exec env", "", 0, &["passed: 1 hosts", "lie     1        1       0     0      0"])
}

#[test]
fn a_failure_is_printed_with_its_words() -> Done {
    judged(
        "echo the kernel stands alone; exit 101",
        "exec env",
        "",
        1,
        &["failed: a (exit code 101)", "the kernel stands alone", "failed: 1 of 1 hosts: lie"],
    )
}

#[test]
fn a_test_that_does_not_say_that_it_passed_failed() -> Done {
    judged("true", "exec env", "", 1, &["failed: a (exit code 0, and the suite does not say"])
}

#[test]
fn a_file_a_mode_and_a_process_that_stay_are_residue() -> Done {
    let leave = format!("{PASS}; touch $TMPDIR/left; chmod 2777 .; setsid sleep 77 & sleep 0.5");
    judged(
        &leave,
        "exec env",
        "",
        1,
        &[
            "left behind: new: tmp/left",
            "left behind: changed: checkout (mode 40777",
            "left behind: process ",
            "sleep 77",
        ],
    )
}

#[test]
fn a_reason_that_the_row_does_not_name_is_untrue() -> Done {
    judged(
        PASS,
        "exec env REASON=rain",
        "",
        1,
        &["a reason that this host does not give, for 1 tests: needs rain (b)"],
    )?;
    judged(PASS, "exec env REASON=rain", "may = [\"Rain\"]", 0, &[])?;
    judged(
        PASS,
        "exec env REASON=rain",
        "expect = [\"sun\"]\nmay = [\"rain\"]",
        1,
        &["no test is skipped for: sun"],
    )
}

#[test]
fn too_few_tests_are_hollow_and_no_host_is_no_result() -> Done {
    judged(PASS, "exec env", "least = 2", 1, &["hollow: 1 tests ran, and at least 2 can run here"])?;
    judged(
        PASS,
        "echo no such mount >&2; exec false",
        "",
        2,
        &["could not be made", "no such mount", "not made: lie"],
    )
}

#[test]
fn a_suite_that_skips_each_test_must_not_report_success() -> Done {
    let (none, more) = ("exec env A='\"rain\"'", "least = 0\nmay = [\"rain\"]");
    judged(PASS, none, more, 1, &["hollow pass: no test can run here, and the suite ends with 0"])?;
    judged(PASS, &format!("{none} STATUS=2"), more, 2, &["lie     0        2       0     0      0"])
}

#[test]
fn a_filter_refuses_a_call_below_it() -> Done {
    let mkdir = "mkdir $TMPDIR/x 2>&1";
    judged(mkdir, "exec $FILTER --refuse mkdir=ENOSYS --", "", 1, &["Function not implemented"])?;
    judged(mkdir, "exec $FILTER --refuse mkdirs=ENOSYS --", "", 2, &["no system call is called \"mkdirs\""])
}

/// Neither a suite that hangs nor a process that it started in a session of its own outlives a run that is killed.
#[test]
fn nothing_outlives_a_run_that_is_killed() -> Done {
    if !geteuid().is_root() {
        return Ok(());
    }
    let scratch = tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir()?;
    let stand_in = StandIn::new(
        "setsid sleep 600 & echo $! > ROOT/other; echo $$ > ROOT/test; sleep 600",
        &row("lie", "exec env", ""),
    )?;
    let root = stand_in.0.path();
    let suite = fs::read_to_string(root.join("suite"))?.replace("ROOT", &root.display().to_string());
    fs::write(root.join("suite"), suite)?;
    let mut run = stand_in
        .command(&["--only", "lie"])
        .env("TMPDIR", scratch.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let id = |name: &str| fs::read_to_string(root.join(name)).ok()?.trim().parse::<u32>().ok();
    eventually("the test hangs", || id("other").is_some() && id("test").is_some());

    run.kill()?;
    run.wait()?;

    for name in ["other", "test"] {
        let process = format!("/proc/{}", id(name).ok_or("no id")?);
        eventually(name, || !Path::new(&process).exists());
    }
    eventually("the directory is removed", || {
        fs::read_dir(scratch.path()).is_ok_and(|mut left| left.next().is_none())
    });
    Ok(())
}

fn eventually(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}: not within 20 s");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn rows_are_listed_and_an_unknown_one_could_not_be_run() -> Done {
    let stand_in = StandIn::new(PASS, &row("other", "exec env", "quick = true"))?;

    assert_eq!(stand_in.ends(&["--list"])?, ("plain  about plain\nother  about other\n".to_owned(), Some(0)));
    assert_eq!(stand_in.ends(&["--list", "--quick"])?.0, "other  about other\n");
    let (said, status) = stand_in.ends(&["--only", "x*"])?;
    assert!(status == Some(2) && said.contains("no row fits \"x*\""), "{said}");
    Ok(())
}
