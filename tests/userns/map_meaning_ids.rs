//! What maps mean to the calls that set ids: seen from the namespace at the top, where none of the maps counts.

use crate::support::map_stack::{ACTORS, GIDS, Order, Stack, UIDS, last, refused_before};
use harness::prelude::*;
use rstest::rstest;

/// In the place of an argument's number: what was before.
const BEFORE: usize = 3;

/// The real, effective, saved and filesystem id of the processes below.
fn own_id(stack: &Stack, file: IdFile) -> u32 {
    let [uid, gid] = stack.owner();
    if file == GIDS { gid } else { uid }
}

/// Opens and reads /proc/PID/status.
fn status(of: Actor) -> [Action; 2] {
    let path = vec![HERE, RawArg::ProcPath(of, "status")];
    let open = syscall_for_fd("openat", libc::SYS_openat, path);
    [open, Action::ReadHeld { size: 32 * 1024, at: At::Position }]
}

fn four(outcome: &Outcome, file: IdFile) -> Vec<u32> {
    let name = if file == GIDS { "Gid:" } else { "Uid:" };
    let Outcome::Text(bytes) = outcome else { return Vec::new() };
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().filter_map(|id| id.parse().ok()).collect()
}

/// Each call takes its ids through the maps of the caller's namespace and of those above. The case says which argument
/// becomes the real, the effective, the saved and the filesystem id.
/// Source: setresuid(2); user_namespaces(7); kernel make_kuid(), make_kgid() in __sys_setresuid() and its kin.
#[rstest]
#[case::setuid(SetId::Setuid, UIDS, [0, 0, 0, 0])]
#[case::setreuid(SetId::Setreuid, UIDS, [0, 1, 1, 1])]
#[case::setresuid(SetId::Setresuid, UIDS, [0, 1, 2, 1])]
#[case::setfsuid(SetId::Setfsuid, UIDS, [BEFORE, BEFORE, BEFORE, 0])]
#[case::setgid(SetId::Setgid, GIDS, [0, 0, 0, 0])]
#[case::setregid(SetId::Setregid, GIDS, [0, 1, 1, 1])]
#[case::setresgid(SetId::Setresgid, GIDS, [0, 1, 2, 1])]
#[case::setfsgid(SetId::Setfsgid, GIDS, [BEFORE, BEFORE, BEFORE, 0])]
#[harness::test(Root, Userns, VisibleProcesses, pins("mean.down", "mean.levels", "id.which-change"))]
fn set_id_calls_take_ids_through_all_maps_above(
    #[case] call: SetId,
    #[case] file: IdFile,
    #[case] becomes: [usize; 4],
) {
    let stack = Stack::new(&[6, 6, 6], Order::Mixed);
    let own = own_id(&stack, file);

    for (depth, actor) in ACTORS.into_iter().enumerate().skip(1) {
        let named = (0..60).filter(|id| stack.meant(file, *id, depth).is_some()).collect::<Vec<_>>();
        let asks = named
            .windows(3)
            .flat_map(|ids| [(actor, vec![set_id(call, ids)]), (Actor::Outside, status(actor).to_vec())]);
        let ns = asks.fold(stack.cast(root().outside(&[])), |ns, (who, steps)| ns.by(who, &steps));
        let trace = ns.play();

        assert_eq!(refused_before(&trace, 0), []);
        let played = named.windows(3).zip(last(&trace, 3 * (named.len() - 2)).chunks(3));
        for (ids, seen) in played {
            let meant = |place: usize| match ids.get(place) {
                Some(id) => stack.meant(file, *id, depth).unwrap_or(u32::MAX),
                None => own,
            };
            assert_eq!(four(&seen[2], file), becomes.map(meant), "{ids:?}, {depth} levels below");
        }
    }
}

/// An id that the namespace has no mapping for is refused in each place, though its parent names it.
/// Source: setresuid(2), EINVAL; kernel uid_valid(), gid_valid().
#[rstest]
#[case::setuid(SetId::Setuid, UIDS, 1)]
#[case::setreuid(SetId::Setreuid, UIDS, 2)]
#[case::setresuid(SetId::Setresuid, UIDS, 3)]
#[case::setgid(SetId::Setgid, GIDS, 1)]
#[case::setregid(SetId::Setregid, GIDS, 2)]
#[case::setresgid(SetId::Setresgid, GIDS, 3)]
#[harness::test(
    Root,
    Userns,
    VisibleProcesses,
    pins("mean.down", "mean.levels", "id.unmapped", "id.refusal-changes-nothing")
)]
fn an_id_without_a_mapping_is_refused_in_each_place(
    #[case] call: SetId,
    #[case] file: IdFile,
    #[case] places: usize,
) {
    let stack = Stack::new(&[6, 6, 6], Order::Mixed);
    let own = own_id(&stack, file);

    for (depth, actor) in ACTORS.into_iter().enumerate().skip(1) {
        let lacks = |id: &u32| stack.meant(file, *id, depth).is_none();
        let above = (0..60).chain([own]).filter(|id| stack.meant(file, *id, depth - 1).is_some());
        let mine = stack.told(file, own, depth);
        let in_a_place = |id: u32| {
            (0..places).map(move |place| {
                let mut ids = [mine; 3];
                ids[place] = id;
                ids
            })
        };
        let tries: Vec<[u32; 3]> = above.filter(lacks).flat_map(in_a_place).collect();
        let steps: Vec<Action> = tries.iter().map(|ids| set_id(call, ids)).collect();
        let ns = stack.cast(root().outside(&[])).by(actor, &steps);
        let trace = ns.outside(&status(actor)).play();

        let (seen, after) = last(&trace, steps.len() + 2).split_at(steps.len());
        let einval = Outcome::Failed { call: "", errno: Errno::EINVAL };
        assert_eq!(seen, vec![einval; tries.len()], "{tries:?}");
        assert_eq!(four(&after[1], file), [own; 4]);
        assert_ne!(tries, Vec::<[u32; 3]>::new());
    }
}
