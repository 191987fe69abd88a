//! setgroups(2) and getgroups(2): every errno, which of them comes first, sizes at every edge, and the list
//! as it reads back.

use harness::prelude::*;
use rstest::rstest;

const ALL_BUT_SETGID: Action = drop_caps(&[Cap::Setgid]);
const SETGID_ALONE: Action = only_caps(&[Cap::Setgid]);
/// Two groups to begin with: what a failure must leave.
const OLD: Action = setgroups(&[7, 5]);
const COUNT: Action = Action::Getgroups { size: 0, room: Room::Good };
const LIST: Action = Action::Getgroups { size: 64, room: Room::Good };

/// A namespace of root's with the ids 0 to 65535.
fn namespace() -> Scenario {
    root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 65536"), gid_map("0 0 65536")])
}

const fn sized(size: i64, given: Option<usize>) -> Action {
    Action::Setgroups(Groups::Sized { size, given }, Via::Raw)
}

const fn many(first: u32, step: u32, size: i64) -> Action {
    Action::Setgroups(Groups::Sequence { first, step, size }, Via::Raw)
}

const fn counted(first: u32, step: u32) -> Action {
    Action::CountGroups { size: 65_536, first, step }
}

/// Sizes, pointers and groups that setgroups(2) refuses, each beside one that it accepts. The first answer is the one
/// with an effective CAP_SETGID, the second the one without.
const REFUSED: [(Action, Answer, Answer); 19] = [
    (sized(-1, Some(1)), EINVAL, EPERM),
    (LIST, OK, OK),
    (sized(i32::MIN as i64, Some(1)), EINVAL, EPERM),
    (sized(65_537, Some(1)), EINVAL, EPERM),
    (sized(65_537, None), EINVAL, EPERM),
    (sized(-1, None), EINVAL, EPERM),
    (sized(65_536, None), EFAULT, EPERM),
    (sized(1, None), EFAULT, EPERM),
    (sized(0, None), OK, EPERM),
    (COUNT, OK, OK),
    (OLD, OK, EPERM),
    (sized(0x1_0000_0001, Some(1)), OK, EPERM),
    (LIST, OK, OK),
    (OLD, OK, EPERM),
    (setgroups(&[65_536, 1, 2]), EINVAL, EPERM),
    (setgroups(&[1, 65_536, 2]), EINVAL, EPERM),
    (setgroups(&[1, 2, u32::MAX]), EINVAL, EPERM),
    (setgroups(&[1, 2, 65_535]), OK, EPERM),
    (LIST, OK, OK),
];

/// Without an effective CAP_SETGID every setgroups(2) is EPERM, whatever else is wrong with it. With that capability
/// alone a wrong size is EINVAL, even where the pointer is bad too. Then a bad pointer is EFAULT, and a group without a
/// mapping EINVAL. A refused call leaves the old list. The size is an int, of which higher bits are ignored.
/// Source: setgroups(2); kernel SYSCALL_DEFINE2(setgroups), may_setgroups(), groups_from_user().
#[rstest]
#[case::with_that_capability_alone(&[SETGID_ALONE], REFUSED.map(|(_, granted, _)| granted))]
#[case::with_every_other_capability(&[ALL_BUT_SETGID], REFUSED.map(|(_, _, refused)| refused))]
#[case::permitted_but_not_effective(&[suspend_caps(&[Cap::Setgid])], REFUSED.map(|(_, _, refused)| refused))]
#[harness::test(
    Root,
    Userns,
    pins(
        "groups.needs-setgid",
        "groups.size",
        "groups.bad-pointer",
        "groups.unmapped",
        "groups.order-of-checks",
        "groups.refusal-changes-nothing"
    )
)]
fn setgroups_checks_privilege_then_size_pointer_and_mapping(
    #[case] privilege: &[Action],
    #[case] expected: [Answer; 19],
) {
    let ns = namespace().inside(&[OLD]).inside(privilege);

    let trace = ns.inside(&REFUSED.map(|(action, ..)| action)).play();

    check!(trace, last = expected);
}

