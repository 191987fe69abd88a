//! What a process is: its maps, its setgroups, its credentials, read by the process itself.

use crate::action::IdFile;
use crate::caps::CapSet;
use crate::host::{CapSets, Ids};
use crate::lower::{Call, all_groups, number, read_proc, syscall};
use crate::trace::Looked;
use crate::wire::{Answer, Arg, Op, Request};
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
    /// PR_GET_SECUREBITS
    pub securebits: i64,
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
        ("prctl", syscall(libc::SYS_prctl, &[number(libc::PR_GET_DUMPABLE)])),
        ("prctl", syscall(libc::SYS_prctl, &[number(libc::PR_GET_SECUREBITS)])),
    ];
    let files = [IdFile::UidMap, IdFile::GidMap, IdFile::Setgroups].map(IdFile::name);
    calls.extend(files.into_iter().chain(["status"]).flat_map(|name| read_proc(&format!("self/{name}"))));
    calls
}

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

/// What their answers say.
pub fn look(answers: &[Answer]) -> Looked {
    let ids = |at: usize| {
        let fs = u32::try_from(answers[at + 2].value).unwrap_or(u32::MAX);
        four(&words(&answers[at].data), fs)
    };
    Looked { uid: ids(0), gid: ids(1), caps: caps(&words(&answers[4].data), "") }
}

impl State {
    /// What the process began with, as long as it has not left the caller's namespace: in another one it
    /// has the sets that the kernel gives, which are the same on every host.
    pub(crate) fn still_outside(&self) -> Option<&Before> {
        let files = [&self.uid_map, &self.gid_map, &self.setgroups];
        self.before.as_ref().filter(|before| before.files.each_ref() == files)
    }

    /// Makes sense of what the requests gave; the name of the first that failed if one did.
    pub fn read(answers: &[Answer]) -> Result<Self, (&'static str, nix::errno::Errno)> {
        let failed = |at: &usize| match answers[*at].errno {
            0 => false,
            errno => errno != libc::ENOENT || !OPENED.contains(at),
        };
        if let Some(at) = (0..answers.len()).find(failed) {
            return Err((requests()[at].0, nix::errno::Errno::from_raw(answers[at].errno)));
        }
        let ids = |at: usize| words(&answers[at].data);
        let id = |at: usize| u32::try_from(answers[at].value).unwrap_or(u32::MAX);
        let text = |at: usize| String::from_utf8_lossy(&answers[at].data).into_owned();
        Ok(Self {
            uid: four(&ids(0), id(2)),
            gid: four(&ids(1), id(3)),
            groups: ids(4),
            groups_kept: Kept::No,
            caps: caps(&ids(5), &text(18)),
            before: None,
            dumpable: answers[6].value,
            securebits: answers[7].value,
            uid_map: text(9),
            gid_map: text(12),
            setgroups: text(15).trim_end().to_owned(),
        })
    }
}

fn four(three: &[u32], fs: u32) -> Ids {
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
