//! Maps that reach to the ends of the numbers, and 65534 as an id like any other.

use crate::support::map_stack::{above, below, chown, in_a_tmpfs, last, mknod, stat_file};
use crate::support::map_tables::{Extent, extent, text, write_any};
use harness::prelude::*;
use rstest::rstest;

/// The greatest id; the number beyond it stands for none.
const GREATEST: u32 = u32::MAX - 1;

const WHOLE: &[Extent] = &[extent(0, 0, u32::MAX)];
const ALL_BUT_0: &[Extent] = &[extent(1, 1, u32::MAX - 1)];
const ENDS_SWAPPED: &[Extent] = &[extent(GREATEST - 4, 0, 5), extent(0, GREATEST - 4, 5)];
/// The two extents at the ends and small ones, more than five in all.
const ENDS_OF_MANY: &[Extent] = &[
    extent(GREATEST - 4, 0, 5),
    extent(100, 200, 1),
    extent(0, GREATEST - 4, 5),
    extent(65_533, 65_530, 1),
    extent(65_535, 65_531, 1),
    extent(300, 400, 1),
];
/// 65534 above is another id below, and 65534 below another one above.
const OVERFLOW_NAMED: &[Extent] = &[extent(65_534, 500, 1), extent(7, 65_534, 1)];
const OVERFLOW_NAMED_OF_MANY: &[Extent] = &[
    extent(65_534, 500, 1),
    extent(7, 65_534, 1),
    extent(100, 200, 1),
    extent(0, 600, 1),
    extent(20, 20, 1),
    extent(300, 400, 1),
];
const OVERFLOW_ITSELF: &[Extent] = &[extent(65_530, 65_530, 6)];

/// Near the ends of every extent, near 65534 and near the greatest id, the map names its own ids and none beside them, in
/// both directions.
/// Source: user_namespaces(7); kernel map_id_range_down(), map_id_up(), INVALID_UID; proc(5), overflowuid.
#[rstest]
#[case::whole(WHOLE)]
#[case::all_but_0(ALL_BUT_0)]
#[case::ends_swapped(ENDS_SWAPPED)]
#[case::ends_of_many(ENDS_OF_MANY)]
#[case::overflow_named(OVERFLOW_NAMED)]
#[case::overflow_named_of_many(OVERFLOW_NAMED_OF_MANY)]
#[case::overflow_itself(OVERFLOW_ITSELF)]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    Capability(Cap::SysAdmin),
    pins("mean.down", "mean.up", "mean.many-extents", "mean.files")
)]
fn ids_at_the_ends_of_extents_and_numbers_are_mapped_exactly(
    #[case] map: &[Extent],
    #[values(IdFile::UidMap, IdFile::GidMap)] file: IdFile,
) {
    let near = |id: u32| [id.wrapping_sub(1), id, id.wrapping_add(1)];
    let ends = |e: &Extent| [e.upper, e.upper + (e.count - 1), e.lower, e.lower + (e.count - 1)];
    let ids = map.iter().flat_map(ends).chain([0, 65_534, GREATEST]).flat_map(near);
    let ids: Vec<u32> = ids.filter(|id| *id != SAME).collect();
    let names: Vec<String> = (0..ids.len()).map(|n| n.to_string()).collect();
    let give = |(name, id): (&String, &u32)| match file {
        IdFile::GidMap => chown(name, SAME, *id),
        _ => chown(name, *id, SAME),
    };
    let gifts: Vec<Action> = names.iter().zip(&ids).map(give).collect();
    let look: Vec<Action> = names.iter().map(|name| stat_file(name)).collect();
    let make: Vec<Action> = names.iter().map(|name| mknod(name)).collect();
    let side = |told: &Outcome| match told {
        Outcome::Ids(both) if file == IdFile::GidMap => both[1],
        Outcome::Ids(both) => both[0],
        other => panic!("{other:?}"),
    };
    let other = if file == IdFile::UidMap { IdFile::GidMap } else { IdFile::UidMap };
    let maps = [write_any(file, text(map)), write_any(other, "0 0 65536")];

    // Upwards: files of these owners, seen inside.
    let ns = root().outside(&in_a_tmpfs()).inside(&[]).outside(&maps).outside(&make);
    let trace = ns.clone().outside(&gifts).inside(&look).play();
    for (id, seen) in ids.iter().zip(last(&trace, look.len())) {
        assert_eq!(side(seen), above(map, *id).unwrap_or(overflow(file)), "{id} in\n{}", text(map));
    }

    // Downwards: files of the first lower id and of 0, given away inside and seen outside.
    let first = map[0].lower;
    let own = match file {
        IdFile::GidMap => names.iter().map(|name| chown(name, SAME, first)).collect::<Vec<_>>(),
        _ => names.iter().map(|name| chown(name, first, SAME)).collect(),
    };
    let trace = ns.outside(&own).inside(&gifts).outside(&look).play();
    let (given, seen) = last(&trace, 2 * look.len()).split_at(look.len());
    for ((id, given), seen) in ids.iter().zip(given).zip(seen) {
        let einval = (Outcome::Failed { call: "", errno: Errno::EINVAL }, first);
        let expected = below(map, *id).map_or(einval, |id| (Outcome::Done, id));
        assert_eq!((given, side(seen)), (&expected.0, expected.1), "{id} in\n{}", text(map));
    }
}
