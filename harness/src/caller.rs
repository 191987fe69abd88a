//! The credentials with which the test itself runs, and whether an actor still has them.

use crate::host;
use crate::ids::CapSets;
use crate::map::IdMap;
use crate::state::{Kept, State};
use std::sync::OnceLock;

/// The credentials of this process.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// Effective uid.
    pub uid: u32,
    /// Effective gid.
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// Capability sets.
    pub caps: CapSets,
    /// The files uid_map, gid_map and setgroups of its namespace.
    pub files: [String; 3],
}

/// The credentials of this process, read once.
pub fn caller() -> &'static Caller {
    static CALLER: OnceLock<Caller> = OnceLock::new();
    CALLER.get_or_init(|| {
        let process = host::process();
        let file = |name| std::fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
        Caller {
            uid: process.uids.known().map_or(0, |ids| ids.effective),
            gid: process.gids.known().map_or(0, |ids| ids.effective),
            groups: process.groups.known().cloned().unwrap_or_default(),
            caps: process.capabilities.known().copied().unwrap_or_default(),
            files: [file("uid_map"), file("gid_map"), file("setgroups").trim_end().to_owned()],
        }
    })
}

/// Whether a state's groups are those of the caller, as the state's namespace names them: a mapped
/// gid as the maps have it, from the outermost namespace inwards, every other as the overflow id. What
/// the caller's groups are differs from host to host, so that no trace can list them.
pub fn kept(state: &State, before: &[u32], gid_maps: &[&str], overflow: u32) -> Kept {
    let name = |gid: &u32| {
        let inside = gid_maps.iter().try_fold(*gid, |gid, map| IdMap::parse(map).up(gid));
        inside.unwrap_or(overflow)
    };
    let (mut now, mut named): (Vec<u32>, Vec<u32>) =
        (state.groups.clone(), before.iter().map(name).collect());
    now.sort_unstable();
    named.sort_unstable();
    if now == named { Kept::TheCallers } else { Kept::No }
}
