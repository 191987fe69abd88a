//! What a process is: its maps, its setgroups, its credentials, read by the process itself.

use crate::action::IdFile;
use crate::caps::CapSet;
use crate::host;
use crate::ids::{CapSets, FsId, Ids};
use crate::lower::{Call, all_groups, number, read_proc, syscall};
use crate::missing::Lacks;
use crate::outcome::Looked;
use crate::wire::{Answer, Arg, Op, Request};
use nix::errno::Errno;
use std::sync::OnceLock;

/// The value of -1 as an id.
const KEEP: Arg = Arg::Value(u32::MAX as u64);
/// _LINUX_CAPABILITY_VERSION_3 of capget(2), for the calling process.
const CAP_HEADER: [u32; 2] = [0x2008_0522, 0];

/// How supplementary groups compare with those that the cast began with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kept {
    /// They are the caller's own, which differ from host to host, as this namespace names them.
    TheCallers,
    /// They are what the scenario made them.
    #[default]
    No,
}

/// What a process in the caller's namespace begins with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Before {
    /// Its capability sets.
    pub caps: CapSets,
    /// The files uid_map, gid_map and setgroups of its namespace.
    pub files: [String; 3],
}

/// What a process is at the end of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// User ids.
    pub uid: Ids,
    /// Group ids.
    pub gid: Ids,
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// Whether those are just what the caller came with.
    pub groups_kept: Kept,
    /// Capability sets.
    pub caps: CapSets,
    /// What an actor outside began with, which differs from host to host and is not shown.
    pub before: Option<Before>,
    /// PR_GET_DUMPABLE
    pub dumpable: i64,
    /// PR_GET_SECUREBITS, if the kernel has it.
    pub securebits: Option<i64>,
    /// /proc/self/uid_map
    pub uid_map: String,
    /// /proc/self/gid_map
    pub gid_map: String,
    /// /proc/self/setgroups, or nothing if the kernel has no such file.
    pub setgroups: String,
}

/// The number that the answers of a state carry, whatever came before it.
pub const STEP: u32 = u32::MAX;

/// The message by which an actor is asked for its state and then to exit, made once: it is the same
/// for every actor, and what is not written again needs no copying after a fork. With the number of
/// its answers.
pub fn message() -> &'static (Vec<u8>, usize) {
    static MESSAGE: OnceLock<(Vec<u8>, usize)> = OnceLock::new();
    MESSAGE.get_or_init(|| {
        let mut message = Vec::new();
        let calls = requests();
        calls.iter().for_each(|(_, request)| request.write(&mut message, STEP));
        Request::new(Op::Exit, 0).write(&mut message, STEP);
        (message, calls.len())
    })
}

/// capget(2) of the actor itself.
pub fn capget() -> Request {
    let header: Vec<u8> = CAP_HEADER.iter().flat_map(|word| word.to_ne_bytes()).collect();
    syscall(libc::SYS_capget, &[Arg::Payload(0), Arg::Room(0)]).payload(&header).give(24)
}

/// The system calls by which an actor tells its state.
fn requests() -> Vec<Call> {
    let three = [Arg::Room(0), Arg::Room(4), Arg::Room(8)];
    let mut calls = vec![
        ("getresuid", syscall(libc::SYS_getresuid, &three).give(12)),
        ("getresgid", syscall(libc::SYS_getresgid, &three).give(12)),
        ("setfsuid", syscall(libc::SYS_setfsuid, &[KEEP])),
        ("setfsgid", syscall(libc::SYS_setfsgid, &[KEEP])),
        ("getgroups", all_groups()),
        ("capget", capget()),
        ("prctl(PR_GET_DUMPABLE)", syscall(libc::SYS_prctl, &[number(libc::PR_GET_DUMPABLE)])),
        ("prctl(PR_GET_SECUREBITS)", syscall(libc::SYS_prctl, &[number(libc::PR_GET_SECUREBITS)])),
    ];
    let files = [IdFile::UidMap, IdFile::GidMap, IdFile::Setgroups].map(IdFile::name);
    calls.extend(files.into_iter().chain(["status"]).flat_map(|name| read_proc(&format!("self/{name}"))));
    calls
}

/// Where among the answers setfsuid(2) and setfsgid(2) are, which a kernel other than Linux may lack.
const FS_IDS: [usize; 2] = [2, 3];
/// Where PR_GET_SECUREBITS is, likewise; only among those for a state.
const SECUREBITS: usize = 7;

/// Where among the answers uid_map, gid_map and setgroups are opened, which a kernel without user namespaces
/// lacks.
const OPENED: [usize; 3] = [8, 11, 14];

/// The system calls of a look at the ids and capabilities: the first six of those for a state, without the groups.
pub fn look_requests() -> Vec<Call> {
    let mut calls = requests();
    calls.truncate(6);
    calls.remove(4);
    calls
}

/// What their answers say; the name of the first that failed if one did.
pub fn look(answers: &[Answer]) -> Result<Looked, Failure> {
    if let Some(at) = failed(answers, lacks) {
        return Err((look_requests()[at].0, Errno::from_raw(answers[at].errno)));
    }
    let ids = |at: usize| four(&words(&answers[at].data), fs_id(&answers[at + 2]));
    Ok(Looked { uid: ids(0), gid: ids(1), caps: caps(&words(&answers[4].data), "") })
}

