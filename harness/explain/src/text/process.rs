//! What was seen of a process, one fact a line.

use harness_play::host::{Fact, Seccomp};
use harness_scenario::ids::{FsId, Ids};

use super::row;
use crate::process::{Levels, Process, UNMAPPED};

/// Writes the facts of a process and of its namespace.
pub(super) fn process(text: &mut String, process: &Process) {
    let namespace = &process.namespace;
    text.push_str("what was seen\n");
    row(text, "namespace", &kind(process));
    row(text, "uid_map", &map(&namespace.uid_map));
    row(text, "gid_map", &map(&namespace.gid_map));
    row(text, "setgroups", &namespace.setgroups.to_string());
    row(text, "owner", &format!("uid {}, as the caller's namespace maps it", namespace.owner));
    row(text, "level", &level(process));
    row(text, "uids", &process.uids.map(ids).to_string());
    row(text, "gids", &process.gids.map(ids).to_string());
    row(text, "groups", &process.groups.map(|groups| list(groups)).to_string());
    row(text, "capabilities", &process.capabilities.map(|sets| sets.effective.to_string()).to_string());
    row(text, "bounding set", &process.capabilities.map(|sets| sets.bounding.to_string()).to_string());
    row(text, "no_new_privs", &process.no_new_privs.to_string());
    row(text, "seccomp", &process.seccomp.map(|mode| seccomp(*mode)).to_string());
    row(text, "chroot", &process.chroot.to_string());
    row(text, "processes", &process.max_processes.to_string());
    row(text, "max_user_ns", &namespace.max_user_namespaces.to_string());
}

fn kind(process: &Process) -> String {
    let namespace = &process.namespace;
    let which = match (&namespace.is_initial, &namespace.is_callers) {
        (Fact::Known(true), _) => "the initial user namespace",
        (Fact::Known(false), Fact::Known(true)) => "the caller's, which is not the initial one",
        (Fact::Known(false), Fact::Known(false)) => "another than the caller's",
        _ => "which one is not known",
    };
    format!("{which} ({})", namespace.link)
}

fn map(map: &Fact<String>) -> String {
    match map {
        Fact::Known(map) if map.is_empty() => "not written".to_owned(),
        other => other.to_string(),
    }
}

fn level(process: &Process) -> String {
    let is_callers = process.namespace.is_callers == Fact::Known(true);
    match &process.namespace.levels {
        Levels::UpToCallers(0) if is_callers => {
            "that of the caller; the kernel shows no namespace above it".to_owned()
        }
        Levels::UpToCallers(0) => "not below the caller's namespace".to_owned(),
        Levels::UpToCallers(count) => format!("{count} below the caller's namespace"),
        Levels::NotAsked(why) => format!("not known: {why}"),
    }
}

fn number(id: u32) -> String {
    if id == UNMAPPED { "unmapped".to_owned() } else { id.to_string() }
}

/// One number if all four ids are equal, as they usually are.
fn ids(ids: &Ids) -> String {
    let Ids { real, effective, saved, fs } = *ids;
    match [real, saved].iter().all(|id| *id == effective) && fs == FsId::Known(effective) {
        true => number(effective),
        false => {
            let fs = fs.known().map_or_else(|| fs.to_string(), number);
            format!(
                "real {}, effective {}, saved {}, fs {fs}",
                number(real),
                number(effective),
                number(saved)
            )
        }
    }
}

fn list(groups: &[u32]) -> String {
    match groups {
        [] => "none".to_owned(),
        _ => groups.iter().map(|gid| number(*gid)).collect::<Vec<_>>().join(", "),
    }
}

fn seccomp(mode: Seccomp) -> &'static str {
    match mode {
        Seccomp::Off => "off",
        Seccomp::Strict => "strict",
        Seccomp::Filter => "a filter, whose rules cannot be read",
    }
}
