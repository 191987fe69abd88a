//! `cargo ci` as a script sees it: what it prints, how it ends, and that it is not fooled.
//!
//! The runs of the suite are played by a stand-in for cargo, so that it can lie.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

const JUNIT: &str = include_str!("data/junit.xml");
/// Why each skipped test of [`JUNIT`] is skipped.
const REASONS: [(&str, &str); 3] = [
    ("topic::case::a", "needs CONFIG_X"),
    ("topic::case::b", "needs CONFIG_X"),
    ("topic::needs_user", "needs an ordinary user: this process is root"),
];
/// Which rules the tests of [`JUNIT`] pin.
const RULES: [(&str, &[&str]); 5] = [
    ("bad::hangs", &["map.written-once"]),
    ("map_order::plain", &["map.written-once", "text.nul"]),
    ("topic::case::a", &[]),
    ("topic::case::b", &[]),
    ("topic::needs_user", &["groups.denied"]),
];

/// What the suite prints of tests that pin these rules, some of which are skipped.
fn listing(rules: &[(&str, &[&str])], reasons: &[(&str, &str)]) -> String {
    let test = |(name, rules): &(&str, &[&str])| {
        let reason = reasons.iter().find(|(test, _)| test == name).map(|(_, reason)| reason);
        json!({"name": name, "file": "tests/userns/topic.rs", "line": 1, "function": name.rsplit("::").next(),
               "rules": rules, "varies": [], "skipped": reason,
               "skipped_everywhere": reason.is_some_and(|it| it.contains("root"))})
    };
    let tests: Vec<Value> = rules.iter().map(test).collect();
    format!("{}\n", json!({"tests": tests}))
}

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
    fn new(status: u8, junit: &str, listing: &str) -> io::Result<Self> {
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
    fn leaves(&self, test: &str, findings: &Value) -> io::Result<()> {
        let directory = self.dir.path().join("findings");
        fs::create_dir_all(&directory)?;
        fs::write(directory.join(test.replace("::", "__") + ".json"), format!("{findings}\n"))
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

/// What nextest lists for a filter that selects these tests.
fn selected(binary: &Path, tests: &[&str]) -> String {
    let case = |name: &&str| ((*name).to_owned(), json!({"filter-match": {"status": "matches"}}));
    let cases: serde_json::Map<String, Value> = tests.iter().map(case).collect();
    json!({"rust-suites": {"userns-suite::userns": {"binary-path": binary, "testcases": cases}}}).to_string()
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
    for step in ["suite-user ", "hosts "] {
        assert!(text.lines().any(|line| line.starts_with(step)), "no {step}in:\n{text}");
    }

    assert_eq!(ends(ci(&["test", "--only", "no-such-step"]))?.1, Some(2));
    Ok(())
}

#[test]
fn without_a_browser_the_page_is_not_looked_at_and_that_is_told() -> io::Result<()> {
    let stand_in = StandIn::new(0, JUNIT, &listing(&RULES, &REASONS))?;
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
    let (text, status) = StandIn::new(100, JUNIT, &listing(&RULES, &REASONS))?.suite()?;

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
fn a_wrong_answer_ends_with_could_not_run() -> io::Result<()> {
    let cut = &JUNIT[..JUNIT.len() / 2];
    let empty = r#"<testsuites name="nextest-run" tests="0" failures="0" errors="0"></testsuites>"#;
    let whole = listing(&RULES, &REASONS);
    let green = JUNIT.replace("failures=\"3\"", "failures=\"0\"");
    for (wrong, status, junit, listing, expected) in [
        ("a report cut short", 100, cut, whole.as_str(), "cannot be trusted"),
        ("success with failures", 0, JUNIT, &whole, "its JUnit file names failures"),
        ("counts that contradict the tests", 100, &green, &whole, "cannot be trusted"),
        ("a run of nothing", 4, empty, "", "nothing ran"),
        ("a green run of nothing", 0, empty, "", "nothing ran"),
        ("a suite that does not build", 101, JUNIT, &whole, "did not build"),
        ("reasons cut short", 100, JUNIT, &whole[..70], "4 of 7 tests failed"),
    ] {
        let (text, code) = StandIn::new(status, junit, listing)?.suite()?;

        let status = if expected.contains("tests failed") { 1 } else { 2 };
        assert_eq!(code, Some(status), "{wrong}:\n{text}");
        assert!(text.contains(expected), "{wrong}: no {expected:?} in:\n{text}");
    }
    Ok(())
}

#[test]
fn a_green_run_with_an_unexplained_skip_is_not_good() -> io::Result<()> {
    let green = r#"<testsuites name="nextest-run" tests="2" failures="0" errors="0">
        <testsuite name="userns" tests="2" skipped="1" errors="0" failures="0">
        <testcase name="a"/><testcase name="b"><skipped/></testcase>
        </testsuite></testsuites>"#;

    let tests: [(&str, &[&str]); 2] = [("a", &[]), ("b", &[])];
    let whole = listing(&tests, &[("b", "needs root")]);
    assert_eq!(StandIn::new(0, green, &whole)?.suite()?.1, Some(0));
    let of_another = listing(&tests, &[("a", "needs root")]);
    for listing in ["", "b needs root\n", &whole[..whole.len() - 3], &listing(&tests, &[]), &of_another] {
        let (text, status) = StandIn::new(0, green, listing)?.suite()?;
        assert_eq!(status, Some(2), "listing {listing:?}:\n{text}");
    }
    Ok(())
}

/// A green run of which nearly everything was skipped for want of something on this host.
#[test]
fn a_run_that_saw_little_says_so_in_its_last_line_its_status_its_json_and_its_junit()
-> Result<(), Box<dyn std::error::Error>> {
    let case = |name: &str| format!(r#"<testcase name="{name}"><skipped/></testcase>"#);
    let names: Vec<String> = (0..9).map(|number| format!("topic::lacks_{number}")).collect();
    let skipped: String = names.iter().map(|name| case(name)).collect();
    let green = format!(
        r#"<testsuites name="nextest-run" tests="10" failures="0" errors="0"><testsuite name="userns" tests="10"
        skipped="9" errors="0" failures="0"><testcase name="topic::ran"/>{skipped}</testsuite></testsuites>"#
    );
    let rules: Vec<(&str, &[&str])> =
        names.iter().map(String::as_str).chain(["topic::ran"]).map(|name| (name, &[][..])).collect();
    let reasons: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "needs CAP_SETFCAP")).collect();
    let stand_in = StandIn::new(0, &green, &listing(&rules, &reasons))?;

    let (text, status) = stand_in.suite()?;
    let words = "passed, but 9 of 10 tests could not run here: needs CAP_SETFCAP (9)";
    assert_eq!((text.lines().last(), status), (Some(words), Some(3)), "{text}");
    for (word, status) in [("ok", 0), ("fail", 1), ("tell", 3)] {
        assert_eq!(stand_in.says(&["suite", "--skip-install", "--partial", word])?.1, Some(status), "{word}");
    }
    let junit = fs::read_to_string(stand_in.dir.path().join("target/userns-suite/junit.xml"))?;
    for words in
        [r#"<property name="verdict" value="partial"/>"#, r#"<skipped message="needs CAP_SETFCAP"/>"#]
    {
        assert!(junit.contains(words), "no {words} in:\n{junit}");
    }
    let (json, status) = stand_in.says(&["suite", "--skip-install", "--json"])?;
    let verdict = serde_json::from_str::<Value>(&json)?["verdict"].clone();
    let expected = json!({"word": "partial", "text": words, "ran": 1, "could_not_run": 9,
                          "reasons": [{"why": "needs CAP_SETFCAP", "tests": 9}], "unseen": []});
    assert_eq!((verdict, status), (expected, Some(3)));
    Ok(())
}

/// nextest reports every skipped test, selected or not. Those that the filter does not select were not asked for.
#[test]
fn skips_that_the_filter_does_not_select_do_not_count() -> io::Result<()> {
    let green = r#"<testsuites name="nextest-run" tests="2" failures="0" errors="0">
        <testsuite name="userns" tests="2" skipped="1" errors="0" failures="0">
        <testcase name="topic::needs_user"/><testcase name="b"><skipped/></testcase>
        </testsuite></testsuites>"#;
    let listing = listing(&[("topic::needs_user", &[]), ("b", &[])], &[("b", "needs CAP_SETFCAP")]);
    let stand_in = StandIn::new(0, green, &listing)?;

    let (text, status) = stand_in.says(&["suite", "--skip-install", "-E", "test(needs_user)"])?;
    assert_eq!((text.lines().last(), status), (Some("passed"), Some(0)), "{text}");
    assert!(text.contains("  skipped      0\n"), "{text}");
    let (text, status) = stand_in.suite()?;
    assert_eq!(status, Some(3), "without a filter both were asked for:\n{text}");
    Ok(())
}

/// The nearby success: the same skips, which every host has for this caller.
#[test]
fn skips_for_another_caller_do_not_make_a_run_partial() -> io::Result<()> {
    let green = r#"<testsuites name="nextest-run" tests="2" failures="0" errors="0">
        <testsuite name="userns" tests="2" skipped="1" errors="0" failures="0">
        <testcase name="a"/><testcase name="b"><skipped/></testcase>
        </testsuite></testsuites>"#;
    let listing = listing(&[("a", &[]), ("b", &[])], &[("b", "needs root: euid is 1000")]);

    let (text, status) = StandIn::new(0, green, &listing)?.suite()?;

    assert_eq!((text.lines().last(), status), (Some("passed"), Some(0)), "{text}");
    Ok(())
}

#[test]
fn the_step_that_differs_and_a_slow_race_are_read_from_what_the_tests_left() -> io::Result<()> {
    let stand_in = StandIn::new(100, JUNIT, &listing(&RULES, &REASONS))?;
    let step = json!({"step": {"number": 3, "actor": "inside", "action": "setgroups([])"}});
    let differs = json!({"scenario": 1, "on": step, "got": "ok", "expected": "EPERM", "by": ["snapshot"],
                         "rule": "groups.denied"});
    stand_in.leaves("bad::exits", &json!({"test": "bad::exits", "differences": [differs]}))?;
    let slow = json!({"test": "bad::leaks", "differences": [], "too_slow": "too slow here: 3 of 90 rounds"});
    stand_in.leaves("bad::leaks", &slow)?;

    let (text, status) = stand_in.suite()?;

    assert_eq!(status, Some(1), "{text}");
    for line in [
        "  bad::exits   groups.denied: inside setgroups([]): ok, expected EPERM",
        "  bad::leaks  too slow here: 3 of 90 rounds",
        "  too slow     1",
        "failed: 3 of 6 tests failed",
    ] {
        assert!(text.lines().any(|found| found == line), "no line {line:?} in:\n{text}");
    }
    Ok(())
}

/// With the programs that tests lack the command that installs them.
#[test]
fn missing_programs_come_with_a_command() -> io::Result<()> {
    let green = r#"<testsuites name="nextest-run" tests="20" failures="0" errors="0">
        <testsuite name="userns" tests="20" skipped="1" errors="0" failures="0">
        CASES<testcase name="b"><skipped/></testcase></testsuite></testsuites>"#;
    let names: Vec<String> = (0..19).map(|number| format!("a{number}")).collect();
    let cases: String = names.iter().map(|name| format!(r#"<testcase name="{name}"/>"#)).collect();
    let mut tests: Vec<Value> = names.iter().map(|name| test(name, None)).collect();
    tests.push(test("b", Some("needs the program sudo: not in the standard PATH")));
    tests[19]["missing_programs"] = json!(["sudo"]);

    let listing = format!("{}\n", json!({"tests": tests}));
    let (text, status) = StandIn::new(0, &green.replace("CASES", &cases), &listing)?.suite()?;

    assert_eq!((text.lines().last(), status), (Some("passed"), Some(0)), "{text}");
    assert!(text.contains("\n1 test needs sudo: cargo ci suite --setup"), "{text}");
    Ok(())
}

fn test(name: &str, skipped: Option<&str>) -> Value {
    json!({"name": name, "file": "tests/userns/topic.rs", "line": 1, "function": name, "rules": [], "varies": [],
           "skipped": skipped})
}

#[test]
fn a_rule_differs_where_one_of_its_tests_failed_and_holds_where_all_passed() -> io::Result<()> {
    let (text, status) =
        StandIn::new(100, JUNIT, &listing(&RULES, &REASONS))?.says(&["rules", "--skip-install"])?;

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
fn rules_that_are_all_skipped_are_shown_and_are_no_success() -> io::Result<()> {
    let skipped = r#"<testsuites name="nextest-run" tests="1" failures="0" errors="0">
        <testsuite name="userns" tests="1" skipped="1" errors="0" failures="0">
        <testcase name="topic::needs_user"><skipped/></testcase>
        </testsuite></testsuites>"#;
    let stand_in = StandIn::new(0, skipped, &listing(&RULES, &REASONS))?;

    let (text, status) = stand_in.says(&["rules", "--skip-install", "groups.denied"])?;

    assert_eq!(status, Some(2), "{text}");
    assert!(text.ends_with("could not run: nothing ran: all tests were skipped\n"), "{text}");
    assert!(text.contains("skipped  topic::needs_user: needs an ordinary user"), "{text}");
    Ok(())
}

#[test]
fn rules_of_a_suite_that_answers_wrongly_are_not_shown() -> io::Result<()> {
    let cut = &JUNIT[..JUNIT.len() / 2];
    let whole = listing(&RULES, &REASONS);
    let unknown = listing(&[("bad::hangs", &["map.written-twice"])], &[]);
    for (wrong, status, junit, listing) in [
        ("a report cut short", 100, cut, whole.as_str()),
        ("no list of tests", 100, JUNIT, ""),
        ("a list without tests", 100, JUNIT, "{\"tests\":[]}\n"),
        ("a list cut short", 100, JUNIT, &whole[..whole.len() - 2]),
        ("a rule that does not exist", 100, JUNIT, &unknown),
        ("a suite that does not build", 101, JUNIT, &whole),
    ] {
        let (text, code) = StandIn::new(status, junit, listing)?.says(&["rules", "--skip-install"])?;

        assert_eq!((code, text.contains(" hold, ")), (Some(2), false), "{wrong}:\n{text}");
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
