//! Files in /proc and the actions on them.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The longest contents of a file that a step reads, in bytes.
pub const LONGEST_READ: u64 = 32 * 1024;

/// One of the four files in /proc/PID that describe a user namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum IdFile {
    /// /proc/PID/uid_map
    UidMap,
    /// /proc/PID/gid_map
    GidMap,
    /// /proc/PID/projid_map
    ProjidMap,
    /// /proc/PID/setgroups
    Setgroups,
}

impl IdFile {
    /// Its name in /proc/PID.
    pub fn name(self) -> &'static str {
        match self {
            Self::UidMap => "uid_map",
            Self::GidMap => "gid_map",
            Self::ProjidMap => "projid_map",
            Self::Setgroups => "setgroups",
        }
    }
}

/// The text of a write.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Text {
    /// Text in which the word `own` stands for the uid or gid of the processes outside, as the file asks.
    Words(Cow<'static, str>),
    /// Exactly these bytes.
    Bytes(Cow<'static, [u8]>),
    /// So many bytes from an address that is not mapped.
    BadPointer(u64),
}

impl Text {
    /// Its bytes, with this id for every `own`. `None` for a bad pointer.
    pub fn bytes(&self, own: u32) -> Vec<u8> {
        match self {
            Self::Words(words) => words.replace("own", &own.to_string()).into_bytes(),
            Self::Bytes(bytes) => bytes.to_vec(),
            Self::BadPointer(_) => Vec::new(),
        }
    }
}

/// The position of a write in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum At {
    /// write(2) at the position the file has.
    Position,
    /// lseek(2) to this offset and write(2).
    Seek(i64),
    /// pwrite(2) at this offset.
    Offset(i64),
}

/// The access mode of an open file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Access {
    /// O_RDONLY
    Read,
    /// O_WRONLY
    Write,
    /// O_RDWR
    ReadWrite,
}
