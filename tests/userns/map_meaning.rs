//! What a map means: which id inside stands for which id outside, in both directions.

use crate::support::map_stack::{Order, Stack, above};
use crate::support::map_tables::{Extent, extent, outcomes, text, write_any};
use harness::prelude::*;
use rstest::rstest;

const ONE: &[Extent] = &[extent(0, 3000, 10)];
const TWO: &[Extent] = &[extent(100, 3000, 10), extent(20, 3050, 5)];
const FIVE: &[Extent] = &[
    extent(40, 3000, 10),
    extent(10, 3100, 1),
    extent(20, 3010, 5),
    extent(0, 3050, 3),
    extent(70, 3090, 4),
];
const SIX: &[Extent] = &[
    extent(40, 3000, 10),
    extent(10, 3100, 1),
    extent(20, 3010, 5),
    extent(0, 3050, 3),
    extent(70, 3090, 4),
    extent(60, 3080, 2),
];
const NINE: &[Extent] = &[
    extent(90, 3000, 10),
    extent(80, 3010, 10),
    extent(70, 3030, 1),
    extent(60, 3029, 1),
    extent(50, 3040, 3),
    extent(40, 3050, 4),
    extent(30, 3060, 2),
    extent(20, 3070, 9),
    extent(0, 3090, 1),
];

/// An id that the map names can be taken inside, and the process then has it. Any other id is refused.
/// Source: user_namespaces(7); kernel map_id_range_down(), map_id_up().
#[rstest]
#[case::one(ONE)]
#[case::two(TWO)]
#[case::five(FIVE)]
#[case::six(SIX)]
#[case::nine(NINE)]
#[harness::test(Root, Userns, pins("mean.down", "mean.up", "mean.many-extents", "id.unmapped"))]
fn only_an_id_that_the_map_names_can_be_taken(
    #[case] map: &[Extent],
    #[values((IdFile::UidMap, SetId::Setfsuid), (IdFile::GidMap, SetId::Setfsgid))] kind: (IdFile, SetId),
) {
    let (file, call) = kind;
    let probes: Vec<u32> = (0..130).chain([2999, 3000, 3001, u32::MAX - 1]).collect();
    let take_and_tell = |id: &u32| [set_id(call, &[*id]), set_id(call, &[u32::MAX])];
    let steps: Vec<Action> = probes.iter().flat_map(take_and_tell).collect();

    let ns = root().outside(&[]).inside(&[]).outside(&[write_any(file, text(map))]);
    let trace = ns.inside(&steps).play();

    let told: Vec<&Outcome> = outcomes(&trace).into_iter().skip(2).step_by(2).collect();
    assert_eq!(told.len(), probes.len());
    let mut expected = Outcome::Value(overflow(file).into());
    for (id, told) in probes.iter().zip(told) {
        let mapped = map.iter().any(|e| e.upper <= *id && *id < e.upper + e.count);
        let told_if_taken = mapped.then(|| Outcome::Value(i64::from(*id)));
        expected = told_if_taken.unwrap_or(expected);
        assert_eq!(told, &expected, "id {id} in\n{}", text(map));
    }
}

/// A process that enters a namespace has, for each of its ids that the map names, the upper id. For any other it has the
/// overflow id.
/// Source: user_namespaces(7), "Unmapped user and group IDs"; kernel map_id_up().
#[rstest]
#[case::one(ONE)]
#[case::two(TWO)]
#[case::five(FIVE)]
#[case::six(SIX)]
#[case::nine(NINE)]
#[harness::test(Root, Userns, InitialUserns, pins("mean.up", "mean.many-extents"))]
fn a_process_that_enters_has_mapped_or_overflow_ids(#[case] map: &[Extent]) {
    let maps = [IdFile::UidMap, IdFile::GidMap].map(|file| write_any(file, text(map)));

    for ids in edges(map).chunks_exact(4) {
        let ns = root().outside(&[]).inside(&[]).outside(&maps);
        let trace = ns.outside(&become_and_enter(ids, Actor::Inside)).play();

        assert_eq!(ids_inside(&trace), mapped(ids, |id| above(map, id)), "{ids:?} from outside\n{trace}");
    }
}

/// In a namespace below, an id has gone through both maps.
/// Source: user_namespaces(7); kernel map_write(): lower ids are kept as the initial namespace has them.
#[rstest]
#[case::one_in_one(ONE, &[extent(50, 2, 3)])]
#[case::two_in_six(SIX, &[extent(5, 41, 3), extent(0, 22, 3)])]
#[case::six_in_two(TWO, SIX_IN_TWO)]
#[case::six_in_nine(NINE, SIX_IN_NINE)]
#[harness::test(Root, Userns, InitialUserns, pins("mean.up", "mean.levels", "mean.many-extents"))]
fn an_id_two_levels_below_has_gone_through_both_maps(#[case] map: &[Extent], #[case] below: &[Extent]) {
    let files = [IdFile::UidMap, IdFile::GidMap];
    let of_inside = files.map(|file| write_any(file, text(map)));
    let of_nested = files.map(|file| write_of_nested(file, below));

    for ids in edges(map).chunks_exact(4) {
        let ns = root().outside(&[]).inside(&[]).outside(&of_inside);
        // Only a process with mapped ids can create a namespace.
        let ns = ns.inside(&become_all(map[0].upper)).second(&[]).nested(&[]).second(&of_nested);
        let trace = ns.outside(&become_and_enter(ids, Actor::Nested)).play();

        let expected = mapped(ids, |id| above(map, id).and_then(|id| above(below, id)));
        assert_eq!(ids_inside(&trace), expected, "{ids:?} from outside\n{trace}");
    }
}

