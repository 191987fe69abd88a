//! The search of the list of supplementary groups: a group is found wherever it stands, and no other is.

use harness::prelude::*;
use std::fmt::Write as _;

/// fchown(2) of the held file to this group: its owner may give it to the groups that it is a member of.
fn give_to(group: u32) -> Action {
    let ids = [SAME, group].map(|id| RawArg::Number(id.into()));
    syscall("fchown", libc::SYS_fchown, [[RawArg::Held].as_slice(), &ids].concat())
}

/// How many of these groups are found and how many refused, with the names of those found wrongly and refused
/// wrongly. The others must not have the gid of the process among them, which counts wherever it stands.
fn searched(gids: &'static str, groups: Action, members: &[u32], others: &[u32]) -> String {
    let file = vec![RawArg::Bytes(b"file\0".into()), RawArg::Number(0)];
    let begin = [syscall_for_fd("memfd_create", libc::SYS_memfd_create, file), SETGROUPS_EMPTY, groups];
    let steps: Vec<Action> = members.iter().chain(others).map(|group| give_to(*group)).collect();
    let cast = root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 65536"), gid_map(gids)]);
    // The list is short again in the end, as the state of a process shows all of its groups.
    let kept = cast.inside(&begin).inside(&[only_caps(&[Cap::Setgid])]);
    let trace = kept.inside(&steps).inside(&[SETGROUPS_EMPTY]).play();

    let shown: Vec<String> = trace.outcomes_shown().collect();
    let tried = &shown[shown.len() - 1 - steps.len()..shown.len() - 1];
    let of_groups = tried.iter().zip(members.iter().chain(others));
    let (found, rest): (Vec<_>, Vec<_>) = of_groups.partition(|(outcome, _)| *outcome == "ok");
    let (refused, strange): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(outcome, _)| *outcome == "EPERM");
    assert!(strange.is_empty(), "neither found nor refused: {strange:?}");
    let wrong = |which: &[(&String, &u32)], right: &[u32]| {
        let groups = which.iter().map(|(_, group)| **group).filter(|group| !right.contains(group));
        groups.map(|group| format!(" {group}")).collect::<String>()
    };
    format!(
        "{} found{}, {} refused{}",
        found.len(),
        wrong(&found, members),
        refused.len(),
        wrong(&refused, others)
    )
}

fn sequence(first: u32, step: u32, size: u32) -> Action {
    Action::Setgroups(Groups::Sequence { first, step, size: size.into() }, Via::Raw)
}

/// A group is found wherever it is in the list, and no other is: before the first, after the last and
/// between any two, in lists of 0 to 40 groups.
/// Source: chown(2); kernel groups_search(), in_group_p() in chgrp_ok().
#[harness::test(Root, Userns, pins("member.every-place", "groups.list"))]
fn every_place_in_the_list() {
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

/// So it is in long lists, whose last place is the last that there may be, and whatever order the list is
/// given in.
/// Source: as above; setgroups(2): NGROUPS_MAX.
#[harness::test(Root, Userns, InitialUserns, pins("member.every-place", "groups.list", "groups.size"))]
fn in_a_long_list() {
    let mut table = String::new();
    let (ascending, descending) = ([1_023, 1_024, 1_025, 16_000, 65_536], [1_024, 65_536]);
    let lists = ascending.map(|count| (Order::Up, count)).into_iter();
    for (order, count) in lists.chain(descending.map(|count| (Order::Down, count))) {
        // Not from 1 on: 0 is the gid of the process and of its file.
        let last = 2 * count + 1;
        let near = |place: u32| [place.saturating_sub(2), place, place + 2];
        let edges =
            [3, count / 4 * 2 + 1, count / 2 * 2 + 1, count / 2 * 2 + 3, last].into_iter().flat_map(near);
        let spread = (3..last).step_by((count / 128) as usize).chain(edges);
        let mut members: Vec<u32> =
            spread.map(|group| group | 1).filter(|group| (3..=last).contains(group)).collect();
        members.sort_unstable();
        members.dedup();
        let others: Vec<u32> = members.iter().map(|group| group - 1).chain([last + 1, last + 3]).collect();
        let groups = match order {
            Order::Up => sequence(3, 2, count),
            Order::Down => sequence(last, 2_u32.wrapping_neg(), count),
        };
        let row = searched("0 0 200000", groups, &members, &others);
        let _ = writeln!(table, "{count:5} {:4}: {row}", format!("{order:?}"));
    }

    check!(table);
}

/// The search compares the ids of the initial namespace, without a sign: in a namespace that maps them the
/// other way round, and where some are beyond 2^31.
/// Source: kernel groups_sort(), groups_search(): gid_gt(), gid_lt() of kgid_t.
#[harness::test(Root, Userns, InitialUserns, pins("member.every-place", "groups.list"))]
fn whatever_the_map() {
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

    check!(table);
}
