//! How many extents a map has, and what overlaps.

use crate::support::map_tables::{Extent, as_they_are, each_alone, extent, outcomes, text, write_any};
use harness::prelude::*;
use rstest::rstest;

/// A map has up to 340 extents.
/// Source: user_namespaces(7): the limit is 340 lines; kernel 6397fac4915a, map_write().
#[rstest]
#[harness::test(Root, Userns, pins("text.extents"))]
fn a_map_has_at_most_340_extents(#[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile) {
    let lines = |count: u32| text(&(0..count).map(|n| extent(n, n, 1)).collect::<Vec<_>>());
    let whole = |count: u32| (format!("{count}"), lines(count).into_bytes());
    let cut = |count: u32| (format!("{count}, no final newline"), lines(count).trim_end().into());
    let blank = ("340 and a blank line".to_owned(), format!("{}\n", lines(340)).into_bytes());
    let texts = [1, 4, 5, 6, 7, 339, 340, 341, 342].map(whole).into_iter().chain([340, 341].map(cut));

    let table = each_alone(file, &texts.chain([blank]).collect::<Vec<_>>());

    check!(table);
}

/// An id is looked up in the last of 340 extents as in the first.
/// Source: user_namespaces(7): the limit is 340 lines; kernel 6397fac4915a, insert_extent(), map_id_range_down_max(),
/// map_id_up_max().
#[rstest]
#[case::uids(IdFile::UidMap, SetId::Setfsuid)]
#[case::gids(IdFile::GidMap, SetId::Setfsgid)]
#[harness::test(Root, Userns, pins("text.extents", "mean.many-extents"))]
fn each_of_340_extents_is_found(#[case] file: IdFile, #[case] call: SetId) {
    let lines = text(&(0..340).map(|n| extent(2 * n, n, 1)).collect::<Vec<_>>());
    let ns = root().outside(&[]).inside(&[]).outside(&[write_any(file, lines)]);

    let ids = (0..340).flat_map(|n| [2 * n, 2 * n + 1]).chain([0]);
    let trace = ns.inside(&ids.map(|id| set_id(call, &[id])).collect::<Vec<_>>()).play();

    // Each call tells the id before it: an odd one is never taken.
    let told: Vec<&Outcome> = outcomes(&trace).into_iter().skip(2).collect();
    let expected: Vec<Outcome> = (0..340).flat_map(|n| [2 * n, 2 * n]).map(Outcome::Value).collect();
    assert!(told.into_iter().eq(&expected));
}

/// Extents may not overlap, in their upper or in their lower ids, wherever in the text the extent stands that overlaps.
/// Source: user_namespaces(7): ranges must not overlap; kernel mappings_overlap().
#[rstest]
#[case::upper_of_a_few(Side::Upper, 3)]
#[case::lower_of_a_few(Side::Lower, 3)]
#[case::upper_of_five(Side::Upper, 5)]
#[case::lower_of_five(Side::Lower, 5)]
#[case::upper_of_many(Side::Upper, 9)]
#[case::lower_of_many(Side::Lower, 9)]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    pins("text.upper-overlap", "text.lower-overlap", "text.unordered")
)]
fn an_extent_that_overlaps_is_refused_wherever_it_stands(#[case] side: Side, #[case] count: u32) {
    let maps = maps_and_one_more(side, count);
    let writes: Vec<Action> = maps.iter().map(|(map, _)| write_any(IdFile::UidMap, text(map))).collect();

    let trace = ordinary().inside(&writes).play();

    // So many ids are more than an ordinary user may map: what is well-formed is refused with EPERM.
    for ((map, overlaps), shown) in maps.iter().zip(trace.outcomes_shown().skip(1)) {
        let expected = if *overlaps { "EINVAL" } else { "EPERM" };
        assert_eq!(shown, expected, "{}", text(map));
    }
    assert_eq!(outcomes(&trace).len(), maps.len());
}

