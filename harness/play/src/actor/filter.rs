//! A filter for the system calls of this process.

use nix::errno::Errno;

/// Installs a seccomp filter for the calling thread and for what it starts. It stays for good. `no_new_privs` is not
/// set, so that setuid programs still work, as in a container.
///
/// Source: seccomp(2), SECCOMP_SET_MODE_FILTER.
///
/// # Errors
/// EACCES without CAP_SYS_ADMIN in the caller's user namespace; EINVAL if the kernel does not accept the program, such
/// as an empty one or one of more than 4096 instructions.
pub fn install_filter(program: &[libc::sock_filter]) -> nix::Result<()> {
    let length = u16::try_from(program.len()).map_err(|_| Errno::EINVAL)?;
    let program = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut() };
    // SAFETY: the kernel reads the program, of the given length, during the call and does not write to it.
    let done =
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program) };
    Errno::result(done).map(drop)
}
