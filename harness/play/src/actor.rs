//! The process of an actor: makes raw system calls on request. Only this module and those below it have `unsafe` code.
//!
//! An actor is forked, or shares the memory of the director. The director may have many threads. Until it becomes a
//! program, an actor therefore makes only async-signal-safe calls: it allocates nothing, takes no lock and never panics. If
//! it shares memory, it makes no call of the C library that keeps anything in memory, not even errno. It ends when the
//! director closes the other end of its socket.
#![expect(unsafe_code, reason = "system calls, fork and exec; every block says why it is sound")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "64-bit words carry what the kernel takes as int or unsigned; nothing here may panic"
)]

mod barrier;
mod calls;
mod child;
mod compat;
mod filter;
mod fork;
mod kernel;
mod memory;
mod message;
mod nest;
mod peer_death;
mod probe;
mod program_guard;
mod record;
mod share;
mod sockets;

pub use barrier::barrier;
pub use calls::{fs_gid, fs_uid};
pub use filter::install_filter;
pub use fork::{fork, fork_for_test, in_a_child, reset_signals};
pub use memory::{Block, Start};
pub use nest::{Nested, nest};
pub use probe::{Question, Reply, ask};
pub use share::share;

use crate::wire::{Failing, NONE, Op, REQUEST_WORDS, SLOTS};
use libc::{c_int, c_long};
use memory::Buffers;
use record::Record;
use std::cell::UnsafeCell;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The kernel's errnos are -1 to this.
const LAST_ERRNO: i64 = -4095;
/// The exit status of an actor that was asked for something that it may not do in shared memory.
const NEEDS_OWN_MEMORY: c_int = 93;

/// How many actors a process may have at a time before two share a counter.
const STEP_COUNTERS: usize = 1024;
/// Memory that only forked, single-threaded children use. Each has its own copy. It is aligned for every type to
/// which a system call takes a pointer.
#[repr(align(16))]
struct Private<T>(UnsafeCell<T>);
// SAFETY: the parent never touches the contents, and an actor has one thread.
unsafe impl<T> Sync for Private<T> {}

/// The current step of the actor with this number, in memory that all processes share. There is one counter for each
/// actor that a process has at a time. Greater numbers start again at the first counter.
pub fn step_counter(number: usize) -> &'static AtomicU32 {
    static COUNTERS: OnceLock<&'static [AtomicU32; STEP_COUNTERS]> = OnceLock::new();
    let counters = COUNTERS.get_or_init(shared);
    &counters[number % STEP_COUNTERS]
}

/// Memory that all processes forked from now on share, zeroed, never unmapped. `T` is atomics alone.
fn shared<T: Sync>() -> &'static T {
    let (size, access) = (size_of::<T>(), libc::PROT_READ | libc::PROT_WRITE);
    let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping of this size, aligned to a page; atomics of 0 are valid.
    unsafe {
        let memory = libc::mmap(std::ptr::null_mut(), size, access, flags, -1, 0);
        assert!(memory != libc::MAP_FAILED, "no memory for {size} shared bytes");
        &*memory.cast()
    }
}

/// Takes ownership of a file descriptor that recvmsg(2) received.
pub fn adopt(fd: RawFd) -> OwnedFd {
    // SAFETY: recvmsg created this descriptor, and no other owner knows its number.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

fn exit(status: c_int) -> ! {
    // SAFETY: ends the process without running anything of the test runner's.
    unsafe { libc::_exit(status) }
}

/// A change of credentials clears the parent-death signal, so the actor sets it again after every message.
fn die_with_parent() {
    let args = [libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0, 0];
    // SAFETY: sets an attribute of this process.
    unsafe { kernel::call(libc::SYS_prctl, args.map(c_long::from)) };
}

struct Actor {
    buffers: &'static Buffers,
    /// Whether it shares the memory of the director.
    memory: Memory,
    /// The counter by which the director sees the current step, in case this process dies.
    step: &'static AtomicU32,
    /// The time limit of a message, in milliseconds.
    limit: u32,
    slots: [RawFd; SLOTS],
    /// A file descriptor that came with the current message and was not yet stored.
    arrived: RawFd,
    /// A file descriptor to send with the next message of answers.
    leaving: RawFd,
    /// The number of bytes in the buffer for answers.
    filled: usize,
    /// Whether the end of the director would end this actor now.
    watches_director: bool,
    /// Whether a required request failed, so that all later requests are skipped.
    stopped: bool,
}

/// Whose memory an actor has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Memory {
    /// Its own.
    Own,
    /// The director's.
    Directors,
}

