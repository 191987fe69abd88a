//! The summary and the verdict of a run of the suite, and that they are not fooled.

mod stand_in;

use std::fs;
use std::io;

use serde_json::{Value, json};
use stand_in::{JUNIT, REASONS, RULES, StandIn, listing, selected};

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
    let document: Value = serde_json::from_str(&json)?;
    assert!(document["facts"]["system"]["kernel_release"].is_string(), "{json}");
    let verdict = document["verdict"].clone();
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

#[test]
fn a_filter_that_selects_nothing_is_no_success() -> io::Result<()> {
    let stand_in = StandIn::new(0, JUNIT, &listing(&RULES, &REASONS))?;
    let root = stand_in.dir.path();
    fs::write(root.join("selected"), selected(&root.join("userns"), &[]))?;

    for filter in [&["-E", "test(nothing)"][..], &["--", "nothing"]] {
        let (text, status) = stand_in.says(&[&["suite", "--skip-install"], filter].concat())?;
        assert_eq!((status, text.as_str()), (Some(2), ""), "{filter:?}");
    }
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
    let mut tests: Vec<Value> = names.iter().map(|name| listed(name, None)).collect();
    tests.push(listed("b", Some("needs the program sudo: not in the standard PATH")));
    tests[19]["missing_programs"] = json!(["sudo"]);

    let listing = format!("{}\n", json!({"tests": tests}));
    let (text, status) = StandIn::new(0, &green.replace("CASES", &cases), &listing)?.suite()?;

    assert_eq!((text.lines().last(), status), (Some("passed"), Some(0)), "{text}");
    assert!(text.contains("\n1 test needs sudo: cargo ci suite --setup"), "{text}");
    Ok(())
}

fn listed(name: &str, skipped: Option<&str>) -> Value {
    json!({"name": name, "file": "tests/userns/topic.rs", "line": 1, "function": name, "rules": [], "varies": [],
           "skipped": skipped})
}