/// Two ranges of upper or of lower ids that have an id in common are refused, in whatever way they lie and whichever line
/// comes first. A map of up to five lines has another form in the kernel than a longer one: each pair is compared in both.
/// Source: user_namespaces(7): ranges must not overlap; kernel mappings_overlap().
#[rstest]
#[harness::test(Root, Userns, pins("text.upper-overlap", "text.lower-overlap", "text.unordered"))]
fn two_ranges_that_share_an_id_are_refused(
    #[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile,
) {
    let ways = [
        ("apart, below", 10, 4),
        ("touching, below", 16, 4),
        ("one in common, below", 17, 4),
        ("all but one in common, below", 19, 4),
        ("the same first", 20, 2),
        ("within", 21, 2),
        ("the same last", 22, 2),
        ("equal", 20, 4),
        ("around", 19, 6),
        ("all but one in common, above", 21, 4),
        ("one in common, above", 23, 4),
        ("touching, above", 24, 4),
        ("apart, above", 30, 4),
    ];

    let mut table = format!("{:42}of 2 lines    of 6 lines    of 7 lines\n", "");
    for (side, (name, first, length)) in
        [Side::Upper, Side::Lower].iter().flat_map(|side| ways.map(|way| (side, way)))
    {
        let cells = [0, 4, 5].map(|more| {
            let on = |own: u32, far: u32, length| match side {
                Side::Upper => extent(own, far, length),
                Side::Lower => extent(far, own, length),
            };
            let others: Vec<Extent> = (1..=more).map(|n| on(n * 100, n * 100, 1)).collect();
            let two = [on(20, 2000, 4), on(first, 3000, length)];
            let orders = [two, [two[1], two[0]]].map(|two| {
                let ns = root().outside(&[]).inside(&[]);
                let all = [&others[..], &two].concat();
                let trace = ns.outside(&[write_any(file, text(&all))]).play();
                format!("{:7}", trace.outcomes_shown().last().unwrap_or_default())
            });
            orders.concat()
        });
        let label = format!("{side:?}, {name}");
        table += &format!("{label:42}{}\n", cells.concat().trim_end());
    }

    check!(table);
}

/// Overlapping ranges are refused at the end of the ids, too, where a sum that wrapped around would seem to be small.
/// Source: user_namespaces(7): ranges must not overlap; kernel mappings_overlap(), map_write(): the sums of first and count.
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    pins("text.upper-overlap", "text.lower-overlap", "text.last-id")
)]
fn overlaps_at_the_greatest_ids_are_refused() {
    let texts = as_they_are(&[
        b"4294967293 0 1\n4294967294 1 1",
        b"4294967293 0 2\n4294967294 2 1",
        b"4294967294 0 1\n4294967293 1 2",
        b"0 4294967293 1\n1 4294967294 1",
        b"0 4294967293 2\n2 4294967294 1",
        b"0 4294967294 1\n1 4294967293 2",
        b"0 0 1\n4294967294 4294967294 1",
        b"4294967294 0 1\n0 4294967294 1",
        b"0 0 4294967294\n4294967294 4294967294 1",
        b"0 0 4294967295\n4294967294 4294967294 1",
        b"0 1 4294967294\n4294967294 0 1",
        b"1 0 4294967294\n0 4294967294 1",
        b"1 0 4294967294\n0 4294967293 1",
    ]);

    let tables = [IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap].map(|file| each_alone(file, &texts));

    assert_eq!(tables[0], tables[1]);
    assert_eq!(tables[0], tables[2]);
    check!(tables[0]);
}

#[derive(Debug, Clone, Copy)]
enum Side {
    Upper,
    Lower,
}

/// A second model of what overlaps: ranges of four ids at 10, 20, 30..., and one of 1 to 10 ids that begins anywhere near the
/// first, the middle or the last, as the first or as the last line; and whether it overlaps.
fn maps_and_one_more(side: Side, count: u32) -> Vec<(Vec<Extent>, bool)> {
    let on = |first: u32, far: u32, length| match side {
        Side::Upper => extent(first, far, length),
        Side::Lower => extent(far, first, length),
    };
    let base: Vec<Extent> = (1..=count).map(|n| on(n * 10, n * 1000, 4)).collect();
    let mut all = Vec::new();
    for near in [10, count.div_ceil(2) * 10, count * 10] {
        for (first, length) in (near - 6..near + 7).flat_map(|first| (1..=10).map(move |n| (first, n))) {
            let more = on(first, 900_000, length);
            let overlaps = (1..=count).any(|n| first < n * 10 + 4 && n * 10 < first + length);
            all.push(([base.as_slice(), &[more]].concat(), overlaps));
            all.push(([&[more], base.as_slice()].concat(), overlaps));
        }
    }
    all
}
