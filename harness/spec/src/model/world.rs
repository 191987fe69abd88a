//! The model's state: namespaces in a tree, processes, open files.

use super::credentials::Credentials;
use super::map::{Kid, Map, index};
use harness_scenario::action::{Access, IdFile};
use std::ops::{Index, IndexMut};

/// A user namespace by its number in [`Namespaces`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NsId(usize);

/// The caller's namespace: the initial one.
pub const INITIAL: NsId = NsId(0);

/// The word in /proc/PID/setgroups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Word {
    /// setgroups(2) is allowed to a process with the capability.
    Allow,
    /// It is forbidden to every process.
    Deny,
}

/// Whether the creator of a namespace could have mapped uid 0 of the parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Creator {
    /// It had CAP_SETFCAP in its effective set, or the kernel does not check this.
    HadSetfcap,
    /// It did not have it.
    LackedSetfcap,
}

/// A user namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Namespace {
    /// The parent. The initial namespace has none.
    pub parent: Option<NsId>,
    /// The effective uid of its creator.
    pub owner: Kid,
    /// The number of namespaces above it.
    pub level: u32,
    /// Whether setgroups(2) may be called.
    pub setgroups: Word,
    /// Whether its creator could map uid 0 of the parent.
    pub creator: Creator,
    /// uid_map, gid_map and projid_map.
    pub maps: [Map; 3],
}

/// Every user namespace of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Namespaces(Vec<Namespace>);

impl Namespaces {
    /// Only the caller's namespace: the initial one, or one that has these files uid_map, gid_map and setgroups.
    pub fn new(files: Option<&[String; 3]>) -> Self {
        let identity = Map::identity();
        let maps = match files {
            None => [identity.clone(), identity.clone(), identity],
            Some([uids, gids, _]) => [Map::of_caller(uids), Map::of_caller(gids), identity],
        };
        let denied = files.is_some_and(|[.., setgroups]| setgroups == "deny");
        Self(vec![Namespace {
            parent: None,
            owner: super::map::GLOBAL_ROOT,
            level: 0,
            setgroups: if denied { Word::Deny } else { Word::Allow },
            creator: Creator::HadSetfcap,
            maps,
        }])
    }

    /// Adds a namespace.
    pub fn add(&mut self, namespace: Namespace) -> NsId {
        self.0.push(namespace);
        NsId(self.0.len() - 1)
    }

    /// The map of this kind.
    ///
    /// # Panics
    /// For setgroups, which is not a map.
    pub fn map(&self, ns: NsId, file: IdFile) -> &Map {
        &self[ns].maps[index(file).expect("setgroups is no map")]
    }

    /// The kernel's id for a uid of the namespace.
    pub fn kuid(&self, ns: NsId, uid: u32) -> Option<Kid> {
        self.map(ns, IdFile::UidMap).down(uid)
    }

    /// The kernel's id for a gid of the namespace.
    pub fn kgid(&self, ns: NsId, gid: u32) -> Option<Kid> {
        self.map(ns, IdFile::GidMap).down(gid)
    }

    /// The contents of one of the four files, with ids as its opener's namespace maps them.
    /// Source: user_namespaces(7), "Defining user and group ID mappings"; kernel uid_m_show(): an opener in the
    /// namespace itself sees the ids of its parent.
    pub fn contents(&self, ns: NsId, file: IdFile, opener: NsId) -> String {
        if file == IdFile::Setgroups {
            let word = if self[ns].setgroups == Word::Allow { "allow\n" } else { "deny\n" };
            return word.to_owned();
        }
        let reader = if opener == ns { self[ns].parent.unwrap_or(ns) } else { opener };
        self.map(ns, file).text(self.map(reader, file))
    }
}

impl Index<NsId> for Namespaces {
    type Output = Namespace;

    fn index(&self, NsId(number): NsId) -> &Namespace {
        &self.0[number]
    }
}

impl IndexMut<NsId> for Namespaces {
    fn index_mut(&mut self, NsId(number): NsId) -> &mut Namespace {
        &mut self.0[number]
    }
}

