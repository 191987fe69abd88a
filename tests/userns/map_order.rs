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
#[case::before_deny(&[MAP_UID, MAP_GID])]
#[case::after_deny(&[MAP_UID, DENY, MAP_GID])]
#[case::after_allow(&[MAP_UID, ALLOW, MAP_GID])]
#[case::a_refusal_is_not_final(&[MAP_GID, DENY, MAP_GID])]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    pins("allow.own-gid-needs-deny", "map.refusal-leaves-empty")
)]
fn own_gid(#[case] steps: &[Action]) {
    let cast = ordinary();

    let trace = cast.inside(steps).play();

    check!(trace);
}

/// An unprivileged process may map its own UID whatever setgroups says, before or after gid_map.
/// Source: user_namespaces(7), "Defining user and group ID mappings".
#[rstest]
#[case::first(&[MAP_UID, DENY, MAP_GID])]
#[case::between(&[DENY, MAP_UID, MAP_GID])]
#[case::last(&[DENY, MAP_GID, MAP_UID])]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("allow.own-id"))]
fn own_uid(#[case] steps: &[Action]) {
    let cast = ordinary();

    let trace = cast.inside(steps).play();

    check!(trace);
}

/// The owner may write from the parent namespace just what it may write from inside.
/// Source: user_namespaces(7): the writer is in the namespace or in its parent; kernel 66d2f338ee4c.
#[rstest]
#[case::gid_before_deny(&[MAP_UID, MAP_GID])]
#[case::gid_after_deny(&[MAP_UID, DENY, MAP_GID])]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("allow.own-id", "allow.own-gid-needs-deny"))]
fn from_the_parent(#[case] steps: &[Action]) {
    let cast = ordinary().outside(&[]).inside(&[]);

    let trace = cast.outside(steps).play();

    check!(trace);
}

/// With CAP_SETGID in the parent namespace the GID map needs no "deny", before it or ever.
/// Source: user_namespaces(7), "Defining user and group ID mappings"; kernel new_idmap_permitted().
#[rstest]
#[case::gids_alone(&[gid_map("0 0 65536")])]
#[case::uids_first(&[uid_map("0 0 65536"), gid_map("0 0 65536")])]
#[case::gids_first(&[gid_map("0 0 65536"), uid_map("0 0 65536")])]
#[case::after_deny(&[DENY, gid_map("0 0 65536"), uid_map("0 0 65536")])]
#[harness::test(Root, Userns, pins("allow.writer-needs-setid"))]
fn privileged_parent(#[case] steps: &[Action]) {
    let cast = root().outside(&[]).inside(&[]);

    let trace = cast.outside(steps).inside(&[SETGROUPS_EMPTY]).play();

    check!(trace);
}

/// A map can be written once; what a refused write leaves empty can be written later.
/// Source: user_namespaces(7): "may be written to once"; kernel map_write().
#[rstest]
#[case::uids_again(&[MAP_UID, MAP_UID])]
#[case::uids_again_otherwise(&[MAP_UID, uid_map("1 own 1")])]
#[case::uids_after_a_refusal(&[uid_map("0 own 2"), MAP_UID])]
#[case::gids_again(&[DENY, MAP_GID, MAP_GID])]
#[case::gids_again_otherwise(&[DENY, MAP_GID, gid_map("1 own 1")])]
#[case::gids_after_a_refusal(&[DENY, gid_map("0 own 2"), MAP_GID])]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("map.written-once", "map.refusal-leaves-empty"))]
fn written_once(#[case] steps: &[Action]) {
    let cast = ordinary();

    let trace = cast.inside(steps).play();

    check!(trace);
}

/// The same for root, whose refused write is one that no privilege allows: two overlapping extents.
/// Source: user_namespaces(7): "The ranges ... in each line must not overlap".
#[rstest]
#[case::uids_again(&[uid_map("0 0 10"), uid_map("0 0 10")])]
#[case::uids_after_a_refusal(&[uid_map("0 0 10\n5 20 10"), uid_map("0 0 10")])]
#[case::gids_again(&[gid_map("0 0 10"), gid_map("0 0 10")])]
#[case::gids_after_a_refusal(&[gid_map("0 0 10\n5 20 10"), gid_map("0 0 10")])]
#[harness::test(Root, Userns, pins("map.written-once", "map.refusal-leaves-empty", "text.upper-overlap"))]
fn written_once_by_root(#[case] steps: &[Action]) {
    let cast = root().outside(&[]).inside(&[]);

    let trace = cast.outside(steps).play();

    check!(trace);
}

/// Both the opener and the writer of a map need the privilege, so that a process cannot have a
/// privileged one write for it, nor use a file that a privileged one has opened.
/// Source: kernel 6708075f104c (CVE-2013-1959), map_write() and new_idmap_permitted().
#[rstest]
#[case::both_privileged(Actor::Privileged, Actor::Privileged)]
#[case::ordinary_opener(Actor::Outside, Actor::Privileged)]
#[case::ordinary_writer(Actor::Privileged, Actor::Outside)]
#[case::neither(Actor::Outside, Actor::Outside)]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysAdmin),
    pins("allow.writer-needs-setid", "allow.opener-needs-setid")
)]
fn foreign_ids(
    #[case] opener: Actor,
    #[case] writer: Actor,
    #[values(IdFile::UidMap, IdFile::GidMap)] file: IdFile,
) {
    let cast = ordinary().privileged(&[]).outside(&[]).inside(&[]);

    let opened = cast.by(opener, &[open(file), Action::Give(writer)]);
    let trace = opened.by(writer, &[write_held(file, "0 1000 10")]).play();

    check!(trace);
}

/// One's own id may be mapped by whoever writes, as long as the owner has opened the file.
/// Source: kernel new_idmap_permitted(): the opener's euid is compared with the owner.
#[rstest]
#[case::inside_opens_outside_writes(Actor::Inside, Actor::Outside)]
#[case::outside_opens_inside_writes(Actor::Outside, Actor::Inside)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("allow.own-id"))]
fn opened_by_one_written_by_the_other(
    #[case] opener: Actor,
    #[case] writer: Actor,
    #[values(IdFile::UidMap, IdFile::GidMap)] file: IdFile,
) {
    let cast = ordinary().outside(&[]).inside(&[DENY]);

    let opened = cast.by(opener, &[open(file), Action::Give(writer)]);
    let trace = opened.by(writer, &[write_held(file, "0 own 1")]).play();

    check!(trace);
}

/// Every order of the four writes, and every sequence with repeats, of an ordinary user: a map is written once; setgroups changes
/// until gid_map is written, never back from "deny"; gid_map needs "deny".
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
fn in_every_order(#[case] way: Way, #[case] with_repeats: usize) {
    let words = [("U", MAP_UID), ("G", MAP_GID), ("D", DENY), ("A", ALLOW)];

    let table = table(&ordinary(), way, every_order(&words, with_repeats));

    check!(table);
}

/// The same sequences of root: as for an ordinary user from inside, since a process
/// in the namespace has no privilege in its parent; from outside gid_map needs no "deny".
/// Source: as above.
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
fn in_every_order_by_root(#[case] way: Way, #[case] with_repeats: usize) {
    let words = [("U", uid_map("0 0 1")), ("G", gid_map("0 0 1")), ("D", DENY), ("A", ALLOW)];

    let table = table(&root(), way, every_order(&words, with_repeats));

    check!(table);
}
