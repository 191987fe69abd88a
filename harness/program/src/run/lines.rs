//! Lines from a pipe that is never waited for.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

/// How much is read at a time.
const CHUNK: usize = 64 << 10;

/// The reading end of a pipe, and what has been read of it.
#[derive(Debug)]
pub struct Lines {
    from: File,
    read: Vec<u8>,
    has_ended: bool,
}

impl Lines {
    /// Lines of this pipe.
    ///
    /// # Errors
    /// Those of fcntl(2).
    pub fn of(pipe: impl Into<OwnedFd>) -> io::Result<Self> {
        let from = File::from(pipe.into());
        fcntl(&from, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        Ok(Self { from, read: Vec::new(), has_ended: false })
    }

    /// Reads what is there.
    ///
    /// # Errors
    /// Those of read(2).
    pub fn take_in(&mut self) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK];
        loop {
            match self.from.read(&mut chunk) {
                Ok(0) => {
                    self.has_ended = true;
                    return Ok(());
                }
                Ok(length) => self.read.extend_from_slice(&chunk[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The next whole line, without its end.
    pub fn next_line(&mut self) -> Option<String> {
        let end = self.read.iter().position(|byte| *byte == b'\n')?;
        let line: Vec<u8> = self.read.drain(..=end).take(end).collect();
        Some(String::from_utf8_lossy(&line).into_owned())
    }

    /// Whether the other end is closed, and what was read of a line that has no end.
    pub fn cut_short(&self) -> Option<String> {
        self.has_ended.then(|| String::from_utf8_lossy(&self.read).into_owned())
    }

    /// Takes all that was read, whole lines or not.
    pub fn take(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.read)).into_owned()
    }

    /// What poll(2) takes; nothing once the other end is closed.
    pub fn to_poll(&self) -> Option<BorrowedFd<'_>> {
        (!self.has_ended).then(|| self.from.as_fd())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn whole_lines_come_out_and_the_rest_waits() -> io::Result<()> {
        let (reader, mut writer) = io::pipe()?;
        let mut lines = Lines::of(reader)?;
        lines.take_in()?;
        assert_eq!((lines.next_line(), lines.cut_short()), (None, None));

        writer.write_all(b"one\ntwo\nthr")?;
        lines.take_in()?;
        let read = [lines.next_line(), lines.next_line(), lines.next_line()];
        assert_eq!(read, [Some("one".to_owned()), Some("two".to_owned()), None]);

        drop(writer);
        lines.take_in()?;
        assert_eq!(lines.cut_short().as_deref(), Some("thr"));
        assert!(lines.to_poll().is_none());
        Ok(())
    }
}