/// A process with every capability is refused before gid_map is written, and under "deny". This comes before the size,
/// the pointer and the groups are looked at.
/// Source: kernel userns_may_setgroups(); user_namespaces(7), "The /proc/pid/setgroups file".
#[rstest]
#[case::no_gid_map(&[uid_map("0 0 65536")], [EPERM, EPERM, EPERM, EPERM, EPERM])]
#[case::denied(&[DENY, gid_map("0 0 65536")], [EPERM, EPERM, EPERM, EPERM, EPERM])]
#[case::allowed(&[gid_map("0 0 65536")], [EINVAL, EFAULT, OK, EINVAL, OK])]
#[harness::test(
    Root,
    Userns,
    pins("groups.needs-gid-map", "groups.denied", "groups.allowed", "groups.order-of-checks")
)]
fn setgroups_needs_a_gid_map_and_allow_before_all_else(
    #[case] writes: &[Action],
    #[case] expected: [Answer; 5],
) {
    let ns = root().outside(&[]).inside(&[]).outside(writes);

    let trace = ns
        .inside(&[sized(-1, None), sized(1, None), sized(0, None), setgroups(&[65_536]), setgroups(&[3])])
        .play();

    check!(trace, last = expected);
}

/// CAP_SETGID counts in the namespace of the caller. The owner, outside, has no capabilities there and is refused. The
/// process inside is not. In a namespace below, a process that dropped it is refused, although its parent has it.
/// Source: kernel may_setgroups(): ns_capable_setid(current_user_ns(), CAP_SETGID).
#[harness::test(Root, Userns, pins("groups.needs-setgid"))]
fn setgroups_takes_setgid_in_the_namespace_of_the_caller() {
    let mapped = ordinary().privileged(&[]).outside(&[]).inside(&[]);
    let ns = mapped.privileged(&[gid_map("0 0 65536"), uid_map("0 0 65536")]);

    let below = ns.nested(&[]).inside(&[write_of(Actor::Nested, IdFile::GidMap, "0 0 100")]);
    let trace = below
        .outside(&[SETGROUPS_EMPTY])
        .inside(&[setgroups(&[1])])
        .nested(&[setgroups(&[2]), ALL_BUT_SETGID, setgroups(&[3])])
        .play();

    check!(trace, last = [EPERM, OK, OK, OK, EPERM]);
}

/// Up to 65536 groups are accepted, none is lost, and all are sorted. One more is EINVAL.
/// Source: setgroups(2): NGROUPS_MAX is 65536 since Linux 2.6.4; kernel groups_sort().
#[rstest]
#[case::one(&[many(9, 1, 1), counted(9, 1)], &[OK, OK])]
#[case::about_32(
    &[many(40, 1, 31), counted(40, 1), many(40, 1, 32), counted(40, 1), many(40, 1, 33), counted(40, 1)],
    &[OK, OK, OK, OK, OK, OK],
)]
#[case::about_a_page(&[many(0, 1, 1024), counted(0, 1), many(1, 1, 1025), counted(1, 1)], &[OK, OK, OK, OK])]
#[case::about_the_most(
    &[many(0, 1, 65_535), counted(0, 1), many(0, 1, 65_536), counted(0, 1), many(0, 1, 65_537), counted(0, 1)],
    &[OK, OK, OK, OK, EINVAL, OK],
)]
#[case::descending(&[many(65_535, u32::MAX, 65_536), counted(0, 1)], &[OK, OK])]
#[case::the_same(&[many(12, 0, 65_536), counted(12, 0)], &[OK, OK])]
#[case::every_other(&[many(65_534, u32::MAX - 1, 32_768), counted(0, 2)], &[OK, OK])]
#[case::last_unmapped(&[many(1, 1, 65_535), counted(1, 1), many(1, 1, 65_536), counted(1, 1)], &[OK, OK, EINVAL, OK])]
#[harness::test(
    Root,
    Userns,
    pins("groups.size", "groups.list", "groups.unmapped", "groups.refusal-changes-nothing")
)]
fn setgroups_takes_up_to_65536_groups(#[case] steps: &[Action], #[case] expected: &[Answer]) {
    let ns = namespace();

    // A short list in the end, as the state of a process shows all of its groups.
    let trace = ns.inside(steps).inside(&[OLD]).play();

    check!(trace, last = [expected, &[OK]].concat());
}

