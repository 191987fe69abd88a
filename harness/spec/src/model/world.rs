//! What there is: namespaces in a tree, processes, open files.

use super::credentials::Credentials;
use super::map::{Kid, Map, index};
use harness_scenario::action::{Access, IdFile};
use std::ops::{Index, IndexMut};

/// A user namespace by its number in [`Namespaces`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NsId(usize);

/// The namespace in which the caller is: the initial one.
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
    /// It had CAP_SETFCAP effective, or the kernel does not ask.
    HadSetfcap,
    /// It had not.
    LackedSetfcap,
}

/// A user namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Namespace {
    /// The one above it; the initial namespace has none.
    pub parent: Option<NsId>,
    /// The effective uid of its creator.
    pub owner: Kid,
    /// How many lie above it.
    pub level: u32,
    /// Whether setgroups(2) may be called.
    pub setgroups: Word,
    /// What its creator could do.
    pub creator: Creator,
    /// uid_map, gid_map and projid_map.
    pub maps: [Map; 3],
}

/// Every user namespace of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Namespaces(Vec<Namespace>);

impl Namespaces {
    /// The initial one alone.
    pub fn new() -> Self {
        let identity = Map::identity();
        Self(vec![Namespace {
            parent: None,
            owner: super::map::GLOBAL_ROOT,
            level: 0,
            setgroups: Word::Allow,
            creator: Creator::HadSetfcap,
            maps: [identity.clone(), identity.clone(), identity],
        }])
    }

    /// Adds one.
    pub fn add(&mut self, namespace: Namespace) -> NsId {
        self.0.push(namespace);
        NsId(self.0.len() - 1)
    }

    /// The map of this kind.
    ///
    /// # Panics
    /// For setgroups, which is no map.
    pub fn map(&self, ns: NsId, file: IdFile) -> &Map {
        &self[ns].maps[index(file).expect("setgroups is no map")]
    }

    /// What a uid of the namespace is to the kernel.
    pub fn kuid(&self, ns: NsId, uid: u32) -> Option<Kid> {
        self.map(ns, IdFile::UidMap).down(uid)
    }

    /// What a gid of the namespace is to the kernel.
    pub fn kgid(&self, ns: NsId, gid: u32) -> Option<Kid> {
        self.map(ns, IdFile::GidMap).down(gid)
    }

    /// The contents of one of the four files, as its opener's namespace names ids.
    /// Source: user_namespaces(7), "Defining user and group ID mappings"; kernel uid_m_show(): in the namespace
    /// itself the ids of its parent are shown.
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

/// One of the four files in /proc, opened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OpenFile {
    /// Which of the four.
    pub file: IdFile,
    /// Of which namespace: the one that the process was in at the time.
    pub ns: NsId,
    /// The credentials of its opener at the time.
    pub opener: Credentials,
    /// For what it was opened.
    pub access: Access,
    /// Where the next read or write begins.
    pub position: u64,
    /// What it said when a position behind its beginning was last looked for. The kernel keeps the rest of that
    /// line, and what it says since may be another.
    /// Source: kernel traverse(), seq_read_iter().
    pub seen: Option<String>,
}

/// What a process holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HeldFd {
    /// Nothing.
    Empty,
    /// An open file by its number; several processes may hold the same.
    File(usize),
    /// An end of a socket pair, by the number of the pair and of the end.
    Socket(usize, usize),
    /// Something that is not modelled.
    Unknown,
}

/// Whether other processes may look at a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dumpable {
    /// Its files in /proc belong to its effective ids.
    Yes,
    /// They belong to root.
    No,
}

/// A process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Process {
    /// Its credentials.
    pub cred: Credentials,
    /// PR_GET_DUMPABLE
    pub dumpable: Dumpable,
    /// What it holds.
    pub held: HeldFd,
    /// The user namespace that owns its UTS namespace.
    pub uts_owner: NsId,
    /// Whether its root directory is not that of its mount namespace.
    pub chrooted: bool,
    /// The CLONE_ flags of children that live beside it: what it shares with others.
    pub shares: i32,
    /// The process that others reach by its process id, where a child has gone on in its place.
    pub named: Option<Box<Process>>,
}

impl Process {
    /// The one that others find in /proc.
    pub fn in_proc(&self) -> &Process {
        self.named.as_deref().unwrap_or(self)
    }

    /// Takes on new credentials.
    /// Source: PR_SET_DUMPABLE(2const); kernel commit_creds(): a change of the effective or filesystem ids, or
    /// capabilities that the old credentials did not have over the new namespace, makes it undumpable.
    pub fn commit(&mut self, new: Credentials, namespaces: &Namespaces) {
        let old = &self.cred;
        let ids = |cred: &Credentials| [cred.uid.effective, cred.gid.effective, cred.uid.fs, cred.gid.fs];
        if ids(old) != ids(&new) || !had_before(namespaces, old, &new) {
            self.dumpable = Dumpable::No;
        }
        self.cred = new;
    }
}

/// Whether old credentials have all that new ones give.
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
