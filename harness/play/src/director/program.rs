//! Runs a real program as a child of an actor, to its end or to a time limit.

use crate::error::Error;
use crate::host::path::{ENVIRONMENT, find};
use crate::process::{ActorProcess, End, Memory, ask, spawn};
use crate::wire::{Op, Request, STDIO};
use harness_scenario::outcome::{Ended, Outcome, Status};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, pipe2, read};
use std::borrow::Cow;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

/// The most that a program may print, in bytes.
const MOST: usize = 1 << 20;
/// The time in which the guard of a program must end what the program started.
const CLEARING: Duration = Duration::from_millis(500);

/// Makes an actor fork a child that becomes the program, and waits for its end.
pub fn run(
    parent: &mut ActorProcess,
    words: &[Cow<'static, str>],
    limit: Duration,
) -> Result<Outcome, Error> {
    let program = words.join(" ");
    let name = words.first().map(AsRef::as_ref).unwrap_or_default();
    let path = find(name).ok_or_else(|| Error::NoProgram(name.to_owned()))?;
    let failed = |what| move |errno| Error::Director { what, errno };
    let null = File::open("/dev/null").map_err(|_| failed("open /dev/null")(Errno::last()))?;
    let (stdout, stdout_end) = pipe2(OFlag::O_CLOEXEC).map_err(failed("make a pipe"))?;
    let (stderr, stderr_end) = pipe2(OFlag::O_CLOEXEC).map_err(failed("make a pipe"))?;
    let doing = |_| format!("run {program}");
    let mut child = spawn(parent, parent.actor, (0, Memory::Own), limit)?;
    for (slot, fd) in STDIO.into_iter().zip([&null.into(), &stdout_end, &stderr_end]) {
        ask(&mut child, &[Request::new(Op::Take, 0).keep(slot)], Some(fd), &doing)?;
    }
    drop((stdout_end, stderr_end));
    let mut message = Vec::new();
    Request::new(Op::Exec, 0).payload(&strings(&path, words)).write(&mut message, 0);
    child.send(&message, End::Later)?;

    let deadline = Instant::now() + limit;
    let (started, _) = child.receive(1, &doing)?;
    if started[0].errno != 0 {
        return Ok(Outcome::Failed { call: "fork", errno: Errno::from_raw(started[0].errno) });
    }
    let said = gather([stdout, stderr], deadline);
    let flood = said.as_ref().is_some_and(|said| too_much(said.each_ref().map(String::len)));
    let Some([stdout, stderr]) = said.filter(|_| !flood && child.readable_by(deadline)) else {
        stop(&mut child, started[0].value);
        return Err(match flood {
            true => Error::TooMuchOutput { program, bytes: MOST },
            false => Error::ProgramHung { program, limit },
        });
    };
    let (ended, _) = child.receive(2, &doing)?;
    if ended[1].errno != 0 {
        return Ok(Outcome::Failed { call: "execve", errno: Errno::from_raw(ended[1].errno) });
    }
    if ended[0].errno != 0 {
        return Err(Error::ProcessesLeft { program });
    }
    let status = status(i32::try_from(ended[0].value).unwrap_or(-1));
    Ok(Outcome::Program(Ended { status, stdout, stderr }))
}

/// Makes the guard end a program and everything that it started. If the guard may not, because the program has gained
/// privileges, the director ends the program.
fn stop(guard: &mut ActorProcess, program: i64) {
    guard.shutdown();
    if guard.wait(CLEARING).is_none() {
        let group = i32::try_from(program).map_or(i32::MAX, |pid| pid.max(2));
        let _ = kill(Pid::from_raw(-group), Signal::SIGKILL);
        guard.wait(CLEARING);
    }
}

/// A status as waitpid(2) returns it.
fn status(raw: i32) -> Status {
    match Signal::try_from(raw & 0x7f) {
        Ok(signal) => Status::Killed(signal),
        Err(_) => Status::Exited(raw >> 8 & 0xff),
    }
}

/// The arguments and the environment in the actor's format: their numbers, the offset of each, and the strings, ended
/// by NUL. The first string is the path of the file.
fn strings(path: &Path, words: &[Cow<'static, str>]) -> Vec<u8> {
    let path = path.to_string_lossy();
    let args = std::iter::once(path.as_ref()).chain(words.iter().map(AsRef::as_ref).skip(1));
    let all: Vec<&str> = args.chain(ENVIRONMENT).collect();
    let mut payload = Vec::new();
    let mut bytes = Vec::new();
    payload.extend((words.len() as u64).to_ne_bytes());
    payload.extend((all.len() as u64).to_ne_bytes());
    let start = 16 + 8 * all.len();
    for string in all {
        payload.extend(((start + bytes.len()) as u64).to_ne_bytes());
        bytes.extend_from_slice(string.as_bytes());
        bytes.push(0);
    }
    payload.extend(bytes);
    payload
}

fn too_much(lengths: [usize; 2]) -> bool {
    lengths.iter().sum::<usize>() > MOST
}

/// Reads both streams until they end or are too long. `None` if the deadline comes first.
fn gather(streams: [OwnedFd; 2], deadline: Instant) -> Option<[String; 2]> {
    let mut said = [Vec::new(), Vec::new()];
    let mut open = vec![0, 1];
    let mut buffer = [0; 4096];
    while !open.is_empty() && !too_much(said.each_ref().map(Vec::len)) {
        let left = deadline.checked_duration_since(Instant::now())?;
        let wait = |index: &usize| PollFd::new(streams[*index].as_fd(), PollFlags::POLLIN);
        let mut waiting: Vec<PollFd<'_>> = open.iter().map(wait).collect();
        let _ = poll(&mut waiting, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX));
        let ready: Vec<bool> = waiting.iter().map(|fd| fd.any() == Some(true)).collect();
        for (index, _) in open.clone().into_iter().zip(ready).filter(|(_, ready)| *ready) {
            let count = read(&streams[index], &mut buffer).unwrap_or(0);
            said[index].extend_from_slice(&buffer[..count]);
            open.retain(|other| *other != index || count > 0);
        }
    }
    Some(said.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}
