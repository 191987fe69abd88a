//! getuid(2), getresuid(2) and the like: their pointers, which id each returns, and what they return for an id that has no
//! mapping.

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

/// An address at which no process has memory.
const BAD: RawArg = RawArg::Number(8);
/// The bytes of an id.
const ID: u64 = 4;

/// Each of the three pointers has to be writable. The first call has a bad first pointer, the second a bad second one,
/// the third a bad third one, and the last none.
/// Source: getresuid(2): EFAULT; kernel SYSCALL_DEFINE3(getresuid).
#[rstest]
#[case::uids(GETRESUID)]
#[case::gids(GETRESGID)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("id.bad-pointer"))]
fn getresuid_and_getresgid_need_three_writable_pointers(#[case] (name, number): (&'static str, i64)) {
    let good = [0, 1, 2].map(|place| RawArg::Results(place * ID));
    let bad = [0, 1, 2].map(|place| {
        let mut pointers = good.clone();
        pointers[place] = BAD;
        pointers
    });
    let ns = ordinary();

    let calls = [&bad[..], &[good]].concat().into_iter().map(|args| syscall(name, number, args.to_vec()));
    let trace = ns.inside(&calls.collect::<Vec<_>>()).play();

    check!(trace, last = [EFAULT, EFAULT, EFAULT, OK]);
}

/// getuid(2) and getgid(2) return the real id, geteuid(2) and getegid(2) the effective one.
/// Source: getuid(2), getgid(2).
#[harness::test(Root, Userns, pins("id.getters"))]
fn getuid_returns_the_real_and_geteuid_the_effective_id() {
    let ns = root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 100"), gid_map("0 0 100")]);
    let ids =
        [set_id(SetId::Setresgid, &[4, 5, 6]), set_id(SetId::Setresuid, &[1, 2, 3]), Action::GetCredentials];

    let trace = ns.inside(&ids).inside(&single()).play();

    check!(trace);
    assert_eq!(trace.last_shown(4), ["1", "2", "4", "5"], "{trace}");
}

/// An id that has no mapping reads as the overflow id. This holds for the real, the effective, the saved and the
/// filesystem id alone. An id that has one reads as the map gives it.
/// Source: user_namespaces(7), "Unmapped user and group IDs"; kernel from_kuid_munged().
#[rstest]
#[case::real_uid_mapped(
    "50 1 1",
    "50 4 1",
    "uid 50/overflow/overflow/overflow  gid 50/overflow/overflow/overflow"
)]
#[case::effective_mapped(
    "50 2 1",
    "50 5 1",
    "uid overflow/50/overflow/overflow  gid overflow/50/overflow/overflow"
)]
#[case::saved_mapped(
    "50 3 1",
    "50 6 1",
    "uid overflow/overflow/50/overflow  gid overflow/overflow/50/overflow"
)]
#[case::filesystem_id_mapped(
    "50 7 1",
    "50 8 1",
    "uid overflow/overflow/overflow/50  gid overflow/overflow/overflow/50"
)]
#[case::all_mapped("50 1 10", "50 1 10", "uid 50/51/52/56  gid 53/54/55/57")]
#[harness::test(Root, Userns, pins("id.getters", "mean.up", "mean.down"))]
fn an_unmapped_id_reads_as_the_overflow_id(
    #[case] uids: &'static str,
    #[case] gids: &'static str,
    #[case] expected: &str,
) {
    let ids = [
        NO_FIXUP,
        set_id(SetId::Setresgid, &[4, 5, 6]),
        set_id(SetId::Setfsgid, &[8]),
        set_id(SetId::Setresuid, &[1, 2, 3]),
        set_id(SetId::Setfsuid, &[7]),
        DUMPABLE,
    ];
    let upper = root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 100"), gid_map("0 0 100")]);
    let ns = upper.inside(&[]).second(&[]).inside(&ids).nested(&[Action::GetCredentials]);
    let maps = [(IdFile::UidMap, uids), (IdFile::GidMap, gids)];

    let mapped = ns.second(&maps.map(|(file, words)| write_of(Actor::Nested, file, words)));
    let set = [set_id(SetId::Setfsuid, &[50]), set_id(SetId::Setfsgid, &[50])];
    let trace = mapped
        .nested(&[Action::GetCredentials])
        .nested(&single())
        .nested(&set)
        .nested(&[Action::GetCredentials])
        .play();

    check!(trace);
    // Of the last eight steps the first looks at all ids before the filesystem ids are set.
    assert_eq!(trace.last_shown(8)[0], format!("{expected}  caps all"), "{trace}");
}
