//! Pairs of UNIX sockets, and credentials that travel over them.

use super::{Actor, kernel};
use libc::c_long;
use std::os::fd::RawFd;

/// Room for a control message with credentials, and aligned for it.
type Control = [u64; 8];

impl Actor {
    /// Keeps one end, whose number is the answer, and sends the other end with the answer.
    pub(super) fn socketpair(&mut self) -> i64 {
        let mut ends: [RawFd; 2] = [-1; 2];
        let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC;
        // SAFETY: there is room for both descriptors.
        let made = unsafe {
            let args = [libc::AF_UNIX.into(), kind.into(), 0, ends.as_mut_ptr() as c_long, 0, 0];
            kernel::call(libc::SYS_socketpair, args)
        };
        if made < 0 {
            return made;
        }
        self.leaving = ends[1];
        ends[0].into()
    }

    /// The room then has the uid and the gid that came.
    pub(super) fn receive_credentials(&self, [fd, ..]: [c_long; 6]) -> i64 {
        receive(fd, self.buffers.results())
    }
}

/// A message of one byte with room for control messages.
fn with_message(call: impl FnOnce(&mut libc::msghdr) -> i64) -> i64 {
    let mut byte = 0_u8;
    let mut vector = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    let mut control: Control = [0; 8];
    // SAFETY: a message header of zeros is valid.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_iov = &raw mut vector;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = size_of::<Control>() as _;
    call(&mut header)
}

/// sendmsg(2) with SCM_CREDENTIALS; 0 if the byte was sent.
pub(super) fn send_credentials([fd, uid, gid, ..]: [c_long; 6]) -> i64 {
    with_message(|header| {
        // SAFETY: the control message has room for the credentials before they are written, and the header
        // points to memory of the lengths it gives.
        let sent = unsafe {
            let credentials = libc::ucred { pid: libc::getpid(), uid: uid as u32, gid: gid as u32 };
            let length = size_of_val(&credentials) as u32;
            header.msg_controllen = libc::CMSG_SPACE(length) as _;
            let message = libc::CMSG_FIRSTHDR(header);
            (*message).cmsg_level = libc::SOL_SOCKET;
            (*message).cmsg_type = libc::SCM_CREDENTIALS;
            (*message).cmsg_len = libc::CMSG_LEN(length) as _;
            libc::CMSG_DATA(message).cast::<libc::ucred>().write_unaligned(credentials);
            let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
            kernel::call(libc::SYS_sendmsg, [fd, std::ptr::from_mut(header) as c_long, flags.into(), 0, 0, 0])
        };
        sent.min(0)
    })
}

/// recvmsg(2) into these results; 0 if credentials came with the byte, ENOMSG if none did.
fn receive(fd: c_long, results: *mut u8) -> i64 {
    with_message(|header| {
        // SAFETY: the header points to memory of the lengths it gives, and the kernel has filled it in before
        // it is read; the room is longer than two words, and aligned for them.
        unsafe {
            let args = [fd, std::ptr::from_mut(header) as c_long, libc::MSG_DONTWAIT.into(), 0, 0, 0];
            let received = kernel::call(libc::SYS_recvmsg, args);
            if received < 0 {
                return received;
            }
            let message = libc::CMSG_FIRSTHDR(header);
            if message.is_null() || (*message).cmsg_type != libc::SCM_CREDENTIALS {
                return (-libc::ENOMSG).into();
            }
            let told = libc::CMSG_DATA(message).cast::<libc::ucred>().read_unaligned();
            results.cast::<[u32; 2]>().write([told.uid, told.gid]);
        }
        0
    })
}
