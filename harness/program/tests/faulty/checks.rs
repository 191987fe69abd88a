//! The checks.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use serde_json::Value;

use crate::PLAY_FAULTY;

/// All of them, by name.
pub const ALL: [(&str, fn()); 6] = [
    ("each_fault_has_its_end_and_the_others_run", each_fault_has_its_end_and_the_others_run),
    ("a_failure_is_told_with_its_last_words", a_failure_is_told_with_its_last_words),
    ("ktap_announces_and_holds_every_test", ktap_announces_and_holds_every_test),
    ("a_run_of_nothing_is_no_success", a_run_of_nothing_is_no_success),
    ("wrong_arguments_are_told_and_end_with_2", wrong_arguments_are_told_and_end_with_2),
    ("results_that_cannot_be_written_are_told", results_that_cannot_be_written_are_told),
];

fn program(arguments: &[&str]) -> Output {
    let own = std::env::current_exe().expect("this binary");
    let mut command = Command::new(own);
    command.args(arguments).env(PLAY_FAULTY, "1").env("RUST_BACKTRACE", "0");
    command.output().expect("this binary runs")
}

fn said(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

/// The end of each test, and the sentence about it.
fn ends(document: &str) -> BTreeMap<String, (String, String)> {
    let document: Value = serde_json::from_str(document).expect("a JSON document");
    let tests = document["tests"].as_array().expect("tests");
    let word = |test: &Value, key: &str| test[key].as_str().unwrap_or_default().to_owned();
    tests.iter().map(|test| (word(test, "name"), (word(test, "end"), word(test, "how")))).collect()
}

fn each_fault_has_its_end_and_the_others_run() {
    for jobs in ["1", "3"] {
        let output = program(&["run", "--format", "json", "--limit", "2", "--jobs", jobs]);

        let ends = ends(&said(&output.stdout));
        let end = |name: &str| {
            let (end, how) = ends.get(name).unwrap_or_else(|| panic!("no {name} in {ends:?}"));
            (end.as_str(), how.as_str())
        };
        assert_eq!(end("good::passes").0, "passed");
        assert_eq!(end("good::still_runs").0, "passed");
        assert_eq!(end("bad::panics"), ("failed", "exit code 101"));
        assert_eq!(end("bad::crashes"), ("crashed", "crashed: signal 6"));
        assert_eq!(end("bad::hangs").0, "timed out");
        assert!(end("bad::exits_as_if_it_had_passed").1.contains("does not say that the test passed"));
        assert_eq!(end("slow::is_too_slow").0, "too slow here");
        assert_eq!(end("bad::kills_its_server").0, "crashed");
        assert_eq!(end("good::needs_a_file").0, "skipped");
        assert_eq!(ends.len(), 10);
        assert_eq!(output.status.code(), Some(1));
    }
}

fn a_failure_is_told_with_its_last_words() {
    let output = program(&["run", "bad::p"]);

    let errors = said(&output.stderr);
    assert!(errors.contains("the map is empty"), "{errors}");
    assert!(errors.contains("the last words"), "{} bytes", errors.len());
    let summary = said(&output.stdout);
    assert!(summary.contains("failed: 2 of 2 tests failed"), "{summary}");
}

fn ktap_announces_and_holds_every_test() {
    let output = program(&["run", "--format", "ktap", "--limit", "2"]);

    let text = said(&output.stdout);
    assert!(text.starts_with("KTAP version 1\n1..3\n"), "{text}");
    assert!(text.contains("\n    # Subtest: bad\n    1..6\n"), "{text}");
    let results = |begin: &str| text.lines().filter(|line| line.trim_start().starts_with(begin)).count();
    // Of ten tests and three topics.
    assert_eq!((results("ok "), results("not ok ")), (6, 7), "{text}");
    assert!(text.contains("needs_a_file # SKIP "), "{text}");
    assert_eq!(output.status.code(), Some(1));
}

fn a_run_of_nothing_is_no_success() {
    let skipped = program(&["run", "needs_a_file"]);
    assert_eq!(skipped.status.code(), Some(2));
    assert!(said(&skipped.stdout).contains("nothing ran: every selected test is skipped here"));
    assert!(said(&skipped.stdout).contains("/nowhere/at/all"));

    let none = program(&["run", "no_such_test"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(said(&none.stderr).contains("no test's name contains \"no_such_test\""));
}

fn wrong_arguments_are_told_and_end_with_2() {
    for arguments in [vec!["frobnicate"], vec!["run", "--jobs", "0"], vec!["reproduce", "none"], vec![]] {
        let output = program(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
    assert_eq!(program(&["--help"]).status.code(), Some(0));
}

fn results_that_cannot_be_written_are_told() {
    let output = program(&["run", "good::passes", "--results", "/dev/null/no"]);

    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output.stderr).contains("cannot write /dev/null/no/run.json"), "{}", said(&output.stderr));
}
