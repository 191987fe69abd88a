//! /proc/PID/setgroups: "allow" and "deny", before and after gid_map, and in namespaces below.

use crate::support::tables::{Way, every_order, table};
use harness::prelude::*;
use rstest::rstest;

const ALL_UIDS: Action = uid_map("0 0 65536");
const ALL_GIDS: Action = gid_map("0 0 65536");
const OWN_GID: Action = gid_map("0 own 1");

/// "deny" cannot be undone, and it outlives a complete mapping.
/// Source: user_namespaces(7), "The /proc/pid/setgroups file"; kernel 9cc46516ddf4.
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("deny.no-way-back", "groups.denied"))]
fn deny_is_permanent() {
    let ns = ordinary();

    let trace = ns.inside(&[DENY, ALLOW, uid_map("0 own 1"), OWN_GID, ALLOW, SETGROUPS_EMPTY]).play();

    check!(trace, @r#"
    inside  begins in a new user namespace  ok
    inside  setgroups <- "deny"             ok
    inside  setgroups <- "allow"            EPERM
    inside  uid_map <- "0 own 1"            ok
    inside  gid_map <- "0 own 1"            ok
    inside  setgroups <- "allow"            EPERM
    inside  setgroups([])                   EPERM
    afterwards
    inside  uid_map "0 own 1"  gid_map "0 own 1"  setgroups deny
            uid 0  gid 0  groups the caller's  caps all
    "#);
}

/// setgroups(2) needs a written gid_map as well as "allow"; neither alone is enough.
/// Source: user_namespaces(7); kernel 273d2c67c3e1 (gid_map), 9cc46516ddf4 ("deny"), userns_may_setgroups().
#[rstest]
#[case::no_gid_map(&[ALL_UIDS], EPERM)]
#[case::gid_map_and_allow(&[ALL_UIDS, ALL_GIDS], OK)]
#[case::gid_map_alone(&[ALL_GIDS], OK)]
#[case::gid_map_and_deny(&[ALL_UIDS, DENY, ALL_GIDS], EPERM)]
#[case::deny_and_no_gid_map(&[ALL_UIDS, DENY], EPERM)]
#[harness::test(Root, Userns, pins("groups.needs-gid-map", "groups.denied", "groups.allowed"))]
fn setgroups_needs_a_gid_map_and_allow(#[case] writes: &[Action], #[case] expected: Answer) {
    let ns = root().outside(&[]).inside(&[]);

    let trace = ns.outside(writes).inside(&[setgroups(&[0]), setgroups(&[27, 0]), SETGROUPS_EMPTY]).play();

    check!(trace, last = [expected, expected, expected]);
}

/// "deny" is refused once gid_map is written, even where it already holds; "allow" is refused only
/// where "deny" holds.
/// Source: user_namespaces(7): "deny" must precede the writing of gid_map; kernel proc_setgroups_write().
#[rstest]
#[case::deny_then_deny(&[DENY, ALL_GIDS, DENY], EPERM)]
#[case::deny_then_allow(&[DENY, ALL_GIDS, ALLOW], EPERM)]
#[case::allow_then_deny(&[ALLOW, ALL_GIDS, DENY], EPERM)]
#[case::allow_then_allow(&[ALLOW, ALL_GIDS, ALLOW], OK)]
#[case::uid_map_does_not_matter(&[ALL_UIDS, DENY], OK)]
#[harness::test(Root, Userns, pins("deny.after-gid-map", "deny.no-way-back"))]
fn gid_map_ends_deny_and_deny_ends_allow(#[case] writes: &[Action], #[case] expected: Answer) {
    let ns = root().outside(&[]).inside(&[]);

    let trace = ns.outside(writes).play();

    check!(trace, last = expected);
}

/// Every order of the four, and every sequence of three, of deny, allow, gid_map and setgroups(2), written by a
/// privileged parent, so that only setgroups itself decides.
/// Source: user_namespaces(7); kernel proc_setgroups_write(), userns_may_setgroups().
#[harness::test(
    Root,
    Userns,
    pins(
        "deny.no-way-back",
        "deny.after-gid-map",
        "deny.shared",
        "groups.needs-gid-map",
        "groups.denied",
        "groups.allowed"
    )
)]
fn every_order_follows_from_deny_and_gid_map() {
    let words = [("D", DENY), ("A", ALLOW), ("G", ALL_GIDS), ("s", SETGROUPS_EMPTY)];

    let table = table(&root(), Way::Outside, every_order(&words, 3));

    check!(table);
}

