//! Who may call setgroups(2), and where: one capability, in the namespace that the process is in, with gid_map
//! written and "allow" in force.

use harness::prelude::*;
use rstest::rstest;
use std::borrow::Cow;
use std::fmt::Write as _;

const UIDS: Action = uid_map("0 0 65536");
const GIDS: Action = gid_map("0 0 65536");
const ALL_BUT_SETGID: Action = drop_caps(&[Cap::Setgid]);
const JOIN: Action = Action::Setns { of: Actor::Inside, file: NsFile::User, nstype: 0 };

/// The states of a namespace, by what is written to it from outside.
const STATES: [(&str, &[Action]); 10] = [
    ("nothing", &[]),
    ("uids", &[UIDS]),
    ("gids", &[GIDS]),
    ("both", &[UIDS, GIDS]),
    ("group 5", &[gid_map("5 5 1")]),
    ("6 groups", &[gid_map("9 9 1\n8 8 1\n7 7 1\n6 6 1\n5 5 1\n4 4 1")]),
    ("others", &[gid_map("6 6 100")]),
    ("deny", &[DENY]),
    ("deny, gids", &[DENY, GIDS]),
    ("deny, both", &[DENY, UIDS, GIDS]),
];

/// setgroups(2) takes an effective CAP_SETGID, and no other capability helps, not CAP_SETUID either. It takes a gid_map,
/// of whatever length, and "allow". uid_map does not matter. A column has what is written to the namespace, a row the
/// capabilities of the caller.
/// Source: setgroups(2): EPERM; kernel may_setgroups(), userns_may_setgroups().
#[harness::test(
    Root,
    Userns,
    pins(
        "groups.needs-setgid",
        "groups.needs-gid-map",
        "groups.denied",
        "groups.allowed",
        "groups.unmapped"
    )
)]
fn setgroups_takes_setgid_a_gid_map_and_allow() {
    let privileges: [(&str, Action); 7] = [
        ("SETGID alone", only_caps(&[Cap::Setgid])),
        ("all but SETGID", ALL_BUT_SETGID),
        ("permitted alone", Action::Capset(CapChange::Suspend(Cow::Borrowed(&[Cap::Setgid])))),
        ("SETUID alone", only_caps(&[Cap::Setuid])),
        ("SYS_ADMIN alone", only_caps(&[Cap::SysAdmin])),
        ("all", drop_caps(&[])),
        ("none", only_caps(&[])),
    ];

    let heading = STATES.map(|(name, _)| format!("{name:10}")).join(" ");
    let mut table = format!("{:16} {}\n", "", heading.trim_end());
    for (name, privilege) in privileges {
        let cells = STATES.map(|(_, writes)| {
            let ns = root().outside(&[]).inside(&[]).outside(writes);
            let trace = ns.inside(&[privilege.clone(), setgroups(&[5])]).play();
            format!("{:10}", trace.outcomes_shown().last().unwrap_or_default())
        });
        let _ = writeln!(table, "{name:16} {}", cells.join(" ").trim_end());
    }

    check!(table, @r"
                     nothing    uids       gids       both       group 5    6 groups   others     deny       deny, gids deny, both
    SETGID alone     EPERM      EPERM      ok         ok         ok         ok         EINVAL     EPERM      EPERM      EPERM
    all but SETGID   EPERM      EPERM      EPERM      EPERM      EPERM      EPERM      EPERM      EPERM      EPERM      EPERM
    permitted alone  EPERM      EPERM      EPERM      EPERM      EPERM      EPERM      EPERM      EPERM      EPERM      EPERM
    SETUID alone     EPERM      EPERM      EPERM      EPERM      EPERM      EPERM      EPERM      EPERM      EPERM      EPERM
    SYS_ADMIN alone  EPERM      EPERM      EPERM      EPERM      EPERM      EPERM      EPERM      EPERM      EPERM      EPERM
    all              EPERM      EPERM      ok         ok         ok         ok         EINVAL     EPERM      EPERM      EPERM
    none             EPERM      EPERM      EPERM      EPERM      EPERM      EPERM      EPERM      EPERM      EPERM      EPERM
    ");
}

/// A process that joins a namespace has CAP_SETGID there, and is bound by its "allow" or "deny" and its gid_map. Whether
/// it could call setgroups(2) outside no longer counts.
/// Source: setns(2); user_namespaces(7), "Capabilities"; kernel may_setgroups(): current_user_ns().
#[rstest]
#[case::allowed(&[UIDS, GIDS], [OK, OK, OK, OK, EPERM, OK])]
#[case::allowed_and_without_it_outside(&[UIDS, GIDS, ALL_BUT_SETGID], [EPERM, OK, OK, OK, EPERM, OK])]
#[case::denied(&[DENY, UIDS, GIDS], [OK, OK, EPERM, OK, EPERM, EPERM])]
#[case::no_gid_map(&[UIDS], [OK, OK, EPERM, OK, EPERM, EPERM])]
#[harness::test(Root, Userns, pins("groups.needs-setgid", "groups.needs-gid-map", "groups.denied"))]
fn a_process_that_joins_is_bound_by_deny_of_that_namespace(
    #[case] before: &[Action],
    #[case] expected: [Answer; 6],
) {
    let ns = root().outside(&[]).inside(&[]).outside(before);

    let trace = ns
        .outside(&[setgroups(&[0]), JOIN, setgroups(&[5]), ALL_BUT_SETGID, SETGROUPS_EMPTY])
        .inside(&[setgroups(&[6])])
        .play();

    check!(trace, last = expected);
}

/// A process that goes on to a new namespace has every capability there, and may not call setgroups(2) before that has a
/// gid_map of its own. It keeps the groups that it set before.
/// Source: user_namespaces(7); kernel 273d2c67c3e1.
#[harness::test(Root, Userns, pins("groups.needs-gid-map", "groups.told"))]
fn setgroups_needs_a_gid_map_in_each_new_namespace() {
    let ns = root().outside(&[]).inside(&[]).outside(&[UIDS, GIDS]).second(&[]);

    let moved = ns.inside(&[setgroups(&[5, 6]), UNSHARE, SETGROUPS_EMPTY]);
    let mapped = moved.second(&[write_of(Actor::Inside, IdFile::GidMap, "1 5 1")]);
    let list = Action::Getgroups { size: 8, room: Room::Good };
    let trace = mapped.inside(&[list.clone(), setgroups(&[1]), list, setgroups(&[5])]).play();

    check!(trace, last = [EPERM, OK, OK, OK, OK, EINVAL]);
}

/// "deny" makes the kernel refuse setgroups(2) and nothing else. The calls that set gids, and getgroups(2), have the same
/// outcomes under both words. The last call is EPERM for a lack of CAP_SETGID.
/// Source: user_namespaces(7), "The /proc/pid/setgroups file".
#[rstest]
#[case::allowed(ALLOW, OK)]
#[case::denied(DENY, EPERM)]
#[harness::test(Root, Userns, pins("deny.setgroups-alone", "groups.denied"))]
fn deny_binds_setgroups_alone(#[case] word: Action, #[case] expected: Answer) {
    let ns = root().outside(&[]).inside(&[]).outside(&[word, UIDS, GIDS]);

    let gids = ns.inside(&[
        set_id(SetId::Setgid, &[5]),
        set_id(SetId::Setregid, &[6, 7]),
        set_id(SetId::Setresgid, &[8, 9, 10]),
        set_id(SetId::Setfsgid, &[11]),
        Action::GetCredentials,
    ]);
    let trace = gids
        .inside(&[Action::Getgroups { size: 8, room: Room::Good }, setgroups(&[5]), SETGROUPS_EMPTY])
        .inside(&[only_caps(&[]), set_id(SetId::Setgid, &[10]), set_id(SetId::Setgid, &[5])])
        .play();

    check!(trace, last = [OK, expected, expected, OK, OK, EPERM]);
}

/// Three namespaces lie one below the other, with every choice of "allow" (A) and "deny" (D). "deny" binds the namespace
/// to which it is written, and those below it. "allow" below a namespace with "deny" is EPERM. A row has the choice, the
/// outcomes of the three writes, and for each namespace its setgroups file, setgroups(2) and a "deny" that comes after
/// gid_map.
/// Source: user_namespaces(7), "The /proc/pid/setgroups file"; kernel create_user_ns().
#[harness::test(
    Root,
    Userns,
    pins("deny.inherited", "deny.apart", "deny.after-gid-map", "deny.no-way-back", "groups.denied")
)]
fn deny_binds_its_namespace_and_those_below() {
    let words = [("A", "allow"), ("D", "deny")];
    let choices = words.iter().flat_map(|a| words.iter().flat_map(move |b| words.map(|c| (*a, *b, c))));
    let maps = |of| [IdFile::UidMap, IdFile::GidMap].map(|file| write_of(of, file, "0 0 100"));
    let word = |of, word| write_of(of, IdFile::Setgroups, word);
    let last = [read(IdFile::Setgroups), SETGROUPS_EMPTY, DENY];

    let mut table = String::new();
    for (one, two, three) in choices {
        let ns = root().outside(&[]).inside(&[]).outside(&[word(Actor::Inside, one.1)]);
        let inside = ns.outside(&maps(Actor::Inside)).nested(&[]).inside(&[word(Actor::Nested, two.1)]);
        let nested = inside.inside(&maps(Actor::Nested)).deepest(&[]);
        let deepest = nested.nested(&[word(Actor::Deepest, three.1)]).nested(&maps(Actor::Deepest));
        let trace = deepest.inside(&last).nested(&last).deepest(&last).play();

        let shown: Vec<String> = trace.outcomes_shown().collect();
        let said = trace.steps().zip(&shown).filter(|((step, _), _)| {
            matches!(&step.action, Action::Write { file: IdFile::Setgroups, of: Some(_), .. })
        });
        let said = said.map(|(_, shown)| format!("{shown:5}")).collect::<Vec<_>>().join(" ");
        let levels = shown[shown.len() - 9..].chunks(3).map(|level| level.join(" "));
        let levels = levels.map(|level| format!("{level:20}")).collect::<Vec<_>>().join("  ");
        let _ = writeln!(table, "{}{}{}  {said}   {}", one.0, two.0, three.0, levels.trim_end());
    }

    check!(table, @r#"
    AAA  ok    ok    ok      "allow" ok EPERM      "allow" ok EPERM      "allow" ok EPERM
    AAD  ok    ok    ok      "allow" ok EPERM      "allow" ok EPERM      "deny" EPERM EPERM
    ADA  ok    ok    EPERM   "allow" ok EPERM      "deny" EPERM EPERM    "deny" EPERM EPERM
    ADD  ok    ok    ok      "allow" ok EPERM      "deny" EPERM EPERM    "deny" EPERM EPERM
    DAA  ok    EPERM EPERM   "deny" EPERM EPERM    "deny" EPERM EPERM    "deny" EPERM EPERM
    DAD  ok    EPERM ok      "deny" EPERM EPERM    "deny" EPERM EPERM    "deny" EPERM EPERM
    DDA  ok    ok    EPERM   "deny" EPERM EPERM    "deny" EPERM EPERM    "deny" EPERM EPERM
    DDD  ok    ok    ok      "deny" EPERM EPERM    "deny" EPERM EPERM    "deny" EPERM EPERM
    "#);
}
