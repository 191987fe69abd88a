//! Mapping the parent's uid 0, with which a process could give files capabilities that hold in the parent.

use harness::prelude::*;
use harness::rules::changes;
use std::fmt::Write as _;

const BOTH: [IdFile; 2] = [IdFile::UidMap, IdFile::GidMap];
const UID_0: &str = "0 0 1";

/// What the last steps came to.
fn last(trace: &Trace, count: usize) -> String {
    trace.last_shown(count).iter().map(|outcome| format!("{outcome:9}")).collect()
}

/// A process inside maps the parent's uid 0 if the creator had CAP_SETFCAP in effect when it created the namespace, by
/// unshare(2) or by clone(2). Other capabilities, what the creator had permitted or has later, and what the process inside
/// has do not matter.
/// Source: user_namespaces(7); kernel db2e718a4798, create_user_ns(): parent_could_setfcap.
#[harness::test(
    Root,
    Userns,
    Capability(Cap::Setfcap),
    Change(&changes::SETFCAP),
    pins("allow.uid-0-from-inside")
)]
fn uid_0_is_mapped_inside_by_the_setfcap_of_the_creator() {
    let creators: [(&str, Vec<Action>, Vec<Action>); 6] = [
        ("all", vec![], vec![]),
        ("CAP_SETFCAP alone", vec![only_caps(&[Cap::Setfcap])], vec![]),
        ("CAP_SETFCAP, given up later", vec![], vec![only_caps(&[])]),
        ("all but CAP_SETFCAP", vec![drop_caps(&[Cap::Setfcap])], vec![]),
        ("CAP_SETFCAP permitted alone", vec![suspend_caps(&[Cap::Setfcap])], vec![]),
        ("CAP_SETFCAP later", vec![suspend_caps(&[Cap::Setfcap])], vec![raise_caps(&[Cap::Setfcap])]),
    ];
    let inside: [(&str, &[Action]); 2] = [("", &[]), (", inside without it", &[drop_caps(&[Cap::Setfcap])])];

    let mut table = format!("{:50}by unshare(2)     by clone(2)\n", "the creator had");
    let _ = writeln!(table, "{:50}uid_map  gid_map  uid_map  gid_map", "");
    for (had, before, after) in creators {
        for (has, change) in inside {
            let creator = root().outside(&before);
            let columns = [creator.clone(), creator.cloned(Actor::Inside)].map(|ns| {
                let ns = ns.inside(&[DENY]).outside(&after).inside(change);
                last(&ns.inside(&BOTH.map(|file| write(file, UID_0))).play(), 2)
            });
            let _ = writeln!(table, "{:50}{}", format!("{had}{has}"), columns.concat().trim_end());
        }
    }

    check!(table);
}

/// A process in the parent maps its uid 0 if the opener has CAP_SETFCAP in effect when it opens the file. What the creator
/// had and what the writer has do not matter.
/// Source: user_namespaces(7); kernel db2e718a4798, verify_root_map(): file_ns_capable().
#[harness::test(
    Root,
    Userns,
    Capability(Cap::Setfcap),
    Change(&changes::SETFCAP),
    pins("allow.uid-0-from-parent")
)]
fn uid_0_is_mapped_from_the_parent_by_the_setfcap_of_the_opener() {
    let [with, without] = [raise_caps(&[Cap::Setfcap]), suspend_caps(&[Cap::Setfcap])];
    let states = [("with", &with), ("without", &without)];

    let mut table = format!("{:12}{:12}{:12}uid_map  gid_map\n", "created", "opened", "written");
    for (created, creator) in states {
        for (opened, opener) in states {
            for (written, writer) in states {
                let step = std::slice::from_ref;
                let ns = root().outside(step(creator)).inside(&[]).outside(&[DENY]);
                let trace = BOTH.into_iter().fold(ns, |ns, file| {
                    let ns = ns.outside(step(opener)).outside(&[open(file)]);
                    ns.outside(step(writer)).outside(&[write_held(file, UID_0)])
                });
                // Each file takes four steps, the last of which is the write.
                let shown = trace.play().last_shown(2 * 4);
                let _ = writeln!(table, "{created:12}{opened:12}{written:12}{:9}{}", shown[3], shown[7]);
            }
        }
    }

    check!(table, @r"
    created     opened      written     uid_map  gid_map
    with        with        with        ok       ok
    with        with        without     ok       ok
    with        without     with        EPERM    ok
    with        without     without     EPERM    ok
    without     with        with        ok       ok
    without     with        without     ok       ok
    without     without     with        EPERM    ok
    without     without     without     EPERM    ok
    ");
}

/// A process that joined the namespace by setns(2) writes from inside. What the creator had decides, not what the process
/// had before it joined.
/// Source: kernel verify_root_map(): the opener's namespace is the one that is mapped.
#[harness::test(
    Root,
    Userns,
    Capability(Cap::Setfcap),
    Change(&changes::SETFCAP),
    pins("allow.uid-0-from-inside")
)]
fn a_process_that_joined_maps_uid_0_by_the_setfcap_of_the_creator() {
    let [with, without] = [raise_caps(&[Cap::Setfcap]), suspend_caps(&[Cap::Setfcap])];
    let join = Action::Setns { of: Actor::Inside, file: NsFile::User, nstype: 0 };
    let writes = [write_of(Actor::Inside, IdFile::Setgroups, "deny")]
        .into_iter()
        .chain(BOTH.map(|file| write_of(Actor::Inside, file, UID_0)));
    let writes: Vec<Action> = writes.collect();

    let mut table = format!("{:12}{:12}setgroups uid_map  gid_map\n", "created", "joined");
    for (created, creator) in [("with", &with), ("without", &without)] {
        for (joined, joiner) in [("with", &with), ("without", &without)] {
            let ns = root().outside(std::slice::from_ref(creator)).inside(&[]);
            let inside = ns.outside(std::slice::from_ref(joiner)).outside(std::slice::from_ref(&join));
            let trace = inside.outside(&writes).play();
            let _ = writeln!(table, "{created:12}{joined:12}{}", last(&trace, 3).trim_end());
        }
    }

    check!(table, @r"
    created     joined      setgroups uid_map  gid_map
    with        with        ok       ok       ok
    with        without     ok       ok       ok
    without     with        ok       EPERM    ok
    without     without     ok       EPERM    ok
    ");
}

/// A line that maps the parent's uid 0 is found wherever it stands, in maps of one to nine lines. A line that maps another
/// uid to 0 inside is no such line. gid_map and projid_map take no CAP_SETFCAP.
/// Source: kernel verify_root_map(): lower_first, in both forms of a map.
#[harness::test(
    Root,
    Userns,
    Capability(Cap::Setfcap),
    Change(&changes::SETFCAP), pins("allow.uid-0-from-parent", "map.refusal-leaves-empty")
)]
fn a_line_with_uid_0_is_found_wherever_it_stands() {
    // Upper ids fall from line to line, so that upper id 0 is the last line's.
    let text = |count: u32, zero: Option<u32>| -> String {
        let lower = |line: u32| if zero == Some(line) { 0 } else { 100 + line };
        (0..count).map(|line| format!("{} {} 1\n", count - 1 - line, lower(line))).collect()
    };

    let mut table = "lines  uid 0 in line\n       none   1      2      3 ...\n".to_owned();
    for count in 1..10 {
        let cells = [None].into_iter().chain((0..count).map(Some)).map(|zero| {
            let any = |file| Action::Write {
                file,
                of: None,
                text: Text::Bytes(text(count, zero).into_bytes().into()),
            };
            let ns = root().outside(&[drop_caps(&[Cap::Setfcap])]).inside(&[]);
            let trace =
                ns.outside(&[any(IdFile::GidMap), any(IdFile::ProjidMap), any(IdFile::UidMap)]).play();
            let shown: Vec<String> = trace.outcomes_shown().skip(3).collect();
            assert_eq!(shown[..2], ["ok", "ok"], "{trace}");
            format!("{:7}", shown[2])
        });
        let _ = writeln!(table, "{count:<7}{}", cells.collect::<String>().trim_end());
    }

    check!(table);
}

