//! The offsets of a time namespace: who writes them, and what.

use crate::support::raw::{number, text};
use harness::prelude::*;
use rstest::rstest;

const NEW_TIME: Action = Action::UnshareOrStop(libc::CLONE_NEWTIME);

fn open_offsets(of: Actor) -> Action {
    let path = RawArg::ProcPath(of, "timens_offsets");
    syscall_for_fd("open the offsets", libc::SYS_openat, vec![HERE, path, number(libc::O_WRONLY.into())])
}

fn put(words: &'static [u8]) -> Action {
    let length = number(i64::try_from(words.len()).unwrap_or(0));
    syscall("write", libc::SYS_write, vec![RawArg::Held, text(words), length])
}

/// The offsets are those of the time namespace that the children of the process get. They are written with CAP_SYS_TIME in the
/// user namespace that owns it, which is the opener's.
/// Source: time_namespaces(7), EPERM; kernel proc_timens_set_offset(): file_ns_capable().
#[rstest]
#[case::of_its_own(&[NEW_TIME], OK)]
#[case::without_the_capability(&[NEW_TIME, drop_caps(&[Cap::SysTime])], EPERM)]
#[case::of_the_parent(&[UNSHARE], EPERM)]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    Kernel { major: 5, minor: 6, why: "time namespaces" },
    File("/proc/self/timens_offsets"),
    pins("time.offsets")
)]
fn writing_time_offsets_takes_sys_time_over_the_time_namespace(
    #[case] before: &[Action],
    #[case] expected: Answer,
) {
    let maps = [uid_map("0 own 1"), write(IdFile::Setgroups, "deny"), gid_map("0 own 1")];
    let first = [Action::UnshareOrStop(libc::CLONE_NEWTIME)];
    let ns = ordinary().outside(&[]).inside(&first).outside(&maps).inside(before);

    let trace = ns.inside(&[open_offsets(Actor::Inside), put(b"monotonic 10 0\n")]).play();

    check!(trace, last = expected);
}

/// An offset is a clock, its seconds and its nanoseconds. The clock may not be below 0 with it, or overflow.
/// Source: time_namespaces(7), EINVAL, ERANGE; kernel timens_offsets_write(), proc_timens_set_offset().
#[rstest]
#[case::a_name(b"boottime 10 0\n", OK)]
#[case::a_number(b"7 10 0\n", OK)]
#[case::two_lines(b"monotonic 1 0\nboottime 2 0\n", OK)]
#[case::an_unknown_clock(b"realtime 10 0\n", EINVAL)]
#[case::no_nanoseconds(b"monotonic 10\n", EINVAL)]
#[case::too_many_nanoseconds(b"monotonic 10 1000000000\n", EINVAL)]
#[case::below_0(b"monotonic -4000000000 0\n", ERANGE)]
#[case::beyond(b"monotonic 9000000000 0\n", ERANGE)]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    Kernel { major: 5, minor: 6, why: "time namespaces" },
    File("/proc/self/timens_offsets"),
    pins("time.text")
)]
fn a_time_offset_is_a_clock_and_two_numbers(#[case] words: &'static [u8], #[case] expected: Answer) {
    let ns = ordinary().inside(&[NEW_TIME]);

    let trace = ns.inside(&[open_offsets(Actor::Inside), put(words)]).play();

    check!(trace, last = expected);
}
