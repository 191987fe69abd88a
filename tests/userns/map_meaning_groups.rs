//! What maps mean to setgroups(2) and getgroups(2), for every group of them and beside them.

use crate::support::map_stack::{GIDS, Order, Stack, last, refused_before};
use harness::prelude::*;
use rstest::rstest;

fn groups(list: &[u32]) -> Action {
    Action::Setgroups(Groups::List(list.to_vec().into()), Via::Raw)
}

/// getgroups(2) of a process that has entered a namespace returns each of its groups as the maps name it. A group without
/// a name is the overflow gid. The groups keep the order of their ids in the initial namespace.
/// Source: getgroups(2); user_namespaces(7); kernel groups_to_user(): from_kgid_munged().
#[rstest]
#[case::one(Stack::new(&[1], Order::Mixed))]
#[case::five(Stack::new(&[5], Order::Mixed))]
#[case::six(Stack::new(&[6], Order::Descending))]
#[case::all_340(Stack::new(&[340], Order::Mixed))]
#[case::three_levels_of_six(Stack::new(&[6, 6, 6], Order::Mixed))]
#[case::three_levels_of_340(Stack::new(&[340, 340, 340], Order::Descending))]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    pins("mean.up", "mean.levels", "mean.many-extents", "groups.told")
)]
fn getgroups_shows_groups_as_the_namespace_names_them(#[case] stack: Stack) {
    let mut list = stack.outer_ids(GIDS);
    list.sort_unstable();
    let depth = stack.0.len();
    let enter = Action::Setns { of: stack.lowest(), file: NsFile::User, nstype: NEWUSER };
    let get = Action::Getgroups { size: i64::try_from(list.len()).unwrap_or(0), room: Room::Good };

    let trace = stack.cast(root().outside(&[])).outside(&[groups(&list), enter, get]).play();

    assert_eq!(refused_before(&trace, 1), []);
    let expected = list.iter().map(|gid| stack.told(GIDS, *gid, depth)).collect();
    assert_eq!(last(&trace, 1), [Outcome::Groups(expected)], "{stack:?}");
}

/// setgroups(2) takes each group that has a mapping and refuses any other. A reader at the top sees the groups that were
/// taken as the maps say.
/// Source: setgroups(2), EINVAL; kernel groups_from_user(): make_kgid().
#[rstest]
#[case::one(Stack::new(&[1], Order::Mixed))]
#[case::five(Stack::new(&[5], Order::Mixed))]
#[case::six(Stack::new(&[6], Order::Descending))]
#[case::all_340(Stack::new(&[340], Order::Mixed))]
#[case::three_levels_of_six(Stack::new(&[6, 6, 6], Order::Mixed))]
#[case::three_levels_of_340(Stack::new(&[340, 340, 340], Order::Descending))]
#[harness::test(
    Root,
    Userns,
    VisibleProcesses,
    pins("mean.down", "mean.levels", "mean.many-extents", "groups.unmapped")
)]
fn setgroups_takes_only_groups_with_a_mapping(#[case] stack: Stack) {
    let (ids, depth, lowest) = (stack.inner_ids(), stack.0.len(), stack.lowest());
    let alone: Vec<Action> = ids.iter().map(|id| groups(&[*id])).collect();
    let (named, meant): (Vec<u32>, Vec<u32>) =
        ids.iter().filter_map(|id| Some((*id, stack.meant(GIDS, *id, depth)?))).unzip();
    let path = vec![HERE, RawArg::ProcPath(lowest, "status")];
    let status = [
        syscall_for_fd("openat", libc::SYS_openat, path),
        Action::ReadHeld { size: 32 * 1024, at: At::Position },
    ];

    let ns = stack.cast(root().outside(&[])).by(lowest, &alone).by(lowest, &[groups(&named)]);
    let trace = ns.outside(&status).play();

    let (each, seen) = last(&trace, ids.len() + 3).split_at(ids.len());
    for (id, seen) in ids.iter().zip(each) {
        let einval = Outcome::Failed { call: "", errno: Errno::EINVAL };
        let expected = stack.meant(GIDS, *id, depth).map_or(einval, |_| Outcome::Done);
        assert_eq!(seen, &expected, "{id} in\n{stack:?}");
    }
    assert_eq!(seen[0], Outcome::Done, "{named:?}");
    let mut expected = meant;
    expected.sort_unstable();
    let Outcome::Text(text) = &seen[2] else { panic!("{:?}", seen[2]) };
    assert_eq!(group_line(&String::from_utf8_lossy(text)), expected, "{stack:?}");
}

fn group_line(status: &str) -> Vec<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("Groups:")).unwrap_or_default();
    line.split_whitespace().filter_map(|gid| gid.parse().ok()).collect()
}
