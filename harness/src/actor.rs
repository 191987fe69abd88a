//! The forked child: makes raw system calls on request. This module alone has `unsafe` in it.
//!
//! An actor may be forked from a process with many threads, so that until it becomes a program it
//! makes only async-signal-safe calls: it allocates nothing, takes no lock and never panics. It
//! lives as long as the director holds the other end of its socket.
#![expect(unsafe_code, reason = "system calls, fork and exec; every block says why it is sound")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "64-bit words carry what the kernel takes as int or unsigned; nothing here may panic"
)]

mod calls;
mod child;
mod compat;
mod guard;
mod leash;
mod meet;
mod message;
mod sockets;

pub use calls::{SETEGID, SETEUID};
pub use meet::meeting;

use crate::wire::{MESSAGE, NONE, Op, PROC, REQUEST_WORDS, ROOM, SLOTS, SOCKET, word};
use libc::{c_int, c_long};
use std::cell::UnsafeCell;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// How many actors a process may have at a time before two share a place.
const PLACES_LEN: usize = 1024;
/// Memory that only forked, single-threaded children touch: each has its own copy. Aligned for whatever
/// a system call may be given a pointer to.
#[repr(align(16))]
struct Private<T>(UnsafeCell<T>);
// SAFETY: the parent never touches the contents, and an actor has one thread.
unsafe impl<T> Sync for Private<T> {}

static REQUESTS: Private<[u8; MESSAGE]> = Private(UnsafeCell::new([0; MESSAGE]));
static ANSWERS: Private<[u8; MESSAGE]> = Private(UnsafeCell::new([0; MESSAGE]));
static RESULTS: Private<[u8; ROOM]> = Private(UnsafeCell::new([0; ROOM]));

/// The step that the actor of this number is at. Memory that all processes share, for as many actors
/// as a process ever has at a time; numbers beyond that begin anew.
pub fn place(number: usize) -> &'static AtomicU32 {
    static PLACES: OnceLock<&'static [AtomicU32; PLACES_LEN]> = OnceLock::new();
    let places = PLACES.get_or_init(shared);
    &places[number % PLACES_LEN]
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

/// What an actor starts with.
#[derive(Clone, Copy)]
pub struct Start<'a> {
    /// Its number.
    pub number: usize,
    /// Where it answers.
    pub socket: BorrowedFd<'a>,
    /// The directory through which it looks /proc up.
    pub proc: BorrowedFd<'a>,
    /// How many milliseconds a batch may take; then SIGALRM ends it.
    pub limit: u32,
    /// Its first batch of requests, which it inherits rather than receives.
    pub batch: &'a [u8],
}

/// Forks an actor and returns its process id.
///
/// # Errors
/// The errno of fork(2).
pub fn fork(start: Start<'_>) -> nix::Result<nix::unistd::Pid> {
    let place = place(start.number);
    // SAFETY: the child only makes async-signal-safe calls. This is the C library's fork, not the
    // bare call, so that its set*id wrappers know that the child has one thread.
    match unsafe { libc::fork() } {
        -1 => Err(nix::errno::Errno::last()),
        0 => {
            close_all_but(start.socket.as_raw_fd(), start.proc.as_raw_fd());
            let mut slots = [-1; SLOTS];
            slots[SOCKET as usize] = start.socket.as_raw_fd();
            slots[PROC as usize] = start.proc.as_raw_fd();
            serve(place, start.limit, slots, start.batch)
        }
        pid => Ok(nix::unistd::Pid::from_raw(pid)),
    }
}

/// What a task finds in a forked child, whose root, namespaces and credentials it may change; `None` if it
/// finds nothing or there is no child. The task makes system calls and takes no lock.
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

