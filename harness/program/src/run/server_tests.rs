use std::os::unix::process::CommandExt;
use std::time::Instant;

use super::*;

fn exit(raw: i32) -> ProcessEnd {
    ProcessEnd::ByItself(ExitStatus::from_raw(raw))
}

#[test]
fn only_what_says_so_has_passed() {
    let passed = "\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n";
    let nothing = passed.replace("1 passed", "0 passed");

    assert_eq!(end(&exit(0), passed), End::Passed);
    assert!(matches!(end(&exit(0), &nothing), End::Failed(_)));
    assert!(matches!(end(&exit(0), ""), End::Failed(_)));
    assert_eq!(end(&exit(101 << 8), passed), End::Failed("exit code 101".into()));
    assert_eq!(end(&exit(9), passed), End::Crashed("signal 9".into()));
    assert_eq!(end(&ProcessEnd::TooLate, passed), End::TimedOut);
}

/// Prints the answers of a suite.
const ANSWERS: &str = r#"
    started() { echo "{\"started\":$1}"; }; exited() { echo "{\"exited\":$1}"; }; killed() { echo "{\"killed\":$1}"; }
    "#;

/// A suite that is a shell script: it hears each name as `$test`, and setsid(1) gives a test a process group of its own.
fn suite(script: &str) -> Command {
    let script = format!("{ANSWERS}while read -r test; do export test; {script}; done");
    let mut command = Command::new("sh");
    command.args(["-c", &script, "sh"]).process_group(0);
    command
}

fn says(script: &str) -> Result<Server, String> {
    let file = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
    let output = File::options().read(true).append(true).open(file.path());
    Server::start(suite(script), output.map_err(|error| error.to_string())?)
}

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn a_test_ends_as_the_suite_says_and_only_its_own_words_are_told() -> Result<(), String> {
    let mut server =
        says("setsid sh -c \"echo $test >&2; exit 3\" & child=$!; started $child; wait $child; exited $?")?;

    for test in ["one", "two"] {
        let (ended, said) = server.play(test, LIMIT)?;
        assert_eq!((ended, said), (ProcessEnd::ByItself(ExitStatus::from_raw(3 << 8)), format!("{test}\n")));
    }
    Ok(())
}

/// 200,000 bytes do not fit into a pipe.
#[test]
fn a_pipe_holds_all_that_a_test_prints() -> Result<(), String> {
    let print = "setsid sh -c 'head -c 200000 /dev/zero | tr \\\\0 x >&2; echo $test >&2' & child=$!
        started $child; wait $child; exited $?";
    let mut server = Server::start_with_pipe(suite(print))?;

    for test in ["one", "two"] {
        let (_, said) = server.play(test, LIMIT)?;
        assert!(
            said.len() > 200_000 && said.trim_start_matches('x') == format!("{test}\n"),
            "{}",
            said.len()
        );
    }
    Ok(())
}

#[test]
fn two_lines_that_come_together_are_two_answers() -> Result<(), String> {
    let begun = Instant::now();
    let mut server =
        says("setsid true & child=$!; wait $child; both=$(started $child; killed 11); echo \"$both\"")?;

    assert_eq!(server.play("a", LIMIT)?.0, ProcessEnd::ByItself(ExitStatus::from_raw(11)));
    assert!(begun.elapsed() < LIMIT, "it waited for what had come");
    Ok(())
}

#[test]
fn a_test_that_hangs_is_killed_and_the_next_one_is_played() -> Result<(), String> {
    let mut server = says(
        "setsid sleep $test & child=$!; started $child; wait $child; [ $? = 0 ] && exited 0 || killed 9",
    )?;

    assert_eq!(server.play("600", Duration::from_millis(50))?.0, ProcessEnd::TooLate);
    assert_eq!(server.play("0", LIMIT)?.0, ProcessEnd::ByItself(ExitStatus::from_raw(0)));
    Ok(())
}

#[test]
fn a_process_of_a_hidden_group_is_never_killed() -> Result<(), String> {
    let mut other = Command::new("sleep").arg("600").process_group(0).spawn().map_err(|it| it.to_string())?;
    let script = format!("started {}; exited 0", other.id());

    let ended = says(&script)?.with_groups(Groups::Hidden).play("a", LIMIT);
    let lives = other.try_wait().map(|ended| ended.is_none());
    let hangs = format!("started {}; sleep 600", other.id());
    let late = says(&hangs)?.with_groups(Groups::Hidden).play("a", Duration::from_millis(50));
    let lives_on = other.try_wait().map(|ended| ended.is_none());
    let _ = other.kill();

    assert_eq!(ended.map(|(ended, _)| ended), Ok(ProcessEnd::ByItself(ExitStatus::from_raw(0))));
    assert_eq!(late.err().as_deref(), Some("it took longer than 0 s"));
    assert!(lives.is_ok_and(|it| it) && lives_on.is_ok_and(|it| it));
    Ok(())
}

#[test]
fn a_suite_that_ends_or_says_something_else_is_named_with_its_last_words() -> Result<(), String> {
    for (script, message, words) in [
        ("printf 'starte'; echo oh >&2; exit 7", "the suite ended in the middle of \"starte\"", "oh\n"),
        ("echo hello", "the suite prints no answer: expected value at line 1 column 1", ""),
        ("started 1", "the suite answers Started(1) out of turn", ""),
        ("started -5", "the suite answers Started(-5) out of turn", ""),
        (
            "setsid true & child=$!; wait; started $child; started 2",
            "the suite answers Started(2) out of turn",
            "",
        ),
        ("setsid true & child=$!; wait; started $child; exit 0", "the suite ended in the middle of \"\"", ""),
    ] {
        let mut server = says(script)?;
        assert_eq!(server.play("a", LIMIT), Err(message.to_owned()), "{script}");
        let last = server.last_words();
        assert!(
            last.starts_with(words) && last.contains("exit status: ") | last.contains("signal: "),
            "{last}"
        );
    }
    Ok(())
}
