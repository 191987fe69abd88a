//! The sentence for a scenario that goes another way for this caller.

use crate::model::{self, Difference};
use crate::show::{self, SameWords};
use crate::start::Start;
use harness_scenario::caps::{Cap, CapSet};
use harness_scenario::map;
use harness_scenario::scenario::Scenario;

/// Which step differs, how, and what is unusual about the caller.
///
/// `starts` are the usual caller and this one, and `same` tells which words mean the same for them.
pub(super) fn told(scenario: &Scenario, found: &Difference, starts: [&Start; 2], same: &SameWords) -> String {
    let step = |index: &usize| {
        let step = &scenario.steps[*index];
        format!("step {} ({}: {})", index + 1, step.actor, show::action(step.actor, &step.action))
    };
    let (what, by) = match found {
        Difference::Capability { step: index, cap } => {
            return format!("needs {cap}: {} may ask for it, and the caller has it not", step(index));
        }
        Difference::Kept { step: index, cap } => {
            let who = unusual(starts[0], starts[1]);
            return format!(
                "needs a caller without {cap}: {} may ask for it, and {who} and keeps it",
                step(index)
            );
        }
        Difference::Outcome { step: index, usual, here, rule } => {
            let by = rule.map_or_else(String::new, |rule| format!(" by {}", rule.name));
            (format!("{} is {here} here and not {usual}", step(index)), by)
        }
        Difference::Start { actor, caps } => {
            let caps = caps.relative_to(starts[1].last_cap);
            (format!("{actor} begins with the capabilities {caps} and not with none"), String::new())
        }
        Difference::State { actor, usual, here } => {
            let (usual, here) = parts(usual, here);
            (format!("{actor} ends with {here} and not with {usual}"), String::new())
        }
    };
    let (need, who) = need(scenario, starts, same);
    format!("needs {need}: {what}{by}, and {who}")
}

/// What decides, and what is unusual about the caller in that: the first capability without which the usual caller
/// would go another way, too, or all that is unusual.
fn need(scenario: &Scenario, [usual, here]: [&Start; 2], same: &SameWords) -> (String, String) {
    let lacks = CapSet(usual.caller.caps.effective.0 & !here.caller.caps.effective.0);
    let decides = |cap: &Cap| {
        let mut without = usual.clone();
        let caps = &mut without.caller.caps;
        for set in [&mut caps.effective, &mut caps.permitted] {
            *set = set.without(*cap);
        }
        lacks.contains(*cap) && model::difference(scenario, usual, &without, same).is_some()
    };
    match Cap::all().find(decides) {
        Some(cap) => (cap.to_string(), "the caller has it not".to_owned()),
        None => ("the usual caller".to_owned(), around(here).unwrap_or_else(|| unusual(usual, here))),
    }
}

/// The parts of two states, separated by two blanks, that differ.
fn parts(one: &str, other: &str) -> (String, String) {
    let (ones, others): (Vec<&str>, Vec<&str>) = (one.split("  ").collect(), other.split("  ").collect());
    let only = |these: &[&str], those: &[&str]| {
        let different = these.iter().filter(|part| !those.contains(part)).copied().collect::<Vec<_>>();
        if different.is_empty() { "nothing more".to_owned() } else { different.join(", ") }
    };
    (only(&ones, &others), only(&others, &ones))
}

/// What is unusual about the namespace of a caller in a container.
fn around(here: &Start) -> Option<String> {
    let [uid_map, _, setgroups] = &here.caller.files;
    match setgroups.as_str() {
        _ if here.in_initial_userns => None,
        "deny" => Some("setgroups is \"deny\" in the caller's namespace".to_owned()),
        _ => Some(format!("the map of the caller's namespace is \"{}\"", map::lines(uid_map).join("; "))),
    }
}

/// What is unusual about this caller, as a list of verbs: "the caller lacks CAP_SETGID, has the securebits 0x2f".
fn unusual(usual: &Start, here: &Start) -> String {
    let (normal, caller) = (&usual.caller, &here.caller);
    let mut all = Vec::new();
    let lacks = CapSet(normal.caps.effective.0 & !caller.caps.effective.0);
    let more = CapSet(caller.caps.permitted.0 & !normal.caps.permitted.0);
    let unbound = CapSet(normal.caps.bounding.0 & !caller.caps.bounding.0 & !lacks.0);
    for (verb, set) in [("lacks", lacks), ("has", more), ("has no bounding", unbound)] {
        if set != CapSet::EMPTY {
            all.push(format!("{verb} {}", set.relative_to(here.last_cap)));
        }
    }
    for (kind, ids) in [("uid", caller.uid), ("gid", caller.gid)] {
        let equal = ids.real == ids.effective && ids.saved == ids.effective;
        if !equal || normal.uid.effective == 0 && ids.effective != 0 {
            all.push(format!("has the {kind}s {}", show::four(ids)));
        } else if normal.uid.effective != 0 {
            all.push(format!("has the {kind} {}", ids.effective));
        }
    }
    if caller.securebits != 0 {
        all.push(format!("has the securebits {:#x}", caller.securebits));
    }
    if caller.groups.len() > 1 {
        all.push(format!("is in {} groups", caller.groups.len()));
    }
    if all.is_empty() {
        "the caller is another one".to_owned()
    } else {
        format!("the caller {}", all.join(", "))
    }
}
