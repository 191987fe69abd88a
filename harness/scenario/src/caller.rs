//! The credentials with which a scenario is played.

use crate::ids::{CapSets, Ids};

/// The credentials of the process that has a scenario played.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Caller {
    /// User ids.
    pub uid: Ids,
    /// Group ids.
    pub gid: Ids,
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// Capability sets.
    pub caps: CapSets,
    /// The securebits.
    pub securebits: u32,
    /// The link /proc/self/ns/user, which has the inode of its namespace. Empty without such a file.
    pub userns: String,
    /// The files uid_map, gid_map and setgroups of its namespace.
    pub files: [String; 3],
}

impl Caller {
    /// Whether its effective uid is 0, so that it can take on other credentials.
    pub fn is_root(&self) -> bool {
        self.uid.effective == 0
    }
}
