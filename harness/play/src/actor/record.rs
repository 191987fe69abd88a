//! A request as an actor reads it.

use super::Actor;
use crate::wire::{REQUEST_WORDS, word};
use libc::c_long;

/// A request within the message.
pub(super) struct Record {
    pub(super) head: [u64; REQUEST_WORDS],
    pub(super) payload: *const u8,
    pub(super) payload_len: usize,
    pub(super) end: usize,
}

impl Record {
    pub(super) fn read(batch: &[u8], at: usize) -> Option<Self> {
        let mut head = [0; REQUEST_WORDS];
        for (index, value) in head.iter_mut().enumerate() {
            *value = word(batch, at + index * 8)?;
        }
        let payload_len = usize::try_from(head[6]).ok()?;
        let start = at + REQUEST_WORDS * 8;
        let payload = batch.get(start..start.checked_add(payload_len)?)?.as_ptr();
        Some(Self { head, payload, payload_len, end: start + payload_len.next_multiple_of(8) })
    }

    pub(super) fn op(&self) -> u64 {
        self.head[0] & 0xff
    }

    pub(super) fn failing(&self) -> u64 {
        self.head[0] >> 8 & 0xff
    }

    pub(super) fn step(&self) -> u32 {
        (self.head[0] >> 32) as u32
    }
}

impl Actor {
    /// The arguments as the system call takes them.
    pub(super) fn arguments(&self, record: &Record) -> [c_long; 6] {
        let mut args = [0; 6];
        for (index, arg) in args.iter_mut().enumerate() {
            let value = record.head[REQUEST_WORDS - 6 + index];
            *arg = match record.head[2] >> (8 * index) & 0xff {
                0 => value.cast_signed(),
                1 => record.payload.wrapping_add(value as usize) as c_long,
                2 => self.slot(value).into(),
                _ => self.buffers.results().wrapping_add(value as usize) as c_long,
            };
        }
        args
    }
}
