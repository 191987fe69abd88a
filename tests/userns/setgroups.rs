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
    let cast = ordinary();

    let trace = cast.inside(&[DENY, ALLOW, uid_map("0 own 1"), OWN_GID, ALLOW, SETGROUPS_EMPTY]).play();

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
#[case::no_gid_map(&[ALL_UIDS])]
#[case::gid_map_and_allow(&[ALL_UIDS, ALL_GIDS])]
#[case::gid_map_alone(&[ALL_GIDS])]
#[case::gid_map_and_deny(&[ALL_UIDS, DENY, ALL_GIDS])]
#[case::deny_and_no_gid_map(&[ALL_UIDS, DENY])]
#[harness::test(Root, Userns, pins("groups.needs-gid-map", "groups.denied", "groups.allowed"))]
fn setgroups_call(#[case] writes: &[Action]) {
    let cast = root().outside(&[]).inside(&[]);

    let trace = cast.outside(writes).inside(&[setgroups(&[0]), setgroups(&[27, 0]), SETGROUPS_EMPTY]).play();

    check!(trace);
}

/// "deny" is refused once gid_map is written, even where it already holds; "allow" is refused only
/// where "deny" holds.
/// Source: user_namespaces(7): "deny" must precede the writing of gid_map; kernel proc_setgroups_write().
#[rstest]
#[case::deny_then_deny(&[DENY, ALL_GIDS, DENY])]
#[case::deny_then_allow(&[DENY, ALL_GIDS, ALLOW])]
#[case::allow_then_deny(&[ALLOW, ALL_GIDS, DENY])]
#[case::allow_then_allow(&[ALLOW, ALL_GIDS, ALLOW])]
#[case::uid_map_does_not_matter(&[ALL_UIDS, DENY])]
#[harness::test(Root, Userns, pins("deny.after-gid-map", "deny.no-way-back"))]
fn after_gid_map(#[case] writes: &[Action]) {
    let cast = root().outside(&[]).inside(&[]);

    let trace = cast.outside(writes).play();

    check!(trace);
}

/// Every order of the four, and every sequence of three, of deny, allow, gid_map and setgroups(2), written by a privileged
/// parent, so that only setgroups itself decides.
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
fn every_transition() {
    let words = [("D", DENY), ("A", ALLOW), ("G", ALL_GIDS), ("s", SETGROUPS_EMPTY)];

    let table = table(&root(), Way::Outside, every_order(&words, 3));

    check!(table);
}

/// A nested namespace takes over what its parent says when it is created; "deny" is there to stay.
/// Source: user_namespaces(7): a child inherits the setting; kernel create_user_ns(): flags are copied.
#[rstest]
#[case::by_default(&[ALL_UIDS, ALL_GIDS])]
#[case::allow(&[ALLOW, ALL_UIDS, ALL_GIDS])]
#[case::deny(&[DENY, ALL_UIDS, ALL_GIDS])]
#[harness::test(Root, Userns, pins("deny.inherited"))]
fn nested_inherits(#[case] before: &[Action]) {
    let cast = root().outside(&[]).inside(&[]).outside(before);

    let trace = cast.nested(&[read(IdFile::Setgroups), ALLOW, DENY, ALLOW]).play();

    check!(trace);
}

/// "deny" that an ordinary user needs for the map binds every namespace below.
/// Source: as above.
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("deny.inherited", "groups.denied"))]
fn nested_of_an_ordinary_user() {
    let cast = ordinary().inside(&[uid_map("0 own 1"), DENY, OWN_GID]);

    let trace = cast.nested(&[read(IdFile::Setgroups), ALLOW, gid_map("0 0 1"), SETGROUPS_EMPTY]).play();

    check!(trace);
}

/// What is written afterwards in the nested namespace does not reach its parent.
/// Source: kernel create_user_ns(): flags are copied, not shared.
#[harness::test(Root, Userns, pins("deny.apart"))]
fn nested_is_apart() {
    let cast = root().outside(&[]).inside(&[]).outside(&[ALL_UIDS, ALL_GIDS]);

    let trace = cast.nested(&[DENY, ALLOW]).inside(&[read(IdFile::Setgroups), SETGROUPS_EMPTY]).play();

    check!(trace);
}

