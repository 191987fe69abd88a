//! User namespaces below one another in a forked child, until the kernel refuses one.

use super::{end_in, exit, shared};
use libc::c_int;
use nix::errno::Errno;
use std::ffi::CStr;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The time that the probe may take, in milliseconds.
const PATIENCE: u32 = 5000;

/// What the probe found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nested {
    /// How many namespaces could be created, each in the one before.
    pub levels: u32,
    /// The errno of the first refusal. `None` if none was refused.
    pub refused: Option<Errno>,
}

/// What the child writes, in memory that both share.
struct Seen {
    levels: AtomicU32,
    errno: AtomicU32,
}

/// Creates at most `most` user namespaces, each below the one before, in a forked child that then exits. The uid and gid
/// that the caller has map to 1000, so that the next level may be created. `maps` are the lines of the first uid_map and
/// gid_map.
pub fn nest(most: u32, maps: [&CStr; 2]) -> Nested {
    static SEEN: OnceLock<&'static Seen> = OnceLock::new();
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock();
    let seen = SEEN.get_or_init(shared);
    seen.levels.store(0, Ordering::Relaxed);
    seen.errno.store(0, Ordering::Relaxed);
    // SAFETY: the child makes system calls and nothing of the test runner's.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        end_in(PATIENCE);
        let errno = descend(most, maps, &seen.levels);
        seen.errno.store(errno.cast_unsigned(), Ordering::Relaxed);
        exit(0);
    }
    let mut refused = if pid == -1 { Some(Errno::last()) } else { None };
    let mut status = 0;
    // SAFETY: waits for the child just made, with room for its status.
    while pid > 0 && unsafe { libc::waitpid(pid, &raw mut status, 0) } == -1 && Errno::last() == Errno::EINTR
    {
    }
    if status != 0 {
        refused = Some(Errno::ETIMEDOUT);
    }
    let errno = seen.errno.load(Ordering::Relaxed).cast_signed();
    let refused = refused.or((errno != 0).then(|| Errno::from_raw(errno)));
    Nested { levels: seen.levels.load(Ordering::Relaxed), refused }
}

/// In the child. Returns the errno of the first refusal, or 0.
fn descend(most: u32, first: [&CStr; 2], levels: &AtomicU32) -> c_int {
    let mut maps = first;
    for _ in 0..most {
        // SAFETY: namespaces of this process alone.
        if unsafe { libc::syscall(libc::SYS_unshare, libc::CLONE_NEWUSER) } == -1 {
            return Errno::last_raw();
        }
        levels.fetch_add(1, Ordering::Relaxed);
        // A kernel before 3.19 has no such file, and needs no "deny".
        write(c"/proc/self/setgroups", c"deny");
        write(c"/proc/self/uid_map", maps[0]);
        write(c"/proc/self/gid_map", maps[1]);
        maps = [c"1000 1000 1"; 2];
    }
    0
}

/// A map that was not written shows in the refusal of the next level.
fn write(file: &CStr, text: &CStr) {
    // SAFETY: strings ended by NUL; a descriptor of this process.
    unsafe {
        let fd = libc::open(file.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
        libc::write(fd, text.as_ptr().cast(), text.count_bytes());
        libc::close(fd);
    }
}
