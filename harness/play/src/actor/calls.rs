//! Calls that take more than their arguments: processes made, wrappers of the C library, long lists.

use super::kernel::{self, clone_onto, from_libc};
use super::{Private, die_with_parent, exit};
use crate::wire::{SETEGID, SETEUID};
use libc::{c_int, c_long};
use nix::errno::Errno;
use std::cell::UnsafeCell;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicI32, Ordering};

/// One more group than the kernel takes.
const MANY_LEN: usize = 65_537;

static MANY: Private<[u32; MANY_LEN]> = Private(UnsafeCell::new([0; MANY_LEN]));

pub(super) fn clone(number: c_long, [a, b, ..]: [c_long; 6]) -> i64 {
    // SAFETY: without CLONE_VM a fork; with it the kernel is expected to refuse, and a child that
    // runs all the same shows as the death of the actor.
    let pid = unsafe { kernel::call(number, [a, b, 0, 0, 0, 0]) };
    if pid == 0 {
        exit(0);
    }
    if pid > 0 {
        kernel::wait_for(pid);
    }
    pid.min(0)
}

/// A child that exits at once. The actor does not wait for it yet.
pub(super) fn zombie(number: c_long, [flags, ..]: [c_long; 6]) -> i64 {
    // SAFETY: a fork, with namespaces of its own perhaps.
    let pid = unsafe { kernel::call(number, [flags, 0, 0, 0, 0, 0]) };
    if pid == 0 {
        exit(0);
    }
    pid.min(0)
}

/// The stack of the companion, of which an actor has one at most.
static STACK: Private<[u128; 1024]> = Private(UnsafeCell::new([0; 1024]));

/// The interval at which the idle child checks whether its actor still exists, in nanoseconds.
const LOOKS_UP: libc::c_long = 20_000_000;

/// The process id of the actor that has made the companion.
static PARENT: AtomicI32 = AtomicI32::new(0);

/// A thread, or a process that shares as much as the flags say and ends with the actor.
pub(super) fn companion(flags: c_int) -> i64 {
    extern "C" fn idle(flags: *mut libc::c_void) -> c_int {
        // SAFETY: only system calls; a process of its own keeps no descriptor, since a socket held here
        // would hide the end of the actor from the director. The flag is CLONE_THREAD.
        unsafe {
            if flags.addr() & 0x1_0000 == 0 {
                libc::syscall(libc::SYS_close_range, 0, RawFd::MAX, 0);
                die_with_parent();
                libc::alarm(120);
                // The actor may have ended before its end was asked for; and the signal does not come from one
                // that has become another user, who may not send it.
                while libc::getppid() == PARENT.load(Ordering::Relaxed) {
                    let mut time = libc::timespec { tv_sec: 0, tv_nsec: LOOKS_UP };
                    libc::syscall(libc::SYS_ppoll, 0, 0, &raw mut time, 0, 0, 0);
                }
                exit(0);
            }
            loop {
                libc::syscall(libc::SYS_ppoll, 0, 0, 0, 0, 0);
            }
        }
    }
    // SAFETY: asks for a number.
    PARENT.store(unsafe { libc::getpid() }, Ordering::Relaxed);
    let signal = if flags & libc::CLONE_THREAD == 0 { libc::SIGCHLD } else { 0 };
    // SAFETY: one past the end of the stack, which grows down from there.
    let top = unsafe { STACK.0.get().add(1).cast() };
    let argument = std::ptr::without_provenance_mut(usize::try_from(flags).unwrap_or(0));
    // SAFETY: this is the only companion of the actor.
    unsafe { clone_onto(flags | signal, top, idle, argument) }.min(0)
}

/// The C library's wrapper of a system call, which acts on every thread of the process.
pub(super) fn libc_call(number: c_long, [a, b, c, ..]: [c_long; 6]) -> i64 {
    let (x, y, z) = (a as u32, b as u32, c as u32);
    // SAFETY: ids are passed by value; the list of groups points to the payload.
    from_libc(i64::from(unsafe {
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
    }))
}

/// The filesystem uid of this process. -1 is not a valid id, so the call sets nothing and returns the current id. It
/// does not use the C library, because some C libraries do not set errno here.
///
/// # Errors
/// ENOSYS if the kernel has no such call. Linux itself never refuses the call.
pub fn fs_uid() -> Result<u32, Errno> {
    told(libc::SYS_setfsuid)
}

/// The filesystem gid, likewise.
///
/// # Errors
/// As [`fs_uid`].
pub fn fs_gid() -> Result<u32, Errno> {
    told(libc::SYS_setfsgid)
}

fn told(number: c_long) -> Result<u32, Errno> {
    // SAFETY: an id by value, which is none.
    Errno::result(unsafe { libc::syscall(number, u32::MAX) }).map(|id| id as u32)
}

/// read(2) until the end of the file or of the room. Returns the number of bytes.
pub(super) fn read_all([fd, room, length, ..]: [c_long; 6]) -> i64 {
    let mut total = 0;
    loop {
        // SAFETY: the room has the length given, of which `total` bytes are filled.
        let count = unsafe { kernel::call(libc::SYS_read, [fd, room + total, length - total, 0, 0, 0]) };
        match count {
            ..0 => return count,
            0 => return total.into(),
            _ => total += count as c_long,
        }
    }
}

/// setgroups(2) with `count` groups from `first` by `step`, at most as many as there is memory for.
pub(super) fn many_groups([first, step, count, size, ..]: [c_long; 6]) -> i64 {
    // SAFETY: this thread alone uses the memory.
    let many = unsafe { &mut *MANY.0.get() };
    let mut group = first as u32;
    for entry in many.iter_mut().take(count as usize) {
        *entry = group;
        group = group.wrapping_add(step as u32);
    }
    // SAFETY: the kernel reads no more than 65536 entries, of which the memory has one more.
    unsafe { kernel::call(libc::SYS_setgroups, [size, many.as_ptr() as c_long, 0, 0, 0, 0]) }
}

/// getgroups(2) into that memory. The room then has the comparison with the sequence.
pub(super) fn count_groups([size, first, step, ..]: [c_long; 6], results: *mut u8) -> i64 {
    // SAFETY: this thread alone uses the memory; no list is longer than it.
    let (count, many) = unsafe {
        let count = kernel::call(libc::SYS_getgroups, [size, MANY.0.get() as c_long, 0, 0, 0, 0]);
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
        found.as_ptr().cast::<u8>().copy_to_nonoverlapping(results, size_of_val(&found))
    };
    count
}
