//! 32-bit system calls from a 64-bit process.

use super::{Record, exit};
use crate::wire::REQUEST_WORDS;
use libc::c_int;
use std::os::fd::RawFd;

/// Bytes of the memory below 4 GiB: the first half holds a payload, the second takes results.
const LOW_LEN: usize = 8192;

/// A 32-bit system call. Its registers hold 32 bits, so that what it points to is copied to and from
/// memory below 4 GiB.
#[cfg(target_arch = "x86_64")]
pub(super) fn compat(record: &Record, results: *mut u8, slot: impl Fn(u64) -> RawFd) -> i64 {
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
            2 => slot(value) as u64,
            3 => room as u64 + value,
            _ => value,
        };
    }
    let value = int80(record.head[1], args);
    // SAFETY: half of the mapping fits into the room for results; nothing points to the mapping any more.
    unsafe {
        room.copy_to_nonoverlapping(results, LOW_LEN / 2);
        libc::munmap(low, LOW_LEN);
    }
    value.into()
}

/// No other architecture has this way into the kernel.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn compat(_: &Record, _: *mut u8, _: impl Fn(u64) -> RawFd) -> i64 {
    (-libc::ENOSYS).into()
}

/// A 32-bit system call whose pointers are bad or 0. Returns what the call leaves in eax: a negative errno on failure.
pub(super) fn bare(number: i64, args: [u64; 5]) -> c_int {
    #[cfg(target_arch = "x86_64")]
    return int80(number.cast_unsigned(), args);
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = (number, args);
        -libc::ENOSYS
    }
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