/// A nested namespace takes over what its parent says when it is created; "deny" is there to stay.
/// Source: user_namespaces(7): a child inherits the setting; kernel create_user_ns(): flags are copied.
#[rstest]
#[case::by_default(&[ALL_UIDS, ALL_GIDS], [OK, OK, OK, EPERM])]
#[case::allow(&[ALLOW, ALL_UIDS, ALL_GIDS], [OK, OK, OK, EPERM])]
#[case::deny(&[DENY, ALL_UIDS, ALL_GIDS], [OK, EPERM, OK, EPERM])]
#[harness::test(Root, Userns, pins("deny.inherited"))]
fn a_nested_namespace_inherits_the_word(#[case] before: &[Action], #[case] expected: [Answer; 4]) {
    let ns = root().outside(&[]).inside(&[]).outside(before);

    let trace = ns.nested(&[read(IdFile::Setgroups), ALLOW, DENY, ALLOW]).play();

    check!(trace, last = expected);
}

/// "deny" that an ordinary user needs for the map binds every namespace below.
/// Source: user_namespaces(7): a child inherits the setting; kernel create_user_ns(): flags are copied.
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("deny.inherited", "groups.denied"))]
fn deny_of_the_unprivileged_binds_namespaces_below() {
    let ns = ordinary().inside(&[uid_map("0 own 1"), DENY, OWN_GID]);

    let trace = ns.nested(&[read(IdFile::Setgroups), ALLOW, gid_map("0 0 1"), SETGROUPS_EMPTY]).play();

    check!(trace, last = [OK, EPERM, OK, EPERM]);
}

/// What is written afterwards in the nested namespace does not reach its parent.
/// Source: kernel create_user_ns(): flags are copied, not shared.
#[harness::test(Root, Userns, pins("deny.apart"))]
fn a_nested_word_does_not_reach_the_parent() {
    let ns = root().outside(&[]).inside(&[]).outside(&[ALL_UIDS, ALL_GIDS]);

    let trace = ns.nested(&[DENY, ALLOW]).inside(&[read(IdFile::Setgroups), SETGROUPS_EMPTY]).play();

    check!(trace, last = [OK, EPERM, OK, OK]);
}

/// An inherited "deny" binds a namespace two levels down, mapped by its privileged parent, and
/// setgroups(2) fails there.
/// Source: user_namespaces(7): a child inherits the setting; kernel create_user_ns(): flags are copied.
#[rstest]
#[case::allowed(ALLOW, OK)]
#[case::denied(DENY, EPERM)]
#[harness::test(Root, Userns, pins("deny.inherited", "groups.denied"))]
fn an_inherited_deny_binds_two_levels_down(#[case] word: Action, #[case] expected: Answer) {
    let map = |of| maps_of(of, "0 0 100");
    let ns = root().outside(&[]).inside(&[]).outside(&[word, ALL_UIDS, ALL_GIDS]);

    let nested = ns.nested(&[]).inside(&map(Actor::Nested));
    let deepest = nested.deepest(&[]).nested(&map(Actor::Deepest));
    let trace = deepest.deepest(&[read(IdFile::Setgroups), ALLOW, SETGROUPS_EMPTY]).play();

    check!(trace, last = [OK, expected, expected]);
}

/// Processes of one namespace share its setting: what one writes, the other is bound by.
/// Source: user_namespaces(7): the file is an attribute of the namespace.
#[rstest]
#[case::allow(&[ALLOW], OK)]
#[case::deny(&[DENY], EPERM)]
#[harness::test(Root, Userns, pins("deny.shared", "groups.denied"))]
fn processes_of_a_namespace_share_the_word(#[case] writes: &[Action], #[case] expected: Answer) {
    let ns = root().outside(&[]).inside(&[]).second(writes).outside(&[ALL_GIDS]);

    let trace = ns.inside(&[SETGROUPS_EMPTY]).second(&[SETGROUPS_EMPTY]).play();

    check!(trace, last = [expected, expected]);
}

/// The initial namespace has a GID map from the start: "allow" says nothing new, "deny" comes too late.
/// Source: user_namespaces(7); kernel proc_setgroups_write(): EPERM where gid_map has extents.
#[rstest]
#[case::allow("allow", OK)]
#[case::deny("deny", EPERM)]
#[harness::test(Root, Proc, InitialUserns, Capability(Cap::SysAdmin), pins("deny.after-gid-map"))]
fn the_initial_namespace_cannot_be_denied(#[case] word: &'static str, #[case] expected: Answer) {
    let ns = root();

    let trace = ns
        .outside(&[write_of(Actor::Outside, IdFile::Setgroups, word)])
        .outside(&[read_of(Actor::Outside, IdFile::Setgroups), setgroups(&[0])])
        .play();

    check!(trace, last = [expected, OK, OK]);
}

