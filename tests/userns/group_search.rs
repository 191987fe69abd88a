//! The search in the list of supplementary groups: it finds each group of the list, and no other.

use harness::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// fchown(2) of the held file to this group: its owner may give it to the groups that it is a member of.
fn give_to(group: u32) -> Action {
    let ids = [SAME, group].map(|id| RawArg::Number(id.into()));
    syscall("fchown", libc::SYS_fchown, [[RawArg::Held].as_slice(), &ids].concat())
}

/// A line with the number of groups that are found and of those that are refused. It names each other group that is
/// found, each member that is refused, and each group for which the call fails otherwise. The others must not include
/// the gid of the process, which counts without the list.
fn searched(gids: &'static str, groups: Action, members: &[u32], others: &[u32]) -> String {
    let file = vec![RawArg::Bytes(b"file\0".into()), RawArg::Number(0)];
    let begin = [syscall_for_fd("memfd_create", libc::SYS_memfd_create, file), SETGROUPS_EMPTY, groups];
    let steps: Vec<Action> = members.iter().chain(others).map(|group| give_to(*group)).collect();
    let ns = root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 65536"), gid_map(gids)]);
    // The list is short again in the end, as the state of a process shows all of its groups.
    let kept = ns.inside(&begin).inside(&[only_caps(&[Cap::Setgid])]);
    let trace = kept.inside(&steps).inside(&[SETGROUPS_EMPTY]).play();

    let shown: Vec<String> = trace.outcomes_shown().collect();
    let tried = &shown[shown.len() - 1 - steps.len()..shown.len() - 1];
    let of_groups = tried.iter().zip(members.iter().chain(others));
    let (found, rest): (Vec<_>, Vec<_>) = of_groups.partition(|(outcome, _)| *outcome == "ok");
    let (refused, strange): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(outcome, _)| *outcome == "EPERM");
    let strange = strange.iter().map(|(outcome, group)| format!(", {group} {outcome}")).collect::<String>();
    let wrong = |which: &[(&String, &u32)], right: &[u32]| {
        let groups = which.iter().map(|(_, group)| **group).filter(|group| !right.contains(group));
        groups.map(|group| format!(" {group}")).collect::<String>()
    };
    format!(
        "{} found{}, {} refused{}{strange}",
        found.len(),
        wrong(&found, members),
        refused.len(),
        wrong(&refused, others)
    )
}

fn sequence(first: u32, step: u32, size: u32) -> Action {
    Action::Setgroups(Groups::Sequence { first, step, size: size.into() }, Via::Raw)
}

/// A group is found at each place of the list. No other group is found: before the first, after the last and between any
/// two. The lists have 0 to 40 groups.
/// Source: chown(2); kernel groups_search(), in_group_p() in chgrp_ok().
#[harness::test(Root, Userns, pins("member.every-place", "groups.list"))]
fn a_group_is_found_at_each_place_of_the_list() {
    let mut table = String::new();
    for count in 0..=40 {
        let members: Vec<u32> = (1..=count).map(|place| place * 10).collect();
        let others: Vec<u32> = (0..=count).map(|place| place * 10 + 5).collect();
        let row = searched("0 0 65536", sequence(10, 10, count), &members, &others);
        let _ = writeln!(table, "{count:2} groups: {row}");
    }

    check!(table);
}

/// The order in which a list is given.
#[derive(Debug, Clone, Copy)]
enum Order {
    Up,
    Down,
}

/// A list of the groups 3, 5, 7 and so on, given in this order. It does not begin at 1, so that no group near it is 0, the
/// gid of the process and of its file.
fn odd_groups(order: Order, count: u32) -> Action {
    match order {
        Order::Up => sequence(3, 2, count),
        Order::Down => sequence(2 * count + 1, 2_u32.wrapping_neg(), count),
    }
}

/// Some members of that list: about 128 that are spread over it, and those about its ends, its middle and its quarter.
fn some_members(count: u32) -> Vec<u32> {
    let last = 2 * count + 1;
    let near = |place: u32| [place.saturating_sub(2), place, place + 2];
    let edges = [3, count / 4 * 2 + 1, count / 2 * 2 + 1, count / 2 * 2 + 3, last].into_iter().flat_map(near);
    let spread = (3..last).step_by((count / 128) as usize).chain(edges);
    let odd: BTreeSet<u32> =
        spread.map(|group| group | 1).filter(|group| (3..=last).contains(group)).collect();
    odd.into_iter().collect()
}

/// In long lists, too, a group is found at each place that is tried, and no other group is. The longest list has as many
/// groups as there may be. The order in which a list is given does not matter.
/// Source: chown(2); setgroups(2): NGROUPS_MAX; kernel groups_search(), in_group_p() in chgrp_ok().
#[harness::test(Root, Userns, InitialUserns, pins("member.every-place", "groups.list", "groups.size"))]
fn a_group_is_found_in_a_long_list() {
    let mut table = String::new();
    let (ascending, descending) = ([1_023, 1_024, 1_025, 16_000, 65_536], [1_024, 65_536]);
    let lists = ascending.map(|count| (Order::Up, count)).into_iter();
    for (order, count) in lists.chain(descending.map(|count| (Order::Down, count))) {
        let members = some_members(count);
        let beyond = [2 * count + 2, 2 * count + 4];
        let others: Vec<u32> = members.iter().map(|group| group - 1).chain(beyond).collect();
        let row = searched("0 0 200000", odd_groups(order, count), &members, &others);
        let _ = writeln!(table, "{count:5} {:4}: {row}", format!("{order:?}"));
    }

    check!(table, @r"
     1023 Up  : 301 found, 303 refused
     1024 Up  : 264 found, 266 refused
     1025 Up  : 264 found, 266 refused
    16000 Up  : 264 found, 266 refused
    65536 Up  : 264 found, 266 refused
     1024 Down: 264 found, 266 refused
    65536 Down: 264 found, 266 refused
    ");
}

/// The search compares the ids of the initial namespace, as unsigned numbers. The namespaces here map them in reverse
/// order, exchange two halves, and have some beyond 2^31.
/// Source: kernel groups_sort(), groups_search(): gid_gt(), gid_lt() of kgid_t.
#[harness::test(Root, Userns, InitialUserns, pins("member.every-place", "groups.list"))]
fn the_search_compares_initial_ids_as_unsigned_numbers() {
    let maps: [(&str, &str, &[u32]); 3] = [
        ("reversed", "0 6 1\n1 5 1\n2 4 1\n3 3 1\n4 2 1\n5 1 1\n6 0 1", &[1, 4]),
        ("two halves exchanged", "0 100 4\n4 0 4", &[1, 6, 7]),
        ("beyond 2^31", "0 4294967290 2\n2 2147483647 2\n4 0 2\n6 3000000000 1", &[1, 6]),
    ];

    let mut table = String::new();
    for (name, map, others) in maps {
        let row = searched(map, setgroups(&[5, 0, 3, 2]), &[0, 2, 3, 5], others);
        let _ = writeln!(table, "{name:20}: {row}");
    }

    check!(table, @r"
    reversed            : 4 found, 2 refused
    two halves exchanged: 4 found, 3 refused
    beyond 2^31         : 4 found, 2 refused
    ");
}
