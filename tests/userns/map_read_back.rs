//! How a map is read: by whom, and how much at a time.

use crate::support::map_family::{Family, pairs};
use crate::support::map_stack::{ACTORS, Order, Stack, last};
use crate::support::map_tables::{self, Extent, write_any};
use harness::prelude::*;
use rstest::rstest;

const MAPS: [IdFile; 2] = [IdFile::UidMap, IdFile::GidMap];
/// The length of a line, in bytes.
const LINE: usize = 33;

fn open_for_reading(of: Actor, file: IdFile) -> Action {
    Action::Open { file, of: Some(of), access: Access::Read }
}

fn whole() -> Action {
    Action::ReadHeld { size: 4000, at: At::Position }
}

/// The lines of a map as they are shown, with the ids below as `lower` gives them.
fn lines<'a>(map: impl IntoIterator<Item = &'a Extent>, lower: impl Fn(u32) -> u32) -> String {
    let line = |e: &Extent| format!("{:10} {:10} {:10}\n", e.upper, lower(e.lower), e.count);
    map.into_iter().map(line).collect()
}

/// The lower ids of a map are shown as the namespace of its opener names them. For the map of the opener's own namespace
/// they are shown as the parent names them. An id without a name is 4294967295. The reader does not matter.
/// Source: user_namespaces(7); kernel uid_m_show(), gid_m_show(): seq_user_ns().
#[harness::test(Root, Userns, VisibleProcesses, pins("mean.reader", "mean.levels", "mean.many-extents"))]
fn lower_ids_are_shown_as_the_opener_names_them() {
    let family = Family::new();
    let written = &family.stack.0;
    // More than five extents are shown by their upper ids.
    let sorted = Stack::new(&[6, 6, 6], Order::Ascending);

    for (opener, reader) in pairs() {
        for (depth, file) in (1..=3).flat_map(|depth| MAPS.map(|file| (depth, file))) {
            let of = ACTORS[depth];
            let pass = [open_for_reading(of, file), Action::PassFd(reader)];
            let pass = if opener == reader { &pass[..1] } else { &pass[..] };
            let trace = family.cast(&[]).by(opener, pass).by(reader, &[whole()]).play();

            let names_for = if opener == of { ACTORS[depth - 1] } else { opener };
            let lower = |id: u32| {
                let outer = family.stack.meant(file, id, depth - 1).expect("the parent maps it");
                family.called(names_for, file, outer).unwrap_or(u32::MAX)
            };
            let by_upper = |e: &Extent| {
                let same = written[depth - 1].map(file).iter().find(|line| line.upper == e.upper);
                lines(same, lower)
            };
            let expected: String = sorted.0[depth - 1].map(file).iter().map(by_upper).collect();
            let seen = text(&last(&trace, 1)[0]);
            assert_eq!(seen, expected, "{file:?} of {of} opened by {opener}, read by {reader}");
        }
    }
}

/// The initial namespace has no parent. Its maps are shown as the opener's namespace names their one lower id, which is 0.
/// Source: kernel uid_m_show(), gid_m_show(), projid_m_show(): lower_ns->parent.
#[rstest]
#[case::to_itself(Actor::Outside, "0")]
#[case::to_one_that_names_0(Actor::Inside, "7")]
#[case::to_one_that_does_not(Actor::Sibling, "4294967295")]
#[harness::test(Root, Userns, InitialUserns, VisibleProcesses, pins("mean.reader"))]
fn the_initial_map_is_shown_as_the_opener_names_id_0(
    #[case] opener: Actor,
    #[case] lower: &str,
    #[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile,
) {
    let ns = root().outside(&[]).inside(&[]).sibling(&[]).outside(&[write(file, "7 0 1")]);

    let trace = ns.outside(&[write_of(Actor::Sibling, file, "7 1 1")]);
    let trace = trace.by(opener, &[read_of(Actor::Outside, file)]).play();

    assert_eq!(text(&last(&trace, 1)[0]), format!("{:10} {lower:>10} {:10}\n", 0, u32::MAX));
}

