//! What can be seen of a process and of its user namespace.

mod levels;
mod other;
mod status;

use harness_play::here;
use harness_play::host::{self, Fact, Seccomp};
use harness_scenario::action::IdFile;
use harness_scenario::caller::Caller;
use harness_scenario::ids::{CapSets, FsId, Ids};
use harness_scenario::map::IdMap;
use harness_scenario::start::Start;
use serde::Serialize;

pub use levels::Levels;

/// The number of an id that has no mapping. No map can have it.
/// Source: kernel map_write(): (u32)-1 is reserved.
pub const UNMAPPED: u32 = u32::MAX;

/// The process that is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// This process.
    Own,
    /// The process with this id in the /proc of the caller.
    Pid(i32),
}

/// A process and its user namespace. Ids are those of its namespace; [`UNMAPPED`] is an id without a mapping.
#[derive(Clone, Debug, Serialize)]
pub struct Process {
    /// Its process id; `None` for this process.
    pub pid: Option<i32>,
    /// User ids.
    pub uids: Fact<Ids>,
    /// Group ids.
    pub gids: Fact<Ids>,
    /// Supplementary groups.
    pub groups: Fact<Vec<u32>>,
    /// Capabilities in its user namespace.
    pub capabilities: Fact<CapSets>,
    /// The securebits.
    pub securebits: Fact<u32>,
    /// Whether execve(2) ignores set-user-ID bits and file capabilities.
    pub no_new_privs: Fact<bool>,
    /// Whether system calls are filtered.
    pub seccomp: Fact<Seccomp>,
    /// Whether its root directory is not that of its mount namespace. Seen only of this process.
    pub chroot: Fact<String>,
    /// RLIMIT_NPROC, soft and hard.
    pub max_processes: Fact<String>,
    /// Its user namespace.
    pub namespace: Namespace,
    /// What could not be seen, as sentences.
    pub unseen: Vec<String>,
}

/// A user namespace.
#[derive(Clone, Debug, Serialize)]
pub struct Namespace {
    /// The link /proc/PID/ns/user, which has its inode.
    pub link: Fact<String>,
    /// Whether it is the initial one.
    pub is_initial: Fact<bool>,
    /// Whether it is the namespace of the calling process.
    pub is_callers: Fact<bool>,
    /// Its uid map, one space between fields, extents separated by "; ". Lower ids are those of the reader's namespace, or
    /// of the parent if the reader is in the namespace itself.
    pub uid_map: Fact<String>,
    /// Its gid map in the same form.
    pub gid_map: Fact<String>,
    /// The word of /proc/PID/setgroups.
    pub setgroups: Fact<String>,
    /// The effective uid of its creator, as the reader's namespace maps it.
    pub owner: Fact<u32>,
    /// How many namespaces are above it.
    pub levels: Levels,
    /// user.max_user_namespaces, as the reader's namespace has it. Seen only in the caller's namespace.
    pub max_user_namespaces: Fact<u64>,
}

impl Process {
    /// Looks at a process. What cannot be read is a value and a sentence, and no error.
    ///
    /// # Errors
    /// If there is no such process, or if /proc shows nothing of it.
    pub fn look(which: Which) -> Result<Self, String> {
        match which {
            Which::Own => Ok(own()),
            Which::Pid(pid) => other::look(pid),
        }
    }

    /// The process as the model takes it.
    ///
    /// # Errors
    /// What is not known of it, as a sentence.
    pub fn start(&self) -> Result<Start, String> {
        let here = here::start();
        let namespace = &self.namespace;
        let file = |fact: &Fact<String>, name| known(fact, name).cloned();
        let setgroups = match &namespace.setgroups {
            // A kernel without the file has no word either.
            Fact::Absent => String::new(),
            fact => file(fact, "setgroups")?,
        };
        Ok(Start {
            caller: Caller {
                uid: *known(&self.uids, "the uids")?,
                gid: *known(&self.gids, "the gids")?,
                groups: known(&self.groups, "the supplementary groups")?.clone(),
                caps: *known(&self.capabilities, "the capabilities")?,
                securebits: self.securebits.known().copied().unwrap_or_default(),
                userns: namespace.link.known().cloned().unwrap_or_default(),
                files: [
                    file(&namespace.uid_map, "uid_map")?,
                    file(&namespace.gid_map, "gid_map")?,
                    setgroups,
                ],
            },
            in_initial_userns: *known(&namespace.is_initial, "the user namespace")?,
            ..here.clone()
        })
    }
}

