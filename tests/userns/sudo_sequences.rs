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
    let ns = root().outside(&[]).inside(&[]);
    match state {
        State::Allow => ns.outside(&[uids, gids]),
        State::Deny => ns.outside(&[DENY, uids, gids]),
        State::NoGidMap => ns.outside(&[uids]),
        State::NoUidMap => ns.outside(&[gids]),
    }
}

/// With "allow" and both maps each call of a sequence succeeds. Under "deny" or without gid_map setgroups(2) is EPERM. Ids
/// that have no mapping are EINVAL. After the sequence the process tries to become root again.
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
fn a_sequence_succeeds_only_with_allow_and_both_maps(
    #[case] sequence: &[Action],
    #[values(State::Allow, State::Deny, State::NoGidMap, State::NoUidMap)] state: State,
) {
    let ns = namespace(state);

    let trace = ns.inside(sequence).inside(&ROOT_AGAIN).play();

    check!(trace);
}

/// The wrappers of the C library, which act on every thread, have the outcomes of the bare calls.
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
fn the_c_library_changes_no_outcome_of_a_sequence(
    #[case] sequence: &[Action],
    #[values(State::Allow, State::Deny, State::NoGidMap, State::NoUidMap)] state: State,
) {
    let wrapped: Vec<Action> = sequence.iter().cloned().map(Action::via_libc).collect();

    let trace = namespace(state).inside(&wrapped).inside(&ROOT_AGAIN.map(Action::via_libc)).play();

    check!(trace);
}

/// What setgroups(2) answers in this state, where a list is answered so under "allow".
fn of_setgroups(state: State, allowed: Answer) -> Answer {
    match state {
        State::Allow | State::NoUidMap => allowed,
        State::Deny | State::NoGidMap => EPERM,
    }
}

/// A group that has no mapping makes the whole list invalid, and the old list stays. Under "deny" and without gid_map every
/// list is EPERM.
/// Source: setgroups(2), EINVAL; kernel groups_from_user(), make_kgid().
#[rstest]
#[case::alone(&[70_000], EINVAL)]
#[case::first(&[70_000, 0], EINVAL)]
#[case::last(&[0, 27, 70_000], EINVAL)]
#[case::minus_one(&[0, u32::MAX], EINVAL)]
#[case::just_beyond_the_map(&[65_536], EINVAL)]
#[case::last_of_the_map(&[65_535], OK)]
#[harness::test(
    Root,
    Userns,
    pins("groups.unmapped", "groups.order-of-checks", "groups.refusal-changes-nothing")
)]
fn an_unmapped_group_makes_the_whole_list_invalid(
    #[case] groups: &'static [u32],
    #[case] allowed: Answer,
    #[values(State::Allow, State::Deny, State::NoGidMap)] state: State,
) {
    let ns = namespace(state);

    let trace = ns.inside(&[setgroups(&[5, 6]), setgroups(groups)]).play();

    check!(trace, last = of_setgroups(state, allowed));
}

/// An id that has no mapping is EINVAL in every place of a call, even with every capability. setfsuid(2) and setfsgid(2)
/// never fail and change nothing. The last id that has a mapping is set.
/// Source: setuid(2), setreuid(2), setresuid(2) and the gid forms: EINVAL.
#[rstest]
#[case::setuid(SetId::Setuid, 1, EINVAL)]
#[case::setreuid(SetId::Setreuid, 2, EINVAL)]
#[case::setresuid(SetId::Setresuid, 3, EINVAL)]
#[case::setgid(SetId::Setgid, 1, EINVAL)]
#[case::setregid(SetId::Setregid, 2, EINVAL)]
#[case::setresgid(SetId::Setresgid, 3, EINVAL)]
#[case::setfsuid(SetId::Setfsuid, 1, OK)]
#[case::setfsgid(SetId::Setfsgid, 1, OK)]
#[harness::test(Root, Userns, pins("id.unmapped"))]
fn an_unmapped_id_is_set_in_no_place(#[case] call: SetId, #[case] places: usize, #[case] unmapped: Answer) {
    let at = |place: usize, id: u32| {
        let mut ids = [0; 3];
        ids[place] = id;
        set_id(call, &ids)
    };
    let tries: Vec<Action> = (0..places).flat_map(|place| [at(place, 65_536), at(place, 70_000)]).collect();

    let trace = namespace(State::Allow).inside(&tries).inside(&[at(0, 65_535)]).play();

    check!(trace, last = [vec![unmapped; tries.len()], vec![OK]].concat());
}

/// An ordinary user who is root in a namespace of one id can become no other user there: other ids have no mapping, and
/// setgroups(2) is denied for the map or has no map. Only an id 0 that is mapped can be set.
/// Source: user_namespaces(7); setgroups(2).
#[rstest]
#[case::deny(&[DENY, uid_map("0 own 1"), gid_map("0 own 1")], OK, OK)]
#[case::no_gid_map(&[uid_map("0 own 1")], OK, EINVAL)]
#[case::no_uid_map(&[DENY, gid_map("0 own 1")], EINVAL, OK)]
#[case::no_map(&[], EINVAL, EINVAL)]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    pins("program.sequences-denied", "groups.denied", "groups.needs-gid-map", "id.unmapped")
)]
fn root_of_a_namespace_of_one_id_becomes_no_other_user(
    #[case] state: &[Action],
    #[case] uid_0: Answer,
    #[case] gid_0: Answer,
) {
    let ns = ordinary().inside(state);

    let trace = ns.inside(ROOT_THEN_USER).inside(SU).inside(&[setgroups(&[0]), SETGROUPS_EMPTY]).play();

    let root_then_user = [uid_0, gid_0, EPERM, EINVAL, EINVAL];
    let su_and_setgroups = [EPERM, EINVAL, EINVAL, EPERM, EPERM];
    check!(trace, last = [root_then_user, su_and_setgroups].concat());
}

/// An id that no caller of the suite has.
const STRANGER: u32 = 2_000_000_001;
const OWN_GIDS: Action = Action::SetId(SetId::Setresgid, [Id::Own; 3], Via::Raw);
const OWN_UIDS: Action = Action::SetId(SetId::Setresuid, [Id::Own; 3], Via::Raw);

/// A process without privilege becomes no other user: EPERM in the caller's own namespace, for ids that have a mapping.
/// Source: setuid(2), setresuid(2), setgroups(2): EPERM.
#[rstest]
#[case::root(&[setresuid(0), setresgid(0), setgroups(&[0])], &[EPERM, EPERM, EPERM])]
#[case::stranger(&[setgroups(&[STRANGER]), setresgid(STRANGER), setresuid(STRANGER)], &[EPERM, EPERM, EPERM])]
#[case::own_ids(&[OWN_GIDS, OWN_UIDS], &[OK, OK])]
#[harness::test(OrdinaryUser, InitialUserns, pins("groups.needs-setgid", "id.not-own"))]
fn an_ordinary_user_becomes_no_other_user(#[case] sequence: &[Action], #[case] expected: &[Answer]) {
    let ns = ordinary();

    let trace = ns.outside(sequence).play();

    check!(trace, last = expected);
}
