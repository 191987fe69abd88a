//! Gives a process a mount namespace of its own, and mounts in it, which no process outside sees. Where the kernel
//! refuses one of these preparations, the scenario ends there.

use harness::prelude::*;

/// mount(2) from, to, and of which type, with these flags and options; traces show the name.
pub fn mount_with(name: &'static str, what: [&'static [u8]; 3], flags: u64, options: &str) -> Action {
    let what = what.map(|text| RawArg::Bytes(text.into()));
    let options = RawArg::Bytes(format!("{options}\0").into_bytes().into());
    let last = [RawArg::Number(flags.cast_signed()), options];
    syscall(name, libc::SYS_mount, what.into_iter().chain(last).collect())
}

/// The same without options.
pub fn mount(name: &'static str, what: [&'static [u8]; 3], flags: u64) -> Action {
    mount_with(name, what, flags, "")
}

/// A new tmpfs there.
pub fn tmpfs(name: &'static str, to: &'static [u8]) -> Action {
    mount(name, [b"none\0", to, b"tmpfs\0"], 0)
}

/// Makes all mounts private, so that other mount namespaces do not see what is mounted afterwards.
pub fn private_mounts() -> Action {
    mount("make all mounts private", [b"none\0", b"/\0", b"\0"], libc::MS_REC | libc::MS_PRIVATE)
}

/// A mount namespace of the process's own, for root of the initial namespace as for others.
pub fn own_mounts() -> [Action; 2] {
    [Action::UnshareOrStop(libc::CLONE_NEWNS), private_mounts().or_stop()]
}

/// A tmpfs at /tmp in a mount namespace of the process's own, for root of another namespace.
pub fn own_tmp() -> [Action; 2] {
    [Action::UnshareOrStop(libc::CLONE_NEWNS), tmpfs("mount tmpfs", b"/tmp\0").or_stop()]
}