/// Takes possession of a descriptor that recvmsg(2) brought.
pub fn adopt(fd: RawFd) -> OwnedFd {
    // SAFETY: recvmsg made this descriptor for us, and nobody else knows its number.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Other tests' sockets, copied by fork, would hide the end of their owners.
fn close_all_but(one: RawFd, other: RawFd) {
    let (low, high) = (one.min(other), one.max(other));
    for (first, last) in [(3, low - 1), (low + 1, high - 1), (high + 1, RawFd::MAX)] {
        // SAFETY: closes descriptors that this process does not use.
        if first <= last && unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) } == -1 {
            // Before Linux 5.9 there is no close_range(2).
            for fd in first..=last.min(1023) {
                // SAFETY: as above.
                unsafe { libc::close(fd) };
            }
        }
    }
}

fn exit(status: c_int) -> ! {
    // SAFETY: ends the process without running anything of the test runner's.
    unsafe { libc::_exit(status) }
}

/// A change of credentials clears the signal, so it is asked for again after every batch.
fn die_with_parent() {
    // SAFETY: sets an attribute of this process.
    unsafe { libc::syscall(libc::SYS_prctl, libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
}

struct Actor {
    /// Where the director sees which step is under way, should this process not live to tell.
    place: &'static AtomicU32,
    /// How many milliseconds a batch may take.
    limit: u32,
    slots: [RawFd; SLOTS],
    /// A descriptor that came with the present message and was not yet taken.
    arrived: RawFd,
    /// A descriptor to go with the next message of answers.
    leaving: RawFd,
    /// How many bytes of the answers are filled.
    filled: usize,
    /// Whether the end of the director would end it now.
    leashed: bool,
}

fn serve(place: &'static AtomicU32, limit: u32, slots: [RawFd; SLOTS], first: &[u8]) -> ! {
    let mut actor = Actor { place, limit, slots, arrived: -1, leaving: -1, filled: 0, leashed: false };
    actor.batch(first);
    loop {
        let length = actor.receive();
        // SAFETY: `receive` has filled so many bytes, and nothing writes to them until it is called again.
        let batch = unsafe { std::slice::from_raw_parts(REQUESTS.0.get().cast::<u8>(), length) };
        actor.batch(batch);
    }
}

/// Ends the process by SIGALRM in so many milliseconds, or never for 0.
fn end_in(milliseconds: u32) {
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    let never = libc::timeval { tv_sec: 0, tv_usec: 0 };
    let value = libc::timeval { tv_sec: seconds.into(), tv_usec: i64::from(rest) * 1000 };
    let timer = libc::itimerval { it_interval: never, it_value: value };
    // SAFETY: sets a timer of this process.
    unsafe { libc::syscall(libc::SYS_setitimer, libc::ITIMER_REAL, &raw const timer, 0) };
}

/// A request as it lies in the message.
struct Record {
    head: [u64; REQUEST_WORDS],
    payload: *const u8,
    payload_len: usize,
    end: usize,
}

impl Record {
    fn read(batch: &[u8], at: usize) -> Option<Self> {
        let mut head = [0; REQUEST_WORDS];
        for (index, value) in head.iter_mut().enumerate() {
            *value = word(batch, at + index * 8)?;
        }
        let payload_len = usize::try_from(head[6]).ok()?;
        let start = at + REQUEST_WORDS * 8;
        let payload = batch.get(start..start.checked_add(payload_len)?)?.as_ptr();
        Some(Self { head, payload, payload_len, end: start + payload_len.next_multiple_of(8) })
    }

    fn op(&self) -> u64 {
        self.head[0] & 0xff
    }

    fn step(&self) -> u32 {
        (self.head[0] >> 32) as u32
    }
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
            self.place.store(record.step(), Ordering::Relaxed);
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
        let done = only_with == NONE || self.slot(only_with) >= 0;
        let mut value = -1;
        let mut errno = 0;
        if done {
            value = self.perform(record);
            if value == -1 {
                // SAFETY: the C library's errno of this thread.
                errno = unsafe { *libc::__errno_location() };
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

    fn perform(&mut self, record: &Record) -> i64 {
        let args = self.arguments(record);
        match record.op() {
            op if op == Op::Syscall as u64 => {
                let [a, b, c, d, e, f] = args;
                // SAFETY: pointers are to memory of this process or are meant to be bad; a call that
                // damages the actor damages nobody else, and shows as its death.
                let value = unsafe { libc::syscall(record.head[1] as c_long, a, b, c, d, e, f) };
                self.forget_closed(record, value);
                value
            }
            op if op == Op::Libc as u64 => calls::libc_call(record.head[1] as c_long, args),
            op if op == Op::Spawn as u64 => {
                self.spawn(record.head[REQUEST_WORDS - 6], record.head[REQUEST_WORDS - 5] as usize, args[2])
            }
            op if op == Op::Take as u64 => std::mem::replace(&mut self.arrived, -1).into(),
            op if op == Op::Send as u64 => {
                self.leaving = args[0] as RawFd;
                0
            }
            op if op == Op::Exec as u64 => self.guard(record),
            op if op == Op::Leash as u64 => self.leash(),
            op if op == Op::ReadAll as u64 => calls::read_all(args),
            op if op == Op::ManyGroups as u64 => calls::many_groups(args),
            op if op == Op::CountGroups as u64 => calls::count_groups(args),
            op if op == Op::Compat as u64 => compat::compat(record, |slot| self.slot(slot)),
            op if op == Op::Clone as u64 => calls::clone(record.head[1] as c_long, args),
            op if op == Op::Companion as u64 => calls::companion(c_int::try_from(args[0]).unwrap_or(-1)),
            op if op == Op::GoOn as u64 => self.go_on(record.head[1] as c_long, args),
            op if op == Op::Dead as u64 => child::dead(args[0] != 0),
            op if op == Op::Zombie as u64 => calls::zombie(record.head[1] as c_long, args),
            op if op == Op::Socketpair as u64 => self.socketpair(),
            op if op == Op::SendCredentials as u64 => sockets::send_credentials(args),
            op if op == Op::ReceiveCredentials as u64 => sockets::receive_credentials(args),
            op if op == Op::Meet as u64 => meet::meet(args),
            op if op == Op::Clock as u64 => meet::clock(args),
            op if op == Op::Exit as u64 => {
                self.send();
                exit(0)
            }
            _ => exit(97),
        }
    }

    fn forget_closed(&mut self, record: &Record, value: i64) {
        if record.head[1] == libc::SYS_close as u64 && value == 0 && record.head[2] & 0xff == 2 {
            self.keep(record.head[REQUEST_WORDS - 6], -1);
        }
    }

    fn arguments(&self, record: &Record) -> [c_long; 6] {
        let mut args = [0; 6];
        for (index, arg) in args.iter_mut().enumerate() {
            let value = record.head[REQUEST_WORDS - 6 + index];
            *arg = match record.head[2] >> (8 * index) & 0xff {
                0 => value.cast_signed(),
                1 => record.payload.wrapping_add(value as usize) as c_long,
                2 => self.slot(value).into(),
                _ => RESULTS.0.get().cast::<u8>().wrapping_add(value as usize) as c_long,
            };
        }
        args
    }

    /// The new actor is a child of the director, like this one, so that the director can wait for it.
    fn spawn(&mut self, slot: u64, number: usize, flags: c_long) -> i64 {
        let flags = c_long::from(libc::CLONE_PARENT | libc::SIGCHLD) | flags;
        // SAFETY: a fork of a process with one thread; both go on from here with memory of their own.
        let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
        if pid == 0 {
            let socket = self.slot(slot);
            // SAFETY: the parent's end; this process has its own.
            unsafe { libc::close(self.slot(SOCKET)) };
            self.keep(slot, -1);
            self.keep(SOCKET, socket);
            serve(place(number), self.limit, self.slots, &[])
        }
        // SAFETY: the child's end; a copy here would hide the child's end from the director.
        unsafe { libc::close(self.slot(slot)) };
        self.keep(slot, -1);
        pid
    }
}
