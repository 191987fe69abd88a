//! The set*id calls and setgroups of an ordinary user, outside and in a namespace of one id.

use harness::prelude::*;
use rstest::rstest;

const ROOT: Id = Id::Of(0);
/// The last gid there is: an ordinary user may well be in group 0.
const NOBODYS: Id = Id::Of(u32::MAX - 1);

const fn call(call: SetId, ids: [Id; 3]) -> Action {
    Action::SetId(call, ids, Via::Raw)
}

/// Each call with this id in each place, the others kept.
fn everywhere([one, two, all, fs]: [SetId; 4], id: Id) -> [Action; 7] {
    [
        call(one, [id, KEEP, KEEP]),
        call(two, [id, KEEP, KEEP]),
        call(two, [KEEP, id, KEEP]),
        call(all, [id, KEEP, KEEP]),
        call(all, [KEEP, id, KEEP]),
        call(all, [KEEP, KEEP, id]),
        call(fs, [id, KEEP, KEEP]),
    ]
}

const UIDS: [SetId; 4] = [SetId::Setuid, SetId::Setreuid, SetId::Setresuid, SetId::Setfsuid];
const GIDS: [SetId; 4] = [SetId::Setgid, SetId::Setregid, SetId::Setresgid, SetId::Setfsgid];

/// What comes of [`everywhere`] where each call but the last fails: setfsuid(2) and setfsgid(2) never do.
const fn refused(by: Answer) -> [Answer; 7] {
    [by, by, by, by, by, by, OK]
}

/// Outside an ordinary user may set its own id anywhere, and another nowhere: EPERM, and nothing changes.
/// Source: setuid(2), setreuid(2), setresuid(2), setfsuid(2).
#[rstest]
#[case::uids(UIDS, ROOT)]
#[case::gids(GIDS, NOBODYS)]
#[harness::test(OrdinaryUser, InitialUserns, pins("id.not-own", "id.refusal-changes-nothing"))]
fn only_own_ids_may_be_set_outside(#[case] calls: [SetId; 4], #[case] another: Id) {
    let ns = ordinary();

    let trace = ns.outside(&everywhere(calls, another)).outside(&everywhere(calls, Id::Own)).play();

    check!(trace, last = [refused(EPERM), [OK; 7]].concat());
}

/// In a namespace of one id that is the only one to be had, with capabilities and without; others have no
/// mapping, though they exist outside.
/// Source: user_namespaces(7); setresuid(2), EINVAL.
#[rstest]
#[case::uids(UIDS, &[])]
#[case::gids(GIDS, &[])]
#[case::uids_without_capabilities(UIDS, &[only_caps(&[])])]
#[case::gids_without_capabilities(GIDS, &[only_caps(&[])])]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("id.unmapped", "id.refusal-changes-nothing"))]
fn only_the_mapped_id_may_be_set(#[case] calls: [SetId; 4], #[case] before: &[Action]) {
    let ns = ordinary().inside(&[uid_map("5 own 1"), DENY, gid_map("5 own 1")]).inside(before);

    let trace = ns.inside(&everywhere(calls, ROOT)).inside(&everywhere(calls, Id::Of(5))).play();

    check!(trace, last = [refused(EINVAL), [OK; 7]].concat());
}

/// Before its map is written a namespace has no id at all: every one is EINVAL, and setfsuid says overflow;
/// calls that keep every id succeed.
/// Source: user_namespaces(7); kernel make_kuid().
#[rstest]
#[case::uids(UIDS)]
#[case::gids(GIDS)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("id.unmapped", "id.fs-never-fails"))]
fn no_id_may_be_set_without_a_map(#[case] calls: [SetId; 4]) {
    let ns = ordinary();
    // setuid(2) and setgid(2) have no id that means "keep".
    let kept = [EINVAL, OK, OK, OK, OK, OK, OK];

    let refused_ids = ns.inside(&everywhere(calls, ROOT)).inside(&everywhere(calls, Id::Of(65_534)));
    let trace = refused_ids.inside(&everywhere(calls, KEEP)).play();

    check!(trace, last = [refused(EINVAL), refused(EINVAL), kept].concat());
}

/// setgroups(2) is EPERM before its size and its pointer are looked at: for want of a map, under "deny", and in the
/// caller's namespace for want of the capability. getgroups(2), the last call, looks at its size.
/// Source: setgroups(2); kernel may_setgroups().
#[rstest]
#[case::without_a_map(Actor::Inside, &[])]
#[case::denied(Actor::Inside, &[DENY, gid_map("0 own 1")])]
#[case::outside(Actor::Outside, &[])]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    pins(
        "groups.needs-setgid",
        "groups.needs-gid-map",
        "groups.denied",
        "groups.order-of-checks",
        "groups.negative"
    )
)]
fn setgroups_is_refused_before_its_arguments(#[case] who: Actor, #[case] before: &[Action]) {
    let sized = |size, given| Action::Setgroups(Groups::Sized { size, given }, Via::Raw);
    let calls = [
        sized(0, None),
        sized(1, None),
        sized(-1, Some(1)),
        sized(65_537, Some(1)),
        Action::Setgroups(Groups::Own, Via::Raw),
        Action::Getgroups { size: -1, room: Room::Good },
    ];

    let trace = ordinary().by(who, before).by(who, &calls).play();

    check!(trace, last = [EPERM, EPERM, EPERM, EPERM, EPERM, EINVAL]);
}
