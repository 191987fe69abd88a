//! The list of supplementary groups: its order, whose it is, and memory that ends in the middle of it.

use harness::prelude::*;
use rstest::rstest;

const LIST: Action = Action::Getgroups { size: 64, room: Room::Good };

/// The list reads back in the order of the ids of the initial namespace, whatever the order in which it was
/// given and whatever the map makes of them; duplicates stay side by side.
/// Source: kernel groups_sort(), gid_cmp() of kgid_t; getgroups(2).
#[rstest]
#[case::as_they_are("0 10 6")]
#[case::two_extents("0 13 3\n3 10 3")]
#[case::five_extents_reversed("0 15 1\n1 14 1\n2 13 1\n3 12 1\n4 10 2")]
#[case::six_extents_reversed("0 15 1\n1 14 1\n2 13 1\n3 12 1\n4 11 1\n5 10 1")]
#[harness::test(Root, Userns, pins("groups.list", "groups.told"))]
fn order(#[case] map: &'static str) {
    let lists: [&[u32]; 5] =
        [&[0, 1, 2, 3, 4, 5], &[5, 4, 3, 2, 1, 0], &[2, 0, 5, 1, 4, 3], &[4, 0, 4, 5, 0, 4], &[3, 2]];
    let cast = root().outside(&[]).inside(&[]).outside(&[gid_map(map)]);

    let steps: Vec<Action> = lists.iter().flat_map(|list| [setgroups(list), LIST]).collect();
    let trace = cast.inside(&steps).play();

    check!(trace);
}

/// Ids are compared without a sign: those beyond 2^31 stand last.
/// Source: kernel gid_gt(), gid_lt().
#[harness::test(Root, Userns, InitialUserns, pins("groups.list"))]
fn order_of_large_ids() {
    let cast = root().outside(&[]).inside(&[]).outside(&[gid_map("0 4294967294 1\n1 2147483647 2\n3 0 2")]);

    let trace = cast.inside(&[setgroups(&[0, 1, 2, 3, 4]), LIST, setgroups(&[2, 4, 0, 3, 1]), LIST]).play();

    check!(trace);
}

/// A list takes the place of the one before whole, whether it is longer or shorter.
/// Source: setgroups(2); kernel set_groups().
#[harness::test(Root, Userns, pins("groups.list", "groups.told"))]
fn longer_and_shorter() {
    let cast = root().outside(&[]).inside(&[]).outside(&[gid_map("0 0 65536")]);

    let lists: [&[u32]; 6] = [&[1, 2, 3], &[4], &[], &[9, 8, 7, 6], &[6, 7], &[7]];
    let steps: Vec<Action> = lists.iter().flat_map(|list| [setgroups(list), LIST]).collect();
    let trace = cast.inside(&steps).play();

    check!(trace);
}

/// A child begins with its parent's list, and from then on each changes its own.
/// Source: credentials(7); kernel copy_creds(), set_groups(): another group_info takes the place of the old.
#[harness::test(Root, Userns, pins("groups.own-list"))]
fn each_process_has_its_own() {
    let cast = root().outside(&[setgroups(&[0, 8, 9])]).inside(&[]).outside(&[gid_map("0 0 65536")]);

    let forked = cast.inside(&[LIST, setgroups(&[4, 5])]).second(&[LIST]);
    let changed = forked.inside(&[setgroups(&[6])]).second(&[LIST, setgroups(&[1, 2, 3])]);
    let trace = changed.inside(&[LIST]).outside(&[LIST]).second(&[setgroups(&[65_536]), LIST]).play();

    check!(trace);
}

/// A new namespace begins with the list of its creator, and what is set in either does not reach the other.
/// Source: credentials(7); user_namespaces(7); kernel copy_creds(), create_user_ns().
#[harness::test(Root, Userns, pins("groups.own-list", "groups.told"))]
fn a_namespace_below_has_its_own() {
    let map = |file| write_of(Actor::Nested, file, "0 0 100");
    let cast = root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 65536"), gid_map("0 0 65536")]);

    let created = cast.inside(&[setgroups(&[4, 500])]).nested(&[LIST]).inside(&[map(IdFile::GidMap)]);
    let changed = created.nested(&[LIST]).inside(&[setgroups(&[6])]).nested(&[LIST, setgroups(&[7])]);
    let trace = changed.inside(&[LIST]).nested(&[LIST]).play();

    check!(trace);
}

/// An address at which nothing else is, in any process: 64 GiB.
const MEMORY: i64 = 0x10_0000_0000;
/// As long as the longest page, so that it ends where the memory that the kernel gives ends.
const LENGTH: i64 = 0x1_0000;

/// Memory of zeros with nothing behind it.
fn memory() -> Action {
    // MAP_FIXED_NOREPLACE, which the C library's crate does not have everywhere.
    let flags = i64::from(libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) | 0x10_0000;
    let access = i64::from(libc::PROT_READ | libc::PROT_WRITE);
    let args = [MEMORY, LENGTH, access, flags, -1, 0].map(RawArg::Number);
    syscall("mmap", libc::SYS_mmap, args.to_vec())
}

/// setgroups(2) or getgroups(2) of this size with a list for which there is room for so many entries.
fn at_the_end(name: &'static str, number: i64, size: i64, room: i64) -> Action {
    syscall(name, number, [size, MEMORY + LENGTH - 4 * room].map(RawArg::Number).to_vec())
}

/// The list is read one group after the other: where memory ends in the middle it is EFAULT, unless a group
/// before that has no mapping, which is EINVAL. A list that just fits does not touch what lies behind it.
/// Source: setgroups(2): EFAULT, EINVAL; kernel groups_from_user().
#[rstest]
#[case::group_0_mapped("0 0 100")]
#[case::group_0_unmapped("1 1 100")]
#[harness::test(
    Root,
    Userns,
    pins(
        "groups.bad-pointer",
        "groups.unmapped",
        "groups.order-of-checks",
        "groups.refusal-changes-nothing"
    )
)]
fn memory_that_ends(#[case] map: &'static str) {
    let set = |size, room| at_the_end("setgroups", libc::SYS_setgroups, size, room);
    let cast = root().outside(&[]).inside(&[]).outside(&[gid_map(map)]).inside(&[memory()]);

    let trace = cast
        .inside(&[setgroups(&[4, 5, 6]), set(2, 1), LIST, set(1, 1), LIST])
        .inside(&[setgroups(&[4, 5, 6]), set(1, 0), set(0, 0), LIST, set(2, 2), set(3, 2), LIST])
        .play();

    check!(trace);
}

/// getgroups(2) needs room for the groups there are, not for as many as its size says; with less it is EFAULT.
/// What it leaves there is the list, which setgroups(2) takes again.
/// Source: getgroups(2): EFAULT; kernel groups_to_user().
#[harness::test(Root, Userns, pins("groups.told-nowhere", "groups.told", "groups.list"))]
fn room_that_ends() {
    let get = |size, room| at_the_end("getgroups", libc::SYS_getgroups, size, room);
    let set = |size, room| at_the_end("setgroups", libc::SYS_setgroups, size, room);
    let cast = root().outside(&[]).inside(&[]).outside(&[gid_map("0 0 100")]).inside(&[memory()]);

    let trace = cast
        .inside(&[setgroups(&[4, 5, 6]), get(3, 2), get(3, 0), get(2, 2), get(0, 0), get(64, 3)])
        .inside(&[setgroups(&[9]), set(3, 3), LIST, set(2, 2), LIST, get(64, 0), get(64, 2)])
        .play();

    check!(trace);
}
