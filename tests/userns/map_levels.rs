//! What maps mean to chown(2) and stat(2), for every id of them and beside them, in both directions, through
//! one, two and three levels of namespaces.

use crate::support::map_stack::{
    ACTORS, GIDS, Order, Stack, UIDS, chown, in_a_tmpfs, last, mknod, refused_before, stat_file,
};
use harness::prelude::*;
use rstest::rstest;

/// stat(2) shows the owner and the group of a file as the namespace of the caller names them, through all the maps above.
/// An id without a name there is shown as the overflow id.
/// Source: user_namespaces(7), "Unmapped user and group IDs"; kernel map_id_up_base(), map_id_up_max().
#[rstest]
#[case::one(Stack::new(&[1], Order::Mixed))]
#[case::five(Stack::new(&[5], Order::Mixed))]
#[case::five_descending(Stack::new(&[5], Order::Descending))]
#[case::six(Stack::new(&[6], Order::Mixed))]
#[case::six_ascending(Stack::new(&[6], Order::Ascending))]
#[case::six_descending(Stack::new(&[6], Order::Descending))]
#[case::all_340(Stack::new(&[340], Order::Mixed))]
#[case::all_340_descending(Stack::new(&[340], Order::Descending))]
#[case::five_in_six(Stack::new(&[6, 5], Order::Mixed))]
#[case::six_in_five(Stack::new(&[5, 6], Order::Mixed))]
#[case::three_levels_of_five(Stack::new(&[5, 5, 5], Order::Mixed))]
#[case::three_levels_of_six(Stack::new(&[6, 6, 6], Order::Mixed))]
#[case::three_levels_of_340(Stack::new(&[340, 340, 340], Order::Mixed))]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysAdmin),
    pins("mean.up", "mean.levels", "mean.many-extents", "mean.files")
)]
fn owners_of_files_are_shown_through_all_maps_above(#[case] stack: Stack) {
    let owners: Vec<[u32; 2]> =
        stack.outer_ids(UIDS).into_iter().zip(stack.outer_ids(GIDS)).map(|(uid, gid)| [uid, gid]).collect();
    let names: Vec<String> = (0..owners.len()).map(|n| n.to_string()).collect();
    let make = |(name, [uid, gid]): (&String, &[u32; 2])| [mknod(name), chown(name, *uid, *gid)];
    let made: Vec<Action> = names.iter().zip(&owners).flat_map(make).collect();
    let look: Vec<Action> = names.iter().map(|name| stat_file(name)).collect();

    for (depth, asker) in ACTORS.into_iter().enumerate().take(stack.0.len() + 1) {
        let ns = stack.cast(root().outside(&in_a_tmpfs())).outside(&made);
        let trace = ns.by(asker, &look).play();

        assert_eq!(refused_before(&trace, look.len()), []);
        for (owner, told) in owners.iter().zip(last(&trace, look.len())) {
            let expected = [stack.told(UIDS, owner[0], depth), stack.told(GIDS, owner[1], depth)];
            assert_eq!(told, &Outcome::Ids(expected.into()), "{owner:?}, {depth} levels below\n{stack:?}");
        }
    }
}

/// chown(2) takes ids through all the maps above; one that has no mapping is EINVAL.
/// Source: chown(2); user_namespaces(7); kernel map_id_range_down_base(), map_id_range_down_max().
#[rstest]
#[case::one(Stack::new(&[1], Order::Mixed))]
#[case::five(Stack::new(&[5], Order::Mixed))]
#[case::five_descending(Stack::new(&[5], Order::Descending))]
#[case::six(Stack::new(&[6], Order::Mixed))]
#[case::six_ascending(Stack::new(&[6], Order::Ascending))]
#[case::six_descending(Stack::new(&[6], Order::Descending))]
#[case::all_340(Stack::new(&[340], Order::Mixed))]
#[case::all_340_descending(Stack::new(&[340], Order::Descending))]
#[case::five_in_six(Stack::new(&[6, 5], Order::Mixed))]
#[case::six_in_five(Stack::new(&[5, 6], Order::Mixed))]
#[case::three_levels_of_five(Stack::new(&[5, 5, 5], Order::Mixed))]
#[case::three_levels_of_six(Stack::new(&[6, 6, 6], Order::Mixed))]
#[case::three_levels_of_340(Stack::new(&[340, 340, 340], Order::Mixed))]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysAdmin),
    pins("mean.down", "mean.levels", "mean.many-extents", "mean.files")
)]
fn chown_takes_ids_through_all_maps_above(#[case] stack: Stack) {
    let (ids, depth) = (stack.inner_ids(), stack.0.len());
    let names: Vec<String> = (0..ids.len()).map(|n| n.to_string()).collect();
    let make_and_give =
        |(name, id): (&String, &u32)| [mknod(name), chown(name, *id, SAME), chown(name, SAME, *id)];
    let gifts: Vec<Action> = names.iter().zip(&ids).flat_map(make_and_give).collect();
    let look: Vec<Action> = names.iter().map(|name| stat_file(name)).collect();

    let ns = stack.cast(root().outside(&in_a_tmpfs()));
    let trace = ns.by(stack.lowest(), &gifts).outside(&look).play();

    let (given, owners) = last(&trace, gifts.len() + look.len()).split_at(gifts.len());
    let own = stack.owner();
    for ((id, given), owner) in ids.iter().zip(given.chunks(3)).zip(owners) {
        let meant = [UIDS, GIDS].map(|file| stack.meant(file, *id, depth));
        let einval = Outcome::Failed { call: "", errno: Errno::EINVAL };
        let [uid, gid] = meant.map(|meant| meant.map_or(einval.clone(), |_| Outcome::Done));
        assert_eq!(given, [Outcome::Done, uid, gid], "{id} in\n{stack:?}");
        // A refused chown(2) leaves the file the process's own.
        let expected = vec![meant[0].unwrap_or(own[0]), meant[1].unwrap_or(own[1])];
        assert_eq!(owner, &Outcome::Ids(expected), "{id} in\n{stack:?}");
    }
}
