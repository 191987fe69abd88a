//! What an actor has at its start, and its memory: its buffers and, if it shares the memory of the director, its stack.

use crate::wire::{MESSAGE, ROOM, SLOTS};
use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, RawFd};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// What an actor has at its start.
#[derive(Clone, Copy)]
pub struct Start<'a> {
    /// Its number.
    pub number: usize,
    /// The socket on which it answers. An actor that shares memory may do without.
    pub socket: Option<BorrowedFd<'a>>,
    /// The directory /proc, through which it opens files.
    pub proc: BorrowedFd<'a>,
    /// The time limit of a message, in milliseconds. Then SIGALRM ends the actor.
    pub limit: u32,
    /// Its first message of requests, which it inherits instead of receiving.
    pub batch: &'a [u8],
}

/// The buffers of an actor, aligned for every type to which a system call takes a pointer.
#[repr(C, align(64))]
pub(super) struct Buffers {
    requests: UnsafeCell<[u8; MESSAGE]>,
    answers: UnsafeCell<[u8; MESSAGE]>,
    results: UnsafeCell<[u8; ROOM]>,
    /// The number of bytes of answers that an actor without a socket has left here at its end.
    left: AtomicUsize,
}
// SAFETY: one process at a time uses them: the actor while it lives, the director before and after.
unsafe impl Sync for Buffers {}

/// The buffers of forked actors, each of which has its own copy.
pub(super) static FORKED: Buffers = Buffers {
    requests: UnsafeCell::new([0; MESSAGE]),
    answers: UnsafeCell::new([0; MESSAGE]),
    results: UnsafeCell::new([0; ROOM]),
    left: AtomicUsize::new(0),
};

impl Buffers {
    pub(super) fn requests(&self) -> *mut u8 {
        self.requests.get().cast()
    }

    pub(super) fn answers(&self) -> *mut u8 {
        self.answers.get().cast()
    }

    pub(super) fn results(&self) -> *mut u8 {
        self.results.get().cast()
    }

    pub(super) fn leave(&self, filled: usize) {
        self.left.store(filled, Ordering::Release);
    }
}

/// The size of a stack, in bytes. An actor calls few functions, one inside the other, and the kernel runs on a stack of
/// its own; a handler of a signal needs some kilobytes.
const STACK: usize = 64 * 1024;
/// Bytes at the end of a stack that nobody may touch: an overflow is a crash of the actor.
const GUARD: usize = 4096;

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

/// What an actor needs that shares the memory of the director.
#[repr(C, align(4096))]
pub struct Block {
    guard: [u8; GUARD],
    stack: UnsafeCell<[u8; STACK]>,
    pub(super) start: UnsafeCell<MaybeUninit<Shared>>,
    pub(super) buffers: Buffers,
}
// SAFETY: as for its buffers.
unsafe impl Sync for Block {}

/// Blocks that no actor uses.
static SPARE: Mutex<Vec<&'static Block>> = Mutex::new(Vec::new());

impl Block {
    /// A block that no actor uses. `None` if there is no memory.
    pub fn take() -> Option<&'static Self> {
        let spare = SPARE.lock().ok()?.pop();
        if let Some(block) = spare {
            block.buffers.leave(0);
            return Some(block);
        }
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a new mapping of this size, aligned to a page and never unmapped; zeros are valid for all its parts. Its
        // first page becomes inaccessible, and nothing refers to that.
        unsafe {
            let memory = libc::mmap(std::ptr::null_mut(), size_of::<Self>(), access, flags, -1, 0);
            if memory == libc::MAP_FAILED || libc::mprotect(memory, GUARD, libc::PROT_NONE) == -1 {
                return None;
            }
            Some(&*memory.cast())
        }
    }

    /// Gives the block back. Its actor has ended: the caller has waited for it.
    pub fn give_back(&'static self) {
        if let Ok(mut spare) = SPARE.lock() {
            spare.push(self);
        }
    }

    /// One past the end of the stack, which grows down from there.
    pub(super) fn top(&self) -> *mut libc::c_void {
        self.stack.get().cast::<u8>().wrapping_add(STACK).cast()
    }

    /// The answers that an actor without a socket has left. It has ended: the caller has waited for it.
    pub fn answers(&self) -> &[u8] {
        let left = self.buffers.left.load(Ordering::Acquire).min(MESSAGE);
        // SAFETY: the actor that wrote them has ended.
        unsafe { std::slice::from_raw_parts(self.buffers.answers(), left) }
    }
}