/// A map is read from any place on and in pieces of any size, and ends behind its last line.
/// Source: read(2), pread(2); kernel m_start(), m_next(), seq_read().
#[rstest]
#[case::none(0)]
#[case::one(1)]
#[case::four(4)]
#[case::five(5)]
#[case::six(6)]
#[case::seven(7)]
#[case::all_340(340)]
#[harness::test(Root, Userns, pins("mean.read-back", "mean.many-extents"))]
fn a_map_is_read_in_pieces_of_any_size_from_any_place(
    #[case] size: u32,
    #[values(IdFile::UidMap, IdFile::GidMap)] file: IdFile,
) {
    let stack = Stack::new(&[size.max(1)], Order::Ascending);
    let map = &stack.0[0].map(file)[..size as usize];
    let written = [write_map(file, map)];
    let writes = if size == 0 { &[] } else { &written[..] };
    let all = lines(map, |lower| lower);
    let ns =
        || root().outside(&[]).inside(&[]).outside(writes).outside(&[open_for_reading(Actor::Inside, file)]);

    for piece in [1, 10, LINE - 1, LINE, LINE + 1, 3 * LINE, 1000] {
        let reads = vec![Action::ReadHeld { size: piece as u64, at: At::Position }; all.len() / piece + 3];
        let trace = ns().outside(&reads).play();

        let seen: Vec<String> = last(&trace, reads.len()).iter().map(text).collect();
        let mut expected: Vec<&str> = all.as_bytes().chunks(piece).map(as_text).collect();
        expected.resize(reads.len(), "");
        assert_eq!(seen, expected, "{piece} bytes at a time");
    }

    let end = all.len();
    let places = [
        0,
        1,
        LINE - 1,
        LINE,
        LINE + 1,
        5 * LINE,
        end.saturating_sub(LINE),
        end.saturating_sub(1),
        end,
        end + 1,
        end + LINE,
    ];
    let offset = |place: usize| i64::try_from(place).unwrap_or(0);
    let reads = places.iter().flat_map(|place| {
        [At::Offset(offset(*place)), At::Seek(offset(*place))].map(|at| Action::ReadHeld { size: 100, at })
    });
    let trace = ns().outside(&reads.collect::<Vec<_>>()).play();

    for (place, seen) in places.iter().zip(last(&trace, 2 * places.len()).chunks(2)) {
        let expected = &all[(*place).min(end)..(place + 100).min(end).max((*place).min(end))];
        assert_eq!([text(&seen[0]), text(&seen[1])], [expected, expected], "from {place}");
    }
}

/// Six lines or more are shown in the order of their upper ids, whatever order they were written in. Fewer lines are shown
/// as they were written.
/// Source: kernel sort_idmaps(), m_start().
#[rstest]
#[case::five_mixed(5, Order::Mixed, Order::Mixed)]
#[case::five_descending(5, Order::Descending, Order::Descending)]
#[case::six_mixed(6, Order::Mixed, Order::Ascending)]
#[case::six_descending(6, Order::Descending, Order::Ascending)]
#[case::all_340_mixed(340, Order::Mixed, Order::Ascending)]
#[case::all_340_descending(340, Order::Descending, Order::Ascending)]
#[harness::test(Root, Userns, pins("mean.read-back", "mean.many-extents"))]
fn six_lines_or_more_are_shown_by_their_upper_ids(
    #[case] size: u32,
    #[case] written: Order,
    #[case] shown: Order,
    #[values(IdFile::UidMap, IdFile::GidMap)] file: IdFile,
) {
    let map = |order| Stack::new(&[size], order).0[0].map(file).to_vec();
    let writes = [write_map(file, &map(written))];

    let trace = root().outside(&[]).inside(&[]).outside(&writes).inside(&[read(file)]).play();

    assert_eq!(text(&last(&trace, 1)[0]), lines(&map(shown), |lower| lower));
}

fn write_map(file: IdFile, map: &[Extent]) -> Action {
    write_any(file, map_tables::text(map))
}

fn as_text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

fn text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => format!("{other:?}"),
    }
}
