//! `cargo ci` as a script sees it: what it prints, how it ends, and that it is not fooled.

mod stand_in;

use std::io;

use stand_in::{JUNIT, REASONS, RULES, StandIn, ci, ends, listing};

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
