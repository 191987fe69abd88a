//! Which refusal comes first where two reasons apply: every pair of them, for each map.

use harness::prelude::*;
use rstest::rstest;
use std::borrow::Cow;
use std::fmt::Write as _;

use Actor::{Inside, Nested, Outside, Second};

/// What is wrong with a write, in the order in which the kernel looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    /// The opener is in the grandparent.
    Elsewhere,
    /// The position is not 0.
    Position,
    /// The text is as long as a page.
    Size,
    /// The pointer is bad.
    Buffer,
    /// The map is written already.
    Written,
    /// The opener lacks CAP_SYS_ADMIN over the namespace.
    SysAdmin,
    /// The text is no map.
    Line,
    /// The ids overlap.
    Overlap,
    /// The opener and writer lack CAP_SETUID and CAP_SETGID.
    Allowed,
    /// The parent has no such ids.
    Unmapped,
}

use Wrong::{Allowed, Buffer, Elsewhere, Line, Overlap, Position, Size, SysAdmin, Unmapped, Written};

const ALL: [Wrong; 10] =
    [Elsewhere, Position, Size, Buffer, Written, SysAdmin, Line, Overlap, Allowed, Unmapped];

/// Longer than a page of any machine.
const LONG: usize = 64 * 1024;

/// A text with these things wrong in it.
fn text(wrong: &[Wrong]) -> Text {
    let has = |what| wrong.contains(&what);
    let lower = if has(Unmapped) { "5" } else { "1" };
    let mut words = format!("{}0 {lower} 20\n", if has(Line) { "junk\n" } else { "" });
    words = words.replace("1 20", "1 2");
    words += if has(Overlap) { "0 5 1" } else { "" };
    let mut bytes = words.into_bytes();
    bytes.resize(if has(Size) { LONG } else { bytes.len() }, b' ');
    match has(Buffer) {
        true => Text::BadPointer(bytes.len() as u64),
        false => Text::Bytes(Cow::Owned(bytes)),
    }
}

/// What comes of a write by a process in the parent that is not the owner, or in the grandparent. Unless it
/// was taken, or the map had been written before, a valid one is taken after it.
fn outcome(file: IdFile, wrong: &[Wrong]) -> String {
    let has = |what| wrong.contains(&what);
    let maps = [uid_map("0 0 10"), gid_map("0 0 10"), write(IdFile::ProjidMap, "0 0 10")];
    let valid = write_of(Nested, file, "3 3 1");
    let before = if has(Written) { std::slice::from_ref(&valid) } else { &[] };
    let admin = if has(SysAdmin) { &[Cap::SysAdmin][..] } else { &[] };
    let set_ids = if has(Allowed) { &[Cap::Setuid, Cap::Setgid][..] } else { &[] };
    let opener = if has(Elsewhere) { Outside } else { Second };

    let cast = root().outside(&[]).inside(&[]).outside(&maps).second(&[]).nested(&[]).inside(before);
    let unlike = cast.second(&[NO_FIXUP, setresgid(5), setresuid(5), drop_caps(admin), drop_caps(set_ids)]);
    let open = Action::Open { file, of: Some(Nested), access: Access::Write };
    let at = if has(Position) { At::Seek(1) } else { At::Seek(0) };
    let write = Action::WriteHeld { text: text(wrong), file, at };
    let trace = unlike.by(opener, &[open, write]).inside(&[valid]).play();

    let shown: Vec<String> = trace.outcomes_shown().collect();
    let [opened, written, again] = [3, 2, 1].map(|back| shown[shown.len() - back].clone());
    let empty = written != "ok" && !has(Written);
    assert_eq!((opened.as_str(), again.as_str()), ("ok", if empty { "ok" } else { "EPERM" }), "{trace}");
    written
}

/// First the opener's namespace, then position, size, buffer, whether it is written already, CAP_SYS_ADMIN,
/// then the text, then the ids: whether they are allowed and whether the parent has them. On the diagonal
/// one thing is wrong alone. projid_map asks for no capabilities.
/// Source: kernel 5820f140edef, proc_uid_map_write() and its kin, map_write().
#[rstest]
#[harness::test(
    Root,
    Userns,
    case("ProjidMap", ProjectIds),
    pins(
        "map.order-of-checks",
        "map.refusal-leaves-empty",
        "map.opener-from-elsewhere",
        "map.bad-buffer",
        "map.written-once",
        "map.opener-needs-sys-admin",
        "allow.mapped-in-parent"
    )
)]
fn of_every_two(#[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile) {
    let names = ALL.map(|wrong| format!("{:11}", format!("{wrong:?}")));
    let mut table =
        format!("nothing wrong: {}\n{:11}{}\n", outcome(file, &[]), "", names.concat().trim_end());
    for (index, first) in ALL.iter().enumerate() {
        let blank = " ".repeat(11 * index);
        let cells = ALL[index..].iter().map(|second| format!("{:11}", outcome(file, &[*first, *second])));
        let _ = writeln!(table, "{}{blank}{}", names[index], cells.collect::<String>().trim_end());
    }

    check!(table);
}

/// In the initial namespace, that it is that comes before all else.
/// Source: kernel proc_uid_map_write(), proc_gid_map_write(), proc_projid_map_write().
#[rstest]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    case("ProjidMap", ProjectIds),
    pins("map.initial-namespace", "map.order-of-checks")
)]
fn in_the_initial_namespace(#[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile) {
    let open = Action::Open { file, of: Some(Outside), access: Access::Write };
    let held = |wrong: &[Wrong], at| Action::WriteHeld { text: text(wrong), file, at };
    let cast = root().outside(&[]).outside(&[open]);

    let wrong = [held(&[], At::Seek(1)), held(&[Size], At::Seek(0)), held(&[Buffer], At::Seek(0))];
    let trace = cast.outside(&wrong).outside(&[held(&[Line], At::Seek(0)), held(&[], At::Seek(0))]).play();

    check!(trace);
}

/// In the namespace itself and from its parent alike, for the owner. A write that succeeds leaves the position
/// behind the text, where the next one finds it before it finds that the map is written; pwrite(2) is not
/// for these files, whatever the offset.
/// Source: as above; kernel seq_open(): no FMODE_PWRITE.
#[rstest]
#[case::inside(Inside)]
#[case::outside(Outside)]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    case("ProjidMap", ProjectIds),
    pins("map.order-of-checks", "map.position", "map.page-size")
)]
fn of_an_ordinary_user(
    #[case] writer: Actor,
    #[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile,
) {
    let open = Action::Open { file, of: Some(Inside), access: Access::Write };
    let held = |text, at| Action::WriteHeld { text, file, at };
    let own = || Text::Words("0 own 1".into());
    let cast = ordinary().outside(&[]).inside(&[DENY]).by(writer, &[open]);

    let trace = cast.by(
        writer,
        &[
            held(own(), At::Seek(1)),
            held(own(), At::Offset(1)),
            held(Text::BadPointer(7), At::Seek(1)),
            held(Text::BadPointer(LONG as u64), At::Seek(0)),
            held(Text::BadPointer(0), At::Seek(0)),
            held(Text::BadPointer(7), At::Seek(0)),
            held(Text::Words("junk".into()), At::Seek(0)),
            held(own(), At::Offset(0)),
            held(own(), At::Seek(0)),
            held(own(), At::Position),
            held(own(), At::Seek(0)),
            held(Text::BadPointer(7), At::Seek(0)),
            held(Text::Words("junk".into()), At::Seek(0)),
        ],
    );

    check!(trace.play());
}
