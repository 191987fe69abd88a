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

/// Sizes, pointers and groups that setgroups(2) refuses, each beside one that it accepts.
const REFUSED: [Action; 19] = [
    sized(-1, Some(1)),
    LIST,
    sized(i32::MIN as i64, Some(1)),
    sized(65_537, Some(1)),
    sized(65_537, None),
    sized(-1, None),
    sized(65_536, None),
    sized(1, None),
    sized(0, None),
    COUNT,
    OLD,
    sized(0x1_0000_0001, Some(1)),
    LIST,
    OLD,
    setgroups(&[65_536, 1, 2]),
    setgroups(&[1, 65_536, 2]),
    setgroups(&[1, 2, u32::MAX]),
    setgroups(&[1, 2, 65_535]),
    LIST,
];

/// Without the right every call is EPERM, whatever else is wrong with it; with it a wrong size is EINVAL
/// even where the pointer is bad too, the pointer EFAULT, and a group without a mapping EINVAL. What is
/// refused leaves the old list. CAP_SETGID is all it takes, and the size is an int.
/// Source: setgroups(2); kernel SYSCALL_DEFINE2(setgroups), may_setgroups(), groups_from_user().
#[rstest]
#[case::with_that_capability_alone(&[SETGID_ALONE])]
#[case::with_every_other_capability(&[ALL_BUT_SETGID])]
#[case::permitted_but_not_effective(&[Action::Capset(CapChange::Suspend(std::borrow::Cow::Borrowed(&[Cap::Setgid])))])]
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
fn errors_in_order(#[case] privilege: &[Action]) {
    let cast = namespace().inside(&[OLD]).inside(privilege);

    let trace = cast.inside(&REFUSED).play();

    check!(trace);
}

/// Every capability does not help before gid_map is written, nor under "deny".
/// Source: kernel userns_may_setgroups(); user_namespaces(7).
#[rstest]
#[case::no_gid_map(&[uid_map("0 0 65536")])]
#[case::denied(&[DENY, gid_map("0 0 65536")])]
#[case::allowed(&[gid_map("0 0 65536")])]
#[harness::test(
    Root,
    Userns,
    pins("groups.needs-gid-map", "groups.denied", "groups.allowed", "groups.order-of-checks")
)]
fn in_a_namespace_that(#[case] writes: &[Action]) {
    let cast = root().outside(&[]).inside(&[]).outside(writes);

    let trace = cast
        .inside(&[sized(-1, None), sized(1, None), sized(0, None), setgroups(&[65_536]), setgroups(&[3])])
        .play();

    check!(trace);
}

/// The capability counts in the namespace of the process: its owner outside, who has none, cannot call
/// setgroups, the process inside can; below that, a process without it cannot though its parent has it.
/// Source: kernel may_setgroups(): ns_capable_setid(current_user_ns(), CAP_SETGID).
#[harness::test(Root, Userns, pins("groups.needs-setgid"))]
fn capability_in_the_namespace() {
    let mapped = ordinary().privileged(&[]).outside(&[]).inside(&[]);
    let cast = mapped.privileged(&[gid_map("0 0 65536"), uid_map("0 0 65536")]);

    let below = cast.nested(&[]).inside(&[write_of(Actor::Nested, IdFile::GidMap, "0 0 100")]);
    let trace = below
        .outside(&[SETGROUPS_EMPTY])
        .inside(&[setgroups(&[1])])
        .nested(&[setgroups(&[2]), ALL_BUT_SETGID, setgroups(&[3])])
        .play();

    check!(trace);
}

/// Up to 65536 groups are accepted, none is lost, and all are sorted; one more is EINVAL.
/// Source: setgroups(2): NGROUPS_MAX is 65536 since Linux 2.6.4; kernel groups_sort().
#[rstest]
#[case::one(&[many(9, 1, 1), counted(9, 1)])]
#[case::about_32(&[many(40, 1, 31), counted(40, 1), many(40, 1, 32), counted(40, 1), many(40, 1, 33), counted(40, 1)])]
#[case::about_a_page(&[many(0, 1, 1024), counted(0, 1), many(1, 1, 1025), counted(1, 1)])]
#[case::about_the_most(&[many(0, 1, 65_535), counted(0, 1), many(0, 1, 65_536), counted(0, 1), many(0, 1, 65_537), counted(0, 1)])]
#[case::descending(&[many(65_535, u32::MAX, 65_536), counted(0, 1)])]
#[case::the_same(&[many(12, 0, 65_536), counted(12, 0)])]
#[case::every_other(&[many(65_534, u32::MAX - 1, 32_768), counted(0, 2)])]
#[case::last_unmapped(&[many(1, 1, 65_535), counted(1, 1), many(1, 1, 65_536), counted(1, 1)])]
#[harness::test(
    Root,
    Userns,
    pins("groups.size", "groups.list", "groups.unmapped", "groups.refusal-changes-nothing")
)]
fn long_lists(#[case] steps: &[Action]) {
    let cast = namespace();

    // A short list in the end, as the state of a process shows all of its groups.
    let trace = cast.inside(steps).inside(&[OLD]).play();

    check!(trace);
}

