//! Ends the actor when the director ends, even in the middle of a system call.

use super::{Actor, exit};
use crate::wire::SOCKET;
use libc::c_int;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicI32, Ordering};

/// The socket whose end ends the actor, for the signal handler.
static DIRECTOR: AtomicI32 = AtomicI32::new(-1);

/// SIGIO signals an event on the socket. The event may be old: a message that was already received.
extern "C" fn on_sigio(_: c_int) {
    let mut byte = 0_u8;
    let peek = libc::MSG_PEEK | libc::MSG_DONTWAIT;
    // SAFETY: looks for one byte, with room for it; the interrupted code finds its errno again.
    unsafe {
        let errno = *libc::__errno_location();
        if libc::recv(DIRECTOR.load(Ordering::Relaxed), (&raw mut byte).cast(), 1, peek) == 0 {
            exit(0);
        }
        *libc::__errno_location() = errno;
    }
}

/// If the director closes its end of the socket during a message, the actor ends. The parent-death signal is not
/// sufficient: an actor that changes its ids and hangs in the same message has lost it.
///
/// Source: fcntl(2), F_SETOWN and O_ASYNC; kernel unix_release_sock(), sigio_perm().
fn prepare_signal(socket: RawFd) {
    DIRECTOR.store(socket, Ordering::Relaxed);
    // SAFETY: sets attributes of this process and of its descriptor; a sigaction of zeros is valid.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_sigio as extern "C" fn(c_int) as usize;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(libc::SIGIO, &raw const action, std::ptr::null_mut());
        libc::fcntl(socket, libc::F_SETOWN, libc::getpid());
    }
}

impl Actor {
    /// Turned on during a call that may not return. During such a call, the only event on the socket is its end.
    pub(super) fn watch_director(&mut self) -> i64 {
        if !self.watches_director {
            prepare_signal(self.slot(SOCKET));
            self.set(libc::O_ASYNC);
            // The end may have come before the signal was asked for.
            on_sigio(0);
        }
        0
    }

    /// Turned off while messages are exchanged, because each would cause a signal.
    pub(super) fn unwatch_director(&mut self) {
        if self.watches_director {
            self.set(0);
        }
    }

    fn set(&mut self, flag: c_int) {
        self.watches_director = flag != 0;
        // SAFETY: sets an attribute of a descriptor of this process.
        unsafe { libc::fcntl(self.slot(SOCKET), libc::F_SETFL, flag) };
    }
}
