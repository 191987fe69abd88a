//! The list of supplementary groups: its order, whose it is, and memory that ends in the middle of it.

use harness::prelude::*;
use rstest::rstest;

const LIST: Action = Action::Getgroups { size: 64, room: Room::Good };

/// The list reads back in the order of the ids of the initial namespace. The order in which it was given does not
/// matter, nor do the ids that the map gives the groups. Duplicates stay side by side.
/// Source: kernel groups_sort(), gid_cmp() of kgid_t; getgroups(2).
#[rstest]
#[case::as_they_are("0 10 6", ["[0, 1, 2, 3, 4, 5]", "[0, 0, 4, 4, 4, 5]", "[2, 3]"])]
#[case::two_extents("0 13 3\n3 10 3", ["[3, 4, 5, 0, 1, 2]", "[4, 4, 4, 5, 0, 0]", "[3, 2]"])]
#[case::five_extents_reversed(
    "0 15 1\n1 14 1\n2 13 1\n3 12 1\n4 10 2",
    ["[4, 5, 3, 2, 1, 0]", "[4, 4, 4, 5, 0, 0]", "[3, 2]"],
)]
#[case::six_extents_reversed(
    "0 15 1\n1 14 1\n2 13 1\n3 12 1\n4 11 1\n5 10 1",
    ["[5, 4, 3, 2, 1, 0]", "[5, 4, 4, 4, 0, 0]", "[3, 2]"],
)]
#[harness::test(Root, Userns, pins("groups.list", "groups.told"))]
fn a_list_reads_back_in_the_order_of_initial_ids(#[case] map: &'static str, #[case] expected: [&str; 3]) {
    let lists: [&[u32]; 5] =
        [&[0, 1, 2, 3, 4, 5], &[5, 4, 3, 2, 1, 0], &[2, 0, 5, 1, 4, 3], &[4, 0, 4, 5, 0, 4], &[3, 2]];
    let [all, duplicates, two] = expected;
    let ns = root().outside(&[]).inside(&[]).outside(&[gid_map(map)]);

    let steps: Vec<Action> = lists.iter().flat_map(|list| [setgroups(list), LIST]).collect();
    let trace = ns.inside(&steps).play();

    check!(trace);
    let shown = trace.last_shown(10);
    assert_eq!(shown, ["ok", all, "ok", all, "ok", all, "ok", duplicates, "ok", two], "{trace}");
}