/// An open file: one of the four in /proc.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OpenFile {
    /// Which of the four.
    pub file: IdFile,
    /// The namespace that it belongs to: the one that the process was in at the time of the open.
    pub ns: NsId,
    /// The credentials of its opener at the time of the open.
    pub opener: Credentials,
    /// The access mode.
    pub access: Access,
    /// The position of the next read or write.
    pub position: u64,
    /// The contents at the time of the last seek to a position other than 0. The kernel keeps the rest of that line,
    /// although the contents may have changed since.
    /// Source: kernel traverse(), seq_read_iter().
    pub seen: Option<String>,
}

/// The file descriptor that a process holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HeldFd {
    /// Nothing.
    Empty,
    /// An open file by its number. Several processes may hold the same one.
    File(usize),
    /// An end of a socket pair, by the number of the pair and of the end.
    Socket(usize, usize),
    /// An object that the model does not have.
    Unknown,
}

/// Whether other processes may inspect a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dumpable {
    /// Yes: its files in /proc belong to its effective ids.
    Yes,
    /// No: its files in /proc belong to root.
    No,
}

/// The PID namespace of the children of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pids {
    /// Its own.
    Own,
    /// One that it has made, in which no process was yet.
    New,
    /// One that it has made, whose first process runs.
    Begun,
    /// One that it has made, whose first process has ended.
    Ended,
}

/// Whether a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Life {
    /// It does.
    Running,
    /// It has ended and was not reaped: others reach it by its process id.
    Zombie,
}

/// A process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Process {
    /// Its credentials.
    pub cred: Credentials,
    /// PR_GET_DUMPABLE
    pub dumpable: Dumpable,
    /// The file descriptor that it holds.
    pub held: HeldFd,
    /// The user namespace that owns its UTS namespace.
    pub uts_owner: NsId,
    /// Whether its root directory is not that of its mount namespace.
    pub chrooted: bool,
    /// The CLONE_ flags of children that stay alive beside it: what it shares with them.
    pub shares: i32,
    /// Whether it has ended.
    pub life: Life,
    /// The PID namespace of its children.
    pub pids: Pids,
    /// The process that others reach by its process id, if a child acts in its place.
    pub named: Option<Box<Process>>,
}

impl Process {
    /// The process that others find in /proc.
    pub fn in_proc(&self) -> &Process {
        self.named.as_deref().unwrap_or(self)
    }

    /// A child was made, which runs on or has ended since. The first process of a PID namespace is the last if it ends.
    /// Source: pid_namespaces(7), "The namespace init process".
    pub fn made_child(&mut self, child: Life) {
        if self.pids == Pids::New {
            self.pids = if child == Life::Running { Pids::Begun } else { Pids::Ended };
        }
    }

    /// Installs new credentials.
    /// Source: PR_SET_DUMPABLE(2const); kernel commit_creds(): a process becomes undumpable if its effective or
    /// filesystem ids change, or if it gains capabilities that the old credentials did not have over the new
    /// namespace.
    pub fn commit(&mut self, new: Credentials, namespaces: &Namespaces) {
        let old = &self.cred;
        let ids = |cred: &Credentials| [cred.uid.effective, cred.gid.effective, cred.uid.fs, cred.gid.fs];
        if ids(old) != ids(&new) || !had_before(namespaces, old, &new) {
            self.dumpable = Dumpable::No;
        }
        self.cred = new;
    }
}

/// Whether old credentials have all capabilities of the new ones.
/// Source: kernel cred_cap_issubset().
fn had_before(namespaces: &Namespaces, old: &Credentials, new: &Credentials) -> bool {
    if old.ns == new.ns {
        return new.caps.permitted.0 & !old.caps.permitted.0 == 0;
    }
    let mut below = new.ns;
    while let Some(parent) = namespaces[below].parent {
        if parent == old.ns && namespaces[below].owner == old.uid.effective {
            return true;
        }
        below = parent;
    }
    false
}
