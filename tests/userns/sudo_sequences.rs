//! The calls by which sudo, su and their kin become another user, in each state that a namespace may
//! be in. `programs.rs` runs the programs themselves.

use harness::prelude::*;
use rstest::rstest;
use std::borrow::Cow;

const USER: u32 = 1000;
const ROOT_AGAIN: [Action; 3] = [setresuid(0), setresgid(0), setgroups(&[0])];
const GROUPS: Action = setgroups(&[0, 27, USER]);

/// sudo: the groups first, the uid last.
const SUDO: &[Action] =
    &[GROUPS, set_id(SetId::Setgid, &[USER]), set_id(SetId::Setresuid, &[USER, USER, USER])];
/// su, runuser, sg, newgrp, chroot --userspec, gosu and runc.
const SU: &[Action] = &[GROUPS, set_id(SetId::Setgid, &[USER]), set_id(SetId::Setuid, &[USER])];
/// apt's sandbox, and systemd before it executes a service.
const APT: &[Action] = &[GROUPS, setresgid(USER), setresuid(USER)];
/// start-stop-daemon: the gid before the groups.
const DAEMON: &[Action] = &[set_id(SetId::Setgid, &[USER]), GROUPS, set_id(SetId::Setuid, &[USER])];
/// setpriv: the uid first, with the capabilities kept over it.
const SETPRIV: &[Action] = &[
    KEEPCAPS,
    setresuid(USER),
    Action::Capset(CapChange::Raise(Cow::Borrowed(&[Cap::Setgid]))),
    setresgid(USER),
    GROUPS,
];
/// What a shell script in a container does, one id after the other, root's first.
const ROOT_THEN_USER: &[Action] = &[setresuid(0), setresgid(0), GROUPS, setresgid(USER), setresuid(USER)];
/// sudo's temporary change, to look at a file with the eyes of another user, and the way back.
const SUDO_PERMS: &[Action] = &[
    setgroups(&[USER]),
    set_id(SetId::Setresgid, &[u32::MAX, USER, u32::MAX]),
    set_id(SetId::Setresuid, &[u32::MAX, USER, u32::MAX]),
    set_id(SetId::Setresuid, &[u32::MAX, 0, u32::MAX]),
    set_id(SetId::Setresgid, &[u32::MAX, 0, u32::MAX]),
    setgroups(&[0]),
];

/// The state of a namespace in which a sequence is played.
#[derive(Debug, Clone, Copy)]
enum State {
    Allow,
    Deny,
    NoGidMap,
    NoUidMap,
}

/// A namespace of root's in which the ids 0 to 65535 are mapped, as far as the state has it.
fn namespace(state: State) -> Scenario {
    let (uids, gids) = (uid_map("0 0 65536"), gid_map("0 0 65536"));
    let cast = root().outside(&[]).inside(&[]);
    match state {
        State::Allow => cast.outside(&[uids, gids]),
        State::Deny => cast.outside(&[DENY, uids, gids]),
        State::NoGidMap => cast.outside(&[uids]),
        State::NoUidMap => cast.outside(&[gids]),
    }
}

/// With "allow" and both maps a sequence succeeds and there is no way back; "deny" or no gid_map refuse
/// setgroups(2) with EPERM; ids that have no mapping are EINVAL.
/// Source: setgroups(2), setresuid(2), user_namespaces(7); kernel userns_may_setgroups(), make_kuid().
#[rstest]
#[case::sudo(SUDO)]
#[case::su(SU)]
#[case::apt(APT)]
#[case::start_stop_daemon(DAEMON)]
#[case::setpriv(SETPRIV)]
#[case::root_then_user(ROOT_THEN_USER)]
#[case::sudo_perms(SUDO_PERMS)]
#[harness::test(
    Root,
    Userns,
    pins(
        "program.sequences",
        "program.sequences-denied",
        "groups.denied",
        "groups.needs-gid-map",
        "id.unmapped"
    )
)]
fn raw(
    #[case] sequence: &[Action],
    #[values(State::Allow, State::Deny, State::NoGidMap, State::NoUidMap)] state: State,
) {
    let cast = namespace(state);

    let trace = cast.inside(sequence).inside(&ROOT_AGAIN).play();

    check!(trace);
}

