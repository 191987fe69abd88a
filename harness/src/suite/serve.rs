//! `--serve`: tests that the caller names one after the other, each in a process of its own.
//!
//! A program that is started for each test loads its pages and reads the facts of the host each time. If a page fault
//! takes 40 microseconds, as in User-Mode Linux, this is most of a test's time. Here it happens once: each test runs
//! in a child, forked from a process that knows the facts, has one thread and has played nothing.
//!
//! The conversation: a line with a test's name comes in; the answers are lines of JSON, a [`Served`] each: that the
//! test has started, and when it is over how its process ended. The child leads a process group. It stays a zombie
//! until the next line, so that the caller may kill what is left of the group. What tests print goes to standard
//! error.

use std::fs::File;
use std::io::{self, BufRead as _, Write as _};
use std::os::fd::OwnedFd;

use libtest_mimic::Arguments;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{dup2_stdin, dup2_stdout, getpid, setpgid};

use super::{Test, UnmetIs, trial};
use crate::listing::Served;
use harness_play::fork_for_test;

/// Runs the tests that standard input names, until its end.
///
/// # Errors
/// What cannot be read, written, forked or waited for.
pub(super) fn serve(tests: &[(String, &'static Test)], unmet_is: UnmetIs) -> Result<(), String> {
    let failed = |what: &str, error: &dyn std::fmt::Display| format!("cannot serve: {what}: {error}");
    let _ = crate::facts();
    // What is named is on a list that this program made.
    crate::rehearsal::trust_the_list();
    crate::rehearsal::limits::alone();
    let mut last = None;
    for name in io::stdin().lock().lines() {
        let name = name.map_err(|error| failed("standard input", &error))?;
        if let Some(pid) = last.take() {
            waitpid(pid, None).map_err(|error| failed("a test", &error))?;
        }
        let child =
            fork_for_test(|| in_the_child(tests, &name, unmet_is)).map_err(|errno| failed("fork", &errno))?;
        // Both processes set it, so it is set regardless of which runs first.
        let _ = setpgid(child, child);
        send(Served::Started(child.as_raw()))?;
        let ended = waitid(Id::Pid(child), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
        last = Some(child);
        send(match ended.map_err(|errno| failed("a test", &errno))? {
            WaitStatus::Exited(_, status) => Served::Exited(status),
            WaitStatus::Signaled(_, signal, _) => Served::Killed(signal as i32),
            other => return Err(failed("a test", &format!("{other:?}"))),
        })?;
    }
    last.map_or(Ok(()), |pid| waitpid(pid, None).map(drop).map_err(|error| failed("a test", &error)))
}

fn send(answer: Served) -> Result<(), String> {
    let mut out = io::stdout().lock();
    let sent = out.write_all(answer.to_line()?.as_bytes()).and_then(|()| out.flush());
    sent.map_err(|error| format!("cannot serve: standard output: {error}"))
}

/// Runs one test like `--exact` and returns the exit status.
fn in_the_child(tests: &[(String, &'static Test)], name: &str, unmet_is: UnmetIs) -> u8 {
    if let Err(message) = alone() {
        eprintln!("error: {message}");
        return super::USAGE;
    }
    let arguments = Arguments {
        exact: true,
        filter: Some(name.to_owned()),
        test_threads: Some(1),
        ..Arguments::default()
    };
    let found = tests.iter().filter(|(known, _)| known == name);
    let trials = found.map(|(name, test)| trial(name.clone(), test, unmet_is)).collect();
    let ended = libtest_mimic::run(&arguments, trials);
    match super::nothing_ran(&arguments, &ended) {
        Some(why) => {
            eprintln!("error: {why}");
            super::USAGE
        }
        None if ended.has_failed() => super::FAILED,
        None => 0,
    }
}

/// `/dev/null`, or where it is missing a pipe that nobody writes to.
fn nothing_to_read() -> io::Result<OwnedFd> {
    match File::open("/dev/null") {
        Ok(file) => Ok(file.into()),
        Err(_) => io::pipe().map(|(reader, _)| reader.into()),
    }
}

/// Closes the descriptors of the protocol.
fn alone() -> Result<(), String> {
    let failed = |what: &str, error: &dyn std::fmt::Display| format!("cannot begin a test: {what}: {error}");
    // Without a group of its own, what a test leaves is ended by its guards alone.
    let _ = setpgid(getpid(), getpid());
    let nothing = nothing_to_read().map_err(|error| failed("an empty input", &error))?;
    dup2_stdin(nothing).map_err(|errno| failed("standard input", &errno))?;
    dup2_stdout(io::stderr()).map_err(|errno| failed("standard output", &errno))
}
