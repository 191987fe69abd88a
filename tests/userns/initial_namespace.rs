//! What holds in the initial user namespace of every host. Which tests can run is judged by ids, maps and
//! setgroups; a kernel that told them wrongly would have the tests skipped and not failed, but for these,
//! which ask for nothing that such a kernel could deny.

use harness::prelude::*;
use rstest::rstest;

/// In the initial namespace every id but the last stands for itself, and setgroups is allowed.
/// Source: user_namespaces(7): "0 0 4294967295" and "allow"; kernel init_user_ns.
#[harness::test(InitialUserns, Proc, pins("mean.read-back", "deny.read-back"))]
fn its_files() {
    let files = [IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap, IdFile::Setgroups];

    let trace = caller().outside(&files.map(|file| read_of(Actor::Outside, file))).play();

    check!(outcomes(&trace).join("\n"), @r#"
    "0 0 4294967295"
    "0 0 4294967295"
    "         0          0 4294967295"
    "allow"
    "#);
}

/// The ids and groups that are set are those that are told.
/// Source: setresuid(2), getresuid(2), setgroups(2), getgroups(2), setfsuid(2).
#[harness::test(
    InitialUserns,
    Capability(Cap::Setuid),
    Capability(Cap::Setgid),
    pins("id.getters", "id.capability", "groups.allowed", "groups.told", "mean.down", "mean.up")
)]
fn ids_with_capabilities() {
    let cast = caller().outside(&[setgroups(&[70, 80]), GROUPS]);

    let cast = cast.outside(&[set_id(SetId::Setresgid, &[5, 6, 7]), three("getresgid", libc::SYS_getresgid)]);
    let cast = cast.outside(&[set_id(SetId::Setfsgid, &[8]), set_id(SetId::Setfsgid, &[u32::MAX])]);
    let cast = cast.outside(&[set_id(SetId::Setresuid, &[1, 2, 3]), three("getresuid", libc::SYS_getresuid)]);
    let trace = cast.outside(&GETTERS.map(|(name, number)| syscall(name, number, Vec::new()))).play();

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

/// Without a capability a process may set the ids that it has, each for all three, and is told them again.
/// Source: setresuid(2), setresgid(2).
#[rstest]
#[harness::test(InitialUserns, pins("id.getters", "id.not-own", "mean.down", "mean.up"))]
fn own_ids(#[values(SetId::Setresuid, SetId::Setresgid)] call: SetId) {
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

/// What came of the steps, without the process's coming into being.
fn outcomes(trace: &Trace) -> Vec<String> {
    trace.outcomes_shown().skip(1).collect()
}