/// An inherited "deny" binds a namespace two levels down, mapped by its privileged parent, and
/// setgroups(2) fails there.
/// Source: as for nested_inherits.
#[rstest]
#[case::allowed(ALLOW)]
#[case::denied(DENY)]
#[harness::test(Root, Userns, pins("deny.inherited", "groups.denied"))]
fn inherited_twice(#[case] word: Action) {
    let map = |of| maps_of(of, "0 0 100");
    let cast = root().outside(&[]).inside(&[]).outside(&[word, ALL_UIDS, ALL_GIDS]);

    let nested = cast.nested(&[]).inside(&map(Actor::Nested));
    let deepest = nested.deepest(&[]).nested(&map(Actor::Deepest));
    let trace = deepest.deepest(&[read(IdFile::Setgroups), ALLOW, SETGROUPS_EMPTY]).play();

    check!(trace);
}

/// Processes of one namespace share its setting: what one writes, the other is bound by.
/// Source: user_namespaces(7): the file is an attribute of the namespace.
#[rstest]
#[case::allow(&[ALLOW])]
#[case::deny(&[DENY])]
#[harness::test(Root, Userns, pins("deny.shared", "groups.denied"))]
fn shared_by_the_processes(#[case] writes: &[Action]) {
    let cast = root().outside(&[]).inside(&[]).second(writes).outside(&[ALL_GIDS]);

    let trace = cast.inside(&[SETGROUPS_EMPTY]).second(&[SETGROUPS_EMPTY]).play();

    check!(trace);
}

/// The initial namespace has a GID map from the start: "allow" says nothing new, "deny" comes too late.
/// Source: user_namespaces(7); kernel proc_setgroups_write(): EPERM where gid_map has extents.
#[rstest]
#[case::allow("allow")]
#[case::deny("deny")]
#[harness::test(Root, Proc, InitialUserns, Capability(Cap::SysAdmin), pins("deny.after-gid-map"))]
fn initial_namespace(#[case] word: &'static str) {
    let cast = root();

    let trace = cast
        .outside(&[write_of(Actor::Outside, IdFile::Setgroups, word)])
        .outside(&[read_of(Actor::Outside, IdFile::Setgroups), setgroups(&[0])])
        .play();

    check!(trace);
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
fn forms_of_the_text(#[case] way: Way) {
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
fn read_back(#[case] word: Action) {
    let cast = ordinary();

    let trace = cast.inside(&[word, read(IdFile::Setgroups)]).play();

    check!(trace);
}

/// The file may be written from any namespace above, even by the grandparent that may not write the maps.
/// Source: kernel proc_setgroups_open(): CAP_SYS_ADMIN in the namespace is all it asks.
#[rstest]
#[case::setgroups(&[write_of(Actor::Nested, IdFile::Setgroups, "deny")])]
#[case::uid_map(&[write_of(Actor::Nested, IdFile::UidMap, "0 0 1")])]
#[case::gid_map(&[write_of(Actor::Nested, IdFile::GidMap, "0 0 1")])]
#[harness::test(Root, Userns, pins("deny.from-above", "map.opener-from-elsewhere"))]
fn from_the_grandparent(#[case] writes: &[Action]) {
    let cast = root().outside(&[]).inside(&[]).outside(&[ALL_UIDS, ALL_GIDS]).nested(&[]);

    let trace = cast.outside(writes).play();

    check!(trace);
}

/// Neither a sibling nor a process of the namespace without CAP_SYS_ADMIN may open it for writing.
/// Source: kernel proc_setgroups_open(): EACCES.
#[rstest]
#[case::sibling(&[], Actor::Sibling)]
#[case::without_the_capability(&[drop_caps(&[Cap::SysAdmin])], Actor::Inside)]
#[case::with_no_other_capability(&[only_caps(&[Cap::SysAdmin])], Actor::Inside)]
#[harness::test(Root, Userns, pins("open.setgroups-needs-sys-admin"))]
fn who_may_write(#[case] before: &[Action], #[case] writer: Actor) {
    let cast = root().outside(&[]).inside(before).sibling(&[]);

    let trace = cast.by(writer, &[write_of(Actor::Inside, IdFile::Setgroups, "deny")]).play();

    check!(trace);
}
