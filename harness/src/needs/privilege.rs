//! Needs on the caller's privileges, and on the users that it can become.

use super::{Judged, NOT_FOUND, program};
use crate::caps::{Cap, CapSet};
use crate::host::{Fact, Facts, FileCaps, Program, SubidRange};
use crate::map::IdMap;

/// The range from which tests take the ids of unprivileged users.
const ORDINARY_IDS: u32 = 65536;

/// For the rules of user namespaces, a process with one of these capabilities in the parent is privileged.
const PRIVILEGES: [Cap; 4] = [Cap::Setuid, Cap::Setgid, Cap::Setfcap, Cap::SysAdmin];

pub(super) fn root(facts: &Facts) -> Judged {
    let process = &facts.process;
    if let Some(lack) = &process.left_root {
        return Err(lack.clone());
    }
    match process.uids.map(|ids| ids.effective) {
        Fact::Known(0) => {}
        euid => return Err(format!("euid is {euid}")),
    }
    capability(facts, Cap::Setuid).map_err(|lack| format!("CAP_SETUID is missing: {lack}"))?;
    capability(facts, Cap::Setgid).map_err(|lack| format!("CAP_SETGID is missing: {lack}"))?;
    for (file, map) in [("uid_map", &process.uid_map), ("gid_map", &process.gid_map)] {
        if !map.known().is_some_and(|map| IdMap::parse(map).covers(0, ORDINARY_IDS)) {
            let last = ORDINARY_IDS - 1;
            return Err(format!("the ids 0 to {last} are not all mapped: {file} is \"{map}\""));
        }
    }
    match process.setgroups.known().map(String::as_str) {
        // Kernels before 3.19 have no such file and allow setgroups(2).
        Some("allow") => Ok(()),
        _ if process.setgroups == Fact::Absent => Ok(()),
        _ => Err(format!("/proc/self/setgroups is \"{}\"", process.setgroups)),
    }
}

pub(super) fn project_ids(facts: &Facts) -> Judged {
    match &facts.process.projid_map {
        Fact::Known(map) if IdMap::parse(map).covers(0, ORDINARY_IDS) => Ok(()),
        map => Err(format!("the ids 0 to {} are not all mapped: projid_map is \"{map}\"", ORDINARY_IDS - 1)),
    }
}

pub(super) fn ordinary_user(facts: &Facts) -> Judged {
    let Err(no_root) = root(facts) else {
        return Ok(());
    };
    match facts.process.uids.map(|ids| ids.effective) {
        Fact::Known(0) => Err(format!("the caller is uid 0 and cannot become one: {no_root}")),
        Fact::Known(uid) => match PRIVILEGES.iter().find(|cap| facts.process.has(**cap)) {
            Some(cap) => Err(format!("the caller, uid {uid}, has {cap}")),
            None => Ok(()),
        },
        unknown => Err(format!("the caller's uid is {unknown}")),
    }
}

pub(super) fn capability(facts: &Facts, cap: Cap) -> Judged {
    match facts.process.has(cap) {
        true => Ok(()),
        false => Err(format!("the effective set is {}", effective(facts))),
    }
}

fn effective(facts: &Facts) -> Fact<String> {
    let last = facts.last_cap();
    facts.process.capabilities.map(|sets| sets.effective.relative_to(last))
}

pub(super) fn initial_userns(facts: &Facts) -> Judged {
    match &facts.process.in_initial_userns {
        Fact::Known(true) => Ok(()),
        Fact::Known(false) => Err(format!("uid_map is \"{}\"", facts.process.uid_map)),
        unknown => Err(format!("/proc/self/uid_map is {unknown}")),
    }
}

pub(super) fn setuid_program(facts: &Facts, name: &str) -> Judged {
    program(facts, name)?;
    match (facts.lookups.program)(name) {
        Some(program) => gains(facts, &program, capabilities_for(name)),
        None => Ok(()),
    }
}

/// The capability that is enough for a program that distributions install setuid root or with this file capability.
const BY_CAPABILITY: [(&str, Cap); 2] = [("newuidmap", Cap::Setuid), ("newgidmap", Cap::Setgid)];

