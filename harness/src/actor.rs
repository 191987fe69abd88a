//! The forked child: makes raw system calls on request. The only file with `unsafe` in it.
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

use crate::wire::{ANSWER_WORDS, MESSAGE, NONE, Op, PROC, REQUEST_WORDS, ROOM, SLOTS, SOCKET, STDIO, word};
use libc::{c_char, c_int, c_long};
use std::cell::UnsafeCell;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

/// Milliseconds after which the guard of a program looks whether all is well, if nothing wakes it.
const LOOK: c_int = 120_000;
/// Milliseconds that a program's children have to end after it, before they count as left behind.
const GRACE: u32 = 100;
/// The exit status of a child that could not become a program.
const NOT_STARTED: c_int = 95;
/// How many actors a process may have at a time before two share a place.
const PLACES_LEN: usize = 1024;
/// The most arguments and environment variables of a program, together.
const STRINGS: usize = 64;

/// One more group than the kernel takes.
const MANY_LEN: usize = 65_537;
/// Bytes of the memory below 4 GiB: the first half holds a payload, the second takes results.
const LOW_LEN: usize = 8192;

/// Memory that only forked, single-threaded children touch: each has its own copy.
struct Private<T>(UnsafeCell<T>);
// SAFETY: the parent never touches the contents, and an actor has one thread.
unsafe impl<T> Sync for Private<T> {}

static REQUESTS: Private<[u8; MESSAGE]> = Private(UnsafeCell::new([0; MESSAGE]));
static ANSWERS: Private<[u8; MESSAGE]> = Private(UnsafeCell::new([0; MESSAGE]));
static MANY: Private<[u32; MANY_LEN]> = Private(UnsafeCell::new([0; MANY_LEN]));
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

/// The socket whose end is the end of the actor, for the handler of a signal.
static LEASH: AtomicI32 = AtomicI32::new(-1);

/// SIGIO tells that something has come on the socket. It may be late: a message that was received already.
extern "C" fn on_sigio(_: c_int) {
    let mut byte = 0_u8;
    let peek = libc::MSG_PEEK | libc::MSG_DONTWAIT;
    // SAFETY: looks for one byte, with room for it; the interrupted code finds its errno again.
    unsafe {
        let errno = *libc::__errno_location();
        if libc::recv(LEASH.load(Ordering::Relaxed), (&raw mut byte).cast(), 1, peek) == 0 {
            exit(0);
        }
        *libc::__errno_location() = errno;
    }
}

/// The director's end of the socket, closed while a batch is under way, ends the actor. The signal on
/// the parent's death does not suffice: an actor that changes its ids and hangs in the same batch has lost it.
///
/// Source: fcntl(2), F_SETOWN and O_ASYNC; kernel unix_release_sock(), sigio_perm().
fn prepare_leash(socket: RawFd) {
    LEASH.store(socket, Ordering::Relaxed);
    // SAFETY: sets attributes of this process and of its descriptor; a sigaction of zeros is valid.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_sigio as extern "C" fn(c_int) as usize;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(libc::SIGIO, &raw const action, std::ptr::null_mut());
        libc::fcntl(socket, libc::F_SETOWN, libc::getpid());
    }
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
}

fn serve(place: &'static AtomicU32, limit: u32, slots: [RawFd; SLOTS], first: &[u8]) -> ! {
    let mut actor = Actor { place, limit, slots, arrived: -1, leaving: -1, filled: 0 };
    prepare_leash(slots[SOCKET as usize]);
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
    unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) };
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
        self.leash(libc::O_ASYNC);
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

    /// On while a batch is carried out, when nothing arrives on the socket but its end; off while
    /// messages come and go, each of which would be signalled, too.
    fn leash(&self, flag: c_int) {
        // SAFETY: sets an attribute of a descriptor of this process.
        unsafe { libc::fcntl(self.slot(SOCKET), libc::F_SETFL, flag) };
        if flag != 0 {
            // The end may have come before the leash was on.
            on_sigio(0);
        }
    }

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
            op if op == Op::Exec as u64 => self.guard(record),
            op if op == Op::ManyGroups as u64 => many_groups(args),
            op if op == Op::CountGroups as u64 => count_groups(args),
            op if op == Op::Compat as u64 => compat(record),
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
            serve(place(number), self.limit, self.slots, &[])
        }
        // SAFETY: the child's end; a copy here would hide the child's end from the director.
        unsafe { libc::close(self.slot(slot)) };
        self.keep(slot, -1);
        pid
    }

    /// Starts a program and sees it off: answers with its process id, then with its status and, as errno, how
    /// many processes it left behind, then with the errno of execve(2). Whatever it has started ends with it, and with the director.
    fn guard(&mut self, record: &Record) -> ! {
        self.leash(0);
        end_in(0);
        self.place.store(0, Ordering::Relaxed);
        // SAFETY: attributes of this process; a fork of a process with one thread; STDIO is closed
        // here so that the director sees when the program closes it.
        let pid = unsafe {
            libc::prctl(libc::PR_SET_PDEATHSIG, 0);
            libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1);
            libc::syscall(libc::SYS_clone, c_long::from(libc::SIGCHLD), 0, 0, 0, 0)
        };
        // SAFETY: the C library's errno of this thread.
        let errno = if pid == -1 { unsafe { *libc::__errno_location() } } else { 0 };
        if pid == 0 {
            die_with_parent();
            self.exec(record);
            // SAFETY: the C library's errno of this thread.
            self.place.store(unsafe { *libc::__errno_location() }.cast_unsigned(), Ordering::Relaxed);
            exit(NOT_STARTED)
        }
        for slot in STDIO {
            // SAFETY: as above.
            unsafe { libc::close(self.slot(slot)) };
        }
        self.answer(record, true, pid, errno, 0);
        self.send();
        if pid == -1 {
            exit(0);
        }
        let status = self.watch(pid as libc::pid_t);
        let left = self.clear(pid as libc::pid_t);
        self.answer(record, true, status.into(), left, 0);
        // Where the child has put the errno of execve(2), memory that both share.
        self.answer(record, true, 0, self.place.load(Ordering::Relaxed).cast_signed(), 0);
        self.send();
        exit(0)
    }

    /// Waits for the end of a child, or kills it when the director has gone.
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
                    libc::kill(pid, libc::SIGKILL);
                    libc::waitpid(pid, &raw mut status, 0);
                    return status;
                }
            }
        }
    }

    /// Ends what a program has left behind; orphans have become children of this process. Gives
    /// how many there were that did not end by themselves.
    fn clear(&self, group: libc::pid_t) -> c_int {
        let mut left = 0;
        for round in 0..2 * GRACE {
            // SAFETY: reaps children of this process, whose status nobody asks for.
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
                    libc::kill(pid, libc::SIGKILL);
                    (killed, pid) = (killed + 1, 0);
                }
            }
            killed
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
        self.leash(0);
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
                libc::alarm(120);
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

