//! Forking actors and other children.

use super::memory::{Block, FORKED, Shared, Start};
use super::share::begin;
use super::{Actor, Memory, NEEDS_OWN_MEMORY, Record, exit, kernel, serve, step_counter};
use crate::wire::{PROC, REQUEST_WORDS, SLOTS, SOCKET};
use libc::{c_int, c_long};
use std::os::fd::{AsRawFd, RawFd};

/// Forks an actor and returns its process id.
///
/// # Errors
/// The errno of fork(2).
pub fn fork(start: Start<'_>) -> nix::Result<nix::unistd::Pid> {
    let step = step_counter(start.number);
    // SAFETY: the child only makes async-signal-safe calls. This is the C library's fork, not the
    // bare call, so that its set*id wrappers know that the child has one thread.
    match unsafe { libc::fork() } {
        -1 => Err(nix::errno::Errno::last()),
        0 => {
            let socket = start.socket.map_or(-1, |socket| socket.as_raw_fd());
            kernel::close_all_but(socket, start.proc.as_raw_fd());
            let mut slots = [-1; SLOTS];
            slots[SOCKET as usize] = socket;
            slots[PROC as usize] = start.proc.as_raw_fd();
            serve((&FORKED, Memory::Own), step, start.limit, slots, start.batch)
        }
        pid => Ok(nix::unistd::Pid::from_raw(pid)),
    }
}

/// Gives signals back their default actions, and blocks none. A parent may have changed both, and execve(2) keeps it. A
/// process that ignores SIGCHLD cannot wait for its children: the kernel reaps them. SIGPIPE stays, as the standard
/// library of Rust ignores it.
///
/// Source: signal(7), "Execution of signal handlers"; wait(2), NOTES.
pub fn reset_signals() {
    let standard = (1..32).filter(|signal| ![libc::SIGKILL, libc::SIGSTOP, libc::SIGPIPE].contains(signal));
    for signal in standard {
        // SAFETY: reads the action, and sets the default one, which runs no code of this process.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            let read = libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0;
            if read && action.sa_sigaction == libc::SIG_IGN {
                libc::signal(signal, libc::SIG_DFL);
            }
        }
    }
    // A kernel without the call changes nothing here.
    let _ = nix::sys::signal::SigSet::empty().thread_set_mask();
}

/// The result of a task in a forked child. The task may change the child's root directory, namespaces and
/// credentials. `None` if the task has no result or the fork fails. The task makes system calls and takes no lock.
pub fn in_a_child(task: fn() -> Option<bool>) -> Option<bool> {
    // SAFETY: the child runs the task and nothing of the test runner's.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        exit(task().map_or(2, c_int::from));
    }
    let mut status = 0;
    // SAFETY: waits for the child just made, with room for its status.
    let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    match status {
        _ if pid < 0 || waited != pid || !libc::WIFEXITED(status) => None,
        status => [Some(false), Some(true), None].get(libc::WEXITSTATUS(status) as usize).copied()?,
    }
}

/// Forks a child that does a task, all of it safe code, and exits with the status that this gives; its process id.
///
/// # Errors
/// EBUSY if the caller has more than one thread, since another one's locks would stay taken in the child; the errno
/// of fork(2).
pub fn fork_for_test(task: impl FnOnce() -> u8) -> nix::Result<nix::unistd::Pid> {
    if std::fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() > 1) {
        return Err(nix::errno::Errno::EBUSY);
    }
    // SAFETY: the caller has one thread, so that the child finds memory as it left it.
    match unsafe { libc::fork() } {
        -1 => Err(nix::errno::Errno::last()),
        0 => std::process::exit(task().into()),
        pid => Ok(nix::unistd::Pid::from_raw(pid)),
    }
}

impl Actor {
    /// The new actor is a child of the director, like this one, so that the director can wait for it. It shares the
    /// director's memory, in the block that the request names, or is forked if the request names none.
    pub(super) fn spawn(&mut self, record: &Record, [_, number, flags, block, limit, _]: [c_long; 6]) -> i64 {
        let slot = record.head[REQUEST_WORDS - 6];
        let (theirs, number) = (self.slot(slot), number as usize);
        let flags = c_long::from(libc::CLONE_PARENT | libc::SIGCHLD) | flags;
        self.keep(slot, -1);
        let pid = match block {
            0 if self.memory == Memory::Own => self.spawn_forked(theirs, number, (flags, limit as u32)),
            // A copy of the director's memory would come with what others left in the block.
            0 => exit(NEEDS_OWN_MEMORY),
            _ => {
                let start = Shared {
                    step: step_counter(number),
                    limit: limit as u32,
                    slots: self.slots_with(theirs),
                    first: 0,
                    closes: self.slot(SOCKET),
                };
                // SAFETY: the director has sent the address of a block that it keeps for this actor.
                let block = unsafe { &*std::ptr::with_exposed_provenance::<Block>(block as usize) };
                begin(block, start, flags as c_int)
            }
        };
        // The child's end; a copy here would hide the child's end from the director.
        kernel::close(theirs);
        pid
    }

    fn spawn_forked(&self, theirs: RawFd, number: usize, (flags, limit): (c_long, u32)) -> i64 {
        // SAFETY: a fork of a process with one thread; both go on from here with memory of their own.
        let pid = unsafe { kernel::call(libc::SYS_clone, [flags, 0, 0, 0, 0, 0]) };
        if pid == 0 {
            // The parent's end; this process has its own.
            kernel::close(self.slot(SOCKET));
            serve((self.buffers, Memory::Own), step_counter(number), limit, self.slots_with(theirs), &[])
        }
        pid
    }

    /// The slots of a child that answers on this socket.
    fn slots_with(&self, socket: RawFd) -> [RawFd; SLOTS] {
        let mut slots = self.slots;
        slots[SOCKET as usize] = socket;
        slots
    }
}
