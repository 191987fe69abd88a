//! Project ids. No program sees what a projid_map means, for project quotas take the privileges of the initial
//! namespace and FS_IOC_FSGETXATTR tells its ids to all; but what is written is taken through the maps above,
//! and what is read is told through those of the opener.

use crate::support::map_stack::{ACTORS, Order, Stack, last};
use crate::support::map_tables::{Extent, extent, text, write_any};
use harness::prelude::*;
use rstest::rstest;

const FILE: IdFile = IdFile::ProjidMap;

fn write_below(of: Actor, map: &[Extent]) -> Action {
    Action::Write { file: FILE, of: Some(of), text: Text::Bytes(text(map).into_bytes().into()) }
}

/// The lower ids of a projid_map are shown as the namespace of its opener names them. For the map of the opener's own
/// namespace they are shown as the parent names them. An id without a name is 4294967295. The reader does not matter.
/// Source: user_namespaces(7), "Project ID mappings"; kernel projid_m_show(), from_kprojid().
#[rstest]
#[case::five(5)]
#[case::six(6)]
#[case::all_340(340)]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    VisibleProcesses,
    pins("mean.project-ids", "mean.reader", "mean.levels", "mean.many-extents", "mean.read-back")
)]
fn lower_project_ids_are_shown_as_the_opener_names_them(#[case] size: u32) {
    // Other maps than those of uids and gids.
    let ids = Stack::new(&[6, 6, 6], Order::Mixed);
    let projects = Stack::new(&[size, size, size], Order::Ascending);
    let at = |depth: usize| ACTORS[depth];
    let level = |depth: usize| projects.0[depth].map(IdFile::GidMap);

    for (opener, reader) in (0..=3).flat_map(|opener| (0..=3).map(move |reader| (opener, reader))) {
        for of in 1..=3 {
            let open = Action::Open { file: FILE, of: Some(at(of)), access: Access::Read };
            let pass = [open, Action::PassFd(at(reader))];
            let pass = if opener == reader { &pass[..1] } else { &pass[..] };
            let ns = (1..=3).fold(ids.cast(root().outside(&[])), |ns, depth| {
                ns.by(ACTORS[depth - 1], &[write_below(ACTORS[depth], level(depth - 1))])
            });
            let opened = ns.by(ACTORS[opener], pass);
            let trace = opened.by(ACTORS[reader], &[Action::ReadToEnd(FILE)]).play();

            let names_for = if opener == of { of - 1 } else { opener };
            let line = |e: &Extent| {
                let outer = projects.meant(IdFile::GidMap, e.lower, of - 1).expect("the parent maps it");
                let lower = projects.called(IdFile::GidMap, outer, names_for).unwrap_or(u32::MAX);
                format!("{:10} {lower:10} {:10}\n", e.upper, e.count)
            };
            let expected: String = level(of - 1).iter().map(line).collect();
            let Outcome::Text(seen) = &last(&trace, 1)[0] else { panic!("{trace}") };
            let who = [of, opener, reader].map(at);
            assert_eq!(String::from_utf8_lossy(seen), expected, "of whom, opener and reader: {who:?}");
        }
    }
}

/// The projid_map of the parent has to have all the lower ids in one extent.
/// Source: user_namespaces(7), "Project ID mappings"; kernel map_write(): map_id_range_down() of the parent's projid_map.
#[rstest]
#[case::of_two(&[extent(0, 0, 10), extent(10, 20, 10)])]
#[case::of_six(&[extent(10, 20, 10), extent(0, 0, 10), extent(40, 40, 1), extent(50, 50, 1), extent(60, 60, 1), extent(70, 70, 1)])]
#[harness::test(Root, Userns, InitialUserns, pins("mean.project-ids", "mean.many-extents"))]
fn project_ids_lie_within_one_extent_of_the_parent(#[case] parent: &[Extent]) {
    let ranges = [(0, 10), (0, 11), (5, 6), (9, 1), (9, 2), (10, 10), (10, 11), (19, 1), (19, 2), (20, 1)];
    let uids = [uid_map("0 0 1"), gid_map("0 0 1"), write_any(FILE, text(parent))];

    for (first, count) in ranges {
        let ns = root().outside(&[]).inside(&[]).outside(&uids).nested(&[]);
        let trace = ns.inside(&[write_below(Actor::Nested, &[extent(7, first, count)])]).play();

        let last_id = first + count - 1;
        let holds = |e: &&Extent| e.upper <= first && last_id < e.upper + e.count;
        let refused = Outcome::Failed { call: "", errno: Errno::EPERM };
        let expected = parent.iter().find(holds).map_or(refused, |_| Outcome::Done);
        assert_eq!(last(&trace, 1), [expected], "{first} {count} in\n{}", text(parent));
    }
}