/// Through the C library, whose wrappers act on every thread, the outcomes are those of the bare calls.
/// Source: setgroups(2), "C library/kernel differences"; nptl(7).
#[rstest]
#[case::sudo(SUDO)]
#[case::su(SU)]
#[case::apt(APT)]
#[case::start_stop_daemon(DAEMON)]
#[case::setpriv(SETPRIV)]
#[case::root_then_user(ROOT_THEN_USER)]
#[case::sudo_perms(SUDO_PERMS)]
#[harness::test(Root, Userns, pins("program.libc", "program.sequences", "program.sequences-denied"))]
fn through_libc(
    #[case] sequence: &[Action],
    #[values(State::Allow, State::Deny, State::NoGidMap, State::NoUidMap)] state: State,
) {
    let wrapped: Vec<Action> = sequence.iter().cloned().map(Action::via_libc).collect();

    let trace = namespace(state).inside(&wrapped).inside(&ROOT_AGAIN.map(Action::via_libc)).play();

    check!(trace);
}

/// A group that has no mapping makes the whole list invalid, and the old list stays.
/// Source: setgroups(2), EINVAL; kernel groups_from_user(), make_kgid().
#[rstest]
#[case::alone(&[70_000])]
#[case::first(&[70_000, 0])]
#[case::last(&[0, 27, 70_000])]
#[case::minus_one(&[0, u32::MAX])]
#[case::just_beyond_the_map(&[65_536])]
#[case::last_of_the_map(&[65_535])]
#[harness::test(
    Root,
    Userns,
    pins("groups.unmapped", "groups.order-of-checks", "groups.refusal-changes-nothing")
)]
fn unmapped_group(
    #[case] groups: &'static [u32],
    #[values(State::Allow, State::Deny, State::NoGidMap)] state: State,
) {
    let cast = namespace(state);

    let trace = cast.inside(&[setgroups(&[5, 6]), setgroups(groups)]).play();

    check!(trace);
}

/// An id that has no mapping is EINVAL in every call that sets one, even with every capability; the first
/// and the last that have one succeed.
/// Source: setuid(2), setreuid(2), setresuid(2) and the gid forms: EINVAL.
#[rstest]
#[case::setuid(SetId::Setuid, 1)]
#[case::setreuid(SetId::Setreuid, 2)]
#[case::setresuid(SetId::Setresuid, 3)]
#[case::setgid(SetId::Setgid, 1)]
#[case::setregid(SetId::Setregid, 2)]
#[case::setresgid(SetId::Setresgid, 3)]
#[case::setfsuid(SetId::Setfsuid, 1)]
#[case::setfsgid(SetId::Setfsgid, 1)]
#[harness::test(Root, Userns, pins("id.unmapped"))]
fn unmapped_id(#[case] call: SetId, #[case] places: usize) {
    let at = |place: usize, id: u32| {
        let mut ids = [0; 3];
        ids[place] = id;
        set_id(call, &ids)
    };
    let refused = (0..places).flat_map(|place| [at(place, 65_536), at(place, 70_000)]);

    let trace = namespace(State::Allow).inside(&refused.collect::<Vec<_>>()).inside(&[at(0, 65_535)]).play();

    check!(trace);
}

/// An ordinary user who is root in a namespace of one id can become nobody else there: other ids have
/// no mapping, and setgroups(2) was given up for the map.
/// Source: user_namespaces(7); setgroups(2).
#[rstest]
#[case::deny(&[DENY, uid_map("0 own 1"), gid_map("0 own 1")])]
#[case::no_gid_map(&[uid_map("0 own 1")])]
#[case::no_uid_map(&[DENY, gid_map("0 own 1")])]
#[case::no_map(&[])]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    pins("program.sequences-denied", "groups.denied", "groups.needs-gid-map", "id.unmapped")
)]
fn ordinary_user(#[case] state: &[Action]) {
    let cast = ordinary().inside(state);

    let trace = cast.inside(ROOT_THEN_USER).inside(SU).inside(&[setgroups(&[0]), SETGROUPS_EMPTY]).play();

    check!(trace);
}

/// An id that no caller of the suite has.
const STRANGER: u32 = 2_000_000_001;
const OWN_GIDS: Action = Action::SetId(SetId::Setresgid, [Id::Own; 3], Via::Raw);
const OWN_UIDS: Action = Action::SetId(SetId::Setresuid, [Id::Own; 3], Via::Raw);

/// Without privilege nobody becomes anyone else: EPERM in the caller's own namespace, for ids that exist.
/// Source: setuid(2), setresuid(2), setgroups(2): EPERM.
#[rstest]
#[case::root(&[setresuid(0), setresgid(0), setgroups(&[0])])]
#[case::stranger(&[setgroups(&[STRANGER]), setresgid(STRANGER), setresuid(STRANGER)])]
#[case::own_ids(&[OWN_GIDS, OWN_UIDS])]
#[harness::test(OrdinaryUser, InitialUserns, pins("groups.needs-setgid", "id.not-own"))]
fn ordinary_user_outside(#[case] sequence: &[Action]) {
    let cast = ordinary();

    let trace = cast.outside(sequence).play();

    check!(trace);
}
