//! Programs that hang, leave processes behind or flood their output are errors that name them, and nothing of
//! them stays.
mod support;

use harness_play::error::Error;
use harness_play::prelude::*;
use nix::errno::Errno;
use nix::sys::signal::Signal;
use rstest::rstest;
use support::{LIMIT, error, error_within, says};

/// A program that hangs is reported after the limit, and has ended.
#[rstest]
#[case::silent(&["sleep", "1000"])]
#[case::with_children(&["sh", "-c", "sleep 1000 & sleep 1000"])]
#[case::that_ignores_signals(&["sh", "-c", "trap '' HUP INT TERM PIPE; sleep 1000; sleep 1000"])]
#[case::its_output_closed(&["sh", "-c", "exec >&- 2>&-; exec sleep 1000"])]
#[case::stopped(&["sh", "-c", "kill -STOP $$"])]
fn program_hangs(#[case] words: &[&str]) {
    let error = error(&caller().outside(&[run(words)]));

    says(&error, &["did not end within 300ms", &words.join(" ")]);
}

/// A program that leaves a process behind is told, whether that holds its output or not, and the
/// process is gone.
#[rstest]
#[case::with_its_output("sleep 1000 &")]
#[case::in_another_session("setsid sleep 1000 & sleep 0.05")]
#[case::silently("setsid sleep 1000 >/dev/null 2>&1 & sleep 0.05")]
fn program_leaves_a_process(#[case] script: &'static str) {
    // What is left behind is given some time to end by itself, which a busy machine draws out.
    let error = error_within(10 * LIMIT, &caller().outside(&[run(&["sh", "-c", script])]));

    assert!(matches!(error, Error::ProcessesLeft { .. }), "{error}");
    says(&error, &["left processes behind", script]);
}

/// A program that floods its output is reported when it has printed too much, before memory or time run out.
#[test]
fn program_floods() {
    let error = error(&caller().outside(&[run(&["cat", "/dev/zero"])]));

    assert!(matches!(error, Error::TooMuchOutput { .. }), "{error}");
    says(&error, &["said more than 1048576 bytes", "cat /dev/zero"]);
}

/// A program that does not exist is reported by its name. One that cannot be executed is an outcome.
#[test]
fn program_cannot_be_started() {
    let missing = error(&caller().outside(&[run(&["no-such-program"])]));
    let trace = caller().outside(&[run(&["/proc/version"])]).play();
    let nearby = caller().outside(&[run(&["sh", "-c", "exit 95"])]).play();

    says(&missing, &["program no-such-program not found"]);
    let refused = Outcome::Failed { call: "execve", errno: Errno::EACCES };
    assert_eq!(trace.outcomes.last(), Some(&refused), "{trace}");
    assert!(nearby.to_string().contains("exit 95"), "{nearby}");
}

/// How a program ended is shown as it was: a number or a signal.
#[rstest]
#[case::status("exit 200", Status::Exited(200))]
#[case::signal("kill -SEGV $$", Status::Killed(Signal::SIGSEGV))]
fn program_ends(#[case] script: &'static str, #[case] status: Status) {
    let trace = caller().outside(&[run(&["sh", "-c", script])]).play();

    let Some(Outcome::Program(ended)) = trace.outcomes.last() else { panic!("no program: {trace}") };
    assert_eq!(ended.status, status, "{trace}");
    assert!(trace.to_string().contains(&status.to_string()), "{trace}");
}
