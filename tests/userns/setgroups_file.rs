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

/// Position and size are looked at first (EINVAL), then the pointer (EFAULT), then the word and what
/// follows it (EINVAL), and last whether the namespace permits it (EPERM).
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
fn refusals_in_order() {
    let states: [(&str, &[Action]); 4] =
        [("new", &[]), ("gid_map", &[ALL_GIDS]), ("denied", &[DENY]), ("denied, gid_map", &[DENY, ALL_GIDS])];
    let positions = [At::Seek(0), At::Seek(1), At::Seek(4)];
    let heading = states.map(|(name, _)| format!("{name:22}")).concat();

    let mut table = format!("{:20} {}\n", "", heading.trim_end());
    for (name, text) in TEXTS {
        let cells = states.iter().flat_map(|(_, state)| {
            positions.iter().map(|position| {
                let cast = root().outside(&[]).inside(&[]).outside(state);
                let trace = cast.outside(&[OPEN, held_at(text.clone(), *position)]).play();
                format!("{:6}", trace.outcomes_shown().last().unwrap_or_default())
            })
        });
        let row = cells.collect::<Vec<_>>().chunks(3).map(|three| three.join(" ")).collect::<Vec<_>>();
        let _ = writeln!(table, "{name:20} {}", row.join("  ").trim_end());
    }

    check!(table);
}

/// What is written moves the position of the descriptor, so that a second write is EINVAL until lseek(2)
/// goes back; what is refused does not move it. pwrite(2) is not there at all.
/// Source: kernel proc_setgroups_write(): *ppos = count; seq_open() takes FMODE_PWRITE away.
#[harness::test(Root, Userns, pins("deny.position", "deny.read-back"))]
fn one_descriptor() {
    let cast = root().outside(&[]).inside(&[]);

    let trace = cast
        .outside(&[OPEN, put("allow"), put("allow"), put_at("allow", At::Seek(0)), put("deny")])
        .outside(&[put_at("deny", At::Seek(0)), put("deny"), put_at("deny", At::Seek(0))])
        .outside(&[put_at("allow", At::Seek(0)), put("deny"), put("deny")])
        .outside(&[OPEN, put("junk"), put("deny!"), put("deny        "), put("deny\n"), put("deny\n")])
        .outside(&[OPEN, put_at("deny", At::Offset(0)), put_at("deny", At::Offset(4)), put("deny")])
        .outside(&[OPEN, put_at("deny", At::Offset(-1)), put_at("deny", At::Seek(-1)), put("deny")])
        .play();

    check!(trace);
}

/// A descriptor for both has one position: after a write of so many bytes it reads from there on, and
/// after a read it can be written when lseek(2) has gone back. pread(2) reads anywhere and moves nothing.
/// Source: kernel proc_setgroups_write(): *ppos = count; seq_read().
#[harness::test(Root, Userns, pins("deny.position", "deny.read-back"))]
fn read_and_written() {
    let cast = root().outside(&[]).inside(&[]);

    let trace = cast
        .outside(&[OPEN_FOR_BOTH, left_from(0), left_from(4), left_from(6), left_from(7), put("allow")])
        .outside(&[left(), left(), put_at("deny\n", At::Seek(0)), left(), OPEN_FOR_BOTH, left()])
        .outside(&[put("deny"), put_at("deny", At::Seek(0)), left(), left()])
        .play();

    check!(trace);
}

/// Opened for reading it cannot be written, opened for writing it cannot be read.
/// Source: write(2), read(2): EBADF.
#[harness::test(Root, Userns, pins("deny.read-back"))]
fn opened_for_one() {
    let opened = |access| Action::Open { file: IdFile::Setgroups, of: None, access };
    let cast = root().outside(&[]).inside(&[]);

    let trace = cast
        .outside(&[opened(Access::Read), put("deny"), left()])
        .outside(&[opened(Access::Write), left(), put("deny")])
        .play();

    check!(trace);
}
