//! The messages that an actor receives and sends.

use super::{Actor, Record, exit, kernel};
use crate::wire::{ANSWER_WORDS, MESSAGE, ROOM, SOCKET};
use libc::{c_int, c_long};
use std::os::fd::RawFd;

impl Actor {
    /// Waits for a message. Ends the actor if the director has ended.
    pub(super) fn receive(&mut self) -> usize {
        let mut vector = libc::iovec { iov_base: self.buffers.requests().cast(), iov_len: MESSAGE };
        let mut control = [0_u64; 8];
        // SAFETY: a message header of zeros is valid.
        let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
        header.msg_iov = &raw mut vector;
        header.msg_iovlen = 1;
        header.msg_control = control.as_mut_ptr().cast();
        header.msg_controllen = size_of_val(&control) as _;
        // SAFETY: the header points to memory of the lengths it gives.
        let length = unsafe { self.with_socket(libc::SYS_recvmsg, &raw mut header, libc::MSG_CMSG_CLOEXEC) };
        let Ok(length @ 1..) = usize::try_from(length) else { exit(0) };
        // SAFETY: the kernel has filled the header in; a control message lies within it.
        unsafe {
            let message = libc::CMSG_FIRSTHDR(&raw const header);
            if !message.is_null() && (*message).cmsg_type == libc::SCM_RIGHTS {
                self.arrived = libc::CMSG_DATA(message).cast::<RawFd>().read_unaligned();
            }
        }
        length
    }

    /// Adds an answer. If there is no room, sends the collected answers first.
    pub(super) fn answer(&mut self, record: &Record, done: bool, value: i64, errno: i32, length: u64) {
        let data = (length as usize).min(ROOM);
        let whole = ANSWER_WORDS * 8 + data.next_multiple_of(8);
        if self.filled + whole > MESSAGE {
            self.send();
        }
        let words = [
            record.step().into(),
            u64::from(done),
            value.cast_unsigned(),
            errno.cast_unsigned().into(),
            data as u64,
        ];
        // SAFETY: an answer with as much data as there is room for is shorter than a message, and
        // what lay in its place was just sent; the buffers do not overlap.
        unsafe {
            let to = self.buffers.answers().add(self.filled);
            words.as_ptr().cast::<u8>().copy_to_nonoverlapping(to, size_of_val(&words));
            self.buffers.results().copy_to_nonoverlapping(to.add(size_of_val(&words)), data);
        }
        self.filled += whole;
    }

    /// Sends the collected answers. An actor without a socket leaves them in memory, and then exits.
    pub(super) fn send(&mut self) {
        if self.slot(SOCKET) < 0 {
            self.buffers.leave(self.filled);
            return;
        }
        self.unwatch_director();
        let mut vector = libc::iovec { iov_base: self.buffers.answers().cast(), iov_len: self.filled };
        let mut control = [0_u64; 8];
        // SAFETY: a message header of zeros is valid; the control message is given room for one
        // descriptor before it is written.
        unsafe {
            let mut header: libc::msghdr = std::mem::zeroed();
            header.msg_iov = &raw mut vector;
            header.msg_iovlen = 1;
            if self.leaving >= 0 {
                header.msg_control = control.as_mut_ptr().cast();
                header.msg_controllen = libc::CMSG_SPACE(4) as _;
                let message = libc::CMSG_FIRSTHDR(&raw const header);
                (*message).cmsg_level = libc::SOL_SOCKET;
                (*message).cmsg_type = libc::SCM_RIGHTS;
                (*message).cmsg_len = libc::CMSG_LEN(4) as _;
                libc::CMSG_DATA(message).cast::<RawFd>().write_unaligned(self.leaving);
            }
            if self.filled > 0
                && self.with_socket(libc::SYS_sendmsg, &raw mut header, libc::MSG_NOSIGNAL) < 0
            {
                exit(96);
            }
        }
        (self.filled, self.leaving) = (0, -1);
    }

    /// sendmsg(2) or recvmsg(2) on the socket.
    ///
    /// # Safety
    /// The header points to memory of the lengths that it gives.
    unsafe fn with_socket(&self, number: c_long, header: *mut libc::msghdr, flags: c_int) -> i64 {
        let args = [self.slot(SOCKET).into(), header as c_long, flags.into(), 0, 0, 0];
        // SAFETY: the caller answers for the header.
        unsafe { kernel::call(number, args) }
    }
}