/// In the third namespace below, an id has gone through all three maps, of uids and gids apart.
/// Source: user_namespaces(7); kernel map_write(): lower ids are kept as the initial namespace has them.
#[rstest]
#[case::of_five(Stack::new(&[5, 5, 5], Order::Mixed))]
#[case::of_six(Stack::new(&[6, 6, 6], Order::Mixed))]
#[harness::test(Root, Userns, pins("mean.up", "mean.levels", "mean.many-extents"))]
fn an_id_three_levels_below_has_gone_through_all_maps(#[case] stack: Stack) {
    let ids: Vec<u32> = [IdFile::UidMap, IdFile::GidMap].map(|file| stack.outer_ids(file)).concat();

    for ids in ids.chunks_exact(4) {
        let ns = stack.cast(root().outside(&[]));
        let trace = ns.outside(&become_and_enter(ids, Actor::Deepest)).play();

        let each = |file| ids.iter().map(|id| Some(stack.told(file, *id, 3))).collect();
        let expected = Some([IdFile::UidMap, IdFile::GidMap].map(each));
        assert_eq!(ids_inside(&trace), expected, "{ids:?} from outside\n{trace}");
    }
}

const SIX_IN_TWO: &[Extent] = &[
    extent(9, 100, 1),
    extent(8, 101, 1),
    extent(3, 105, 2),
    extent(5, 103, 2),
    extent(20, 20, 3),
    extent(30, 23, 2),
];
const SIX_IN_NINE: &[Extent] = &[
    extent(9, 99, 1),
    extent(8, 90, 1),
    extent(3, 85, 2),
    extent(5, 83, 2),
    extent(20, 20, 3),
    extent(30, 0, 1),
];

fn write_of_nested(file: IdFile, map: &[Extent]) -> Action {
    Action::Write { file, of: Some(Actor::Nested), text: Text::Bytes(text(map).into_bytes().into()) }
}

/// The ids at both edges of each extent, within and without, and in its middle; a multiple of four.
fn edges(map: &[Extent]) -> Vec<u32> {
    let near =
        |e: &Extent| [e.lower - 1, e.lower, e.lower + e.count / 2, e.lower + e.count - 1, e.lower + e.count];
    let mut ids: Vec<u32> = map.iter().flat_map(near).chain([0, 40, 100, 65_534]).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.extend(std::iter::repeat_n(1, ids.len().next_multiple_of(4) - ids.len()));
    ids
}

/// Takes an id for everything, without losing capabilities over it.
fn become_all(id: u32) -> [Action; 4] {
    [NO_FIXUP, setresgid(id), setresuid(id), DUMPABLE]
}

/// Takes four ids, as real, effective, saved and filesystem ids, without losing capabilities over it.
fn become_and_enter(ids: &[u32], of: Actor) -> Vec<Action> {
    vec![
        NO_FIXUP,
        set_id(SetId::Setresgid, &ids[..3]),
        set_id(SetId::Setfsgid, &ids[3..]),
        set_id(SetId::Setresuid, &ids[..3]),
        set_id(SetId::Setfsuid, &ids[3..]),
        Action::Setns { of, file: NsFile::User, nstype: NEWUSER },
    ]
}

/// Real, effective, saved and filesystem id, first the uids and then the gids. None of an id is one that the kernel does
/// not show.
type Both = [Vec<Option<u32>>; 2];

/// The ids of a process that has entered, by this map of uids and of gids; a second model of maps.
fn mapped(ids: &[u32], above: impl Fn(u32) -> Option<u32>) -> Option<Both> {
    let each = |file| ids.iter().map(|id| Some(above(*id).unwrap_or(overflow(file)))).collect();
    Some([IdFile::UidMap, IdFile::GidMap].map(each))
}

/// The ids that the process outside has after it has entered; None if it was refused.
fn ids_inside(trace: &Trace) -> Option<Both> {
    let entered = trace.outcomes.last() == Some(&Outcome::Done);
    let state = trace.state_of(Actor::Outside).filter(|_| entered)?;
    let four = [state.uid, state.gid];
    Some(four.map(|ids| vec![Some(ids.real), Some(ids.effective), Some(ids.saved), ids.fs.known()]))
}