fn known<'a, T>(fact: &'a Fact<T>, name: &str) -> Result<&'a T, String> {
    match fact {
        Fact::Known(value) => Ok(value),
        Fact::Absent => Err(format!("{name}: absent")),
        Fact::Unreadable(why) => Err(format!("{name}: unreadable: {why}")),
    }
}

/// This process.
fn own() -> Process {
    let process = host::process().clone();
    let link = std::fs::read_link("/proc/self/ns/user");
    let link = Fact::of(link.map(|link| link.to_string_lossy().into_owned()));
    let chroot = match process.chroot {
        host::Chroot::No => Fact::Known("no".to_owned()),
        ref other => Fact::Known(other.to_string()),
    };
    let (owner, levels) = levels::look("self");
    let unseen = unseen(&process, &owner, &levels);
    Process {
        pid: None,
        uids: process.uids,
        gids: process.gids,
        groups: process.groups,
        capabilities: process.capabilities,
        securebits: process.securebits,
        no_new_privs: process.no_new_privs,
        seccomp: process.seccomp,
        chroot,
        max_processes: status::max_processes("self"),
        namespace: Namespace {
            link,
            is_initial: process.in_initial_userns,
            is_callers: Fact::Known(true),
            uid_map: process.uid_map,
            gid_map: process.gid_map,
            setgroups: process.setgroups,
            owner,
            levels,
            max_user_namespaces: host::policy().max_user_namespaces.clone(),
        },
        unseen,
    }
}

/// What could not be seen of this process, as sentences.
fn unseen(process: &host::Process, owner: &Fact<u32>, levels: &Levels) -> Vec<String> {
    let facts = [
        ("the uid map", process.uid_map.map(|_| ())),
        ("the gid map", process.gid_map.map(|_| ())),
        ("the setgroups file", process.setgroups.map(|_| ())),
        ("whether system calls are filtered", process.seccomp.map(|_| ())),
        ("the owner of the namespace", owner.map(|_| ())),
    ];
    let facts = facts.iter().filter_map(|(what, fact)| not_seen(what, fact));
    facts.chain(levels.unseen()).chain(ambiguous(process)).collect()
}

/// The sentence for a fact that could not be read.
fn not_seen(what: &str, fact: &Fact<()>) -> Option<String> {
    match fact {
        Fact::Known(()) => None,
        Fact::Absent => Some(format!("{what}: this kernel does not have it")),
        Fact::Unreadable(why) => Some(format!("{what}: {why}")),
    }
}

/// From inside, an id without a mapping and the id that has the number of the overflow id read alike.
/// Source: user_namespaces(7), "Unmapped user and group IDs".
fn ambiguous(process: &host::Process) -> Vec<String> {
    let kinds = [(IdFile::UidMap, "uid", &process.uid_map), (IdFile::GidMap, "gid", &process.gid_map)];
    let initial = process.in_initial_userns == Fact::Known(true);
    let unclear = kinds.into_iter().filter_map(|(file, kind, map)| {
        let overflow = here::overflow(file);
        let mut ids = match file {
            IdFile::GidMap => four(process.gids.known()),
            _ => four(process.uids.known()),
        };
        if file == IdFile::GidMap {
            ids.extend(process.groups.known().into_iter().flatten());
        }
        let is_mapped = map.known().is_some_and(|map| IdMap::parse(map).covers(overflow, 1));
        (!initial && is_mapped && ids.contains(&overflow)).then(|| {
            format!("whether {kind} {overflow} of the process is the mapped one, or an id without a mapping: both read alike from inside")
        })
    });
    unclear.collect()
}

/// The numbers of four ids.
fn four(ids: Option<&Ids>) -> Vec<u32> {
    let list = |ids: &Ids| {
        let fs = match ids.fs {
            FsId::Known(fs) => Some(fs),
            FsId::Unknown => None,
        };
        [ids.real, ids.effective, ids.saved].into_iter().chain(fs).collect()
    };
    ids.map_or_else(Vec::new, list)
}
