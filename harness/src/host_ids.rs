//! The credentials with which the test itself runs, and whether an actor still has them.

use crate::caps::CapSet;
use crate::state::{CapSets, Kept, State, extents};
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
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
        let set = |name: &str| {
            let value = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0");
            CapSet(u64::from_str_radix(value.trim(), 16).unwrap_or(0))
        };
        let file = |name| std::fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
        Caller {
            files: [file("uid_map"), file("gid_map"), file("setgroups").trim_end().to_owned()],
            uid: nix::unistd::geteuid().as_raw(),
            gid: nix::unistd::getegid().as_raw(),
            groups: nix::unistd::getgroups().unwrap_or_default().iter().map(|gid| gid.as_raw()).collect(),
            caps: CapSets {
                effective: set("CapEff:"),
                permitted: set("CapPrm:"),
                inheritable: set("CapInh:"),
                bounding: set("CapBnd:"),
                ambient: set("CapAmb:"),
            },
        }
    })
}

/// Whether a state's groups are those of the caller, as the state's namespace names them: a
/// mapped gid as its map has it, every other as the overflow id. What the caller's groups are differs from
/// host to host, so that no trace can list them.
pub fn kept(state: &State, before: Vec<u32>) -> Kept {
    let named: Vec<u32> =
        before.iter().map(|gid| translate(*gid, &state.gid_map).unwrap_or(crate::show::OVERFLOW)).collect();
    let (mut now, mut before, mut named) = (state.groups.clone(), before, named);
    for groups in [&mut now, &mut before, &mut named] {
        groups.sort_unstable();
    }
    if now == before || now == named { Kept::TheCallers } else { Kept::No }
}

/// What a map makes of a gid of the parent namespace.
pub fn translate(gid: u32, gid_map: &str) -> Option<u32> {
    extents(gid_map).iter().find_map(|extent| {
        let fields: Vec<u32> = extent.split(' ').filter_map(|field| field.parse().ok()).collect();
        match fields[..] {
            [first, lower, count] if gid >= lower && gid - lower < count => Some(first + (gid - lower)),
            _ => None,
        }
    })
}
