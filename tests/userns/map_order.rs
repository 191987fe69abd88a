//! The order in which uid_map, gid_map and setgroups may be written, and by whom.
//!
//! The tables at the end hold every sequence; the tests before them name the
//! rules that the tables follow from.

use crate::support::tables::{Way, every_order, table};
use harness::prelude::*;
use rstest::rstest;

const MAP_UID: Action = uid_map("0 own 1");
const MAP_GID: Action = gid_map("0 own 1");

/// An unprivileged process may map its own GID only after it gave up setgroups(2).
/// Source: user_namespaces(7), "Defining user and group ID mappings"; kernel 66d2f338ee4c.
#[rstest]
#[case::before_deny(&[MAP_UID, MAP_GID], &[OK, EPERM])]
#[case::after_deny(&[MAP_UID, DENY, MAP_GID], &[OK, OK, OK])]
#[case::after_allow(&[MAP_UID, ALLOW, MAP_GID], &[OK, OK, EPERM])]
#[case::a_refusal_is_not_final(&[MAP_GID, DENY, MAP_GID], &[EPERM, OK, OK])]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    pins("allow.own-gid-needs-deny", "map.refusal-leaves-empty")
)]
fn own_gid_needs_deny(#[case] steps: &[Action], #[case] expected: &[Answer]) {
    let ns = ordinary();

    let trace = ns.inside(steps).play();

    check!(trace, last = expected);
}

/// An unprivileged process may map its own UID whatever setgroups says, before or after gid_map.
/// Source: user_namespaces(7), "Defining user and group ID mappings".
#[rstest]
#[case::first(&[MAP_UID, DENY, MAP_GID])]
#[case::between(&[DENY, MAP_UID, MAP_GID])]
#[case::last(&[DENY, MAP_GID, MAP_UID])]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("allow.own-id"))]
fn own_uid_needs_no_deny(#[case] steps: &[Action]) {
    let ns = ordinary();

    let trace = ns.inside(steps).play();

    check!(trace, last = [OK, OK, OK]);
}

/// The owner may write from the parent namespace just what it may write from inside.
/// Source: user_namespaces(7): the writer is in the namespace or in its parent; kernel 66d2f338ee4c.
#[rstest]
#[case::gid_before_deny(&[MAP_UID, MAP_GID], &[OK, EPERM])]
#[case::gid_after_deny(&[MAP_UID, DENY, MAP_GID], &[OK, OK, OK])]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("allow.own-id", "allow.own-gid-needs-deny"))]
fn the_owner_writes_from_the_parent_what_it_writes_inside(
    #[case] steps: &[Action],
    #[case] expected: &[Answer],
) {
    let ns = ordinary().outside(&[]).inside(&[]);

    let trace = ns.outside(steps).play();

    check!(trace, last = expected);
}

/// With CAP_SETGID in the parent namespace the GID map needs no "deny", before it or ever. setgroups(2), the last
/// call, is refused after "deny" alone.
/// Source: user_namespaces(7), "Defining user and group ID mappings"; kernel new_idmap_permitted().
#[rstest]
#[case::gids_alone(&[gid_map("0 0 65536")], OK)]
#[case::uids_first(&[uid_map("0 0 65536"), gid_map("0 0 65536")], OK)]
#[case::gids_first(&[gid_map("0 0 65536"), uid_map("0 0 65536")], OK)]
#[case::after_deny(&[DENY, gid_map("0 0 65536"), uid_map("0 0 65536")], EPERM)]
#[harness::test(Root, Userns, pins("allow.writer-needs-setid"))]
fn setgid_in_the_parent_maps_gids_without_deny(#[case] steps: &[Action], #[case] expected: Answer) {
    let ns = root().outside(&[]).inside(&[]);

    let trace = ns.outside(steps).inside(&[SETGROUPS_EMPTY]).play();

    check!(trace, last = expected);
}

/// A map can be written once; what a refused write leaves empty can be written later.
/// Source: user_namespaces(7): "may be written to once"; kernel map_write().
#[rstest]
#[case::uids_again(&[MAP_UID, MAP_UID], &[OK, EPERM])]
#[case::uids_again_otherwise(&[MAP_UID, uid_map("1 own 1")], &[OK, EPERM])]
#[case::uids_after_a_refusal(&[uid_map("0 own 2"), MAP_UID], &[EPERM, OK])]
#[case::gids_again(&[DENY, MAP_GID, MAP_GID], &[OK, OK, EPERM])]
#[case::gids_again_otherwise(&[DENY, MAP_GID, gid_map("1 own 1")], &[OK, OK, EPERM])]
#[case::gids_after_a_refusal(&[DENY, gid_map("0 own 2"), MAP_GID], &[OK, EPERM, OK])]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("map.written-once", "map.refusal-leaves-empty"))]
fn a_map_is_written_once(#[case] steps: &[Action], #[case] expected: &[Answer]) {
    let ns = ordinary();

    let trace = ns.inside(steps).play();

    check!(trace, last = expected);
}

