use super::*;

fn row(more: &str) -> Result<Row, String> {
    let text = format!("name = \"a\"\nabout = \"\"\nmake = \"exec env\"\n{more}");
    toml::from_str(&text).map_err(|error| error.to_string())
}

fn ran(end: End, output: &str) -> Ran {
    Ran { test: "t".to_owned(), end, output: output.to_owned() }
}

fn skipped(reason: &str) -> Reasons {
    BTreeMap::from([("s".to_owned(), reason.to_owned())])
}

fn found(row: &str, answers: &Answers) -> Result<Vec<String>, String> {
    let plain = BTreeSet::from(["needs a plain thing".to_owned()]);
    let all = BTreeMap::from([("b".to_owned(), skipped("needs b"))]);
    let found = findings(&self::row(row)?, answers, &plain, &all, false);
    Ok(found.iter().map(ToString::to_string).collect())
}

fn answers() -> Answers {
    Answers { ran: vec![ran(End::Passed, "")], ..Answers::default() }
}

#[test]
fn a_host_on_which_all_is_well_has_no_finding() -> Result<(), String> {
    let mut good = answers();
    good.skipped = skipped("needs a plain thing");

    assert_eq!(found("", &good)?, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_failure_is_wrong_unless_the_row_wants_it() -> Result<(), String> {
    let failed = Answers { ran: vec![ran(End::Failed("exit code 101".into()), "the words")], ..answers() };

    assert_eq!(found("", &failed)?, ["failed: t (exit code 101)"]);
    assert_eq!(found("fails = \"the words\"", &failed)?, Vec::<String>::new());
    let not_noticed = "not noticed: t has to fail here and to print \"other\"";
    assert_eq!(found("fails = \"other\"", &failed)?, [not_noticed]);
    assert_eq!(found("fails = \"other\"", &answers())?, [not_noticed]);
    let late = Answers { ran: vec![ran(End::TimedOut, "")], ..answers() };
    assert_eq!(found("", &late)?, ["failed: t (timed out and was killed)"]);
    Ok(())
}

/// A race whose calls rarely overlap on a busy machine has shown nothing, and is not among those that ran.
#[test]
fn a_test_that_this_machine_is_too_slow_for_is_no_failure() -> Result<(), String> {
    let slow = || ran(End::TooSlow("too slow here: 2 of 512 rounds overlapped".into()), "");
    let both = Answers { ran: vec![ran(End::Passed, ""), slow()], ..answers() };
    let alone = Answers { ran: vec![slow()], ..answers() };

    assert_eq!(found("", &both)?, Vec::<String>::new());
    assert_eq!(found("", &alone)?, ["hollow: 0 tests ran, and at least 1 can run here"]);
    Ok(())
}

#[test]
fn too_few_tests_are_a_hollow_pass() -> Result<(), String> {
    assert_eq!(found("least = 2", &answers())?, ["hollow: 1 tests ran, and at least 2 can run here"]);
    let passed = Answers { success_without_a_test: true, ..Answers::default() };
    assert_eq!(
        found("least = 0", &passed)?,
        ["hollow pass: no test can run here, and the suite ends with 0"]
    );
    assert_eq!(found("least = 0", &Answers::default())?, Vec::<String>::new());
    assert_eq!(found("", &Answers::default())?, ["hollow: 0 tests ran, and at least 1 can run here"]);
    Ok(())
}

#[test]
fn a_reason_is_one_of_the_plain_host_or_of_the_row() -> Result<(), String> {
    let mut other = answers();
    other.skipped = skipped("needs CAP_SYS_ADMIN");

    assert_eq!(
        found("", &other)?,
        ["a reason that this host does not give, for 1 tests: needs CAP_SYS_ADMIN (s)"]
    );
    assert_eq!(found("may = [\"sys_admin\"]", &other)?, Vec::<String>::new());
    assert_eq!(found("expect = [\"sys_admin\"]", &other)?, Vec::<String>::new());
    assert_eq!(
        found("expect = [\"sys_chroot\"]\nmay = [\"sys_admin\"]", &other)?,
        ["no test is skipped for: sys_chroot"]
    );
    Ok(())
}

#[test]
fn a_host_like_another_skips_the_same() -> Result<(), String> {
    let mut same = answers();
    same.skipped = skipped("needs b");

    assert_eq!(found("like = \"b\"\nmay = [\"b\"]", &same)?, Vec::<String>::new());
    let unlike = "not as on the host b: s is skipped on one of them, or for another reason";
    assert_eq!(found("like = \"b\"", &answers())?, [unlike]);
    Ok(())
}

#[test]
fn residue_is_named() -> Result<(), String> {
    let left = Answers { residue: vec!["process 7 sleep 600".to_owned()], ..answers() };

    assert_eq!(found("", &left)?, ["left behind: process 7 sleep 600"]);
    Ok(())
}
