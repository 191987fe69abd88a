//! A map belongs to the namespace, whichever process's file is written. A refusal leaves it empty.

use crate::support::map_tables::in_short;
use harness::prelude::*;
use rstest::rstest;
use std::fmt::Write as _;

use Actor::{Inside, Nested, Outside, Privileged, Second};

const JOIN: Action = Action::Setns { of: Inside, file: NsFile::User, nstype: 0 };

/// A map that is written through the file of one process is that of all processes of the namespace: of those that were
/// there and of those that come later, by fork(2) or setns(2). It cannot be written again through any of their files.
/// Source: user_namespaces(7); kernel proc_id_map_open(): the namespace of the process.
#[rstest]
#[harness::test(Root, Userns, Capability(Cap::SysAdmin), pins("map.shared", "map.written-once"))]
fn all_processes_of_a_namespace_share_its_map(
    #[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile,
    #[values(Inside, Second)] whose: Actor,
) {
    let ns = root().privileged(&[]).outside(&[]).inside(&[]).second(&[]);

    let written = ns.outside(&[write_of(whose, file, "0 0 10")]).privileged(&[JOIN]);
    let all = [Inside, Second, Privileged];
    let read = all.iter().fold(written, |ns, who| ns.by(*who, &[read_of(*who, file)]));
    let trace = read.outside(&all.map(|who| write_of(who, file, "0 0 10"))).play();

    check!(trace, last = [OK, OK, OK, EPERM, EPERM, EPERM]);
}

/// An open map is that of the namespace in which the process was when it was opened. A map of the initial namespace stays
/// refused after the process has left it, and one that is opened then is written.
/// Source: kernel proc_id_map_open(): the file holds the namespace.
#[rstest]
#[harness::test(Root, Userns, InitialUserns, pins("map.shared", "map.initial-namespace"))]
fn an_open_initial_map_stays_refused_after_its_process_has_left(
    #[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile,
) {
    let open = Action::Open { file, of: Some(Outside), access: Access::Write };
    let ns = root().privileged(&[]).outside(&[]).privileged(std::slice::from_ref(&open)).outside(&[UNSHARE]);

    let trace = ns.privileged(&[write_held(file, "0 0 1"), open, write_held(file, "0 0 1")]).play();

    check!(trace, last = [EPERM, OK, OK]);
}

/// An open map of a process that then created another namespace is that of the former one. The projid_map of both
/// namespaces is read after the write.
/// Source: kernel proc_id_map_open(): the file holds the namespace.
#[harness::test(Root, Userns, pins("map.shared"))]
fn an_open_map_is_that_of_the_namespace_at_the_time_of_open() {
    let projid = IdFile::ProjidMap;
    let ns = root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 10"), gid_map("0 0 10")]).second(&[]);
    let open = Action::Open { file: projid, of: Some(Second), access: Access::Write };

    let opened = ns.outside(&[open]).second(&[UNSHARE]).outside(&[write_held(projid, "0 5 10")]);
    let trace = opened.outside(&[read_of(Inside, projid), read_of(Second, projid)]).play();

    check!(trace, last = [OK, OK, OK]);
}

/// Seven lines that are refused at any stage leave nothing behind, neither of the short form of a map nor of the long one.
/// A map of one line and one of six are taken afterwards, and read back as written.
/// Source: kernel map_write(): the map is installed last, and what was allocated is freed.
#[rstest]
#[harness::test(Root, Userns, pins("map.refusal-leaves-empty"))]
fn a_refusal_of_seven_lines_leaves_nothing_behind(
    #[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile,
) {
    let six = "0 1 1\n1 2 1\n2 3 1\n3 4 1\n4 5 1\n5 6 1\n";
    let seventh = |line: &str| Text::Bytes(format!("{six}{line}").into_bytes().into());
    let line_341: String = (0..341).map(|n| format!("{n} {n} 1\n")).collect();
    let refusals: [(&str, Actor, Text); 6] = [
        ("junk in the 7th line", Second, seventh("junk")),
        ("an overlap in the 7th line", Second, seventh("5 9 1")),
        ("no such id in the parent, 7th line", Second, seventh("6 90 1")),
        (
            "no such id in the parent, 1st line",
            Second,
            Text::Words("0 90 1\n1 2 1\n2 3 1\n3 4 1\n4 5 1\n5 6 1".into()),
        ),
        ("341 lines", Second, Text::Bytes(line_341.into_bytes().into())),
        ("not allowed", Nested, seventh("6 7 1")),
    ];

    let mut table = String::new();
    for (name, who, text) in refusals {
        for valid in ["3 3 1", six.trim_end()] {
            let maps = [uid_map("0 0 10"), gid_map("0 0 10"), write(IdFile::ProjidMap, "0 0 10")];
            let ns = root().outside(&[]).inside(&[]).outside(&maps).second(&[]).nested(&[]);
            let refused = ns.by(who, &[Action::Write { file, of: Some(Nested), text: text.clone() }]);
            let after = refused.second(&[read_of(Nested, file), write_of(Nested, file, valid)]);
            let trace = after.second(&[read_of(Nested, file)]).play();
            let shown: Vec<String> = trace.outcomes_shown().collect();
            let of = &shown[shown.len() - 4..];
            let [left, read] = [1, 3].map(|at| in_short(&of[at]));
            let _ = writeln!(table, "{name:36}{:7}{left}  {:7}{read}", of[0], of[2]);
        }
    }

    check!(table);
}
