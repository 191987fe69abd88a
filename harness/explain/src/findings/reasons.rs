//! The evidence for each rule by which the model refuses, and who is responsible.

use harness_play::host::Fact;
use harness_scenario::caps::Cap;
use harness_spec::rules::Rule;

use super::Responsible;
use crate::makers::Count;
use crate::process::Process;

/// What a rule refuses.
pub(super) fn what(rule: &'static Rule) -> &'static str {
    match rule.name {
        "enter.no-new-privs" | "owner.setuid-programs" => "A set-user-ID program does not begin as root.",
        _ => rule.sentence,
    }
}

/// The evidence for a rule of the model.
pub(super) fn reason(process: &Process, rule: &Rule) -> (Responsible, String) {
    let namespace = &process.namespace;
    let gid_map = shown(&namespace.gid_map);
    match rule.name {
        "groups.denied" => (Responsible::WriterOfDeny, denied(process)),
        "groups.needs-gid-map" => (Responsible::Map, "gid_map is empty".to_owned()),
        "groups.needs-setgid" | "id.not-own" => (Responsible::Credentials, lacking(process)),
        "groups.unmapped" => {
            (Responsible::Map, format!("gid_map is {gid_map} and lacks a group that the program sets"))
        }
        "id.unmapped" => {
            let uid_map = shown(&namespace.uid_map);
            let lacks = "and an id that the program sets has no mapping";
            (Responsible::Map, format!("uid_map is {uid_map}, gid_map is {gid_map}, {lacks}"))
        }
        "enter.no-new-privs" => (
            Responsible::Credentials,
            "no_new_privs is set, so that execve(2) ignores set-user-ID bits. It is inherited and never unset; runtimes set \
             it by allowPrivilegeEscalation: false or --security-opt no-new-privileges"
                .to_owned(),
        ),
        "owner.setuid-programs" => {
            (Responsible::Map, format!("uid_map is {} and has no uid 0", shown(&namespace.uid_map)))
        }
        _ => (Responsible::Credentials, rule.source.to_owned()),
    }
}

fn denied(process: &Process) -> String {
    let count = process.namespace.gid_map.known().map(|map| Count::of(map));
    let need = match count {
        Some(Count::Range) => {
            "The map is a range, which only a privileged process can write. For such a map \"deny\" is not needed"
        }
        Some(Count::Few) => {
            "An unprivileged process has to write \"deny\" before it may map its own gid (allow.own-gid-needs-deny)"
        }
        _ => "gid_map is not written",
    };
    format!(
        "/proc/PID/setgroups reads \"deny\", which cannot be undone in this namespace. It was written before gid_map, or \
         the parent namespace had it already (deny.inherited). {need}"
    )
}

fn lacking(process: &Process) -> String {
    let sets = process.capabilities.known().copied().unwrap_or_default();
    let needed = [Cap::Setgid, Cap::Setuid].into_iter().filter(|cap| !sets.effective.contains(*cap));
    let needed: Vec<Cap> = needed.collect();
    let names = needed.iter().map(Cap::to_string).collect::<Vec<_>>().join(" and ");
    let uid = process.uids.known().map(|uids| uids.effective);
    let unmapped = process.namespace.uid_map.known().is_some_and(String::is_empty);
    let reason = match uid {
        _ if needed.iter().any(|cap| !sets.bounding.contains(*cap)) => {
            "The bounding set lacks it as well: the program that started the process took it away"
        }
        _ if unmapped => "A program that is executed before its uid has a mapping has no capabilities",
        Some(0) => "The process gave it up, or executed its program before uid 0 had a mapping",
        _ => "A process with an effective uid other than 0 has no capabilities, unless it was given some",
    };
    format!("the effective set lacks {names}. {reason}")
}

/// A map in a sentence.
fn shown(map: &Fact<String>) -> String {
    match map.known() {
        Some(map) if map.is_empty() => "not written".to_owned(),
        Some(map) => format!("\"{map}\""),
        None => "not known".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use harness_scenario::caps::CapSet;
    use harness_scenario::ids::{CapSets, Ids};

    use super::*;
    use crate::process::Which;

    #[test]
    fn the_capability_that_lacks_is_named_with_the_reason() {
        let mut process = Process::look(Which::Own).expect("this process");
        let full = CapSet::up_to(40);
        let caps = |effective, bounding| Fact::Known(CapSets { effective, bounding, ..CapSets::default() });
        process.namespace.uid_map = Fact::Known("0 0 65536".to_owned());
        process.uids = Fact::Known(Ids::default());
        let without = full.without(Cap::Setgid);

        process.capabilities = caps(without, full);
        assert!(lacking(&process).starts_with("the effective set lacks CAP_SETGID. The process gave it up"));
        process.capabilities = caps(without, without);
        assert!(lacking(&process).contains("CAP_SETGID. The bounding set lacks it as well"));
        process.capabilities = caps(CapSet::EMPTY, full);
        process.namespace.uid_map = Fact::Known(String::new());
        assert!(lacking(&process).contains("CAP_SETGID and CAP_SETUID. A program that is executed before"));
    }

    #[test]
    fn deny_is_needed_for_one_id_and_not_for_a_range() {
        let mut process = Process::look(Which::Own).expect("this process");
        let because = |process: &mut Process, map: &str| {
            process.namespace.gid_map = Fact::Known(map.to_owned());
            denied(process)
        };

        assert!(because(&mut process, "0 100000 65536").ends_with("\"deny\" is not needed"));
        assert!(because(&mut process, "0 1000 1").contains("allow.own-gid-needs-deny"));
        assert!(because(&mut process, "").ends_with("gid_map is not written"));
    }
}