/// The file capabilities that stand in for the setuid bit. Other programs ask for uid 0.
fn capabilities_for(name: &str) -> CapSet {
    let found = BY_CAPABILITY.iter().find(|(other, _)| *other == name);
    found.map_or(CapSet::EMPTY, |(_, cap)| CapSet::EMPTY.with(*cap))
}

pub(super) fn subids(facts: &Facts) -> Judged {
    let Some(name) = facts.accounts.name.known() else {
        return Err("the caller's uid has no passwd entry, which newuidmap asks for".to_owned());
    };
    let process = &facts.process;
    for (file, ranges, map) in [
        ("/etc/subuid", &facts.accounts.subuid, &process.uid_map),
        ("/etc/subgid", &facts.accounts.subgid, &process.gid_map),
    ] {
        has_range(file, ranges, map, name)?;
    }
    for (name, cap) in BY_CAPABILITY {
        let program = (facts.lookups.program)(name).ok_or_else(|| format!("{name} is {NOT_FOUND}"))?;
        gains(facts, &program, CapSet::EMPTY.with(cap))?;
    }
    Ok(())
}

fn has_range(file: &str, ranges: &Fact<Vec<SubidRange>>, map: &Fact<String>, name: &str) -> Judged {
    let Some(ranges) = ranges.known() else {
        return Err(format!("{file} is {}", ranges.map(|_| "")));
    };
    if ranges.iter().all(|range| range.count == 0) {
        return Err(format!("{file} has no line for {name}"));
    }
    // newuidmap maps them from the caller's namespace, so they must have a mapping there.
    let mapped = |range: &SubidRange| {
        range.count > 0 && map.known().is_some_and(|map| IdMap::parse(map).covers(range.first, range.count))
    };
    match ranges.iter().any(mapped) {
        true => Ok(()),
        false => Err(format!("the ids of {name} in {file} are not mapped here: the map is \"{map}\"")),
    }
}

pub(super) fn new_privileges(facts: &Facts) -> Judged {
    match &facts.process.no_new_privs {
        Fact::Known(false) => Ok(()),
        Fact::Known(true) => Err("no_new_privs is set".to_owned()),
        unknown => Err(format!("no_new_privs is {unknown}")),
    }
}

/// Whether the program runs with root's privileges, or with `wanted` as file capabilities.
///
/// Source: execve(2) and capabilities(7), "Transformation of capabilities during execve()".
fn gains(facts: &Facts, program: &Program, wanted: CapSet) -> Judged {
    let path = program.path.display();
    new_privileges(facts).map_err(|lack| format!("{lack}, so {path} gains nothing"))?;
    if program.nosuid {
        return Err(format!("{path} is on a file system mounted nosuid"));
    }
    let by_caps = program.capabilities.known().is_some_and(|caps| caps.give(wanted));
    let by_setuid = program.setuid && program.owner == 0;
    if !by_caps && !by_setuid {
        let (mode, owner) = (&program.mode, program.owner);
        let caps = match &program.capabilities {
            _ if wanted == CapSet::EMPTY => String::new(),
            Fact::Absent => format!(" and has no file capabilities, such as {wanted}"),
            Fact::Known(caps) => {
                format!(" and its file capabilities ({}) do not give it {wanted}", shown(caps))
            }
            Fact::Unreadable(why) => format!(" and its file capabilities are unreadable ({why})"),
        };
        return Err(format!("{path} (mode {mode}, owner {owner}) is not setuid root{caps}"));
    }
    let bounding = facts.process.capabilities.map(|sets| sets.bounding);
    match bounding.known().is_some_and(|bounding| bounding.0 & wanted.0 == wanted.0) {
        true => Ok(()),
        false => Err(format!("{path} cannot gain {wanted}: the bounding set is {bounding}")),
    }
}

fn shown(caps: &FileCaps) -> String {
    let effective = if caps.effective { "effective" } else { "not effective" };
    let root = caps.root.map_or(String::new(), |root| format!(", for the root {root}"));
    format!("{}, {effective}{root}", caps.permitted)
}
