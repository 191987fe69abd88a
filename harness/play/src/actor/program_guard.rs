//! A program and its guard process, which ends everything that the program started.

use super::{Actor, Record, die_with_parent, end_in, exit, kernel};
use crate::wire::{PROC, SOCKET, STDIO, word};
use libc::{c_char, c_int};
use std::os::fd::RawFd;
use std::sync::atomic::Ordering;

/// The interval at which the guard of a program checks, in milliseconds, if no event wakes it.
const LOOK: c_int = 120_000;

/// The time that a program's children have to end after the program, in milliseconds. Later they count as left
/// behind.
const GRACE: u32 = 100;

/// The time after its limit in which a program ends by itself if neither the director nor the guard may end it, in
/// milliseconds.
const BEYOND: u32 = 2000;

/// The exit status of a child that could not become a program.
const NOT_STARTED: c_int = 95;

/// The most arguments and environment variables of a program, together.
const STRINGS: usize = 64;

impl Actor {
    /// Starts a program and guards it. Answers with its process id, then with its status and, as errno, the number of
    /// processes that it left behind, then with the errno of execve(2). Everything that the program started ends with
    /// the program and with the director.
    pub(super) fn guard(&mut self, record: &Record) -> ! {
        self.unwatch_director();
        end_in(0);
        self.step.store(0, Ordering::Relaxed);
        // SAFETY: attributes of this process; a fork of a process with one thread; STDIO is closed
        // here so that the director sees when the program closes it.
        let pid = unsafe {
            libc::prctl(libc::PR_SET_PDEATHSIG, 0);
            libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1);
            kernel::call(libc::SYS_clone, [libc::SIGCHLD.into(), 0, 0, 0, 0, 0])
        };
        let errno = -(pid.min(0) as c_int);
        if pid == 0 {
            die_with_parent();
            // The signal and its permission are lost when the program changes its ids. A timer is kept over exec(2).
            end_in(self.limit.saturating_add(BEYOND));
            self.exec(record);
            // SAFETY: the C library's errno of this thread.
            self.step.store(unsafe { *libc::__errno_location() }.cast_unsigned(), Ordering::Relaxed);
            exit(NOT_STARTED)
        }
        for slot in STDIO {
            // SAFETY: as above.
            unsafe { libc::close(self.slot(slot)) };
        }
        self.answer(record, true, pid.max(-1), errno, 0);
        self.send();
        if pid < 0 {
            exit(0);
        }
        let status = self.watch(pid as libc::pid_t);
        let left = self.clear(pid as libc::pid_t);
        self.answer(record, true, status.into(), left, 0);
        // Where the child has put the errno of execve(2), memory that both share.
        self.answer(record, true, 0, self.step.load(Ordering::Relaxed).cast_signed(), 0);
        self.send();
        exit(0)
    }

    /// Waits for the end of a child, or kills it when the director has ended.
    fn watch(&self, pid: libc::pid_t) -> c_int {
        let mut status = 0;
        // SAFETY: system calls on this process's own child and descriptors, with room for what they give.
        unsafe {
            // -1, which poll(2) ignores, before Linux 5.3.
            let pidfd = libc::syscall(libc::SYS_pidfd_open, pid, 0) as RawFd;
            let pause = if pidfd < 0 { 5 } else { LOOK };
            let fd = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
            let mut fds = [fd(pidfd), fd(self.slot(SOCKET))];
            loop {
                let ready = libc::poll(fds.as_mut_ptr(), 2, pause);
                if libc::waitpid(pid, &raw mut status, libc::WNOHANG) != 0 {
                    return status;
                }
                if fds[1].revents != 0 || (ready == 0 && pidfd >= 0) {
                    libc::kill(-pid, libc::SIGKILL);
                    self.kill(pid);
                    libc::waitpid(pid, &raw mut status, 0);
                    return status;
                }
            }
        }
    }

    /// Ends the processes that a program left behind. Orphans have become children of this process. Returns the
    /// number of processes that did not end by themselves.
    fn clear(&self, group: libc::pid_t) -> c_int {
        let mut left = 0;
        for round in 0..2 * GRACE {
            // SAFETY: reaps children of this process, whose status is not used.
            let waited = unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) };
            if waited == -1 {
                break;
            }
            if waited == 0 && round >= GRACE {
                // SAFETY: these have no other parent, or belong to the program's session.
                unsafe { libc::kill(-group, libc::SIGKILL) };
                left = left.max(self.kill_children().max(1));
            }
            if waited == 0 {
                // SAFETY: sleeps a millisecond.
                unsafe { libc::poll(std::ptr::null_mut(), 0, 1) };
            }
        }
        left
    }

    fn kill_children(&self) -> c_int {
        let mut list = [0_u8; 4096];
        // SAFETY: a file name ended by NUL, room of the length given, signals to this process's children.
        unsafe {
            let name = c"thread-self/children".as_ptr();
            let file = libc::openat(self.slot(PROC), name, libc::O_RDONLY | libc::O_CLOEXEC);
            let length = libc::read(file, list.as_mut_ptr().cast(), list.len());
            libc::close(file);
            let (mut killed, mut pid) = (0, 0);
            for byte in list.iter().take(usize::try_from(length).unwrap_or(0)) {
                if byte.is_ascii_digit() {
                    pid = pid * 10 + libc::pid_t::from(byte - b'0');
                } else if pid > 0 {
                    self.kill(pid);
                    (killed, pid) = (killed + 1, 0);
                }
            }
            killed
        }
    }

    /// Kills a process that the program is or has started. If the process has become another user, whom this process may
    /// not send signals to, this process becomes that user for the call.
    ///
    /// Source: kill(2), EPERM; proc(5): the owner of /proc/PID is the effective user of the process.
    fn kill(&self, pid: libc::pid_t) {
        let (mut name, mut at, mut rest) = ([0_u8; 16], 15, pid.unsigned_abs());
        while rest > 0 && at > 0 {
            at -= 1;
            name[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        // SAFETY: signals to this process's own child; a name ended by NUL and room for the answer; ids of this process,
        // whose saved uid stays and brings the others back.
        unsafe {
            let mut file: libc::stat = std::mem::zeroed();
            if libc::kill(pid, libc::SIGKILL) == 0
                || libc::fstatat(self.slot(PROC), name.as_ptr().add(at).cast(), &raw mut file, 0) != 0
            {
                return;
            }
            let (real, effective, keep) = (libc::getuid(), libc::geteuid(), c_int::from(-1_i8));
            if libc::syscall(libc::SYS_setresuid, file.st_uid, file.st_uid, keep) == 0 {
                libc::kill(-pid, libc::SIGKILL);
                libc::kill(pid, libc::SIGKILL);
                libc::syscall(libc::SYS_setresuid, real, effective, keep);
            }
        }
    }

    /// Returns only if the program cannot be started.
    fn exec(&self, record: &Record) {
        let mut strings = [std::ptr::null::<c_char>(); STRINGS];
        // SAFETY: the payload lies within the message.
        let payload = unsafe { std::slice::from_raw_parts(record.payload, record.payload_len) };
        let (Some(args), Some(total)) = (word(payload, 0), word(payload, 8)) else { exit(97) };
        // One null pointer ends the arguments and one the environment.
        for index in 0..total as usize {
            let place = if index < args as usize { index } else { index + 1 };
            let (Some(offset), Some(string)) = (word(payload, 16 + index * 8), strings.get_mut(place)) else {
                exit(97)
            };
            *string = record.payload.wrapping_add(offset as usize).cast();
        }
        let Some(environment) = strings.get(args as usize + 1..) else { exit(97) };
        // SAFETY: the arrays are ended by null pointers, the strings by NUL bytes; signals and
        // descriptors are this process's own.
        unsafe {
            for (to, from) in STDIO.iter().enumerate() {
                libc::dup2(self.slot(*from), to as RawFd);
            }
            libc::setsid();
            libc::signal(libc::SIGPIPE, libc::SIG_DFL);
            libc::execve(strings[0], strings.as_ptr(), environment.as_ptr());
        }
    }
}
