//! The probes of the calls of i386, through int 0x80.

use super::table::{Asks::CapHere, BAD, Probe, bad_path, no_fd_alone, no_ids, probe, zeros};
use harness_scenario::caps::Cap;
use libc::{EBADF, EFAULT, EINVAL};

/// The calls by the numbers of i386.
///
/// Source: arch/x86/entry/syscalls/syscall_32.tbl; kernel/uid16.c, in which 65535 is -1.
pub(super) static I386: &[Probe] = &[
    probe("lchown16", 16, 3, bad_path, EFAULT),
    probe("setuid16", 23, 1, no_ids16, EINVAL),
    probe("getuid16", 24, 0, zeros, 0),
    probe("setgid16", 46, 1, no_ids16, EINVAL),
    probe("getgid16", 47, 0, zeros, 0),
    probe("geteuid16", 49, 0, zeros, 0),
    probe("getegid16", 50, 0, zeros, 0),
    probe("setreuid16", 70, 2, no_ids16, 0),
    probe("setregid16", 71, 2, no_ids16, 0),
    probe("getgroups16", 80, 2, no_fd_alone, EINVAL),
    probe("setgroups16", 81, 2, |_| [65_537, BAD, 0, 0, 0, 0], EINVAL).asks(CapHere(Cap::Setgid)),
    probe("fchown16", 95, 3, no_fd_alone, EBADF),
    probe("setfsuid16", 138, 1, no_ids16, 0),
    probe("setfsgid16", 139, 1, no_ids16, 0),
    probe("setresuid16", 164, 3, no_ids16, 0),
    probe("getresuid16", 165, 3, |_| [BAD, BAD, BAD, 0, 0, 0], EFAULT),
    probe("setresgid16", 170, 3, no_ids16, 0),
    probe("getresgid16", 171, 3, |_| [BAD, BAD, BAD, 0, 0, 0], EFAULT),
    probe("chown16", 182, 3, bad_path, EFAULT),
    probe("setreuid32", 203, 2, no_ids, 0),
    probe("setregid32", 204, 2, no_ids, 0),
    probe("getgroups32", 205, 2, no_fd_alone, EINVAL),
    probe("setgroups32", 206, 2, |_| [65_537, BAD, 0, 0, 0, 0], EINVAL).asks(CapHere(Cap::Setgid)),
    probe("setresuid32", 208, 3, no_ids, 0),
    probe("getresuid32", 209, 3, |_| [BAD, BAD, BAD, 0, 0, 0], EFAULT),
    probe("setresgid32", 210, 3, no_ids, 0),
    probe("getresgid32", 211, 3, |_| [BAD, BAD, BAD, 0, 0, 0], EFAULT),
    probe("setuid32", 213, 1, no_ids, EINVAL),
    probe("setgid32", 214, 1, no_ids, EINVAL),
    probe("setfsuid32", 215, 1, no_ids, 0),
    probe("setfsgid32", 216, 1, no_ids, 0),
];

const fn no_ids16(_: [u64; 6]) -> [u64; 6] {
    [0xffff, 0xffff, 0xffff, 0, 0, 0]
}
