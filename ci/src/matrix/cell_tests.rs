use harness_program::protocol::End;

use super::*;
use crate::matrix::grid::Grid;
use crate::matrix::merge::{Merged, merge, parse};
use crate::report::record::{Evidence, Failure, Kernel};
use crate::run::differs::example;

fn merged() -> Result<Merged, String> {
    let old = parse(include_str!("../../tests/data/kernels-old.json"))?;
    let new = parse(include_str!("../../tests/data/kernels-new.json"))?;
    merge(vec![("old.json".to_owned(), old), ("new.json".to_owned(), new)])
}

/// What the first kernel is judged, after this was done to it.
fn cell(rule: &str, change: impl FnOnce(&mut Kernel)) -> Result<Cell, String> {
    let mut merged = merged()?;
    change(&mut merged.columns[0].kernel);
    let grid = Grid::new(&merged);
    let row = grid.rows().find(|row| row.rule.name == rule).ok_or("no such rule")?;
    Ok(row.cells[0].clone())
}

fn of(state: State, text: &str) -> Cell {
    Cell { state, text: text.to_owned(), news: None }
}

#[test]
fn a_failure_differs_by_its_trace_and_a_known_one_is_called_that() -> Result<(), String> {
    let differs = cell("map.written-once", |_| {})?;
    assert_eq!(differs, of(State::Differs, "EINVAL, expected EPERM"));

    assert_eq!(
        cell("map.page-size", |_| {})?,
        of(State::Known, "ok, expected EINVAL: takes a page and more")
    );
    let unknown = cell("map.page-size", |kernel| kernel.known.clear())?;
    assert_eq!(unknown.state, State::Differs);
    // The same test hangs for the unprivileged user, which was not expected.
    let hangs = cell("map.page-size", |kernel| {
        let page = kernel.users[1].tests.iter_mut().filter(|it| it.name == "map_text::page");
        page.for_each(|it| it.end = End::TimedOut);
    })?;
    assert_eq!(hangs.state, State::Differs);
    Ok(())
}

/// Of several tests of a rule that failed, the one that differs in one step, refused by this rule, says what differs.
#[test]
fn the_test_that_differs_in_just_the_step_of_the_rule_is_chosen() -> Result<(), String> {
    let found = cell("map.written-once", |kernel| {
        let failed = kernel.users[0].tests.iter_mut().filter(|it| it.name.starts_with("map_order::"));
        for (number, test) in failed.enumerate() {
            test.end = End::Failed("exit code 101".to_owned());
            let single = number == 1;
            let mut differences = vec![example(4, "EINVAL", "EPERM", single.then_some("map.written-once"))];
            let consequence = || example(5, "deny", "allow", None);
            differences.extend((!single).then(consequence));
            test.evidence = Some(Evidence { differences, ..Evidence::default() });
        }
    })?;

    assert_eq!(found, of(State::Differs, "inside gid_map <- \"0 own 1\": EINVAL, expected EPERM"));
    Ok(())
}

#[test]
fn a_test_that_the_kernel_is_too_slow_for_breaks_no_rule() -> Result<(), String> {
    let slow = cell("map.written-once", |kernel| {
        let tests = kernel.users.iter_mut().flat_map(|user| &mut user.tests);
        for test in tests.filter(|it| it.end.is_failure()) {
            (test.end, test.evidence) = (End::TooSlow("too slow here: x".to_owned()), None);
        }
    })?;

    assert!(matches!(slow.state, State::Holds | State::Skipped), "{slow:?}");
    Ok(())
}

#[test]
fn of_two_failures_one_that_is_known_does_not_excuse_the_other() -> Result<(), String> {
    let both = cell("map.written-once", |kernel| {
        kernel.users[0].tests[1].end = End::TimedOut;
        kernel.known[0].tests = ["map_order::once_more".to_owned()].into();
        let once_more = |it: &&mut TestReport| it.name == "map_order::once_more";
        let evidence =
            kernel.users[0].tests.iter_mut().filter(once_more).filter_map(|it| it.evidence.as_mut());
        evidence.for_each(|it| it.known = true);
    })?;

    assert_eq!(both.state, State::Differs);
    Ok(())
}

#[test]
fn a_failure_without_a_trace_is_told_by_how_it_ended() -> Result<(), String> {
    let hangs = cell("map.written-once", |kernel| {
        let test = &mut kernel.users[0].tests[2];
        (test.end, test.evidence) = (End::TimedOut, None);
    })?;

    assert_eq!(hangs, of(State::Differs, "timed out and was killed"));
    Ok(())
}

#[test]
fn an_older_kernel_gives_an_older_answer() -> Result<(), String> {
    let text = "before 7.2: numbers of more than 64 bits are the greatest one";
    assert_eq!(cell("text.numbers-wrap", |_| {})?, of(State::Older, text));
    assert_eq!(cell("text.numbers-wrap", |kernel| kernel.lacks.clear())?.state, State::Holds);
    Ok(())
}

#[test]
fn what_could_not_run_is_skipped_for_the_reason_of_root() -> Result<(), String> {
    assert_eq!(cell("groups.denied", |_| {})?, of(State::Skipped, "needs CONFIG_KEYS: not set"));
    Ok(())
}

#[test]
fn a_kernel_that_stopped_holds_nothing() -> Result<(), String> {
    let panicked = Failure { kind: "panicked".into(), text: "panicked: x".into() };
    let merged = merged()?;
    for rows in Grid::new(&merged).rows() {
        assert_eq!(rows.cells[1], of(State::NoAnswer, "panicked"), "{}", rows.rule.name);
    }
    // Not even what passed before: its other tests were never heard of.
    let halfway = |kernel: &mut Kernel| kernel.failure = Some(panicked.clone());
    assert_eq!(cell("text.numbers-wrap", halfway)?, of(State::NoAnswer, "panicked"));
    assert_eq!(cell("map.written-once", halfway)?.state, State::Differs);
    Ok(())
}

#[test]
fn what_differs_no_more_is_news() -> Result<(), String> {
    let merged = merged()?;
    let grid = Grid::new(&merged);
    let row = grid.rows().find(|row| row.rule.name == "groups.denied").ok_or("no such rule")?;

    assert_eq!(row.cells[2].state, State::Holds);
    assert_eq!(row.cells[2].news.as_deref(), Some("differed before: answers EINVAL"));
    assert!(row.differs());
    Ok(())
}

#[test]
fn what_was_not_asked_for_is_told_apart_from_what_nobody_tests() -> Result<(), String> {
    let mut merged = merged()?;
    merged.columns[2].asked.remove("groups::denied::by_root");
    let grid = Grid::new(&merged);
    assert_eq!(grid.rows().last().map(|row| row.cells[2].state), Some(State::NotAsked));
    assert_eq!(grid.untested.iter().map(|rule| rule.name.as_str()).collect::<Vec<_>>(), ["race.nobody"]);

    for column in &mut merged.columns {
        column.asked.remove("groups::denied::by_root");
    }
    let grid = Grid::new(&merged);
    assert_eq!((grid.not_asked, grid.families.len()), (1, 2));
    assert_eq!(grid.counts(0), [0, 1, 1, 1, 0, 0, 0]);
    Ok(())
}
