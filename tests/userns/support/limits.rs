//! Sets limits: sysctls of a namespace, and resource limits of a process.

use harness::prelude::*;

/// Sets a limit as [`write_limit`] does. Where this is refused, the scenario ends there.
pub fn limit(count: usize) -> [Action; 2] {
    write_limit(count).map(Action::or_stop)
}

/// Writes a limit to /proc/sys/user/max_user_namespaces, which is that of the writer's namespace.
pub fn write_limit(count: usize) -> [Action; 2] {
    let path = RawArg::Bytes(b"/proc/sys/user/max_user_namespaces\0".as_slice().into());
    let open = vec![HERE, path, RawArg::Number(libc::O_WRONLY.into())];
    let digit = RawArg::Bytes(count.to_string().into_bytes().into());
    let write = vec![RawArg::Held, digit, RawArg::Number(1)];
    [syscall_for_fd("open the limit", libc::SYS_openat, open), syscall("write", libc::SYS_write, write)]
}

/// Sets the soft and the hard limit of a resource. The hard limit has to be no more than that of any host. Where this is
/// refused, the scenario ends there. The number of a resource has a different type in each C library.
pub fn soft(name: &'static str, resource: impl Into<i64>, soft: u64, hard: u64) -> Action {
    let bytes = [soft.to_ne_bytes(), hard.to_ne_bytes()].concat();
    let (own, none) = (RawArg::Number(0), RawArg::Number(0));
    let args = vec![own, RawArg::Number(resource.into()), RawArg::Bytes(bytes.into()), none];
    syscall(name, libc::SYS_prlimit64, args).or_stop()
}
