//! One system call in a forked child, for facts that cannot be read: what the kernel answers, and whether the child
//! survives it.

use super::{end_in, exit};
use libc::{c_int, c_long};
use nix::errno::Errno;
use nix::sys::signal::Signal;

/// The time that a call may take, in milliseconds. A filter may pass a call to a process that never answers.
const PATIENCE: u32 = 2000;
/// The exit status of a child that could not create the namespaces in which the call was to be made.
const NOT_PREPARED: u8 = 251;
/// The exit status for an errno that does not fit into one. Linux has none above 133.
const LARGEST: i64 = 250;

/// By which entry of the kernel a call is made, and what it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// Whether it is made through int 0x80, with the number of i386.
    pub is_i386: bool,
    /// CLONE_ flags of namespaces that the child creates first. 0 for none.
    pub apart: c_int,
    /// The number of the system call.
    pub number: i64,
    /// Its arguments.
    pub args: [u64; 6],
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It succeeded.
    Done,
    /// It failed with this errno.
    Failed(Errno),
    /// The child was ended by this signal.
    Killed(Signal),
    /// It took longer than two seconds.
    Silent,
    /// It was not made, because the child or its namespaces could not be created.
    NotAsked(Errno),
}

/// Makes a system call in a forked child and waits for the child's end, at most two seconds. The call must do nothing
/// outside of that child. The child makes only async-signal-safe calls.
pub fn ask(question: &Question) -> Reply {
    // SAFETY: the child makes system calls and nothing of the test runner's.
    let pid = unsafe { libc::fork() };
    match pid {
        -1 => Reply::NotAsked(Errno::last()),
        0 => exit(answer(question).into()),
        pid => reply(pid),
    }
}

/// In the child: the errno of the call, 0 if it succeeds.
fn answer(question: &Question) -> u8 {
    end_in(PATIENCE);
    let [a, b, c, d, e, f] = question.args;
    // SAFETY: a child that is killed leaves no core. Namespaces are the child's own. The table of probes has only
    // calls that fail, or that change an attribute of the child.
    unsafe {
        libc::prctl(libc::PR_SET_DUMPABLE, 0);
        if question.apart != 0 && libc::syscall(libc::SYS_unshare, question.apart) == -1 {
            return NOT_PREPARED;
        }
        let errno = if question.is_i386 {
            let value = super::compat::bare(question.number, [a, b, c, d, e]);
            if (-4095..0).contains(&value) { -i64::from(value) } else { 0 }
        } else if libc::syscall(question.number as c_long, a, b, c, d, e, f) == -1 {
            i64::from(*libc::__errno_location())
        } else {
            0
        };
        errno.min(LARGEST) as u8
    }
}

fn reply(pid: libc::pid_t) -> Reply {
    let mut status = 0;
    // SAFETY: waits for the child just made, with room for its status.
    while unsafe { libc::waitpid(pid, &raw mut status, 0) } == -1 {
        if Errno::last() != Errno::EINTR {
            return Reply::NotAsked(Errno::last());
        }
    }
    if !libc::WIFEXITED(status) {
        return match Signal::try_from(libc::WTERMSIG(status)) {
            Ok(Signal::SIGALRM) => Reply::Silent,
            Ok(signal) => Reply::Killed(signal),
            Err(errno) => Reply::NotAsked(errno),
        };
    }
    match libc::WEXITSTATUS(status) {
        0 => Reply::Done,
        refused if refused == c_int::from(NOT_PREPARED) => Reply::NotAsked(Errno::EPERM),
        errno => Reply::Failed(Errno::from_raw(errno)),
    }
}
