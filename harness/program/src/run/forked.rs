//! A fork of this process that serves the suite.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::OwnedFd;

use harness::evidence;
use harness::suite::Prepared;
use nix::unistd::{Pid, dup2_stderr, dup2_stdin, dup2_stdout};

/// The exit status of a child that could not serve.
const FAILED: u8 = 2;

/// This process's ends of the pipes to the child.
#[derive(Debug)]
pub struct Forked {
    /// The names of tests.
    pub asks: File,
    /// The answers of the suite.
    pub answers: PipeReader,
    /// What tests print.
    pub output: PipeReader,
    /// What tests leave.
    pub evidence: PipeReader,
}

/// Forks a child that serves the suite over pipes.
///
/// # Errors
/// What cannot be forked, or which pipe cannot be made.
pub fn fork(suite: &Prepared) -> Result<(Forked, Pid), String> {
    let fail = |error: &dyn std::fmt::Display| format!("cannot start a process for tests: {error}");
    let pipe = || io::pipe().map_err(|error| fail(&error));
    let ((names, asks), (answers, answer)) = (pipe()?, pipe()?);
    let ((output, print), (evidence, leave)) = (pipe()?, pipe()?);
    let mut theirs = Some(Theirs { names, answer, print, leave });
    let child = harness_play::fork_for_test(|| theirs.take().map_or(FAILED, |pipes| serve(suite, pipes)));
    let child = child.map_err(|errno| fail(&errno))?;
    Ok((Forked { asks: OwnedFd::from(asks).into(), answers, output, evidence }, child))
}

/// The child's ends.
struct Theirs {
    names: PipeReader,
    answer: PipeWriter,
    print: PipeWriter,
    leave: PipeWriter,
}

fn serve(suite: &Prepared, pipes: Theirs) -> u8 {
    let redirected = dup2_stdin(pipes.names)
        .and_then(|()| dup2_stdout(pipes.answer))
        .and_then(|()| dup2_stderr(pipes.print))
        .map_err(|errno| format!("no standard files: {errno}"));
    let ready = redirected.and_then(|()| evidence::send_to(OwnedFd::from(pipes.leave).into()));
    // The parent blocks the signals that end it.
    harness_play::reset_signals();
    match ready.and_then(|()| suite.serve()) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("error: {error}");
            FAILED
        }
    }
}