/// Ids are compared as unsigned numbers, so that those beyond 2^31 stand last.
/// Source: kernel gid_gt(), gid_lt().
#[harness::test(Root, Userns, InitialUserns, pins("groups.list"))]
fn groups_are_sorted_as_unsigned_numbers() {
    let ns = root().outside(&[]).inside(&[]).outside(&[gid_map("0 4294967294 1\n1 2147483647 2\n3 0 2")]);

    let trace = ns.inside(&[setgroups(&[0, 1, 2, 3, 4]), LIST, setgroups(&[2, 4, 0, 3, 1]), LIST]).play();

    check!(trace, @r#"
    outside  begins                                            ok
    inside   begins in a new user namespace                    ok
    outside  gid_map <- "0 4294967294 1\n1 2147483647 2\n3 0 2"  ok
    inside   setgroups([0, 1, 2, 3, 4])                        ok
    inside   getgroups(64)                                     [3, 4, 1, 2, 0]
    inside   setgroups([2, 4, 0, 3, 1])                        ok
    inside   getgroups(64)                                     [3, 4, 1, 2, 0]
    afterwards
    outside  the caller's namespace
             uid 0  gid 0  groups [0]  caps the caller's
    inside   uid_map ""  gid_map "0 4294967294 1, 1 2147483647 2, 3 0 2"  setgroups allow
             uid overflow  gid 3  groups [3, 4, 1, 2, 0]  caps all
    "#);
}

/// A list replaces the whole list before it, whether it is longer or shorter.
/// Source: setgroups(2); kernel set_groups().
#[harness::test(Root, Userns, pins("groups.list", "groups.told"))]
fn a_list_replaces_a_longer_or_shorter_one() {
    let ns = root().outside(&[]).inside(&[]).outside(&[gid_map("0 0 65536")]);

    let lists: [&[u32]; 6] = [&[1, 2, 3], &[4], &[], &[9, 8, 7, 6], &[6, 7], &[7]];
    let steps: Vec<Action> = lists.iter().flat_map(|list| [setgroups(list), LIST]).collect();
    let trace = ns.inside(&steps).play();

    check!(trace);
    let read_back = ["[1, 2, 3]", "[4]", "[]", "[6, 7, 8, 9]", "[6, 7]", "[7]"];
    assert_eq!(trace.last_shown(12), read_back.map(|list| ["ok", list]).concat(), "{trace}");
}

/// A child begins with its parent's list, and from then on each changes its own.
/// Source: credentials(7); kernel copy_creds(), set_groups(): another group_info takes the place of the old.
#[harness::test(Root, Userns, pins("groups.own-list"))]
fn each_process_has_a_list_of_its_own() {
    let ns = root().outside(&[setgroups(&[0, 8, 9])]).inside(&[]).outside(&[gid_map("0 0 65536")]);

    let forked = ns.inside(&[LIST, setgroups(&[4, 5])]).second(&[LIST]);
    let changed = forked.inside(&[setgroups(&[6])]).second(&[LIST, setgroups(&[1, 2, 3])]);
    let trace = changed.inside(&[LIST]).outside(&[LIST]).second(&[setgroups(&[65_536]), LIST]).play();

    check!(trace, last = [EINVAL, OK]);
}

/// A new namespace begins with the list of its creator. A list that one of them sets does not change the other's.
/// Source: credentials(7); user_namespaces(7); kernel copy_creds(), create_user_ns().
#[harness::test(Root, Userns, pins("groups.own-list", "groups.told"))]
fn a_new_namespace_begins_with_a_copy_of_the_list() {
    let map = |file| write_of(Actor::Nested, file, "0 0 100");
    let ns = root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 65536"), gid_map("0 0 65536")]);

    let created = ns.inside(&[setgroups(&[4, 500])]).nested(&[LIST]).inside(&[map(IdFile::GidMap)]);
    let changed = created.nested(&[LIST]).inside(&[setgroups(&[6])]).nested(&[LIST, setgroups(&[7])]);
    let trace = changed.inside(&[LIST]).nested(&[LIST]).play();

    check!(trace);
    // What the creator has in the end, and the process in the new namespace.
    assert_eq!(trace.last_shown(2), ["[6]", "[7]"], "{trace}");
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

/// setgroups(2) reads and translates one group after the other. Where memory ends within the list it is EFAULT, unless a
/// group before that has no mapping, which is EINVAL. A list that just fits is accepted. The memory holds zeros, so
/// that each group in it is the group 0.
/// Source: setgroups(2): EFAULT, EINVAL; kernel groups_from_user().
#[rstest]
#[case::group_0_mapped(
    "0 0 100",
    [OK, EFAULT, OK, OK, OK],
    [OK, EFAULT, OK, OK, OK, EFAULT, OK],
)]
#[case::group_0_unmapped(
    "1 1 100",
    [OK, EINVAL, OK, EINVAL, OK],
    [OK, EFAULT, OK, OK, EINVAL, EINVAL, OK],
)]
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
fn setgroups_reads_one_group_after_the_other(
    #[case] map: &'static str,
    #[case] first: [Answer; 5],
    #[case] second: [Answer; 7],
) {
    let set = |size, room| at_the_end("setgroups", libc::SYS_setgroups, size, room);
    let ns = root().outside(&[]).inside(&[]).outside(&[gid_map(map)]).inside(&[memory()]);

    let trace = ns
        .inside(&[setgroups(&[4, 5, 6]), set(2, 1), LIST, set(1, 1), LIST])
        .inside(&[setgroups(&[4, 5, 6]), set(1, 0), set(0, 0), LIST, set(2, 2), set(3, 2), LIST])
        .play();

    check!(trace, last = [&first[..], &second].concat());
}

/// getgroups(2) needs room for the groups that there are, not for as many as its size says. With less it is EFAULT. It
/// leaves the list in that memory, from which setgroups(2) reads it again.
/// Source: getgroups(2): EFAULT; kernel groups_to_user().
#[harness::test(Root, Userns, pins("groups.told-nowhere", "groups.told", "groups.list"))]
fn getgroups_needs_room_for_the_groups_there_are() {
    let get = |size, room| at_the_end("getgroups", libc::SYS_getgroups, size, room);
    let set = |size, room| at_the_end("setgroups", libc::SYS_setgroups, size, room);
    let ns = root().outside(&[]).inside(&[]).outside(&[gid_map("0 0 100")]).inside(&[memory()]);

    let trace = ns
        .inside(&[setgroups(&[4, 5, 6]), get(3, 2), get(3, 0), get(2, 2), get(0, 0), get(64, 3)])
        .inside(&[setgroups(&[9]), set(3, 3), LIST, set(2, 2), LIST, get(64, 0), get(64, 2)])
        .play();

    check!(trace, last = [OK, EFAULT, EFAULT, EINVAL, OK, OK, OK, OK, OK, OK, OK, EFAULT, OK]);
}
