//! The forked child: makes raw system calls on request. The only file with `unsafe` in it.
//!
//! An actor may be forked from a process with many threads, so that until it becomes a program it
//! makes only async-signal-safe calls: it allocates nothing, takes no lock and never panics. It
//! lives as long as the director holds the other end of its socket.
#![expect(unsafe_code, reason = "system calls, fork and exec; every block says why it is sound")]

use crate::wire::{ANSWER_WORDS, MESSAGE, NONE, Op, PROC, REQUEST_WORDS, ROOM, SLOTS, SOCKET, STDIO, word};
use libc::{c_char, c_int, c_long};
use std::cell::UnsafeCell;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

/// Seconds after which an actor is ended by SIGALRM whatever else has gone wrong.
const LIFETIME: u32 = 120;
/// The exit status of an actor that could not become a program; its errno is its last answer.
pub const NOT_STARTED: c_int = 95;
/// How many actors a process may have at a time before two share a place.
const PLACES_LEN: usize = 1024;
/// The most arguments and environment variables of a program, together.
const STRINGS: usize = 64;

/// Memory that only forked, single-threaded children touch: each has its own copy.
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
    let places = PLACES.get_or_init(|| {
        let (size, access) = (size_of::<[AtomicU32; PLACES_LEN]>(), libc::PROT_READ | libc::PROT_WRITE);
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping, zeroed, never unmapped, and only ever used through atomics.
        unsafe {
            let memory = libc::mmap(std::ptr::null_mut(), size, access, flags, -1, 0);
            assert!(memory != libc::MAP_FAILED, "no memory for {size} shared bytes");
            &*memory.cast()
        }
    });
    &places[number % PLACES_LEN]
}

