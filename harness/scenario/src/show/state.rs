//! The text of the state of a process.

use super::{group, id, list, map_text};
use crate::caps::CapSet;
use crate::ids::Names;
use crate::ids::{CapSets, FsId, Ids, UNKNOWN};
use crate::state::{GroupsOrigin, State};
use std::fmt::Write as _;

/// The text for /proc/PID/setgroups on a kernel without this file.
pub const NO_FILE: &str = "(no such file)";

/// The maps and setgroups of a state, in one line.
pub fn maps(state: &State, names: &Names) -> String {
    if state.still_outside().is_some() {
        return "the caller's namespace".to_owned();
    }
    let setgroups = if state.setgroups.is_empty() { NO_FILE } else { &state.setgroups };
    let (uids, gids) = (map_text(&state.uid_map, names.own.uid), map_text(&state.gid_map, names.own.gid));
    format!("uid_map {uids}  gid_map {gids}  setgroups {setgroups}")
}

/// Ids, groups, capabilities and everything else that is unusual, in one line.
pub fn credentials(state: &State, names: &Names) -> String {
    let groups = match state.groups_origin {
        GroupsOrigin::Caller => "the caller's".to_owned(),
        GroupsOrigin::Scenario if state.groups.len() > 40 => format!("{} in all", state.groups.len()),
        GroupsOrigin::Scenario => format!("[{}]", list(state.groups.iter().map(|id| group(*id, names)))),
    };
    let mut shown = format!(
        "uid {}  gid {}  groups {groups}  {}",
        ids(state.uid, |uid| id(uid, names)),
        ids(state.gid, |gid| group(gid, names)),
        caps(&state.caps, state.still_outside().map(|before| &before.caps), names.last_cap),
    );
    // The value other than 1 depends on fs.suid_dumpable.
    if state.dumpable != 1 {
        shown.push_str("  not dumpable");
    }
    match state.securebits {
        Some(0) => {}
        // A caller may have bits that it cannot clear, and what it forks has them, too.
        bits if state.still_outside().is_some_and(|before| before.securebits == bits) => {}
        Some(bits) => {
            let _ = write!(shown, "  securebits {bits:#x}");
        }
        None => {
            let _ = write!(shown, "  securebits {UNKNOWN}");
        }
    }
    shown
}

/// The real, effective, saved and filesystem id, or one id if all are equal. An unknown id equals no other.
pub(super) fn ids(ids: Ids, name: impl Fn(u32) -> String) -> String {
    let Ids { real, effective, saved, fs } = ids;
    if [effective, saved] == [real; 2] && fs == FsId::Known(real) {
        return name(real);
    }
    let fs = fs.known().map_or(UNKNOWN.to_owned(), &name);
    format!("{}/{fs}", [real, effective, saved].map(name).join("/"))
}

/// The effective set, and each other set that has an unusual value. Usually the permitted set equals the effective
/// set, the inheritable and the ambient set are empty, and the bounding set is full.
fn caps(caps: &CapSets, before: Option<&CapSets>, last_cap: u8) -> String {
    let one = |set: CapSet, before: Option<CapSet>| match before {
        Some(all) if set == all && set != CapSet(0) => "the caller's".to_owned(),
        // A few capabilities are listed by name. The complement differs from host to host.
        Some(all) if set.0 & !all.0 == 0 && set.0.count_ones() > (all.0 & !set.0).count_ones() => {
            format!("the caller's but {}", CapSet(all.0 & !set.0))
        }
        _ => set.relative_to(last_cap),
    };
    let mut shown = format!("caps {}", one(caps.effective, before.map(|b| b.effective)));
    if caps.permitted != caps.effective {
        let _ = write!(shown, "  permitted {}", one(caps.permitted, before.map(|b| b.permitted)));
    }
    let mut usual =
        before.copied().unwrap_or(CapSets { bounding: CapSet::up_to(last_cap), ..CapSets::default() });
    // A caller may have inheritable capabilities at the start, and a step that drops other capabilities may drop
    // these as well.
    let kept = CapSet(usual.inheritable.0 & !(usual.permitted.0 & !caps.permitted.0));
    if caps.inheritable == kept {
        usual.inheritable = kept;
    }
    for (name, set, usual) in [
        ("inheritable", caps.inheritable, usual.inheritable),
        ("ambient", caps.ambient, usual.ambient),
        ("bounding", caps.bounding, usual.bounding),
    ] {
        if set != usual {
            let _ = write!(shown, "  {name} {set}");
        }
    }
    shown
}

/// The sets of a process without its bounding set.
pub(super) fn caps_without_bounding(sets: CapSets, last_cap: u8) -> String {
    caps(&CapSets { bounding: CapSet::up_to(last_cap), ..sets }, None, last_cap)
}