/// The list reads back sorted, with duplicates kept, by the ids of the initial namespace: a map that
/// swaps two groups swaps their order.
/// Source: kernel groups_sort(), gid_cmp() of kgid_t; getgroups(2).
#[rstest]
#[case::unordered("0 0 100", &[9, 3, 7, 1, 8], &[2, 1])]
#[case::duplicates("0 0 100", &[5, 3, 5, 3, 5], &[4, 4])]
#[case::swapped("10 20 1\n20 10 1", &[10, 20], &[20, 10])]
#[harness::test(Root, Userns, pins("groups.list"))]
fn reads_back(#[case] map: &'static str, #[case] first: &'static [u32], #[case] second: &'static [u32]) {
    let cast = root().outside(&[]).inside(&[]).outside(&[gid_map(map)]);

    let trace = cast.inside(&[setgroups(first), LIST, setgroups(second), LIST]).play();

    check!(trace);
}

const fn getgroups(size: i64) -> Action {
    Action::Getgroups { size, room: Room::Good }
}

const fn bad(size: i64) -> Action {
    Action::Getgroups { size, room: Room::Bad }
}

/// getgroups(2) with size 0 counts and does not look at the pointer; a list too small or a negative size
/// is EINVAL before a bad pointer is EFAULT; with no groups there is nothing to copy, and no EFAULT.
/// Source: getgroups(2); kernel SYSCALL_DEFINE2(getgroups), groups_to_user().
#[rstest]
#[case::three_groups(&[4, 6, 8])]
#[case::one_group(&[4])]
#[case::none(&[])]
#[harness::test(
    Root,
    Userns,
    pins("groups.told", "groups.negative", "groups.too-small", "groups.told-nowhere")
)]
fn getgroups_sizes(#[case] groups: &'static [u32]) {
    let sizes = [0, 1, 2, 3, 4, 65_536, 65_537, -1, i64::from(i32::MIN), 0x1_0000_0003];
    let cast = namespace().inside(&[setgroups(groups)]);

    let good = cast.inside(&sizes.map(getgroups));
    let trace = good.inside(&sizes.map(bad)).play();

    check!(trace);
}

/// getgroups(2) needs no right: it lists the groups under "deny" and without any capability.
/// Source: getgroups(2).
#[harness::test(Root, Userns, pins("groups.told", "deny.setgroups-alone"))]
fn getgroups_needs_nothing() {
    let cast = ordinary_in(&[3, 30]).privileged(&[]).outside(&[]).inside(&[]);
    let denied = cast.privileged(&[DENY, gid_map("0 0 65536")]);

    let trace = denied.inside(&[only_caps(&[]), LIST, COUNT]).play();

    check!(trace);
}

/// A group that has no mapping reads as the overflow gid, in its place; counted it is all the same.
/// Source: user_namespaces(7), "Unmapped user and group IDs"; kernel groups_to_user(): from_kgid_munged().
#[rstest]
#[case::no_map(&[])]
#[case::first_mapped(&[write_of(Actor::Inside, IdFile::GidMap, "100 3 1")])]
#[case::middle_mapped(&[write_of(Actor::Inside, IdFile::GidMap, "100 30 1")])]
#[case::all_but_the_middle(&[write_of(Actor::Inside, IdFile::GidMap, "100 3 1\n200 300 1")])]
#[case::all_mapped(&[write_of(Actor::Inside, IdFile::GidMap, "0 0 65536")])]
#[harness::test(Root, Userns, pins("groups.told"))]
fn unmapped_groups_read_back(#[case] writes: &[Action]) {
    let cast = ordinary_in(&[3, 30, 300]).privileged(&[]).outside(&[]).inside(&[]);

    let trace = cast.privileged(writes).inside(&[LIST, COUNT]).play();

    check!(trace);
}

/// Two levels of maps translate one after the other, both ways: what is set below reads back below as it
/// was set, and a group that the upper map alone has is refused and reads as the overflow gid.
/// Source: user_namespaces(7); kernel map_write() stores ids of the initial namespace.
#[harness::test(Root, Userns, pins("groups.told", "groups.unmapped", "mean.levels"))]
fn two_levels() {
    let upper = root().outside(&[setgroups(&[1003, 1030])]).inside(&[]);
    let mapped = upper.outside(&[uid_map("0 0 50"), gid_map("0 1000 50")]);
    // A namespace is created by ids that are mapped, and its files belong to who is dumpable.
    let lower = mapped.inside(&[setresgid(0), DUMPABLE]).nested(&[LIST]);
    let lower = lower.inside(&[write_of(Actor::Nested, IdFile::GidMap, "500 0 10")]);

    let trace = lower
        .inside(&[LIST])
        .nested(&[LIST, setgroups(&[509, 500]), LIST, setgroups(&[510]), setgroups(&[3]), setgroups(&[499])])
        .play();

    check!(trace);
}

/// The wrapper of the C library refuses and accepts what the bare call does.
/// Source: setgroups(2), "C library/kernel differences".
#[harness::test(
    Root,
    Userns,
    pins("program.libc", "groups.needs-setgid", "groups.bad-pointer", "groups.size", "groups.unmapped")
)]
fn through_libc() {
    let cast = namespace().inside(&[OLD]);

    let calls =
        [sized(1, None), sized(65_537, Some(1)), setgroups(&[65_536]), setgroups(&[2, 1]), SETGROUPS_EMPTY];
    let trace =
        cast.inside(&calls.map(Action::via_libc)).inside(&[ALL_BUT_SETGID]).inside(&[OLD.via_libc()]).play();

    check!(trace);
}