/// A word may be followed by white space or a NUL byte, all in less than 8 bytes; nothing may come before.
/// Source: kernel proc_setgroups_write(): strncmp and skip_spaces on a buffer of 8 bytes.
#[rstest]
#[case::inside(Way::Inside)]
#[case::outside(Way::Outside)]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    pins("deny.size", "deny.unknown-word", "deny.trailing-junk")
)]
fn only_white_space_or_nul_follows_the_word(#[case] way: Way) {
    const FORMS: [&[u8]; 35] = [
        b"deny",
        b"deny\n",
        b"deny ",
        b"deny\t",
        b"deny\n\n\n",
        b"deny \n ",
        b"deny\0",
        b"deny\0xx",
        b"deny\x0b",
        b"deny\x0c\r",
        b"deny\xa0",
        b"deny    ",
        b"allow",
        b"allow\n",
        b"allow\0",
        b"allow\n\n",
        b"allow  \n",
        b"",
        b"\n",
        b"\0",
        b" deny",
        b"\ndeny",
        b"den",
        b"denx",
        b"denyx",
        b"deny x",
        b"Deny",
        b"DENY",
        b"allo",
        b"allox",
        b"allowx",
        b"allowed",
        b"allow,",
        b"0",
        b"\0deny",
    ];
    let form = |bytes: &'static [u8]| (String::new(), vec![write_bytes(IdFile::Setgroups, bytes)]);

    let line = |bytes: &'static [u8]| {
        let shown = format!("\"{}\"", bytes.escape_ascii());
        format!("{shown:16} {}", table(&ordinary(), way, vec![form(bytes)]).trim_start())
    };

    check!(FORMS.map(line).concat());
}

/// setgroups reads back as one word and a line feed.
/// Source: kernel proc_setgroups_show().
#[rstest]
#[case::allow(ALLOW)]
#[case::deny(DENY)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("deny.read-back"))]
fn the_word_is_read_back(#[case] word: Action) {
    let ns = ordinary();

    let trace = ns.inside(&[word, read(IdFile::Setgroups)]).play();

    check!(trace, last = [OK, OK]);
}

/// The file may be written from any namespace above, even by the grandparent that may not write the maps.
/// Source: kernel proc_setgroups_open(): CAP_SYS_ADMIN in the namespace is all it asks.
#[rstest]
#[case::setgroups(&[write_of(Actor::Nested, IdFile::Setgroups, "deny")], OK)]
#[case::uid_map(&[write_of(Actor::Nested, IdFile::UidMap, "0 0 1")], EPERM)]
#[case::gid_map(&[write_of(Actor::Nested, IdFile::GidMap, "0 0 1")], EPERM)]
#[harness::test(Root, Userns, pins("deny.from-above", "map.opener-from-elsewhere"))]
fn the_grandparent_writes_the_word_and_no_map(#[case] writes: &[Action], #[case] expected: Answer) {
    let ns = root().outside(&[]).inside(&[]).outside(&[ALL_UIDS, ALL_GIDS]).nested(&[]);

    let trace = ns.outside(writes).play();

    check!(trace, last = expected);
}

/// Neither a sibling nor a process of the namespace without CAP_SYS_ADMIN may open it for writing.
/// Source: kernel proc_setgroups_open(): EACCES.
#[rstest]
#[case::sibling(&[], Actor::Sibling, EACCES.at("open"))]
#[case::without_the_capability(&[drop_caps(&[Cap::SysAdmin])], Actor::Inside, EACCES.at("open"))]
#[case::with_no_other_capability(&[only_caps(&[Cap::SysAdmin])], Actor::Inside, OK)]
#[harness::test(Root, Userns, pins("open.setgroups-needs-sys-admin"))]
fn opening_for_writing_takes_sys_admin(
    #[case] before: &[Action],
    #[case] writer: Actor,
    #[case] expected: Answer,
) {
    let ns = root().outside(&[]).inside(before).sibling(&[]);

    let trace = ns.by(writer, &[write_of(Actor::Inside, IdFile::Setgroups, "deny")]).play();

    check!(trace, last = expected);
}