/// The list reads back sorted by the ids of the initial namespace, with duplicates kept. A map that swaps two groups
/// swaps their order.
/// Source: kernel groups_sort(), gid_cmp() of kgid_t; getgroups(2).
#[rstest]
#[case::unordered("0 0 100", &[9, 3, 7, 1, 8], &[2, 1], ["[1, 3, 7, 8, 9]", "[1, 2]"])]
#[case::duplicates("0 0 100", &[5, 3, 5, 3, 5], &[4, 4], ["[3, 3, 5, 5, 5]", "[4, 4]"])]
#[case::swapped("10 20 1\n20 10 1", &[10, 20], &[20, 10], ["[20, 10]", "[20, 10]"])]
#[harness::test(Root, Userns, pins("groups.list"))]
fn a_list_reads_back_sorted_with_duplicates(
    #[case] map: &'static str,
    #[case] first: &'static [u32],
    #[case] second: &'static [u32],
    #[case] expected: [&str; 2],
) {
    let ns = root().outside(&[]).inside(&[]).outside(&[gid_map(map)]);

    let trace = ns.inside(&[setgroups(first), LIST, setgroups(second), LIST]).play();

    check!(trace);
    assert_eq!(trace.last_shown(3), [expected[0], "ok", expected[1]], "{trace}");
}

const fn getgroups(size: i64) -> Action {
    Action::Getgroups { size, room: Room::Good }
}

const fn bad(size: i64) -> Action {
    Action::Getgroups { size, room: Room::Bad }
}

/// The sizes with which getgroups(2) is called: about the number of groups, about the most, negative ones, and one of
/// which an int holds only the lower half, 3.
const SIZES: [i64; 10] = [0, 1, 2, 3, 4, 65_536, 65_537, -1, i32::MIN as i64, 0x1_0000_0003];

/// getgroups(2) with size 0 counts and does not look at the pointer. A list too small or a negative size is EINVAL, even
/// where the pointer is bad too. Then a bad pointer is EFAULT. Without groups there is nothing to copy, and no EFAULT.
/// Source: getgroups(2); kernel SYSCALL_DEFINE2(getgroups), groups_to_user().
#[rstest]
#[case::three_groups(
    &[4, 6, 8],
    [OK, EINVAL, EINVAL, OK, OK, OK, OK, EINVAL, EINVAL, OK],
    [OK, EINVAL, EINVAL, EFAULT, EFAULT, EFAULT, EFAULT, EINVAL, EINVAL, EFAULT],
)]
#[case::one_group(
    &[4],
    [OK, OK, OK, OK, OK, OK, OK, EINVAL, EINVAL, OK],
    [OK, EFAULT, EFAULT, EFAULT, EFAULT, EFAULT, EFAULT, EINVAL, EINVAL, EFAULT],
)]
#[case::none(
    &[],
    [OK, OK, OK, OK, OK, OK, OK, EINVAL, EINVAL, OK],
    [OK, OK, OK, OK, OK, OK, OK, EINVAL, EINVAL, OK],
)]
#[harness::test(
    Root,
    Userns,
    pins("groups.told", "groups.negative", "groups.too-small", "groups.told-nowhere")
)]
fn getgroups_checks_the_size_before_the_pointer(
    #[case] groups: &'static [u32],
    #[case] with_room: [Answer; 10],
    #[case] with_a_bad_pointer: [Answer; 10],
) {
    let ns = namespace().inside(&[setgroups(groups)]);

    let trace = ns.inside(&SIZES.map(getgroups)).inside(&SIZES.map(bad)).play();

    check!(trace, last = [with_room, with_a_bad_pointer].concat());
}