/// The uid 0 that takes CAP_SETFCAP is that of the parent, not of the initial namespace. It is uid 0 whatever id the parent
/// maps it to. Root of the initial namespace under another number is not uid 0.
/// Source: kernel verify_root_map(): the ids before they are looked up in the parent's map.
#[harness::test(
    Root,
    Userns,
    Change(&changes::SETFCAP),
    pins("allow.uid-0-from-parent", "allow.uid-0-from-inside")
)]
fn uid_0_is_that_of_the_parent_not_of_the_initial_namespace() {
    let parents = ["0 1000 10", "5 0 1\n0 1000 5", "1 1 1\n2 2 1\n3 3 1\n4 4 1\n5 0 1\n0 1000 1"];
    let become_0 = [setresgid(0), setresuid(0), DUMPABLE];
    let needed = [Cap::SysAdmin, Cap::Setuid, Cap::DacOverride, Cap::Setfcap];

    let mut table = format!("{:64}from the parent           from inside\n", "the parent's map");
    let _ = writeln!(table, "{:64}with        without       with     without", "");
    for (parent, words) in
        parents.into_iter().flat_map(|parent| [UID_0, "0 5 1"].map(|words| (parent, words)))
    {
        let ns = root().outside(&[]).inside(&[]).outside(&[uid_map(parent), gid_map("0 1000 10")]);
        let both = ns.inside(&become_0).second(&become_0);
        let from_parent = [&needed[..], &needed[..3]].map(|caps| {
            let caps = Action::Capset(CapChange::Only(caps.to_vec().into()));
            let opener = both.clone().nested(&[]).second(&[caps]);
            last(&opener.second(&[write_of(Actor::Nested, IdFile::UidMap, words)]).play(), 1)
        });
        let from_inside = [drop_caps(&[Cap::NetAdmin]), drop_caps(&[Cap::Setfcap])].map(|creator| {
            let ns = both.clone().inside(&[creator]);
            last(&ns.nested(&[uid_map(words)]).play(), 1)
        });
        let shown = format!("{words} below {}", parent.escape_debug());
        let _ = writeln!(
            table,
            "{shown:64}{:12}{:14}{}",
            from_parent[0],
            from_parent[1],
            from_inside.concat().trim_end()
        );
    }

    check!(table, @r"
    the parent's map                                                from the parent           from inside
                                                                    with        without       with     without
    0 0 1 below 0 1000 10                                           ok          EPERM         ok       EPERM
    0 5 1 below 0 1000 10                                           ok          ok            EPERM    EPERM
    0 0 1 below 5 0 1\n0 1000 5                                     ok          EPERM         ok       EPERM
    0 5 1 below 5 0 1\n0 1000 5                                     ok          ok            EPERM    EPERM
    0 0 1 below 1 1 1\n2 2 1\n3 3 1\n4 4 1\n5 0 1\n0 1000 1         ok          EPERM         ok       EPERM
    0 5 1 below 1 1 1\n2 2 1\n3 3 1\n4 4 1\n5 0 1\n0 1000 1         ok          ok            EPERM    EPERM
    ");
}