/// setgroups(2) with `count` groups from `first` by `step`, at most as many as there is memory for.
fn many_groups([first, step, count, size, ..]: [c_long; 6]) -> i64 {
    // SAFETY: this thread alone uses the memory.
    let many = unsafe { &mut *MANY.0.get() };
    let mut group = first as u32;
    for entry in many.iter_mut().take(count as usize) {
        *entry = group;
        group = group.wrapping_add(step as u32);
    }
    // SAFETY: the kernel reads no more than 65536 entries, of which the memory has one more.
    unsafe { libc::syscall(libc::SYS_setgroups, size, many.as_ptr()) }
}

/// getgroups(2) into that memory; the room tells how it compares with the sequence.
fn count_groups([size, first, step, ..]: [c_long; 6]) -> i64 {
    // SAFETY: this thread alone uses the memory; no list is longer than it.
    let (count, many) = unsafe {
        let count = libc::syscall(libc::SYS_getgroups, size, MANY.0.get());
        (count, &*MANY.0.get())
    };
    let listed = many.get(..usize::try_from(count).unwrap_or(0)).unwrap_or_default();
    let (mut expected, mut wrong) = (first as u32, 0_u32);
    for group in listed {
        wrong += u32::from(*group != expected);
        expected = expected.wrapping_add(step as u32);
    }
    let ends = [listed.first(), listed.last()].map(|group| group.copied().unwrap_or(0));
    let found = [ends[0], ends[1], wrong];
    // SAFETY: the room is longer than three words.
    unsafe {
        found.as_ptr().cast::<u8>().copy_to_nonoverlapping(RESULTS.0.get().cast(), size_of_val(&found))
    };
    count
}

/// A 32-bit system call. Its registers hold 32 bits, so that what it points to is copied to and from
/// memory below 4 GiB.
#[cfg(target_arch = "x86_64")]
fn compat(record: &Record) -> i64 {
    let (protection, flags) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_32BIT);
    // SAFETY: a new mapping of this process, unmapped below.
    let low = unsafe { libc::mmap(std::ptr::null_mut(), LOW_LEN, protection, flags, -1, 0) };
    if low == libc::MAP_FAILED {
        exit(97);
    }
    let room = low.cast::<u8>().wrapping_add(LOW_LEN / 2);
    // SAFETY: the payload lies within the message, and the half of the mapping is as long as what is copied.
    unsafe {
        record.payload.copy_to_nonoverlapping(low.cast(), record.payload_len.min(LOW_LEN / 2));
    }
    let mut args = [0_u64; 5];
    for (index, arg) in args.iter_mut().enumerate() {
        let value = record.head[REQUEST_WORDS - 6 + index];
        *arg = match record.head[2] >> (8 * index) & 0xff {
            1 => low as u64 + value,
            3 => room as u64 + value,
            _ => value,
        };
    }
    let value = int80(record.head[1], args);
    // SAFETY: half of the mapping fits into the room for results; nothing points to the mapping any more.
    unsafe {
        room.copy_to_nonoverlapping(RESULTS.0.get().cast(), LOW_LEN / 2);
        libc::munmap(low, LOW_LEN);
    }
    if (-4095..0).contains(&value) {
        // SAFETY: the C library's errno of this thread.
        unsafe { *libc::__errno_location() = -value };
        return -1;
    }
    value.into()
}

/// No other architecture has this way into the kernel.
#[cfg(not(target_arch = "x86_64"))]
fn compat(_record: &Record) -> i64 {
    // SAFETY: the C library's errno of this thread.
    unsafe { *libc::__errno_location() = libc::ENOSYS };
    -1
}

/// What the call leaves in eax.
#[cfg(target_arch = "x86_64")]
fn int80(number: u64, [b, c, d, s, t]: [u64; 5]) -> c_int {
    let mut value = number;
    // SAFETY: pointers are to memory of this process or are meant to be bad. rbx is the compiler's own
    // and is put back; older kernels clear r8 to r11.
    unsafe {
        std::arch::asm!(
            "xchg {b}, rbx", "int 0x80", "xchg {b}, rbx",
            b = inout(reg) b => _, inout("rax") value, in("rcx") c, in("rdx") d, in("rsi") s, in("rdi") t,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
    // A 32-bit call returns 32 bits.
    value as c_int
}
