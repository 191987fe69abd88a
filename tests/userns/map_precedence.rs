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

/// What comes of a write by a process in the parent that is not the owner, or in the grandparent: of its open(2), of
/// the write, and of a valid write after it.
fn outcomes(file: IdFile, wrong: &[Wrong]) -> [String; 3] {
    let has = |what| wrong.contains(&what);
    let maps = [uid_map("0 0 10"), gid_map("0 0 10"), write(IdFile::ProjidMap, "0 0 10")];
    let valid = write_of(Nested, file, "3 3 1");
    let before = if has(Written) { std::slice::from_ref(&valid) } else { &[] };
    let admin = if has(SysAdmin) { &[Cap::SysAdmin][..] } else { &[] };
    let set_ids = if has(Allowed) { &[Cap::Setuid, Cap::Setgid][..] } else { &[] };
    let opener = if has(Elsewhere) { Outside } else { Second };

    let ns = root().outside(&[]).inside(&[]).outside(&maps).second(&[]).nested(&[]).inside(before);
    let unlike = ns.second(&[NO_FIXUP, setresgid(5), setresuid(5), drop_caps(admin), drop_caps(set_ids)]);
    let open = Action::Open { file, of: Some(Nested), access: Access::Write };
    let at = if has(Position) { At::Seek(1) } else { At::Seek(0) };
    let write = Action::WriteHeld { text: text(wrong), file, at };
    let trace = unlike.by(opener, &[open, write]).inside(&[valid]).play();

    trace
        .last_shown(3)
        .try_into()
        .unwrap_or_else(|shown| panic!("{shown:?} are not three outcomes:\n{trace}"))
}

/// First the opener's namespace, then position, size, buffer, whether it is written already, CAP_SYS_ADMIN,
/// then the text, then the ids: whether they are allowed and whether the parent has them. On the diagonal
/// one thing is wrong alone. projid_map asks for no capabilities. What was refused leaves the map empty, so that a
/// valid write is taken after it.
/// Source: kernel 5820f140edef, proc_uid_map_write() and its kin, map_write().
#[rstest]
#[harness::test(
    Root,
    Userns,
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
fn of_two_reasons_the_first_check_decides(
    #[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile,
) {
    let outcome = |wrong: &[Wrong]| {
        let [opened, written, again] = outcomes(file, wrong);
        let empty = written != "ok" && !wrong.contains(&Written);
        let expected = if empty { "ok" } else { "EPERM" };
        assert_eq!(
            (opened.as_str(), again.as_str()),
            ("ok", expected),
            "open and a valid write after {wrong:?}"
        );
        written
    };

    let names = ALL.map(|wrong| format!("{:11}", format!("{wrong:?}")));
    let mut table = format!("nothing wrong: {}\n{:11}{}\n", outcome(&[]), "", names.concat().trim_end());
    for (index, first) in ALL.iter().enumerate() {
        let blank = " ".repeat(11 * index);
        let cells = ALL[index..].iter().map(|second| format!("{:11}", outcome(&[*first, *second])));
        let _ = writeln!(table, "{}{blank}{}", names[index], cells.collect::<String>().trim_end());
    }

    check!(table);
}

/// That a map is that of the initial namespace is found before anything else is.
/// Source: kernel proc_uid_map_write(), proc_gid_map_write(), proc_projid_map_write().
#[rstest]
#[harness::test(Root, Userns, InitialUserns, pins("map.initial-namespace", "map.order-of-checks"))]
fn the_initial_namespace_comes_before_all_else(
    #[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile,
) {
    let open = Action::Open { file, of: Some(Outside), access: Access::Write };
    let held = |wrong: &[Wrong], at| Action::WriteHeld { text: text(wrong), file, at };
    let ns = root().outside(&[]).outside(&[open]);

    let wrong = [held(&[], At::Seek(1)), held(&[Size], At::Seek(0)), held(&[Buffer], At::Seek(0))];
    let trace = ns.outside(&wrong).outside(&[held(&[Line], At::Seek(0)), held(&[], At::Seek(0))]).play();

    check!(trace, last = [EPERM; 5]);
}

/// The owner meets the same order in the namespace and from its parent. A write that succeeds leaves the position
/// behind the text, where the next one finds it before it finds that the map is written. pwrite(2) is not for these
/// files, whatever the offset.
/// Source: kernel proc_uid_map_write() and its kin, map_write(); seq_open(): no FMODE_PWRITE.
#[rstest]
#[case::inside(Inside)]
#[case::outside(Outside)]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    pins("map.order-of-checks", "map.position", "map.page-size")
)]
fn the_owner_meets_the_same_order_inside_and_from_the_parent(
    #[case] writer: Actor,
    #[values(IdFile::UidMap, IdFile::GidMap, IdFile::ProjidMap)] file: IdFile,
) {
    let open = Action::Open { file, of: Some(Inside), access: Access::Write };
    let held = |text, at| Action::WriteHeld { text, file, at };
    let own = || Text::Words("0 own 1".into());
    let ns = ordinary().outside(&[]).inside(&[DENY]).by(writer, &[open]);

    let steps = [
        (held(own(), At::Seek(1)), EINVAL),
        (held(own(), At::Offset(1)), ESPIPE),
        (held(Text::BadPointer(7), At::Seek(1)), EINVAL),
        (held(Text::BadPointer(LONG as u64), At::Seek(0)), EINVAL),
        (held(Text::BadPointer(0), At::Seek(0)), EINVAL),
        (held(Text::BadPointer(7), At::Seek(0)), EFAULT),
        (held(Text::Words("junk".into()), At::Seek(0)), EINVAL),
        (held(own(), At::Offset(0)), ESPIPE),
        (held(own(), At::Seek(0)), OK),
        (held(own(), At::Position), EINVAL),
        (held(own(), At::Seek(0)), EPERM),
        (held(Text::BadPointer(7), At::Seek(0)), EFAULT),
        (held(Text::Words("junk".into()), At::Seek(0)), EPERM),
    ];
    let (writes, expected): (Vec<Action>, Vec<Answer>) = steps.into_iter().unzip();

    let trace = ns.by(writer, &writes).play();

    check!(trace, last = expected);
}
