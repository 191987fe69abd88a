//! Expected failures that are written wrongly, and what is made of those that are right.

use super::*;
use crate::guests::outcome::tests::outcome;

const DIFFERENCE: &str = "[[difference]]\nkernel = 'k'\nrule = 'id.unmapped'\nwhat = 'It takes them.'\n\
                          source = 'seen, cause not known'\nsince = 'k 1'\ntests = ['a::*', 'b']\n";

fn differences(text: &str) -> Vec<ExpectedFailure> {
    parse(text, "f").unwrap_or_else(|error| panic!("{error}"))
}

/// What one user saw of a kernel.
fn users(ended: &[(&str, End)], skipped: &[(&str, &str)]) -> Vec<UserTranscript> {
    outcome("k", "4.4", ended, skipped).users
}

fn no() -> End {
    End::Failed("exit code 101".into())
}

fn names(tests: &BTreeSet<String>) -> Vec<&str> {
    tests.iter().map(String::as_str).collect()
}

#[test]
fn those_of_the_file_are_about_rules_and_kernels_that_there_are() -> Result<(), String> {
    let rows = crate::kernels::list::all()?;
    for it in all(None)? {
        assert!(rows.iter().any(|row| row.name == it.kernel), "{} of {}", it.rule, it.kernel);
        assert!(it.what.ends_with('.') && !it.what.contains('\n'), "{}: {}", it.rule, it.what);
    }
    Ok(())
}

#[test]
fn what_is_written_wrongly_is_named() {
    for (from, to, said) in [
        ("id.unmapped", "id.unknown", "f: id.unknown of k: no rule has this name"),
        ("['a::*', 'b']", "[]", "f: id.unmapped of k: it names no test"),
        ("'It takes them.'", "' '", "f: id.unmapped of k: what, source and since must say something"),
        ("since = 'k 1'", "", "missing field `since`"),
        ("kernel", "colonel", "unknown field `colonel`"),
        ("'b'", "'b[', 'c'", "the pattern \"b[\""),
        ("since", "kind = 'slow'\nsince", "unknown variant `slow`"),
    ] {
        let message = parse(&DIFFERENCE.replace(from, to), "f").err().unwrap_or_default();
        assert!(message.contains(said), "no {said:?} in {message:?}");
    }
}

#[test]
fn a_test_that_does_not_exist_is_named() {
    let known = differences(DIFFERENCE);
    let suite = |tests: &[&str]| tests.iter().map(|&test| test.to_owned()).collect::<Vec<_>>();

    assert_eq!(fits(&known, &["k"], &suite(&["a::x", "b", "c"])), Ok(()));
    let message = fits(&known, &["k"], &suite(&["a::x", "c"])).err().unwrap_or_default();
    assert!(message.contains("id.unmapped of k names b, and no test is called so"), "{message}");
    let message = fits(&known, &["k"], &suite(&["ab", "b"])).err().unwrap_or_default();
    assert!(message.contains("names a::*"), "{message}");
    assert_eq!(fits(&known, &["another"], &suite(&["c"])), Ok(()), "of a kernel that is not asked");
}

#[test]
fn what_fails_as_is_known_is_no_failure_and_what_else_fails_is_one() {
    let mut users = users(&[("a::x", no()), ("b", End::Crashed("signal 11".into())), ("c", no())], &[]);

    let known = judge(&differences(DIFFERENCE), "k", &mut users, true);
    assert_eq!((names(&known[0].tests), known[0].gone.len()), (vec!["a::x", "b"], 0));
    let failed: Vec<&String> = users[0].failures().map(|(test, _)| test).collect();
    assert_eq!(failed, ["c"]);
    assert_eq!(users[0].known["b"], "id.unmapped: It takes them.");

    let another = judge(&differences(DIFFERENCE), "other", &mut users, true);
    assert_eq!((another.len(), users[0].failures().count()), (0, 3));
}

#[test]
fn what_passes_against_what_is_known_is_news() {
    let known = differences(DIFFERENCE);
    let gone = |users: &mut [UserTranscript], whole| judge(&known, "k", users, whole)[0].gone.clone();
    let passed = || users(&[("a::x", End::Passed), ("c", End::Passed)], &[("b", "needs root")]);

    // What was skipped, or not asked for, is not gone; nor is anything where half the answer is missing.
    assert_eq!(names(&gone(&mut passed(), true)), ["a::x"]);
    assert!(gone(&mut passed(), false).is_empty());
    // As long as one user sees it fail, it is there.
    let mut both = [passed(), users(&[("a::x", no())], &[])].concat();
    assert!(gone(&mut both, true).is_empty());
    let mut twice = [passed(), passed()].concat();
    assert_eq!(names(&gone(&mut twice, true)), ["a::x"]);
}

#[test]
fn to_hang_is_another_difference_than_to_fail() {
    let hangs = differences(&DIFFERENCE.replace("since", "kind = 'hangs'\nsince"));
    let failures = |known: &[ExpectedFailure], end: End| {
        let mut users = users(&[("b", end)], &[]);
        judge(known, "k", &mut users, true);
        users[0].failures().count()
    };

    assert_eq!(failures(&hangs, End::TimedOut), 0);
    assert_eq!(failures(&hangs, no()), 1);
    assert_eq!(failures(&differences(DIFFERENCE), End::TimedOut), 1);
}
