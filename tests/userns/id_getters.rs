//! getuid(2) and its kin: where their pointers may point, that they agree, and what they say of ids that
//! have no mapping.

use harness::prelude::*;
use rstest::rstest;

const GETRESUID: (&str, i64) = ("getresuid", libc::SYS_getresuid);
const GETRESGID: (&str, i64) = ("getresgid", libc::SYS_getresgid);

fn single() -> [Action; 4] {
    let call = |name, number| syscall(name, number, vec![]);
    [
        call("getuid", libc::SYS_getuid),
        call("geteuid", libc::SYS_geteuid),
        call("getgid", libc::SYS_getgid),
        call("getegid", libc::SYS_getegid),
    ]
}

/// Each of the three pointers must be good.
/// Source: getresuid(2): EFAULT; kernel SYSCALL_DEFINE3(getresuid).
#[rstest]
#[case::uids(GETRESUID)]
#[case::gids(GETRESGID)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("id.bad-pointer"))]
fn bad_pointers(#[case] (name, number): (&'static str, i64)) {
    let place = |bad: usize, at: usize| {
        if at == bad { RawArg::Number(8) } else { RawArg::Results(at as u64 * 4) }
    };
    let calls = [0, 1, 2, 3].map(|bad| syscall(name, number, [0, 1, 2].map(|at| place(bad, at)).to_vec()));

    let trace = ordinary().inside(&calls).play();

    check!(trace);
}

/// getuid and getgid tell the real id, geteuid and getegid the effective one.
/// Source: getuid(2), getgid(2).
#[harness::test(Root, Userns, pins("id.getters"))]
fn real_and_effective() {
    let cast = root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 100"), gid_map("0 0 100")]);
    let ids =
        [set_id(SetId::Setresgid, &[4, 5, 6]), set_id(SetId::Setresuid, &[1, 2, 3]), Action::GetCredentials];

    let trace = cast.inside(&ids).inside(&single()).play();

    check!(trace);
}

/// An id that has no mapping reads as the overflow id, whichever of the ids it is; a map shows it.
/// Source: user_namespaces(7), "Unmapped user and group IDs"; kernel from_kuid_munged().
#[rstest]
#[case::real_uid_mapped("50 1 1", "50 4 1")]
#[case::effective_mapped("50 2 1", "50 5 1")]
#[case::saved_mapped("50 3 1", "50 6 1")]
#[case::filesystem_id_mapped("50 7 1", "50 8 1")]
#[case::all_mapped("50 1 10", "50 1 10")]
#[harness::test(Root, Userns, pins("id.getters", "mean.up", "mean.down"))]
fn unmapped(#[case] uids: &'static str, #[case] gids: &'static str) {
    let ids = [
        NO_FIXUP,
        set_id(SetId::Setresgid, &[4, 5, 6]),
        set_id(SetId::Setfsgid, &[8]),
        set_id(SetId::Setresuid, &[1, 2, 3]),
        set_id(SetId::Setfsuid, &[7]),
        DUMPABLE,
    ];
    let upper = root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 100"), gid_map("0 0 100")]);
    let cast = upper.inside(&[]).second(&[]).inside(&ids).nested(&[Action::GetCredentials]);
    let maps = [(IdFile::UidMap, uids), (IdFile::GidMap, gids)];

    let mapped = cast.second(&maps.map(|(file, words)| write_of(Actor::Nested, file, words)));
    let set = [set_id(SetId::Setfsuid, &[50]), set_id(SetId::Setfsgid, &[50])];
    let trace = mapped
        .nested(&[Action::GetCredentials])
        .nested(&single())
        .nested(&set)
        .nested(&[Action::GetCredentials])
        .play();

    check!(trace);
}