/// getgroups(2) needs no right: it lists the groups under "deny" and without any capability.
/// Source: getgroups(2).
#[harness::test(Root, Userns, pins("groups.told", "deny.setgroups-alone"))]
fn getgroups_needs_no_capability_and_no_allow() {
    let ns = ordinary_in(&[3, 30]).privileged(&[]).outside(&[]).inside(&[]);
    let denied = ns.privileged(&[DENY, gid_map("0 0 65536")]);

    let trace = denied.inside(&[only_caps(&[]), LIST, COUNT]).play();

    check!(trace, last = [OK, OK]);
}

/// A group that has no mapping reads as the overflow gid, in its place. It is counted like the others.
/// Source: user_namespaces(7), "Unmapped user and group IDs"; kernel groups_to_user(): from_kgid_munged().
#[rstest]
#[case::no_map(&[], "[overflow, overflow, overflow]")]
#[case::first_mapped(&[write_of(Actor::Inside, IdFile::GidMap, "100 3 1")], "[100, overflow, overflow]")]
#[case::middle_mapped(&[write_of(Actor::Inside, IdFile::GidMap, "100 30 1")], "[overflow, 100, overflow]")]
#[case::all_but_the_middle(
    &[write_of(Actor::Inside, IdFile::GidMap, "100 3 1\n200 300 1")],
    "[100, overflow, 200]",
)]
#[case::all_mapped(&[write_of(Actor::Inside, IdFile::GidMap, "0 0 65536")], "[3, 30, 300]")]
#[harness::test(Root, Userns, pins("groups.told"))]
fn an_unmapped_group_reads_as_the_overflow_gid(#[case] writes: &[Action], #[case] expected: &str) {
    let ns = ordinary_in(&[3, 30, 300]).privileged(&[]).outside(&[]).inside(&[]);

    let trace = ns.privileged(writes).inside(&[LIST, COUNT]).play();

    check!(trace);
    assert_eq!(trace.last_shown(2), [expected, "3"], "{trace}");
}

/// Two levels of maps translate one after the other, both ways. The groups that a process below sets read back there as
/// they were set. A group that only the upper map has is refused there, and reads as the overflow gid.
/// Source: user_namespaces(7); kernel map_write() stores ids of the initial namespace.
#[harness::test(Root, Userns, pins("groups.told", "groups.unmapped", "mean.levels"))]
fn two_levels_of_maps_translate_groups_one_after_the_other() {
    let upper = root().outside(&[setgroups(&[1003, 1030])]).inside(&[]);
    let mapped = upper.outside(&[uid_map("0 0 50"), gid_map("0 1000 50")]);
    // The creator of a namespace needs mapped ids. The files of a process that is not dumpable belong to root.
    let lower = mapped.inside(&[setresgid(0), DUMPABLE]).nested(&[LIST]);
    let lower = lower.inside(&[write_of(Actor::Nested, IdFile::GidMap, "500 0 10")]);

    let trace = lower
        .inside(&[LIST])
        .nested(&[LIST, setgroups(&[509, 500]), LIST, setgroups(&[510]), setgroups(&[3]), setgroups(&[499])])
        .play();

    check!(trace, last = [OK, OK, OK, EINVAL, EINVAL, EINVAL]);
}

/// The wrapper of the C library refuses and accepts what the raw system call does.
/// Source: setgroups(2), "C library/kernel differences".
#[harness::test(
    Root,
    Userns,
    pins("program.libc", "groups.needs-setgid", "groups.bad-pointer", "groups.size", "groups.unmapped")
)]
fn setgroups_of_libc_answers_as_the_system_call() {
    let ns = namespace().inside(&[OLD]);

    let calls =
        [sized(1, None), sized(65_537, Some(1)), setgroups(&[65_536]), setgroups(&[2, 1]), SETGROUPS_EMPTY];
    let trace =
        ns.inside(&calls.map(Action::via_libc)).inside(&[ALL_BUT_SETGID]).inside(&[OLD.via_libc()]).play();

    check!(trace, last = [EFAULT, EINVAL, EINVAL, OK, OK, OK, EPERM]);
}
