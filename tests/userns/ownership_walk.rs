//! Over which namespaces a process has a capability, from each level, as its owner and as another user.
//!
//! The capability is CAP_KILL, which signal 0 to a process of another user asks for and leaves everything as it
//! was. Each target has a uid of its own; only the way through the namespaces decides.

use harness::prelude::*;
use std::fmt::Write as _;

const TARGETS: [Actor; 5] = [Actor::Privileged, Actor::Sibling, Actor::Inside, Actor::Nested, Actor::Deepest];
/// A uid that owns nothing.
const NOBODY: u32 = 50;

fn signal_0(to: Actor) -> Action {
    syscall("kill", libc::SYS_kill, vec![RawArg::PidOf(to), RawArg::Number(0)])
}

/// Inside is owned by uid 20, nested by 21, deepest by 22, and the sibling by 41; they end as 30 to 33.
fn family() -> Scenario {
    let ns = root().privileged(&[]).outside(&[NO_FIXUP, setresuid(41)]).sibling(&[]);
    let ns = ns.privileged(&maps_of(Actor::Sibling, "0 0 65536")).sibling(&[setresuid(30)]);
    let ns = ns.outside(&[setresuid(20)]).inside(&[]);
    let ns = ns.privileged(&maps_of(Actor::Inside, "0 0 65536")).inside(&[NO_FIXUP]).second(&[]);
    let ns = ns.inside(&[setresuid(21)]).nested(&[]).second(&maps_of(Actor::Nested, "0 0 65536"));
    let ns = ns.nested(&[NO_FIXUP, setresuid(22), DUMPABLE]).deepest(&[]);
    let ns = ns.second(&[setresuid(23)]).nested(&maps_of(Actor::Deepest, "0 0 65536"));
    ns.inside(&[setresuid(31)]).nested(&[setresuid(32)]).deepest(&[setresuid(33)])
}

/// The steps by which a process becomes one that is the owner by this id alone, or not at all.
fn parts(owner: u32) -> [(&'static str, Vec<Action>); 8] {
    let ids = |real, effective, saved| set_id(SetId::Setresuid, &[real, effective, saved]);
    let none = only_caps(&[]);
    [
        ("owner", vec![setresuid(owner), none.clone()]),
        ("by effective uid", vec![ids(NOBODY, owner, NOBODY), none.clone()]),
        ("by real uid", vec![ids(owner, NOBODY, NOBODY), none.clone()]),
        ("by saved uid", vec![ids(NOBODY, NOBODY, owner), none.clone()]),
        ("by filesystem uid", vec![setresuid(NOBODY), set_id(SetId::Setfsuid, &[owner]), none.clone()]),
        ("nobody", vec![setresuid(NOBODY), none]),
        ("with CAP_KILL", vec![setresuid(NOBODY), only_caps(&[Cap::Kill])]),
        ("with all but it", vec![setresuid(NOBODY), drop_caps(&[Cap::Kill])]),
    ]
}

fn header() -> String {
    let columns = TARGETS.map(|to| format!("{to:10}"));
    format!("{:28} {}\n", "signal 0 to", columns.join(" ").trim_end())
}

/// Which targets a member of the family reaches after these steps; nested is a target of its own.
fn reached(who: Actor, steps: &[Action]) -> String {
    let trace = family().by(who, steps).by(who, &TARGETS.map(signal_0)).play();
    let all: Vec<String> = trace.outcomes_shown().collect();
    let cells = all[all.len() - TARGETS.len()..].iter().map(|shown| format!("{shown:10}"));
    cells.collect::<Vec<_>>().join(" ").trim_end().to_owned()
}

/// The owner has every capability in its namespace and in all below: by its effective uid alone, and in the parent alone. A
/// process that has the capability above has it below, too. No process has any above or beside its own namespace.
/// Source: user_namespaces(7), "Capabilities"; kernel cap_capable().
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    Capability(Cap::Kill),
    Capability(Cap::Setpcap),
    VisibleProcesses,
    pins("owner.capabilities", "owner.only-from-parent", "owner.only-there", "owner.signals")
)]
fn an_owner_has_capabilities_in_its_namespace_and_all_below() {
    let mut table = header();
    for (who, where_from, owner) in
        [(Actor::Outside, "outside", 20), (Actor::Second, "inside", 21), (Actor::Nested, "nested", 22)]
    {
        for (part, steps) in parts(owner) {
            let _ = writeln!(table, "{where_from:8} {part:19} {}", reached(who, &steps));
        }
    }

    check!(table);
}

/// A process has no capability in a namespace two levels down of which its uid is the owner, nor in one beside that. A
/// process with the uid of an owner in another namespace is not that owner.
/// Source: user_namespaces(7), "Capabilities"; kernel cap_capable(): ns->parent has to be the namespace of the process.
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    Capability(Cap::Kill),
    Capability(Cap::Setpcap),
    VisibleProcesses,
    pins("owner.only-from-parent")
)]
fn an_owner_has_no_capability_from_elsewhere() {
    let mut table = header();
    for (who, where_from) in
        [(Actor::Outside, "outside"), (Actor::Second, "inside"), (Actor::Nested, "nested")]
    {
        for uid in [20, 21, 22, 41] {
            let steps = [setresuid(uid), only_caps(&[])];
            let _ = writeln!(table, "{where_from:8} uid {uid:<15} {}", reached(who, &steps));
        }
    }

    check!(table);
}
