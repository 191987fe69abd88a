//! A process that has played scenarios forks a child that plays some, as the program does for each test.

use std::process::{Command, ExitCode};

use harness::prelude::*;
use harness::suite::{ACTORS, choose_actors};
use nix::errno::Errno;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// Set in the environment of the process that forks.
pub const PLAY: &str = "HARNESS_TEST_PLAY_FORKING";

/// More than the director forks by itself.
const SCENARIOS: usize = 4;

/// Every check with its name.
pub const ALL: [(&str, fn()); 1] = [("a_child_can_wait_for_the_actors_of_its_scenarios", waits)];

fn waits() {
    let this = std::env::current_exe().expect("/proc is mounted where the harness is tested");
    let output = Command::new(this).env(PLAY, "1").env(ACTORS, "forked").output();
    let output = output.expect("this binary can be started again");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Plays scenarios here and in a child. Fails if either is left with a process that it has not waited for.
pub fn play() -> ExitCode {
    choose_actors().expect("a word that there is");
    play_some();
    let child = harness_play::fork_for_test(|| {
        play_some();
        u8::from(has_children("the child"))
    });
    let ended = waitpid(child.expect("this process has one thread"), None);
    let left = has_children("the parent");
    if matches!(ended, Ok(WaitStatus::Exited(_, 0))) && !left { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn play_some() {
    (0..SCENARIOS).for_each(|_| drop(caller().outside(&[]).play()));
    // The process that forks for this thread is a child, too.
    let _ = harness_play::fork_for_test(|| 0).map(|pid| waitpid(pid, None));
}

/// Whether this process has a child, or a zombie.
fn has_children(who: &str) -> bool {
    let found = waitpid(Pid::from_raw(-1), Some(WaitPidFlag::WNOHANG));
    if found != Err(Errno::ECHILD) {
        eprintln!("{who} is left with a child: {found:?}");
    }
    found != Err(Errno::ECHILD)
}