/// A call and its errno.
type Failure = (&'static str, Errno);

/// The first of the answers that says that a process cannot tell what it is. Not those that only say that this
/// kernel has no such file, or no such call.
fn failed(answers: &[Answer], lacks: impl Fn() -> Lacks) -> Option<usize> {
    let failed = |(at, answer): (usize, &Answer)| match answer.errno {
        0 => false,
        libc::ENOENT => !OPENED.contains(&at),
        libc::ENOSYS => !(FS_IDS.contains(&at) && lacks().fs_ids),
        libc::EINVAL => !(at == SECUREBITS && lacks().securebits),
        _ => true,
    };
    answers.iter().enumerate().position(failed)
}

fn lacks() -> Lacks {
    host::missing()
}

impl State {
    /// What the process began with, as long as it has not left the caller's namespace: in another one it
    /// has the sets that the kernel gives, which are the same on every host.
    pub(crate) fn still_outside(&self) -> Option<&Before> {
        let files = [&self.uid_map, &self.gid_map, &self.setgroups];
        self.before.as_ref().filter(|before| before.files.each_ref() == files)
    }

    /// Makes sense of what the requests gave; the name of the first that failed if one did.
    pub fn read(answers: &[Answer]) -> Result<Self, Failure> {
        Self::read_where(answers, lacks)
    }

    /// The same on a kernel of which it is known what it lacks.
    fn read_where(answers: &[Answer], lacks: impl Fn() -> Lacks) -> Result<Self, Failure> {
        if let Some(at) = failed(answers, lacks) {
            return Err((requests()[at].0, Errno::from_raw(answers[at].errno)));
        }
        let ids = |at: usize| words(&answers[at].data);
        let text = |at: usize| String::from_utf8_lossy(&answers[at].data).into_owned();
        Ok(Self {
            uid: four(&ids(0), fs_id(&answers[2])),
            gid: four(&ids(1), fs_id(&answers[3])),
            groups: ids(4),
            groups_kept: Kept::No,
            caps: caps(&ids(5), &text(18)),
            before: None,
            dumpable: answers[6].value,
            securebits: (answers[SECUREBITS].errno == 0).then_some(answers[SECUREBITS].value),
            uid_map: text(9),
            gid_map: text(12),
            setgroups: text(15).trim_end().to_owned(),
        })
    }
}

/// What setfsuid(2) or setfsgid(2) told, or that there is no such call.
fn fs_id(answer: &Answer) -> FsId {
    match answer.errno {
        0 => FsId::Known(u32::try_from(answer.value).unwrap_or(u32::MAX)),
        _ => FsId::Unknown,
    }
}

fn four(three: &[u32], fs: FsId) -> Ids {
    match three {
        [real, effective, saved] => Ids { real: *real, effective: *effective, saved: *saved, fs },
        _ => Ids::default(),
    }
}

/// The native 32-bit words of some bytes.
pub fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).filter_map(|word| Some(u32::from_ne_bytes(word.try_into().ok()?))).collect()
}

fn caps(capget: &[u32], status: &str) -> CapSets {
    let set = |index: usize| {
        let half = |at: usize| u64::from(capget.get(at).copied().unwrap_or(0));
        CapSet(half(index) | half(index + 3) << 32)
    };
    let line = |name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0");
        CapSet(u64::from_str_radix(value.trim(), 16).unwrap_or(0))
    };
    CapSets {
        effective: set(0),
        permitted: set(1),
        inheritable: set(2),
        bounding: line("CapBnd:"),
        ambient: line("CapAmb:"),
    }
}

/// The extents of a map as it is read back, each with single blanks.
pub fn extents(map: &str) -> Vec<String> {
    map.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a process answers that has all ids 0, with these errnos in their places.
    fn answers(errnos: &[(usize, i32)]) -> Vec<Answer> {
        let (_, count) = message();
        let answer = |at: usize| {
            let errno = errnos.iter().find(|(place, _)| *place == at).map_or(0, |(_, errno)| *errno);
            let data = if at < 2 && errno == 0 { vec![0; 12] } else { Vec::new() };
            Answer { step: STEP, done: true, value: if errno == 0 { 0 } else { -1 }, errno, data }
        };
        (0..*count).map(answer).collect()
    }

    const ALL: Lacks = Lacks { fs_ids: true, securebits: true, setgroups: true };
    const NOTHING: Lacks = Lacks { fs_ids: false, securebits: false, setgroups: false };

    #[test]
    fn what_the_kernel_has_no_call_to_tell_is_unknown_and_not_guessed() {
        let lacking = answers(&[(2, libc::ENOSYS), (3, libc::ENOSYS), (7, libc::EINVAL)]);

        let state = State::read_where(&lacking, || ALL);
        let told = state.map(|state| (state.uid.fs, state.gid.fs, state.securebits));
        assert_eq!(told, Ok((FsId::Unknown, FsId::Unknown, None)));
        let known = State::read_where(&answers(&[]), || ALL);
        let told = known.map(|state| (state.uid.fs, state.securebits));
        assert_eq!(told, Ok((FsId::Known(0), Some(0))));
    }

    #[test]
    fn what_a_kernel_has_a_call_for_must_be_told() {
        for (at, call, errno, lacks) in [
            (2, "setfsuid", libc::ENOSYS, NOTHING),
            (3, "setfsgid", libc::ENOSYS, NOTHING),
            (2, "setfsuid", libc::EPERM, ALL),
            (0, "getresuid", libc::ENOSYS, ALL),
            (4, "getgroups", libc::ENOSYS, ALL),
            (7, "prctl(PR_GET_SECUREBITS)", libc::EINVAL, NOTHING),
            (7, "prctl(PR_GET_SECUREBITS)", libc::EPERM, ALL),
            (6, "prctl(PR_GET_DUMPABLE)", libc::EINVAL, ALL),
        ] {
            let state = State::read_where(&answers(&[(at, errno)]), || lacks);
            assert_eq!(state, Err((call, Errno::from_raw(errno))), "{lacks:?}");
        }
    }
}
