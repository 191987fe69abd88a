//! The two forms that a map has in the kernel: up to five extents as they were written, from six on two sorted
//! copies, one for each direction. Every extent survives, wherever it was written.
//!
//! A map is probed with a namespace below: what may be written there tells how ids are looked up downwards,
//! what is read there, upwards. That does for project ids, too, which no system call would name.

use crate::support::map_tables::{Extent, extent, text};
use harness::prelude::*;
use rstest::rstest;

use Actor::{Inside, Nested};

/// How the extents of a map are arranged, by upper and by lower ids.
#[derive(Debug, Clone, Copy)]
enum Order {
    Rising,
    Falling,
    Crossed,
    Mixed,
}

/// How many ids an extent has; between two there are always some that none has.
const IDS: u32 = 3;

/// So many extents with gaps before, between and behind them. Uid and gid 0 are in one.
fn extents(count: u32, order: Order) -> Vec<Extent> {
    let mixed = |factor: u32| {
        let mut all: Vec<u32> = (0..count).collect();
        all.sort_by_key(|n| (n + 1).wrapping_mul(factor) % 1009);
        all
    };
    let (rising, falling): (Vec<u32>, Vec<u32>) = ((0..count).collect(), (0..count).rev().collect());
    let (upper, lower) = match order {
        Order::Rising => (rising.clone(), rising),
        Order::Falling => (falling.clone(), falling),
        Order::Crossed => (rising, falling),
        Order::Mixed => (mixed(601), mixed(787)),
    };
    upper.iter().zip(lower).map(|(upper, lower)| extent(upper * 10 + 5, lower * 10, IDS)).collect()
}

fn write_extents(of: Actor, file: IdFile, extents: &[Extent]) -> Action {
    Action::Write { file, of: Some(of), text: Text::Bytes(text(extents).into_bytes().into()) }
}

/// A namespace with this map, the two others plain, and one below it.
fn with(file: IdFile, map: &[Extent]) -> Scenario {
    let plain = [extent(0, 0, 10_000)];
    let maps = [IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap]
        .map(|other| write_extents(Inside, other, if other == file { map } else { &plain[..] }));
    root().outside(&[]).inside(&[]).outside(&maps).second(&[]).nested(&[])
}

/// The extents of a file that a step has read.
fn parse(outcome: &Outcome) -> Vec<Extent> {
    let Outcome::Text(bytes) = outcome else { panic!("not read: {outcome:?}") };
    let number = |field: &str| field.parse().expect("a number");
    let line = |line: &str| match line.split_whitespace().map(number).collect::<Vec<u32>>()[..] {
        [upper, lower, count] => extent(upper, lower, count),
        _ => panic!("not three numbers: {line:?}"),
    };
    String::from_utf8_lossy(bytes).lines().map(line).collect()
}

/// A second model of how a map is read back: in the written order up to five extents, by upper id from six.
fn kept(extents: &[Extent]) -> Vec<Extent> {
    let mut kept = extents.to_vec();
    kept.sort_by_key(|extent| if extents.len() > 5 { extent.upper } else { 0 });
    kept
}

/// Each extent is read back, and it is found by its ids in both directions. A map below has an extent for each, in the
/// reversed order. It is taken. Below it reads as it was written, and from outside with the ids that the first map gives.
/// The first map, read below, shows its ids as the second map names them.
/// Source: kernel insert_extent(), sort_idmaps(), map_id_range_down_max(), map_id_up_max(); 6397fac4915a.
#[rstest]
#[case::up_to_twelve(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])]
#[case::many(&[50, 339, 340])]
#[harness::test(
    Root,
    Userns,
    pins(
        "text.unordered",
        "text.extents",
        "mean.many-extents",
        "mean.levels",
        "mean.read-back",
        "allow.mapped-in-parent"
    )
)]
fn every_extent_is_found_in_both_directions(
    #[case] counts: &[u32],
    #[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile,
) {
    let orders = [Order::Rising, Order::Falling, Order::Crossed, Order::Mixed];
    for (count, order) in counts.iter().flat_map(|count| orders.map(|order| (*count, order))) {
        let map = extents(count, order);
        let numbered = (0..).zip(map.iter().rev());
        let pairs: Vec<(u32, Extent)> = numbered.map(|(n, e)| (n * 5, *e)).collect();
        let each = |to: fn(u32, Extent) -> Extent| -> Vec<Extent> {
            pairs.iter().map(|(own, e)| to(*own, *e)).collect()
        };
        let below = each(|own, e| extent(own, e.upper, IDS));
        let through = each(|own, e| extent(own, e.lower, IDS));
        let mut from_below = each(|own, e| extent(e.upper, own, IDS));
        from_below.reverse();

        let written = with(file, &map).second(&[write_extents(Nested, file, &below)]);
        let read_below = [read(file), read_of(Inside, file)];
        let trace =
            written.inside(&[read(file)]).nested(&read_below).outside(&[read_of(Nested, file)]).play();

        let read: Vec<Vec<Extent>> = trace.outcomes[trace.outcomes.len() - 4..].iter().map(parse).collect();
        let expected = [&map, &below, &from_below, &through].map(|extents| kept(extents));
        assert_eq!(read, expected, "{file:?}, {count} extents, {order:?}");
    }
}

/// No id beside an extent is found, and no range that reaches beyond it. A map below with such a range is refused, and one
/// with the whole extent is taken.
/// Source: kernel map_id_range_down_base(), map_id_range_down_max(): both ends of the range in one extent.
#[rstest]
#[case::one(1)]
#[case::five(5)]
#[case::six(6)]
#[case::many(33)]
#[harness::test(Root, Userns, pins("allow.mapped-in-parent", "mean.many-extents"))]
fn no_id_beside_an_extent_is_found(
    #[case] count: u32,
    #[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile,
) {
    for order in [Order::Rising, Order::Falling, Order::Crossed, Order::Mixed] {
        let map = extents(count, order);
        for inside in &map {
            let (first, end) = (inside.upper, inside.upper + IDS);
            let ranges = [
                (first - 1, 1),
                (end, 1),
                (first - 1, 2),
                (end - 1, 2),
                (first, IDS + 1),
                (first - 1, IDS + 1),
                (first - 1, IDS + 2),
                (first, 10 + IDS),
                (first, IDS),
            ];
            let tries = ranges.map(|(lower, count)| write_extents(Nested, file, &[extent(0, lower, count)]));
            let trace = with(file, &map).second(&tries).play();

            let shown: Vec<String> =
                trace.outcomes_shown().skip(trace.outcomes.len() - tries.len()).collect();
            let refused = ["EPERM"; 8];
            assert_eq!(shown, [&refused[..], &["ok"]].concat(), "{file:?}, {order:?}, {inside:?}");
        }
    }
}
