//! What a guest makes of the ends of tests, and of the files that they leave.

use super::*;
use harness_scenario::exploration::Exploration;

#[test]
fn what_a_test_left_is_read_and_what_is_no_findings_is_told() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let plan = Plan {
        workspace: dir.path().into(),
        suite: "/none".into(),
        scratch: dir.path().into(),
        users: vec![None],
        tests: Vec::new(),
        limit: 1,
        exploration: Exploration::Full,
    };
    let run = UserRun::of(&plan, None)?;
    let left = |test: &str, text: &str| fs::write(run.findings().join(Findings::file_name(test)), text);
    let slow =
        Findings { test: "a::b".into(), too_slow: Some("too slow here: x".into()), ..Findings::default() };
    left("a::b", &slow.to_line()?)?;
    left("a::c", "{\"test\":")?;

    assert_eq!(run.found("a::b"), Ok(slow));
    assert_eq!(run.found("a::none"), Ok(Findings::default()));
    assert!(run.found("a::c").is_err_and(|why| why.contains("the suite prints no findings")));
    Ok(())
}

#[test]
fn only_a_failure_can_be_that_of_a_slow_machine() {
    let slow = || Some("too slow here: x".to_owned());

    assert_eq!(judged(End::Failed("exit code 101".into()), slow()), End::TooSlow("too slow here: x".into()));
    assert_eq!(judged(End::Crashed("signal 9".into()), slow()), End::Crashed("signal 9".into()));
    assert_eq!(judged(End::Failed("exit code 101".into()), None), End::Failed("exit code 101".into()));
}

#[test]
fn the_end_of_a_long_output_is_kept() {
    assert_eq!(last("short", 9), "short");
    assert_eq!(last("ab\u{e9}cd", 3), "cd");
}

#[test]
fn the_files_of_a_directory_are_told_in_order_with_their_paths() -> Result<(), Box<dyn std::error::Error>> {
    let (dir, told) = (tempfile::tempdir()?, tempfile::NamedTempFile::new()?);
    fs::create_dir(dir.path().join("below"))?;
    fs::write(dir.path().join("z.c"), "int main;")?;
    fs::write(dir.path().join("below/a.sh"), "exit 1")?;

    sent(dir.path(), &mut Channel(told.reopen()?), |name, text| Event::Reproducer { name, text })?;

    let events: Vec<Event> =
        fs::read_to_string(told.path())?.lines().map(Event::from_line).collect::<Result<_, _>>()?;
    let event = |name: &str, text: &str| Event::Reproducer { name: name.into(), text: text.into() };
    assert_eq!(events, [event("below/a.sh", "exit 1"), event("z.c", "int main;")]);
    let nowhere = sent(Path::new("/nowhere"), &mut Channel(told.reopen()?), |_, _| Event::Done);
    assert_eq!(nowhere, Err("cannot read /nowhere: No such file or directory (os error 2)".to_owned()));
    Ok(())
}
