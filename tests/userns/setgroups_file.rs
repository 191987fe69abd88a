//! Writing /proc/PID/setgroups: position, size and pointer, which refusal comes first, one descriptor
//! written more than once, and what it reads as.

use harness::prelude::*;
use std::borrow::Cow;
use std::fmt::Write as _;

const ALL_GIDS: Action = gid_map("0 0 65536");
const OPEN: Action = open(IdFile::Setgroups);
const OPEN_FOR_BOTH: Action = Action::Open { file: IdFile::Setgroups, of: None, access: Access::ReadWrite };

const fn held_at(text: Text, at: At) -> Action {
    Action::WriteHeld { text, file: IdFile::Setgroups, at }
}

const fn words(words: &'static str) -> Text {
    Text::Words(Cow::Borrowed(words))
}

const fn put(text: &'static str) -> Action {
    held_at(words(text), At::Position)
}

const fn put_at(text: &'static str, at: At) -> Action {
    held_at(words(text), at)
}

/// read(2) of the open file: how many bytes are left from its position on.
fn left() -> Action {
    syscall("read", libc::SYS_read, vec![RawArg::Held, RawArg::Results(0), RawArg::Number(64)])
}

/// pread(2): how many bytes are left from this offset on.
fn left_from(offset: i64) -> Action {
    let args = vec![RawArg::Held, RawArg::Results(0), RawArg::Number(64), RawArg::Number(offset)];
    syscall("pread", libc::SYS_pread64, args)
}

/// Texts of every kind, those that are accepted first.
const TEXTS: [(&str, Text); 16] = [
    ("deny", words("deny")),
    ("deny\\n", words("deny\n")),
    ("deny and 3 blanks", words("deny   ")),
    ("allow", words("allow")),
    ("allow and 2 blanks", words("allow  ")),
    ("nothing", words("")),
    ("unknown word", words("refuse")),
    ("deny, junk", words("deny x")),
    ("allow, junk", words("allow x")),
    ("deny and 4 blanks", words("deny    ")),
    ("allow and 3 blanks", words("allow   ")),
    ("9 bytes", words("deny     ")),
    ("bad pointer, 0", Text::BadPointer(0)),
    ("bad pointer, 4", Text::BadPointer(4)),
    ("bad pointer, 7", Text::BadPointer(7)),
    ("bad pointer, 8", Text::BadPointer(8)),
];

/// Position and size are checked first (EINVAL), then the pointer (EFAULT), then the word and what follows it (EINVAL), and
/// last whether the namespace permits the word (EPERM).
/// Source: kernel proc_setgroups_write(), in the order of its checks.
#[harness::test(
    Root,
    Userns,
    pins(
        "deny.position",
        "deny.size",
        "deny.bad-buffer",
        "deny.unknown-word",
        "deny.trailing-junk",
        "deny.no-way-back",
        "deny.after-gid-map"
    )
)]
fn position_and_size_are_checked_first_and_permission_last() {
    let states: [(&str, &[Action]); 4] =
        [("new", &[]), ("gid_map", &[ALL_GIDS]), ("denied", &[DENY]), ("denied, gid_map", &[DENY, ALL_GIDS])];
    let positions = [At::Seek(0), At::Seek(1), At::Seek(4)];
    let heading = states.map(|(name, _)| format!("{name:22}")).concat();

    let mut table = format!("{:20} {}\n", "", heading.trim_end());
    for (name, text) in TEXTS {
        let cells = states.iter().flat_map(|(_, state)| {
            positions.iter().map(|position| {
                let ns = root().outside(&[]).inside(&[]).outside(state);
                let trace = ns.outside(&[OPEN, held_at(text.clone(), *position)]).play();
                format!("{:6}", trace.outcomes_shown().last().unwrap_or_default())
            })
        });
        let row = cells.collect::<Vec<_>>().chunks(3).map(|three| three.join(" ")).collect::<Vec<_>>();
        let _ = writeln!(table, "{name:20} {}", row.join("  ").trim_end());
    }

    check!(table);
}

