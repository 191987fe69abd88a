//! Which namespaces, mounts and directories of a process certainly belong to its scenario.

use super::Stage;
use crate::action::IdFile;
use crate::actors::Actor;

/// To whom a namespace, a directory or a keyring belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// Possibly to the host.
    Hosts,
    /// Certainly to the scenario.
    Own,
}

/// Whether a step has certainly succeeded when the next one is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certain {
    /// It ends the scenario if it is refused.
    Yes,
    /// The scenario goes on if it is refused.
    No,
}

/// Where absolute paths begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// At the root directory that the caller has.
    Callers,
    /// Possibly elsewhere.
    Changed,
}

/// How far a mount in a mount namespace is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Propagation {
    /// It may be the mount namespace of the host.
    Hosts,
    /// It is another one, whose mounts may propagate to that of the host.
    Shared,
    /// Mounts do not propagate to that of the host.
    Private,
}

/// A mount namespace.
#[derive(Debug, Clone)]
pub struct MountNamespace {
    /// How far its mounts are seen.
    pub propagation: Propagation,
    /// Whose user namespace owns it.
    pub owner: Whose,
    /// The directories at which a new tmpfs is certainly mounted.
    pub places: Vec<String>,
}

impl MountNamespace {
    /// That of the host.
    pub fn hosts() -> Self {
        Self { propagation: Propagation::Hosts, owner: Whose::Hosts, places: Vec::new() }
    }

    /// What a process that is certainly in a new one, owned by this user namespace, sees of this one. Mounts of a
    /// namespace that belongs to a less privileged owner are slaves.
    ///
    /// Source: mount_namespaces(7), "Restrictions on mount namespaces"; kernel copy_mnt_ns(): CL_SHARED_TO_SLAVE.
    pub fn copied_for(&self, owner: Whose) -> Self {
        let propagation = match owner > self.owner {
            true => Propagation::Private,
            false => self.propagation.max(Propagation::Shared),
        };
        Self { propagation, owner, places: self.places.clone() }
    }
}

/// What a process holds, if the call that returned it succeeded. If the call failed, it holds nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Nothing.
    Nothing,
    /// One of the four files of a user namespace.
    Map(IdFile, Whose),
    /// A file or a directory in a tmpfs of the scenario, or a file without a name.
    Private,
    /// The context of a tmpfs that is not mounted yet.
    NewTmpfs,
    /// A tmpfs that is mounted nowhere.
    Mount,
    /// A file of the host that was opened for reading.
    ForReading,
    /// A file of /proc that belongs to an actor or, as a sysctl, to a namespace of the scenario.
    Proc,
    /// The directory /proc/PID of an actor.
    ProcDirectory(Actor),
    /// A namespace of an actor: the flag of clone(2) for its kind.
    Namespace(Actor, i32),
    /// A user namespace that an ioctl(2) returned.
    SomeUserns,
    /// A socket of a pair.
    Socket,
    /// A process of the scenario.
    Process,
    /// A network device of the scenario.
    Device,
    /// A number that is no descriptor: the id of a key or of an object.
    Number,
    /// Something else.
    Unknown,
}

/// The standing of a process.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Its user namespace.
    pub userns: Whose,
    /// Its UTS namespace.
    pub uts: Whose,
    /// Its IPC namespace.
    pub ipc: Whose,
    /// Its network namespace.
    pub net: Whose,
    /// Its session keyring.
    pub session: Whose,
    /// Its mount namespace, as an index.
    pub mounts: usize,
    /// The file system of its working directory.
    pub cwd: Whose,
    /// Where its absolute paths begin.
    pub root: Root,
    /// What it holds.
    pub held: Held,
    /// The descriptors to which it has copied what it held.
    pub numbered: Vec<(i64, Held)>,
}

impl Standing {
    /// That of the process that plays the scenario.
    pub fn callers() -> Self {
        Self {
            userns: Whose::Hosts,
            uts: Whose::Hosts,
            ipc: Whose::Hosts,
            net: Whose::Hosts,
            session: Whose::Hosts,
            mounts: 0,
            cwd: Whose::Hosts,
            root: Root::Callers,
            held: Held::Nothing,
            numbered: Vec::new(),
        }
    }
}

impl Stage<'_> {
    /// unshare(2) with these flags.
    pub(super) fn unshare(&mut self, actor: Actor, flags: i32, certain: Certain) {
        let has = |flag: i32| flags & flag != 0;
        let mut standing = self.of(actor).clone();
        if certain == Certain::Yes {
            for (flag, whose) in [
                (libc::CLONE_NEWUSER, &mut standing.userns),
                (libc::CLONE_NEWUTS, &mut standing.uts),
                (libc::CLONE_NEWIPC, &mut standing.ipc),
                (libc::CLONE_NEWNET, &mut standing.net),
            ] {
                if has(flag) {
                    *whose = Whose::Own;
                }
            }
        }
        if has(libc::CLONE_NEWNS) {
            let before = &self.mounts[standing.mounts];
            let copy = match certain {
                Certain::Yes => before.copied_for(standing.userns),
                Certain::No => before.clone(),
            };
            self.mounts.push(copy);
            standing.mounts = self.mounts.len() - 1;
        }
        *self.of(actor) = standing;
    }

    /// setns(2) to namespaces of another actor, which may be refused: what is certain afterwards is what both have.
    pub(super) fn join(&mut self, actor: Actor, of: Actor, flags: i32) {
        let has = |flag: i32| flags & flag != 0;
        let target = self.of(of).clone();
        let mut standing = self.of(actor).clone();
        for (flag, whose, theirs) in [
            (libc::CLONE_NEWUSER, &mut standing.userns, target.userns),
            (libc::CLONE_NEWUTS, &mut standing.uts, target.uts),
            (libc::CLONE_NEWIPC, &mut standing.ipc, target.ipc),
            (libc::CLONE_NEWNET, &mut standing.net, target.net),
        ] {
            if has(flag) {
                *whose = theirs.min(*whose);
            }
        }
        if has(libc::CLONE_NEWNS) && standing.mounts != target.mounts {
            let [own, theirs] = [standing.mounts, target.mounts].map(|at| self.mounts[at].clone());
            let places = own.places.into_iter().filter(|place| theirs.places.contains(place)).collect();
            let (propagation, owner) = (own.propagation.min(theirs.propagation), own.owner.min(theirs.owner));
            self.mounts.push(MountNamespace { propagation, owner, places });
            (standing.mounts, standing.cwd) = (self.mounts.len() - 1, Whose::Hosts);
        }
        *self.of(actor) = standing;
    }
}