/// Forks the actor of this number, which answers on `socket` and looks /proc up through the directory
/// `proc`. Returns its process id.
///
/// # Errors
/// The errno of fork(2).
pub fn fork(number: usize, socket: BorrowedFd<'_>, proc: BorrowedFd<'_>) -> nix::Result<nix::unistd::Pid> {
    let place = place(number);
    // SAFETY: the child only makes async-signal-safe calls. This is the C library's fork, not the
    // bare call, so that its set*id wrappers know that the child has one thread.
    match unsafe { libc::fork() } {
        -1 => Err(nix::errno::Errno::last()),
        0 => {
            close_all_but(socket.as_raw_fd(), proc.as_raw_fd());
            let mut slots = [-1; SLOTS];
            slots[SOCKET as usize] = socket.as_raw_fd();
            slots[PROC as usize] = proc.as_raw_fd();
            serve(place, slots)
        }
        pid => Ok(nix::unistd::Pid::from_raw(pid)),
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
    slots: [RawFd; SLOTS],
    /// A descriptor that came with the present message and was not yet taken.
    arrived: RawFd,
    /// A descriptor to go with the next message of answers.
    leaving: RawFd,
    /// How many bytes of the answers are filled.
    filled: usize,
}

fn serve(place: &'static AtomicU32, slots: [RawFd; SLOTS]) -> ! {
    die_with_parent();
    // SAFETY: sets a timer of this process.
    unsafe { libc::alarm(LIFETIME) };
    let mut actor = Actor { place, slots, arrived: -1, leaving: -1, filled: 0 };
    loop {
        let length = actor.receive();
        // SAFETY: `receive` has filled so many bytes, and nothing writes to them until it is called again.
        let batch = unsafe { std::slice::from_raw_parts(REQUESTS.0.get().cast::<u8>(), length) };
        let mut at = 0;
        while let Some(record) = Record::read(batch, at) {
            actor.place.store(record.step(), Ordering::Relaxed);
            actor.carry_out(&record);
            at = record.end;
        }
        actor.send();
        die_with_parent();
    }
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
    /// Waits for a message; the end of the director is the end of the actor.
    fn receive(&mut self) -> usize {
        let mut vector = libc::iovec { iov_base: REQUESTS.0.get().cast(), iov_len: MESSAGE };
        let mut control = [0_u64; 8];
        // SAFETY: a message header of zeros is valid.
        let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
        header.msg_iov = &raw mut vector;
        header.msg_iovlen = 1;
        header.msg_control = control.as_mut_ptr().cast();
        header.msg_controllen = size_of_val(&control) as _;
        // SAFETY: the header points to memory of the lengths it gives.
        let length = unsafe { libc::recvmsg(self.slot(SOCKET), &raw mut header, libc::MSG_CMSG_CLOEXEC) };
        let Ok(length @ 1..) = usize::try_from(length) else { exit(0) };
        // SAFETY: the kernel has filled the header in; a control message lies within it.
        unsafe {
            let message = libc::CMSG_FIRSTHDR(&raw const header);
            if !message.is_null() && (*message).cmsg_type == libc::SCM_RIGHTS {
                self.arrived = libc::CMSG_DATA(message).cast::<RawFd>().read_unaligned();
            }
        }
        length
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
            op if op == Op::Libc as u64 => libc_call(record.head[1] as c_long, args),
            op if op == Op::Spawn as u64 => {
                self.spawn(record.head[REQUEST_WORDS - 6], record.head[REQUEST_WORDS - 5] as usize)
            }
            op if op == Op::Take as u64 => std::mem::replace(&mut self.arrived, -1).into(),
            op if op == Op::Send as u64 => {
                self.leaving = args[0] as RawFd;
                0
            }
            op if op == Op::Exec as u64 => {
                let failed = self.exec(record);
                // SAFETY: the C library's errno of this thread.
                self.answer(record, true, failed, unsafe { *libc::__errno_location() }, 0);
                self.send();
                exit(NOT_STARTED)
            }
            op if op == Op::Clone as u64 => clone(record.head[1] as c_long, args),
            op if op == Op::Companion as u64 => companion(c_int::try_from(args[0]).unwrap_or(-1)),
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
    fn spawn(&mut self, slot: u64, number: usize) -> i64 {
        let flags = c_long::from(libc::CLONE_PARENT | libc::SIGCHLD);
        // SAFETY: a fork of a process with one thread; both go on from here with memory of their own.
        let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
        if pid == 0 {
            let socket = self.slot(slot);
            // SAFETY: the parent's end; this process has its own.
            unsafe { libc::close(self.slot(SOCKET)) };
            self.keep(slot, -1);
            self.keep(SOCKET, socket);
            serve(place(number), self.slots)
        }
        // SAFETY: the child's end; a copy here would hide the child's end from the director.
        unsafe { libc::close(self.slot(slot)) };
        self.keep(slot, -1);
        pid
    }

    /// Returns only if the program cannot be started.
    fn exec(&self, record: &Record) -> i64 {
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
        -1
    }

    /// Adds an answer; sends what has gathered before, if there is no room.
    fn answer(&mut self, record: &Record, done: bool, value: i64, errno: i32, length: u64) {
        let data = (length as usize).min(ROOM);
        let whole = ANSWER_WORDS * 8 + data.next_multiple_of(8);
        if self.filled + whole > MESSAGE {
            self.send();
        }
        let words = [
            record.step().into(),
            u64::from(done),
            value.cast_unsigned(),
            errno.cast_unsigned().into(),
            data as u64,
        ];
        // SAFETY: an answer with as much data as there is room for is shorter than a message, and
        // what lay in its place was just sent; the buffers do not overlap.
        unsafe {
            let to = ANSWERS.0.get().cast::<u8>().add(self.filled);
            words.as_ptr().cast::<u8>().copy_to_nonoverlapping(to, size_of_val(&words));
            RESULTS.0.get().cast::<u8>().copy_to_nonoverlapping(to.add(size_of_val(&words)), data);
        }
        self.filled += whole;
    }

    fn send(&mut self) {
        let mut vector = libc::iovec { iov_base: ANSWERS.0.get().cast(), iov_len: self.filled };
        let mut control = [0_u64; 8];
        // SAFETY: a message header of zeros is valid; the control message is given room for one
        // descriptor before it is written.
        unsafe {
            let mut header: libc::msghdr = std::mem::zeroed();
            header.msg_iov = &raw mut vector;
            header.msg_iovlen = 1;
            if self.leaving >= 0 {
                header.msg_control = control.as_mut_ptr().cast();
                header.msg_controllen = libc::CMSG_SPACE(4) as _;
                let message = libc::CMSG_FIRSTHDR(&raw const header);
                (*message).cmsg_level = libc::SOL_SOCKET;
                (*message).cmsg_type = libc::SCM_RIGHTS;
                (*message).cmsg_len = libc::CMSG_LEN(4) as _;
                libc::CMSG_DATA(message).cast::<RawFd>().write_unaligned(self.leaving);
            }
            if self.filled > 0
                && libc::sendmsg(self.slot(SOCKET), &raw const header, libc::MSG_NOSIGNAL) == -1
            {
                exit(96);
            }
        }
        (self.filled, self.leaving) = (0, -1);
    }
}

fn clone(number: c_long, [a, b, ..]: [c_long; 6]) -> i64 {
    // SAFETY: without CLONE_VM a fork; with it the kernel is expected to refuse, and a child that
    // runs all the same shows as the death of the actor.
    let pid = unsafe { libc::syscall(number, a, b, 0, 0, 0) };
    if pid == 0 {
        exit(0);
    }
    if pid > 0 {
        // SAFETY: waits for the child just made.
        unsafe { libc::waitpid(pid as libc::pid_t, std::ptr::null_mut(), libc::__WALL) };
        return 0;
    }
    pid
}

/// The stack of the companion, of which an actor has one at most.
static STACK: Private<[u128; 1024]> = Private(UnsafeCell::new([0; 1024]));

/// The process id of the actor that has made the companion.
static PARENT: AtomicI32 = AtomicI32::new(0);

/// A thread, or a process that shares as much as the flags say and ends with the actor.
fn companion(flags: c_int) -> i64 {
    extern "C" fn idle(flags: *mut libc::c_void) -> c_int {
        // SAFETY: only system calls; a process of its own keeps no descriptor, since a socket held here
        // would hide the end of the actor from the director. The flag is CLONE_THREAD.
        unsafe {
            if flags.addr() & 0x1_0000 == 0 {
                libc::syscall(libc::SYS_close_range, 0, RawFd::MAX, 0);
                die_with_parent();
                libc::alarm(LIFETIME);
                // The actor may have ended before its end was asked for.
                if libc::getppid() != PARENT.load(Ordering::Relaxed) {
                    exit(0);
                }
            }
            loop {
                libc::syscall(libc::SYS_ppoll, 0, 0, 0, 0, 0);
            }
        }
    }
    // SAFETY: asks for a number.
    PARENT.store(unsafe { libc::getpid() }, Ordering::Relaxed);
    let signal = if flags & libc::CLONE_THREAD == 0 { libc::SIGCHLD } else { 0 };
    // SAFETY: the stack is used by this child alone and grows down from its end.
    let pid = unsafe {
        let top = STACK.0.get().add(1).cast();
        libc::clone(
            idle,
            top,
            flags | signal,
            std::ptr::without_provenance_mut(usize::try_from(flags).unwrap_or(0)),
        )
    };
    if pid > 0 { 0 } else { pid.into() }
}

/// The C library's wrapper of a system call, which acts on every thread of the process.
fn libc_call(number: c_long, [a, b, c, ..]: [c_long; 6]) -> i64 {
    let (x, y, z) = (a as u32, b as u32, c as u32);
    // SAFETY: ids are passed by value; the list of groups points to the payload.
    i64::from(unsafe {
        match number {
            libc::SYS_setgroups => libc::setgroups(a as _, b as *const libc::gid_t),
            libc::SYS_setuid => libc::setuid(x),
            libc::SYS_setgid => libc::setgid(x),
            libc::SYS_setreuid => libc::setreuid(x, y),
            libc::SYS_setregid => libc::setregid(x, y),
            libc::SYS_setresuid => libc::setresuid(x, y, z),
            libc::SYS_setresgid => libc::setresgid(x, y, z),
            libc::SYS_setfsuid => libc::setfsuid(x),
            libc::SYS_setfsgid => libc::setfsgid(x),
            SETEUID => libc::seteuid(x),
            SETEGID => libc::setegid(x),
            _ => exit(97),
        }
    })
}

/// seteuid(3) is no system call; it travels under a number that none has.
pub const SETEUID: c_long = -1;
/// setegid(3), likewise.
pub const SETEGID: c_long = -2;
