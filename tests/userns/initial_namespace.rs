//! What holds in the initial user namespace of every host. The suite decides by ids, maps and setgroups which tests can
//! run. On a kernel that shows them wrongly, other tests would be skipped and would not fail. These tests need nothing
//! that such a kernel could deny.

use harness::prelude::*;
use rstest::rstest;

/// The initial namespace maps every id but the last to itself, and allows setgroups(2).
/// Source: user_namespaces(7): "0 0 4294967295" and "allow"; kernel init_user_ns.
#[harness::test(InitialUserns, Proc, pins("mean.read-back", "deny.read-back"))]
fn the_initial_namespace_maps_every_id_and_allows_setgroups() {
    let files = [IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap, IdFile::Setgroups];

    let trace = caller().outside(&files.map(|file| read_of(Actor::Outside, file))).play();

    check!(outcomes(&trace).join("\n"), @r#"
    "0 0 4294967295"
    "0 0 4294967295"
    "         0          0 4294967295"
    "allow"
    "#);
}

/// The calls that read ids and groups return those that a process has set.
/// Source: setresuid(2), getresuid(2), setgroups(2), getgroups(2), setfsuid(2).
#[harness::test(
    InitialUserns,
    Capability(Cap::Setuid),
    Capability(Cap::Setgid),
    pins("id.getters", "id.capability", "groups.allowed", "groups.told", "mean.down", "mean.up")
)]
fn ids_and_groups_that_are_set_read_back() {
    let ns = caller().outside(&[setgroups(&[70, 80]), GROUPS]);

    let ns = ns.outside(&[set_id(SetId::Setresgid, &[5, 6, 7]), three("getresgid", libc::SYS_getresgid)]);
    let ns = ns.outside(&[set_id(SetId::Setfsgid, &[8]), set_id(SetId::Setfsgid, &[u32::MAX])]);
    let ns = ns.outside(&[set_id(SetId::Setresuid, &[1, 2, 3]), three("getresuid", libc::SYS_getresuid)]);
    let trace = ns.outside(&GETTERS.map(|(name, number)| syscall(name, number, Vec::new()))).play();

    check!(outcomes(&trace).join("\n"), @r"
    ok
    [70, 80]
    ok
    [5, 6, 7]
    6
    8
    ok
    [1, 2, 3]
    1
    2
    5
    6
    ");
}

/// A process without capabilities may set the real, the effective and the saved id to the one that it has.
/// Source: setresuid(2), setresgid(2).
#[rstest]
#[harness::test(InitialUserns, pins("id.getters", "id.not-own", "mean.down", "mean.up"))]
fn a_process_without_capabilities_sets_its_own_ids(
    #[values(SetId::Setresuid, SetId::Setresgid)] call: SetId,
) {
    let own = [Id::Own; 3];

    let trace = caller().outside(&[only_caps(&[]), Action::SetId(call, own, Via::Raw)]).play();

    check!(outcomes(&trace).join("\n"), @r"
    ok
    ok
    ");
}

const GROUPS: Action = Action::Getgroups { size: 3, room: Room::Good };

const GETTERS: [(&str, i64); 4] = [
    ("getuid", libc::SYS_getuid),
    ("geteuid", libc::SYS_geteuid),
    ("getgid", libc::SYS_getgid),
    ("getegid", libc::SYS_getegid),
];

/// The real, the effective and the saved id.
fn three(name: &'static str, number: i64) -> Action {
    let room = [0, 4, 8].map(RawArg::Results).to_vec();
    syscall_for(name, number, room, Results::Words(3))
}

/// The outcomes of all steps but the first, which is the fork of the actor.
fn outcomes(trace: &Trace) -> Vec<String> {
    trace.outcomes_shown().skip(1).collect()
}
