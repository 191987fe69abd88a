//! The paths to a map: through the thread, and through directories of /proc that were found before.

use crate::support::raw::{keep_as, number, text};
use harness::prelude::*;
use rstest::rstest;

/// The number of a directory that a child inherits.
const DIRECTORY: i64 = 202;

fn open_at(directory: RawArg, path: &'static [u8]) -> Action {
    syscall_for_fd("open", libc::SYS_openat, vec![directory, text(path), number(libc::O_WRONLY.into())])
}

/// /proc/self, /proc/thread-self and the directory of the process are three ways to one map.
/// Source: proc(5), /proc/self, /proc/thread-self; kernel tid_base_stuff, tgid_base_stuff.
#[rstest]
#[case::of_the_process(b"/proc/self/uid_map\0")]
#[case::of_the_thread(b"/proc/thread-self/uid_map\0")]
#[harness::test(Root, Userns, pins("open.thread"))]
fn a_thread_has_the_map_of_its_process(#[case] path: &'static [u8]) {
    let ns = root().outside(&[]).inside(&[open_at(HERE, path)]);

    let trace = ns.inside(&[write_held(IdFile::UidMap, "0 0 1"), read(IdFile::UidMap)]).play();

    check!(trace, last = [OK, OK]);
}

/// /proc/self is the process that finds it. A child that has inherited the directory finds the files of its parent there,
/// and the map of the initial namespace is not written.
/// Source: proc(5), /proc/self; kernel proc_self_get_link().
#[rstest]
#[case::found_by_the_parent(&[find_self()], &[], EPERM)]
#[case::found_by_itself(&[], &[find_self()], OK)]
#[harness::test(Root, Userns, InitialUserns, pins("open.self-when-found"))]
fn proc_self_is_the_process_that_found_it(
    #[case] before: &[Action],
    #[case] after: &[Action],
    #[case] expected: Answer,
) {
    let ns = root().outside(before).inside(after).inside(&[keep_as(DIRECTORY)]);

    let open = open_at(number(DIRECTORY), b"uid_map\0");
    let trace = ns.inside(&[open, write_held(IdFile::UidMap, "0 0 1")]).play();

    check!(trace, last = expected);
}

fn find_self() -> Action {
    let flags = number((libc::O_DIRECTORY | libc::O_RDONLY).into());
    syscall_for_fd("find /proc/self", libc::SYS_openat, vec![HERE, text(b"/proc/self\0"), flags])
}

/// The memory and the environment of a process are shown to those that may trace it, as its link is: to the owner of its
/// namespace, not to a process of the same uid beside it or inside.
/// Source: proc(5), /proc/pid/environ; kernel proc_mem_open(): PTRACE_MODE_READ, EACCES.
#[rstest]
#[case::by_the_owner(Actor::Outside, Actor::Inside, OK)]
#[case::by_a_sibling(Actor::Sibling, Actor::Inside, EACCES)]
#[case::of_the_parent(Actor::Inside, Actor::Outside, EACCES)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, VisibleProcesses, pins("ask.memory"))]
fn memory_is_shown_to_those_who_may_trace(#[case] who: Actor, #[case] of: Actor, #[case] expected: Answer) {
    let ns = ordinary().outside(&[]).inside(&[]).sibling(&[]);

    let open = vec![HERE, RawArg::ProcPath(of, "environ"), number(libc::O_RDONLY.into())];
    let trace = ns.by(who, &[syscall_for_fd("open", libc::SYS_openat, open)]).play();

    check!(trace, last = expected);
}
