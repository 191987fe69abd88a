//! The expected outcome, as a C expression with the text that the program prints for its own outcome.

use super::text::Words;
use harness_scenario::action::{Action, IdFile, SetId};
use harness_scenario::caps::{Cap, CapSet};
use harness_scenario::ids::Own;
use harness_scenario::ids::{CapSets, FsId, Ids, UNKNOWN};
use harness_scenario::map;
use harness_scenario::outcome::{Credentials, Ended, Outcome, Status};
use harness_scenario::state::State;

/// The expected outcome of a step.
pub fn expected(outcome: &Outcome, action: &Action, own: Own, last_cap: u8) -> Words {
    let words = Words::new();
    match outcome {
        Outcome::Done => words.text("ok"),
        Outcome::Failed { call: "", errno } => words.text(&format!("{errno:?}")),
        Outcome::Failed { call, errno } => words.text(&format!("{call}: {errno:?}")),
        Outcome::Value(value) => match (action, u32::try_from(*value)) {
            (Action::SetId(SetId::Setfsuid, ..), Ok(uid)) => words.uid(uid, own),
            (Action::SetId(SetId::Setfsgid, ..), Ok(gid)) => words.gid(gid, own),
            _ => words.text(&value.to_string()),
        },
        Outcome::Short { wrote, given } => words.text(&format!("took {wrote} of {given} bytes")),
        Outcome::Groups(groups) => gids(words.text("["), groups, ", ", own).text("]"),
        Outcome::Ids(ids) => match ids[..] {
            [uid, ref gids @ ..] => {
                gids.iter().fold(words.uid(uid, own), |words, gid| words.text(" ").gid(*gid, own))
            }
            [] => words,
        },
        Outcome::Program(ended) => words.bytes(program(ended).as_bytes()),
        Outcome::Credentials(looked) => look(looked, own, last_cap),
        Outcome::Counted { count, first, last, wrong } => {
            words.text(&format!("{count}, from {first} to {last}, {wrong} of them wrong"))
        }
        Outcome::Text(bytes) => match map_file(action) {
            Some(file) if is_map(outcome) => map(&String::from_utf8_lossy(bytes), file, own),
            _ => words.bytes(trimmed(bytes)),
        },
    }
}

/// The map that an action reads.
pub fn map_file(action: &Action) -> Option<IdFile> {
    match action {
        Action::Read { file, .. } | Action::ReadToEnd(file) if *file != IdFile::Setgroups => Some(*file),
        _ => None,
    }
}

/// Whether an outcome is not a text of another form than a map, such as a part of a map.
pub fn is_map(outcome: &Outcome) -> bool {
    let Outcome::Text(bytes) = outcome else { return true };
    let text = String::from_utf8_lossy(bytes);
    let numbers = |extent: &String| extent.split(' ').filter_map(|field| field.parse::<u32>().ok()).count();
    map::lines(&text).iter().all(|extent| numbers(extent) == 3)
}

/// The extents of a map in one line.
pub fn map(text: &str, file: IdFile, own: Own) -> Words {
    let all = map::lines(text);
    let shown = if all.len() > 12 { &all[..1] } else { &all[..] };
    let mut words = Words::new();
    for (index, extent) in shown.iter().enumerate() {
        words = words.text(if index == 0 { "" } else { ", " });
        for (place, field) in extent.split(' ').enumerate() {
            words = words.text(if place == 0 { "" } else { " " });
            words = match (field.parse(), file) {
                (Ok(id), IdFile::UidMap) if place < 2 => words.uid(id, own),
                (Ok(id), IdFile::GidMap) if place < 2 => words.gid(id, own),
                _ => words.text(field),
            };
        }
    }
    if all.len() > 12 { words.text(&format!(", ... {} extents", all.len())) } else { words }
}

fn gids(words: Words, groups: &[u32], between: &str, own: Own) -> Words {
    groups
        .iter()
        .enumerate()
        .fold(words, |words, (index, gid)| words.text(if index == 0 { "" } else { between }).gid(*gid, own))
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let end = bytes.iter().rposition(|byte| !blank(byte)).map_or(0, |last| last + 1);
    &bytes[..end]
}

fn program(ended: &Ended) -> String {
    let status = match ended.status {
        Status::Exited(status) => format!("exit {status}"),
        Status::Killed(signal) => format!("signal {}", signal as i32),
        Status::Unseen => "unknown".to_owned(),
    };
    format!("{status}, out \"{}\", err \"{}\"", ended.stdout.trim_end(), ended.stderr.trim_end())
}

