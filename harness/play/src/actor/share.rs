//! Actors that share the memory of the director.

use super::fork::close_all_but;
use super::{Block, Memory, Start, kernel, serve, step_counter};
use crate::wire::{MESSAGE, PROC, SLOTS, SOCKET};
use libc::{c_int, c_void};
use nix::errno::Errno;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::AtomicU32;

/// What an actor finds in its block when it begins.
pub(super) struct Shared {
    pub(super) step: &'static AtomicU32,
    pub(super) limit: u32,
    pub(super) slots: [RawFd; SLOTS],
    /// The length of the first message, which lies in the buffer for requests.
    pub(super) first: usize,
    /// The descriptor to close, or -1: all but those in the slots.
    pub(super) closes: RawFd,
}

/// Makes an actor in a block that nobody else uses, and returns its process id. An actor without a socket leaves its
/// answers in the block: its first message has to end with its exit.
///
/// # Errors
/// The errno of clone(2).
pub fn share(start: Start<'_>, block: &'static Block) -> nix::Result<nix::unistd::Pid> {
    let mut slots = [-1; SLOTS];
    slots[SOCKET as usize] = start.socket.map_or(-1, |socket| socket.as_raw_fd());
    slots[PROC as usize] = start.proc.as_raw_fd();
    let first = start.batch.len().min(MESSAGE);
    // SAFETY: nobody uses the block before the actor begins. The sender of the message may go away before the actor does.
    unsafe { start.batch.as_ptr().copy_to_nonoverlapping(block.buffers.requests(), first) };
    let shared =
        Shared { step: step_counter(start.number), limit: start.limit, slots, first, closes: -1 };
    let value = begin(block, shared, libc::SIGCHLD);
    match c_int::try_from(value) {
        Ok(pid @ 1..) => Ok(nix::unistd::Pid::from_raw(pid)),
        Ok(errno) => Err(Errno::from_raw(-errno)),
        Err(_) => Err(Errno::ERANGE),
    }
}

/// clone(2) of an actor with these flags. Returns what the kernel returns.
pub(super) fn begin(block: &'static Block, shared: Shared, flags: c_int) -> i64 {
    // SAFETY: nobody uses the block before the actor begins, and then it alone does so until it has ended.
    unsafe {
        (*block.start.get()).write(shared);
        let argument = std::ptr::from_ref(block).cast_mut().cast();
        kernel::clone_onto(flags | libc::CLONE_VM, block.top(), run, argument)
    }
}

extern "C" fn run(block: *mut c_void) -> c_int {
    // SAFETY: the argument of `begin`.
    let block: &'static Block = unsafe { &*block.cast_const().cast() };
    // SAFETY: written by `begin`.
    let Shared { step, limit, slots, first, closes } = unsafe { (*block.start.get()).assume_init_read() };
    match closes {
        -1 => close_all_but(slots[SOCKET as usize], slots[PROC as usize]),
        socket => kernel::close(socket),
    }
    // SAFETY: the first message has this length, and is read to its end before another one is received.
    let batch = unsafe { std::slice::from_raw_parts(block.buffers.requests().cast_const(), first) };
    serve((&block.buffers, Memory::Directors), step, limit, slots, batch)
}
