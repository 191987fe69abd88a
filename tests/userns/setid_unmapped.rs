//! Ids at the edges of the extents of a map, and those between and beyond, in each place of each call.

use harness::prelude::*;
use rstest::rstest;

/// Ids with a mapping, and their neighbours without: 1000 and 2001 are there outside, and -2 is the last id.
const MAP: &str = "0 1000 3\n10 2000 2\n4294967294 3000 1";
const IDS: [u32; 11] = [0, 2, 3, 9, 10, 11, 12, 1000, 2001, SAME - 2, SAME - 1];

/// A call with this id in one of its places.
type Place = fn(u32) -> Vec<u32>;

const PLACES: [(usize, &str, Place); 10] = [
    (0, "(id)", |id| vec![id]),
    (1, "(id, -1)", |id| vec![id, SAME]),
    (1, "(-1, id)", |id| vec![SAME, id]),
    (1, "(id, id)", |id| vec![id, id]),
    (2, "(id, -1, -1)", |id| vec![id, SAME, SAME]),
    (2, "(-1, id, -1)", |id| vec![SAME, id, SAME]),
    (2, "(-1, -1, id)", |id| vec![SAME, SAME, id]),
    (2, "(1, 1, id)", |id| vec![1, 1, id]),
    (2, "(id, 1, 1)", |id| vec![id, 1, 1]),
    (3, "(id)", |id| vec![id]),
];

const UIDS: [SetId; 4] = [SetId::Setuid, SetId::Setreuid, SetId::Setresuid, SetId::Setfsuid];
const GIDS: [SetId; 4] = [SetId::Setgid, SetId::Setregid, SetId::Setresgid, SetId::Setfsgid];

/// What comes of one call for each id, from all ids 0 again each time; of setfsuid, which never fails, the
/// filesystem id that it leaves.
fn line(calls: [SetId; 4], privilege: &[Action], (call, shape, ids): (usize, &str, Place)) -> String {
    let all = set_id(calls[2], &[0, 0, 0]);
    let row = |id: &u32| [all.clone(), set_id(calls[call], &ids(*id)), Action::GetCredentials];
    let ns = root().outside(&[]).inside(&[]).outside(&[uid_map(MAP), gid_map(MAP)]);
    let begun = ns.inside(&[NO_FIXUP, all.clone()]).inside(privilege);
    let before = begun.steps.len();

    let trace = begun.inside(&IDS.iter().flat_map(row).collect::<Vec<_>>()).play();

    let shown: Vec<String> = trace.outcomes_shown().skip(before).collect();
    let cells =
        trace.outcomes[before..].chunks(3).zip(shown.chunks(3)).map(|(outcomes, shown)| match outcomes {
            [Outcome::Done, Outcome::Value(_), Outcome::Credentials(looked)] => {
                let fs = if calls == UIDS { looked.uid.fs } else { looked.gid.fs };
                format!("{fs:10}")
            }
            _ => format!("{:>10}", shown[1]),
        });
    let name = format!("{:?}{shape}", calls[call]);
    format!("{name:23} {}\n", cells.collect::<Vec<_>>().join(" "))
}

/// An id without a mapping is EINVAL in every place, with the capability and without. An id with a mapping that is none of
/// the caller's own is EPERM without the capability. The ids are those of the namespace, whatever there is outside. Only -1
/// is no id.
/// Source: setuid(2), setreuid(2), setresuid(2): EINVAL; user_namespaces(7); kernel make_kuid(), uid_valid().
#[rstest]
#[case::uids_with_the_capability(UIDS, &[only_caps(&[Cap::Setuid])])]
#[case::uids_without(UIDS, &[only_caps(&[])])]
#[case::gids_with_the_capability(GIDS, &[only_caps(&[Cap::Setgid])])]
#[case::gids_without(GIDS, &[only_caps(&[])])]
#[harness::test(Root, Userns, pins("id.unmapped", "id.not-own", "id.capability", "id.fs-never-fails"))]
fn an_id_without_a_mapping_is_refused_in_every_place(
    #[case] calls: [SetId; 4],
    #[case] privilege: &[Action],
) {
    let columns = IDS.map(|id| format!("{id:10}")).join(" ");

    let lines = PLACES.map(|place| line(calls, privilege, place)).concat();

    check!(format!("{:23} {columns}\n{lines}", ""));
}

/// A process that joins a namespace may take its ids and no others, whatever it had outside. CAP_SETUID and CAP_SETGID in
/// the namespace decide, not in the parent.
/// Source: user_namespaces(7), "Capabilities"; kernel ns_capable_setid() of old->user_ns.
#[rstest]
#[case::with_the_capability(&[only_caps(&[Cap::Setuid, Cap::Setgid])], OK)]
#[case::without(&[only_caps(&[])], EPERM)]
#[harness::test(
    Root,
    UnprivilegedUserns,
    Capability(Cap::SysAdmin),
    pins("id.unmapped", "id.capability", "id.not-own")
)]
fn a_process_that_joined_has_only_the_ids_of_the_namespace(
    #[case] privilege: &[Action],
    #[case] expected: Answer,
) {
    let maps = [uid_map("5 own 1"), DENY, gid_map("6 own 1")];
    let join = Action::Setns { of: Actor::Inside, file: NsFile::User, nstype: NEWUSER };
    let ns = ordinary().outside(&[]).inside(&[]).outside(&maps).privileged(&[join]);
    let calls = [setresgid(0), setresuid(0), setresgid(6), setresuid(5), Action::GetCredentials];

    let trace = ns.privileged(privilege).privileged(&calls).play();

    check!(trace, last = [EINVAL, EINVAL, expected, expected, OK]);
}

/// An id without a mapping reads as the overflow id and is another id all the same. The id of that number, if it has a
/// mapping, is not the caller's own.
/// Source: user_namespaces(7), "Unmapped user and group IDs"; kernel __sys_setresuid(): uid_eq().
#[rstest]
#[case::uids_with_the_capability(UIDS, &[only_caps(&[Cap::Setuid])], OK)]
#[case::uids_without(UIDS, &[only_caps(&[])], EPERM)]
#[case::gids_with_the_capability(GIDS, &[only_caps(&[Cap::Setgid])], OK)]
#[case::gids_without(GIDS, &[only_caps(&[])], EPERM)]
#[harness::test(Root, Userns, pins("id.not-own", "id.capability", "id.fs-never-fails"))]
fn an_unmapped_id_is_not_the_mapped_id_of_its_number(
    #[case] calls: [SetId; 4],
    #[case] privilege: &[Action],
    #[case] expected: Answer,
) {
    const OVERFLOW: u32 = 65_534;
    let maps = [uid_map("65534 3000 1\n7 3001 1"), gid_map("65534 3000 1\n7 3001 1")];
    let ns = root().outside(&[]).inside(&[]).outside(&maps).inside(privilege);
    let [one, two, all, fs] = calls;
    let steps = [
        (Action::GetCredentials, OK),
        (set_id(fs, &[OVERFLOW]), OK),
        (set_id(two, &[SAME, OVERFLOW]), expected),
        (set_id(two, &[OVERFLOW, SAME]), expected),
        (set_id(all, &[SAME, SAME, OVERFLOW]), expected),
        (set_id(one, &[OVERFLOW]), expected),
        (set_id(all, &[7, 7, 7]), expected),
        (Action::GetCredentials, OK),
    ];
    let (steps, answers): (Vec<Action>, Vec<Answer>) = steps.into_iter().unzip();

    let trace = ns.inside(&steps).play();

    check!(trace, last = answers);
}
