//! System calls without the C library.
//!
//! The C library keeps errno, and notes about cancellation, in memory of the calling thread. An actor that shares the
//! memory of the director is no thread of the C library's: it would write to the notes of the thread that made it. What
//! such an actor calls is therefore only here.

use libc::{c_int, c_long};
use std::os::fd::RawFd;

/// Makes a system call. Returns what the kernel returns: a negative errno if it refuses.
///
/// # Safety
/// As the system call demands.
pub(super) unsafe fn call(number: c_long, args: [c_long; 6]) -> i64 {
    let [a, b, c, d, e, f] = args.map(|arg| arg as usize);
    // SAFETY: the caller answers for the call.
    unsafe { syscalls::raw::syscall6(number as usize, a, b, c, d, e, f) as c_long as i64 }
}

/// What a function of the C library returned, as the kernel returns it.
pub(super) fn from_libc(value: i64) -> i64 {
    if value == -1 {
        // SAFETY: the C library's errno of this thread.
        return -i64::from(unsafe { *libc::__errno_location() });
    }
    value
}

/// Closes a descriptor of this process.
pub(super) fn close(fd: RawFd) {
    // SAFETY: the callers close only what this process has no more use for.
    unsafe { call(libc::SYS_close, [fd.into(), 0, 0, 0, 0, 0]) };
}

/// Closes other tests' sockets that fork copied. They would hide the end of their owners.
pub(super) fn close_all_but(one: RawFd, other: RawFd) {
    let (low, high) = (one.min(other), one.max(other));
    for (first, last) in [(3, low - 1), (low.max(2) + 1, high - 1), (high + 1, RawFd::MAX)] {
        let range = [first.into(), last.into(), 0, 0, 0, 0];
        // SAFETY: closes descriptors that this process does not use.
        if first <= last && unsafe { call(libc::SYS_close_range, range) } < 0 {
            // Before Linux 5.9 there is no close_range(2).
            (first..=last.min(1023)).for_each(close);
        }
    }
}

/// Waits for a child of any kind, whose status is not used.
pub(super) fn wait_for(pid: i64) {
    // SAFETY: waits without room for the status.
    unsafe { call(libc::SYS_wait4, [pid as c_long, 0, libc::__WALL.into(), 0, 0, 0]) };
}

type Entry = extern "C" fn(*mut libc::c_void) -> c_int;

/// clone(2) of a child that begins in `entry`, which never returns, on a stack of its own. musl's wrapper refuses
/// threads, and all wrappers change memory. Returns what the kernel returns.
///
/// # Safety
/// `top` is the end of memory that nobody else uses as long as the child lives.
pub(super) unsafe fn clone_onto(
    flags: c_int,
    top: *mut libc::c_void,
    entry: Entry,
    argument: *mut libc::c_void,
) -> i64 {
    let value: i64;
    // SAFETY: the child runs on its own stack alone and does not come back; the parent goes on after the
    // call as after any other.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::asm!(
            "syscall", "test rax, rax", "jnz 2f", "xor ebp, ebp", "mov rdi, r13", "call r12", "ud2", "2:",
            inlateout("rax") libc::SYS_clone => value, in("rdi") i64::from(flags), in("rsi") top,
            in("rdx") 0, in("r10") 0, in("r8") 0, in("r12") entry, in("r13") argument,
            lateout("rcx") _, lateout("r11") _,
        );
    }
    // SAFETY: as above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        std::arch::asm!(
            "svc 0", "cbnz x0, 2f", "mov x0, x21", "blr x20", "brk 1", "2:",
            inlateout("x0") i64::from(flags) => value, in("x1") top, in("x2") 0, in("x3") 0, in("x4") 0,
            in("x8") libc::SYS_clone, in("x20") entry, in("x21") argument,
        );
    }
    // SAFETY: as above.
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    unsafe {
        value = from_libc(libc::clone(entry, top, flags, argument).into());
    }
    value
}
