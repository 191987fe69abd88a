//! Children that continue as the actor, and children that have ended.

use super::{Actor, die_with_parent, end_in, exit, kernel};
use libc::{c_int, c_long};
use std::os::fd::RawFd;

impl Actor {
    /// clone(2) or clone3(2) whose child continues as the actor.
    pub(super) fn go_on(&mut self, number: c_long, [a, b, ..]: [c_long; 6]) -> i64 {
        // SAFETY: a fork of a process with one thread; both go on from here with memory of their own.
        let pid = unsafe { kernel::call(number, [a, b, 0, 0, 0, 0]) };
        match pid {
            0 => {
                // Neither the timer nor the signal at the end of the director is inherited.
                self.watches_director = false;
                end_in(self.limit);
                die_with_parent();
                0
            }
            1.. => stand_by(pid as libc::pid_t),
            refused => refused,
        }
    }
}

/// Ends in the same way as the child. An open socket in this process would hide the end of the child from the
/// director.
fn stand_by(pid: libc::pid_t) -> ! {
    end_in(0);
    let mut status: c_int = 0;
    // SAFETY: closes what this process has no more use for, waits for its child, and ends by the signal that
    // ended that.
    unsafe {
        libc::syscall(libc::SYS_close_range, 0, RawFd::MAX, 0);
        while libc::waitpid(pid, &raw mut status, libc::__WALL) == -1 {
            if *libc::__errno_location() != libc::EINTR {
                exit(95);
            }
        }
        if libc::WIFSIGNALED(status) {
            libc::kill(libc::getpid(), libc::WTERMSIG(status));
        }
    }
    exit(if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 94 })
}

/// The pidfd of a child that has ended, and was waited for or not.
pub(super) fn dead(waited_for: bool) -> i64 {
    let keep = if waited_for { 0 } else { libc::WNOWAIT };
    // SAFETY: a child that exits at once, a descriptor of it, and a wait without room for its status.
    unsafe {
        let pid = kernel::call(libc::SYS_clone, [libc::SIGCHLD.into(), 0, 0, 0, 0, 0]) as c_long;
        if pid == 0 {
            exit(0);
        }
        let fd = kernel::call(libc::SYS_pidfd_open, [pid, 0, 0, 0, 0, 0]);
        libc::waitid(libc::P_PID, pid as libc::id_t, std::ptr::null_mut(), libc::WEXITED | keep);
        fd
    }
}
