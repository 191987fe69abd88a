//! The state of a process: its maps, its setgroups file, its credentials, read by the process itself.

use crate::ids::{CapSets, Ids};

/// How supplementary groups compare with those that the processes outside began with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GroupsOrigin {
    /// They are the caller's, as this namespace maps them. They differ from host to host.
    Caller,
    /// The scenario set them.
    #[default]
    Scenario,
}

/// The state of a process in the caller's namespace at its start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Before {
    /// Its capability sets.
    pub caps: CapSets,
    /// Its securebits, if the kernel has them.
    pub securebits: Option<i64>,
    /// Its user namespace, as in [`State::userns`].
    pub userns: String,
}

/// The state of a process at the end of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// User ids.
    pub uid: Ids,
    /// Group ids.
    pub gid: Ids,
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// Whether these are the caller's groups.
    pub groups_origin: GroupsOrigin,
    /// Capability sets.
    pub caps: CapSets,
    /// The initial state of an actor outside. It differs from host to host and is not shown.
    pub before: Option<Before>,
    /// PR_GET_DUMPABLE
    pub dumpable: i64,
    /// PR_GET_SECUREBITS, if the kernel has it.
    pub securebits: Option<i64>,
    /// The link /proc/self/ns/user, which has the inode of the namespace. Empty without such a file.
    pub userns: String,
    /// /proc/self/uid_map
    pub uid_map: String,
    /// /proc/self/gid_map
    pub gid_map: String,
    /// /proc/self/setgroups. `None` if the kernel has no such file.
    pub setgroups: String,
}

impl State {
    /// The initial state of the process, if it has not left the caller's namespace. In another namespace it has the
    /// sets that the kernel sets, which are the same on every host. Namespaces are told apart by their inode: the maps
    /// of two may be the same text.
    pub fn still_outside(&self) -> Option<&Before> {
        self.before.as_ref().filter(|before| before.userns == self.userns)
    }
}
