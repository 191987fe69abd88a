//! What tests print: kept in a file, or read from a pipe.

use std::fs::File;
use std::io::{self, ErrorKind, PipeReader, PipeWriter, Read, Seek};
use std::os::fd::{AsFd, BorrowedFd};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

/// Where tests print.
#[derive(Debug)]
pub enum Output {
    /// A file that is appended to. A process that a test left behind keeps no reader waiting.
    File(File),
    /// A pipe, for a suite that may not write to files (RLIMIT_FSIZE). It is read while a test runs and never waited for.
    Pipe(PipeReader, Vec<u8>),
}

impl Output {
    /// The reading end of a pipe.
    ///
    /// # Errors
    /// Those of fcntl(2).
    pub fn of(reader: PipeReader) -> io::Result<Self> {
        fcntl(&reader, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        Ok(Self::Pipe(reader, Vec::new()))
    }

    /// A pipe, and its end for the suite.
    ///
    /// # Errors
    /// When there is none to be had.
    pub fn pipe() -> io::Result<(Self, PipeWriter)> {
        let (reader, writer) = io::pipe()?;
        Ok((Self::of(reader)?, writer))
    }

    /// What is to be read while a test runs.
    pub fn to_read(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::File(_) => None,
            Self::Pipe(reader, _) => Some(reader.as_fd()),
        }
    }

    /// Forgets what was printed until now.
    ///
    /// # Errors
    /// When the file or the pipe cannot be used.
    pub fn clear(&mut self) -> io::Result<()> {
        self.take_in()?;
        match self {
            Self::File(file) => file.set_len(0),
            Self::Pipe(_, said) => {
                said.clear();
                Ok(())
            }
        }
    }

    /// Reads what is in the pipe.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn take_in(&mut self) -> io::Result<()> {
        let Self::Pipe(reader, said) = self else { return Ok(()) };
        match reader.read_to_end(said) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            read => read.map(drop),
        }
    }

    /// What was printed since it was cleared.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn said(&mut self) -> io::Result<String> {
        self.take_in()?;
        let mut bytes = Vec::new();
        match self {
            Self::File(file) => {
                file.rewind()?;
                file.read_to_end(&mut bytes)?;
            }
            Self::Pipe(_, said) => bytes.clone_from(said),
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