/// A write moves the position of the descriptor, so that a second write is EINVAL until lseek(2) goes back. A refused write
/// does not move it. The file has no pwrite(2).
/// Source: kernel proc_setgroups_write(): *ppos = count; seq_open() takes FMODE_PWRITE away.
#[harness::test(Root, Userns, pins("deny.position", "deny.read-back"))]
fn a_write_moves_the_position_and_a_refusal_does_not() {
    let ns = root().outside(&[]).inside(&[]);

    let steps = [
        (OPEN, OK),
        (put("allow"), OK),
        (put("allow"), EINVAL),
        (put_at("allow", At::Seek(0)), OK),
        (put("deny"), EINVAL),
        (put_at("deny", At::Seek(0)), OK),
        (put("deny"), EINVAL),
        (put_at("deny", At::Seek(0)), OK),
        (put_at("allow", At::Seek(0)), EPERM),
        (put("deny"), OK),
        (put("deny"), EINVAL),
        (OPEN, OK),
        (put("junk"), EINVAL),
        (put("deny!"), EINVAL),
        (put("deny        "), EINVAL),
        (put("deny\n"), OK),
        (put("deny\n"), EINVAL),
        (OPEN, OK),
        (put_at("deny", At::Offset(0)), ESPIPE),
        (put_at("deny", At::Offset(4)), ESPIPE),
        (put("deny"), OK),
        (OPEN, OK),
        (put_at("deny", At::Offset(-1)), EINVAL),
        (put_at("deny", At::Seek(-1)), EINVAL.at("lseek")),
        (put("deny"), EINVAL),
    ];
    let (steps, expected): (Vec<Action>, Vec<Answer>) = steps.into_iter().unzip();

    let trace = ns.outside(&steps).play();

    check!(trace, last = expected);
}

/// A descriptor for reading and writing has one position. After a write it reads from behind the word on. After a read a
/// write is EINVAL until lseek(2) goes back. pread(2) reads anywhere and does not move the position.
/// Source: kernel proc_setgroups_write(): *ppos = count; seq_read().
#[harness::test(Root, Userns, pins("deny.position", "deny.read-back"))]
fn reads_and_writes_share_one_position() {
    let ns = root().outside(&[]).inside(&[]);

    let trace = ns
        .outside(&[OPEN_FOR_BOTH, left_from(0), left_from(4), left_from(6), left_from(7), put("allow")])
        .outside(&[left(), left(), put_at("deny\n", At::Seek(0)), left(), OPEN_FOR_BOTH, left()])
        .outside(&[put("deny"), put_at("deny", At::Seek(0)), left(), left()])
        .play();

    check!(trace, last = [EINVAL, OK, OK, OK]);
}

/// A descriptor that was opened for reading cannot be written, and one that was opened for writing cannot be read.
/// Source: write(2), read(2): EBADF.
#[harness::test(Root, Userns, pins("deny.read-back"))]
fn a_descriptor_reads_or_writes_as_it_was_opened() {
    let opened = |access| Action::Open { file: IdFile::Setgroups, of: None, access };
    let ns = root().outside(&[]).inside(&[]);

    let trace = ns
        .outside(&[opened(Access::Read), put("deny"), left()])
        .outside(&[opened(Access::Write), left(), put("deny")])
        .play();

    check!(trace, last = [OK, EBADF, OK, OK, EBADF, OK], @r#"
    outside  begins                          ok
    inside   begins in a new user namespace  ok
    outside  open setgroups for reading      ok
    outside  open setgroups <- "deny"        EBADF
    outside  read(the open file, room, 64)   6
    outside  open setgroups for writing      ok
    outside  read(the open file, room, 64)   EBADF
    outside  open setgroups <- "deny"        ok
    afterwards
    outside  the caller's namespace
             uid 0  gid 0  groups [0]  caps the caller's
    inside   uid_map ""  gid_map ""  setgroups deny
             uid overflow  gid overflow  groups [overflow]  caps all
    "#);
}