/// Root, too, writes a map once. Its refused write is one that no privilege allows: two overlapping extents.
/// Source: user_namespaces(7): "The ranges ... in each line must not overlap".
#[rstest]
#[case::uids_again(&[uid_map("0 0 10"), uid_map("0 0 10")], [OK, EPERM])]
#[case::uids_after_a_refusal(&[uid_map("0 0 10\n5 20 10"), uid_map("0 0 10")], [EINVAL, OK])]
#[case::gids_again(&[gid_map("0 0 10"), gid_map("0 0 10")], [OK, EPERM])]
#[case::gids_after_a_refusal(&[gid_map("0 0 10\n5 20 10"), gid_map("0 0 10")], [EINVAL, OK])]
#[harness::test(Root, Userns, pins("map.written-once", "map.refusal-leaves-empty", "text.upper-overlap"))]
fn root_writes_a_map_once(#[case] steps: &[Action], #[case] expected: [Answer; 2]) {
    let ns = root().outside(&[]).inside(&[]);

    let trace = ns.outside(steps).play();

    check!(trace, last = expected);
}

/// Both the opener and the writer of a map need the privilege, so that a process cannot have a
/// privileged one write for it, nor use a file that a privileged one has opened.
/// Source: kernel 6708075f104c (CVE-2013-1959), map_write() and new_idmap_permitted().
#[rstest]
#[case::both_privileged(Actor::Privileged, Actor::Privileged, OK)]
#[case::ordinary_opener(Actor::Outside, Actor::Privileged, EPERM)]
#[case::ordinary_writer(Actor::Privileged, Actor::Outside, EPERM)]
#[case::neither(Actor::Outside, Actor::Outside, EPERM)]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysAdmin),
    pins("allow.writer-needs-setid", "allow.opener-needs-setid")
)]
fn foreign_ids_need_privilege_of_opener_and_writer(
    #[case] opener: Actor,
    #[case] writer: Actor,
    #[case] expected: Answer,
    #[values(IdFile::UidMap, IdFile::GidMap)] file: IdFile,
) {
    let ns = ordinary().privileged(&[]).outside(&[]).inside(&[]);

    let opened = ns.by(opener, &[open(file), Action::PassFd(writer)]);
    let trace = opened.by(writer, &[write_held(file, "0 1000 10")]).play();

    check!(trace, last = expected);
}

/// One's own id may be mapped by any writer, as long as the owner has opened the file.
/// Source: kernel new_idmap_permitted(): the opener's euid is compared with the owner.
#[rstest]
#[case::inside_opens_outside_writes(Actor::Inside, Actor::Outside)]
#[case::outside_opens_inside_writes(Actor::Outside, Actor::Inside)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("allow.own-id"))]
fn own_id_needs_the_owner_as_opener_alone(
    #[case] opener: Actor,
    #[case] writer: Actor,
    #[values(IdFile::UidMap, IdFile::GidMap)] file: IdFile,
) {
    let ns = ordinary().outside(&[]).inside(&[DENY]);

    let opened = ns.by(opener, &[open(file), Action::PassFd(writer)]);
    let trace = opened.by(writer, &[write_held(file, "0 own 1")]).play();

    check!(trace, last = OK);
}

/// Every order of the four writes, and every sequence with repeats, of an ordinary user: a map is written once;
/// setgroups changes until gid_map is written, never back from "deny"; gid_map needs "deny".
/// Source: user_namespaces(7); kernel proc_setgroups_write(), map_write(), new_idmap_permitted().
#[rstest]
#[case::inside(Way::Inside, 4)]
#[case::outside(Way::Outside, 3)]
#[case::inside_opens(Way::InsideOpensOutsideWrites, 3)]
#[case::outside_opens(Way::OutsideOpensInsideWrites, 3)]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    pins("map.written-once", "map.refusal-leaves-empty", "allow.own-id", "allow.own-gid-needs-deny")
)]
fn every_order_writes_a_map_once_and_gids_after_deny(#[case] way: Way, #[case] with_repeats: usize) {
    let words = [("U", MAP_UID), ("G", MAP_GID), ("D", DENY), ("A", ALLOW)];

    let table = table(&ordinary(), way, every_order(&words, with_repeats));

    check!(table);
}

/// Every order of the four writes, and every sequence with repeats, of root. From inside it is as for an ordinary user, since
/// a process in the namespace has no privilege in its parent. From outside gid_map needs no "deny".
/// Source: user_namespaces(7); kernel proc_setgroups_write(), map_write(), new_idmap_permitted().
#[rstest]
#[case::inside(Way::Inside, 4)]
#[case::outside(Way::Outside, 3)]
#[case::inside_opens(Way::InsideOpensOutsideWrites, 3)]
#[case::outside_opens(Way::OutsideOpensInsideWrites, 3)]
#[harness::test(
    Root,
    Userns,
    pins("map.written-once", "allow.own-gid-needs-deny", "allow.writer-needs-setid")
)]
fn every_order_by_root_needs_deny_from_inside_alone(#[case] way: Way, #[case] with_repeats: usize) {
    let words = [("U", uid_map("0 0 1")), ("G", gid_map("0 0 1")), ("D", DENY), ("A", ALLOW)];

    let table = table(&root(), way, every_order(&words, with_repeats));

    check!(table);
}
