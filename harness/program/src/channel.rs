//! Where events go.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, AsRawFd as _};

use crate::protocol::Event;

/// A writer of events.
#[derive(Debug)]
pub struct Channel(File);

impl Channel {
    /// Events go to this file.
    pub fn to(file: File) -> Self {
        Self(file)
    }

    /// Events go to standard output.
    ///
    /// # Errors
    /// When it is closed.
    pub fn standard_output() -> Result<Self, String> {
        let out = io::stdout().as_fd().try_clone_to_owned();
        out.map(|fd| Self(File::from(fd))).map_err(|error| format!("no standard output: {error}"))
    }

    /// Says what happened.
    ///
    /// # Errors
    /// When the reader of the channel has ended.
    pub fn send(&mut self, event: &Event) -> Result<(), String> {
        self.write(&event.to_line()?)
    }

    /// Writes text as it is.
    ///
    /// # Errors
    /// When the reader of the channel has ended.
    pub fn write(&mut self, text: &str) -> Result<(), String> {
        self.0.write_all(text.as_bytes()).map_err(|error| format!("nobody listens: {error}"))
    }

    /// Another descriptor of the same file.
    ///
    /// # Errors
    /// Those of fcntl(2), with the number of the descriptor.
    pub fn duplicate(&self) -> io::Result<File> {
        let failed = |error: io::Error| io::Error::other(format!("fd {}: {error}", self.0.as_raw_fd()));
        self.0.try_clone().map_err(failed)
    }
}
