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

/// CAP_SETGID decides and no other capability does, CAP_SETUID least of all; it has to be effective. It takes
/// a gid_map, of whatever length, and "allow"; uid_map does not matter.
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
fn capability_and_state() {
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
            let cast = root().outside(&[]).inside(&[]).outside(writes);
            let trace = cast.inside(&[privilege.clone(), setgroups(&[5])]).play();
            format!("{:10}", trace.outcomes_shown().last().unwrap_or_default())
        });
        let _ = writeln!(table, "{name:16} {}", cells.join(" ").trim_end());
    }

    check!(table);
}

/// Who joins a namespace gets its capabilities and is bound by its word: what was or was not allowed
/// outside no longer counts.
/// Source: setns(2); user_namespaces(7), "Capabilities"; kernel may_setgroups(): current_user_ns().
#[rstest]
#[case::allowed(&[UIDS, GIDS])]
#[case::allowed_and_without_it_outside(&[UIDS, GIDS, ALL_BUT_SETGID])]
#[case::denied(&[DENY, UIDS, GIDS])]
#[case::no_gid_map(&[UIDS])]
#[harness::test(Root, Userns, pins("groups.needs-setgid", "groups.needs-gid-map", "groups.denied"))]
fn who_has_joined(#[case] before: &[Action]) {
    let cast = root().outside(&[]).inside(&[]).outside(before);

    let trace = cast
        .outside(&[setgroups(&[0]), JOIN, setgroups(&[5]), ALL_BUT_SETGID, SETGROUPS_EMPTY])
        .inside(&[setgroups(&[6])])
        .play();

    check!(trace);
}

/// A process that moves on to a new namespace has every capability there and may not call setgroups before
/// that has its own gid_map; the groups that it set before stay.
/// Source: user_namespaces(7); kernel 273d2c67c3e1.
#[harness::test(Root, Userns, pins("groups.needs-gid-map", "groups.told"))]
fn in_a_new_namespace_again() {
    let cast = root().outside(&[]).inside(&[]).outside(&[UIDS, GIDS]).second(&[]);

    let moved = cast.inside(&[setgroups(&[5, 6]), UNSHARE, SETGROUPS_EMPTY]);
    let mapped = moved.second(&[write_of(Actor::Inside, IdFile::GidMap, "1 5 1")]);
    let list = Action::Getgroups { size: 8, room: Room::Good };
    let trace = mapped.inside(&[list.clone(), setgroups(&[1]), list, setgroups(&[5])]).play();

    check!(trace);
}

/// "deny" takes setgroups(2) away and nothing else: the calls that set gids, and getgroups(2), are as before.
/// Source: user_namespaces(7), "The /proc/pid/setgroups file".
#[rstest]
#[case::allowed(ALLOW)]
#[case::denied(DENY)]
#[harness::test(Root, Userns, pins("deny.setgroups-alone", "groups.denied"))]
fn word_binds_setgroups_alone(#[case] word: Action) {
    let cast = root().outside(&[]).inside(&[]).outside(&[word, UIDS, GIDS]);

    let gids = cast.inside(&[
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

    check!(trace);
}

/// Three namespaces, each below the last, and every choice of "allow" and "deny" in them: "deny" binds the
/// namespace where it is said and those below it, and comes too late once there is one below.
/// Source: user_namespaces(7), "The /proc/pid/setgroups file"; kernel create_user_ns().
#[harness::test(
    Root,
    Userns,
    pins("deny.inherited", "deny.apart", "deny.after-gid-map", "deny.no-way-back", "groups.denied")
)]
fn every_choice_on_three_levels() {
    let words = [("A", "allow"), ("D", "deny")];
    let choices = words.iter().flat_map(|a| words.iter().flat_map(move |b| words.map(|c| (*a, *b, c))));
    let maps = |of| [IdFile::UidMap, IdFile::GidMap].map(|file| write_of(of, file, "0 0 100"));
    let word = |of, word| write_of(of, IdFile::Setgroups, word);
    let last = [read(IdFile::Setgroups), SETGROUPS_EMPTY, DENY];

    let mut table = String::new();
    for (one, two, three) in choices {
        let cast = root().outside(&[]).inside(&[]).outside(&[word(Actor::Inside, one.1)]);
        let inside = cast.outside(&maps(Actor::Inside)).nested(&[]).inside(&[word(Actor::Nested, two.1)]);
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

    check!(table);
}