fn look(looked: &Credentials, own: Own, last_cap: u8) -> Words {
    let mut words = four(Words::new().text("Uid "), looked.uid, |words, uid| words.uid(uid, own));
    words = four(words.text(", Gid "), looked.gid, |words, gid| words.gid(gid, own));
    let CapSets { inheritable, permitted, effective, .. } = looked.caps;
    for (name, set) in [("CapInh", inheritable), ("CapPrm", permitted), ("CapEff", effective)] {
        words = hexadecimal(words.text(&format!(", {name} ")), &caps(set, None, last_cap));
    }
    words
}

fn four(words: Words, ids: Ids, add: impl Fn(Words, u32) -> Words) -> Words {
    let words =
        [ids.real, ids.effective, ids.saved].into_iter().fold(words, |words, id| add(words, id).text(" "));
    match ids.fs {
        FsId::Known(id) => add(words, id),
        FsId::Unknown => words.text(UNKNOWN),
    }
}

fn hexadecimal(words: Words, set: &str) -> Words {
    match set {
        "0" => words.text(&format!("{:016x}", 0)),
        set => words.argument("%016llx", set),
    }
}

/// A set of capabilities as a C expression: all capabilities except some, or those of the user of the program except
/// some, or a list.
fn caps(set: CapSet, callers: Option<(&str, CapSet)>, last_cap: u8) -> String {
    let all = CapSet::up_to(last_cap);
    let (name, whole) = match callers {
        Some((name, callers)) if set.0 & !callers.0 == 0 => (name, callers),
        _ => ("all_caps", all),
    };
    let missing = CapSet(whole.0 & !set.0);
    match (set.0 & !whole.0, missing.0.count_ones()) {
        _ if set == CapSet::EMPTY => "0".to_owned(),
        (0, 0) => name.to_owned(),
        (0, 1) => format!("{name} & ~{}", bits(missing)),
        (0, count) if count < set.0.count_ones() => format!("{name} & ~({})", bits(missing)),
        _ => bits(set),
    }
}

/// The bits of a set by name.
pub fn bits(set: CapSet) -> String {
    let known = Cap::all().filter(|cap| set.contains(*cap));
    let named: Vec<String> = known.map(|cap| format!("BIT({cap})")).collect();
    if named.is_empty() { format!("{:#x}ULL", set.0) } else { named.join(" | ") }
}

/// The expected lines of /proc/self/status and the expected contents of the map files, by name.
pub fn state(state: &State, own: Own, last_cap: u8) -> Vec<(&'static str, Words)> {
    let with = |words, uid| Words::uid(words, uid, own);
    let mut lines = vec![
        ("Uid", four(Words::new(), state.uid, with)),
        ("Gid", four(Words::new(), state.gid, |words, gid| words.gid(gid, own))),
    ];
    // The groups of the program's user differ from host to host.
    if state.groups_origin == harness_scenario::state::GroupsOrigin::Scenario && state.groups.len() <= 100 {
        lines.push(("Groups", gids(Words::new(), &state.groups, " ", own)));
    }
    let outside = state.still_outside();
    for (name, variable, set) in SETS {
        let callers = outside.map(|before| (variable, set(&before.caps)));
        lines.push((name, hexadecimal(Words::new(), &caps(set(&state.caps), callers, last_cap))));
    }
    if outside.is_none() {
        lines.push(("uid_map", map(&state.uid_map, IdFile::UidMap, own)));
        lines.push(("gid_map", map(&state.gid_map, IdFile::GidMap, own)));
        let setgroups = if state.setgroups.is_empty() { "open: ENOENT" } else { &state.setgroups };
        lines.push(("setgroups", Words::new().text(setgroups)));
    }
    lines
}

/// One of the sets of a process.
type Set = fn(&CapSets) -> CapSet;

/// A set by its line in /proc/self/status, and the variable that holds the set of the program's user.
const SETS: [(&str, &str, Set); 4] = [
    ("CapInh", "caller_inh", |sets| sets.inheritable),
    ("CapPrm", "caller_prm", |sets| sets.permitted),
    ("CapEff", "caller_eff", |sets| sets.effective),
    ("CapAmb", "caller_amb", |sets| sets.ambient),
];