fn serve(
    (buffers, memory): (&'static Buffers, Memory),
    step: &'static AtomicU32,
    limit: u32,
    slots: [RawFd; SLOTS],
    first: &[u8],
) -> ! {
    let mut actor = Actor {
        buffers,
        memory,
        step,
        limit,
        slots,
        arrived: -1,
        leaving: -1,
        filled: 0,
        watches_director: false,
        stopped: false,
    };
    actor.batch(first);
    loop {
        let length = actor.receive();
        // SAFETY: `receive` has filled so many bytes, and nothing writes to them until it is called again.
        let batch = unsafe { std::slice::from_raw_parts(buffers.requests(), length) };
        actor.batch(batch);
    }
}

/// Makes SIGALRM end the process after so many milliseconds. 0 means never.
fn end_in(milliseconds: u32) {
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    let never = libc::timeval { tv_sec: 0, tv_usec: 0 };
    let value = libc::timeval { tv_sec: seconds.into(), tv_usec: i64::from(rest) * 1000 };
    let timer = libc::itimerval { it_interval: never, it_value: value };
    // SAFETY: sets a timer of this process.
    unsafe {
        kernel::call(
            libc::SYS_setitimer,
            [libc::ITIMER_REAL as c_long, (&raw const timer) as c_long, 0, 0, 0, 0],
        )
    };
}

impl Actor {
    /// Carries out a batch and sends the answers. A call that never returns ends the process in time,
    /// whatever has become of the director.
    fn batch(&mut self, batch: &[u8]) {
        die_with_parent();
        if batch.is_empty() {
            return;
        }
        end_in(self.limit);
        let mut at = 0;
        while let Some(record) = Record::read(batch, at) {
            self.step.store(record.step(), Ordering::Relaxed);
            self.carry_out(&record);
            at = record.end;
        }
        self.send();
        end_in(0);
        die_with_parent();
    }

    fn slot(&self, slot: u64) -> RawFd {
        usize::try_from(slot).ok().and_then(|slot| self.slots.get(slot)).copied().unwrap_or(-1)
    }

    fn keep(&mut self, slot: u64, fd: RawFd) {
        if let Some(place) = usize::try_from(slot).ok().and_then(|slot| self.slots.get_mut(slot)) {
            *place = fd;
        }
    }

    fn carry_out(&mut self, record: &Record) {
        let [_, _, _, keep, only_with, give, ..] = record.head;
        let allowed = !self.stopped || record.op() == Op::Exit as u64;
        let done = allowed && (only_with == NONE || self.slot(only_with) >= 0);
        let mut value = -1;
        let mut errno = 0;
        if done {
            value = self.perform(record);
            if (LAST_ERRNO..0).contains(&value) {
                (value, errno) = (-1, -(value as c_int));
                self.stopped |= record.failing() == Failing::Stops as u64;
            }
            if keep != NONE {
                self.keep(keep, RawFd::try_from(value).unwrap_or(-1));
            }
        }
        let (most, unit) = (give & 0xffff_ffff, give >> 32);
        let length = match (u64::try_from(value), unit) {
            (Err(_), _) => 0,
            (Ok(_), 0) => most,
            (Ok(count), unit) => most.min(count.saturating_mul(unit)),
        };
        self.answer(record, done, value, errno, length);
    }

    /// What the kernel returns: a negative errno if it refuses.
    fn perform(&mut self, record: &Record) -> i64 {
        let args = self.arguments(record);
        match record.op() {
            op if op == Op::Syscall as u64 => {
                // SAFETY: pointers are to memory of this process or are meant to be bad; a call that
                // damages the actor damages nobody else, and shows as its death. Where memory is shared, the scenario has
                // none of the calls that change memory elsewhere than in the room for results.
                let value = unsafe { kernel::call(record.head[1] as c_long, args) };
                self.forget_closed(record, value);
                value
            }
            op if op == Op::Spawn as u64 => self.spawn(record, args),
            op if op == Op::Take as u64 => std::mem::replace(&mut self.arrived, -1).into(),
            op if op == Op::Send as u64 => {
                self.leaving = args[0] as RawFd;
                0
            }
            op if op == Op::ReadAll as u64 => calls::read_all(args),
            op if op == Op::Clone as u64 => calls::clone(record.head[1] as c_long, args),
            op if op == Op::Socketpair as u64 => self.socketpair(),
            op if op == Op::SendCredentials as u64 => sockets::send_credentials(args),
            op if op == Op::ReceiveCredentials as u64 => self.receive_credentials(args),
            op if op == Op::Exit as u64 => {
                self.send();
                exit(0)
            }
            _ if self.memory == Memory::Own => self.perform_in_own_memory(record, args),
            _ => exit(NEEDS_OWN_MEMORY),
        }
    }

    /// What changes memory, or asks the C library.
    fn perform_in_own_memory(&mut self, record: &Record, args: [c_long; 6]) -> i64 {
        match record.op() {
            op if op == Op::Libc as u64 => calls::libc_call(record.head[1] as c_long, args),
            op if op == Op::Exec as u64 => self.guard(record),
            op if op == Op::DieWithDirector as u64 => self.watch_director(),
            op if op == Op::ManyGroups as u64 => calls::many_groups(args),
            op if op == Op::CountGroups as u64 => calls::count_groups(args, self.buffers.results()),
            op if op == Op::Compat as u64 => {
                compat::compat(record, self.buffers.results(), |slot| self.slot(slot))
            }
            op if op == Op::Companion as u64 => calls::companion(c_int::try_from(args[0]).unwrap_or(-1)),
            op if op == Op::GoOn as u64 => self.go_on(record.head[1] as c_long, args),
            op if op == Op::Dead as u64 => child::dead(args[0] != 0),
            op if op == Op::Zombie as u64 => calls::zombie(record.head[1] as c_long, args),
            op if op == Op::Barrier as u64 => barrier::wait_all(args),
            op if op == Op::Clock as u64 => barrier::clock(args),
            _ => exit(97),
        }
    }

    fn forget_closed(&mut self, record: &Record, value: i64) {
        if record.head[1] == libc::SYS_close as u64 && value == 0 && record.head[2] & 0xff == 2 {
            self.keep(record.head[REQUEST_WORDS - 6], -1);
        }
    }
}
