//! Gives descriptors of namespaces and of processes, and setns(2) with them.

use harness::prelude::*;

/// Opens and holds a file of an actor's, such as "ns/user".
pub fn open_ns(of: Actor, file: &'static str) -> Action {
    syscall_for_fd("openat", libc::SYS_openat, vec![HERE, RawArg::ProcPath(of, file)])
}

/// Opens and holds a descriptor of the process.
pub fn pidfd_of(actor: Actor) -> Action {
    syscall_for_fd("pidfd_open", libc::SYS_pidfd_open, vec![RawArg::PidOf(actor), RawArg::Number(0)])
}

/// setns(2) with the held descriptor.
pub fn setns_held(nstype: i32) -> Action {
    syscall("setns", libc::SYS_setns, vec![RawArg::Held, RawArg::Number(nstype.into())])
}
