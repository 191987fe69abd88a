//! The ways to a descriptor of a map: the flags of open(2), opening it again, and taking it from another process.

use crate::support::ns_files::pidfd_of;
use crate::support::raw::{keep_as, number, text};
use harness::prelude::*;
use rstest::rstest;

/// The number under which a process keeps the open map.
const MAP: i64 = 201;
const AGAIN: &[u8] = b"/proc/self/fd/201\0";

/// open(2) of the process's own uid_map with these flags besides O_WRONLY.
fn open_with(flags: i32) -> Action {
    let path = RawArg::ProcPath(Actor::Inside, "uid_map");
    let flags = number((libc::O_WRONLY | flags).into());
    syscall_for_fd("open", libc::SYS_openat, vec![HERE, path, flags])
}

fn put(words: &'static [u8]) -> Action {
    let length = number(i64::try_from(words.len()).unwrap_or(0));
    syscall("write", libc::SYS_write, vec![RawArg::Held, text(words), length])
}

/// The flags that change a file or what a file is do nothing to a map, and those that ask for another kind of file refuse.
/// A map that was opened is written as usual.
/// Source: open(2), EEXIST, ENOTDIR, EINVAL; kernel do_open(), do_dentry_open().
#[rstest]
#[case::none(0, [OK, OK])]
#[case::truncate(libc::O_TRUNC, [OK, OK])]
#[case::create(libc::O_CREAT, [OK, OK])]
#[case::append(libc::O_APPEND, [OK, OK])]
#[case::nonblocking(libc::O_NONBLOCK, [OK, OK])]
#[case::synchronous(libc::O_SYNC, [OK, OK])]
#[case::exclusive(libc::O_CREAT | libc::O_EXCL, [EEXIST, EBADF])]
#[case::directory(libc::O_DIRECTORY, [ENOTDIR, EBADF])]
#[case::direct(libc::O_DIRECT, [EINVAL, EBADF])]
#[harness::test(Root, Userns, pins("open.flags", "map.no-length"))]
fn flags_of_open_change_nothing_about_a_map(#[case] flags: i32, #[case] expected: [Answer; 2]) {
    let ns = root().outside(&[]).inside(&[]);

    let trace = ns.inside(&[open_with(flags), put(b"0 0 1")]).play();

    check!(trace, last = expected);
}

/// O_APPEND does not move the position to the end: it is 0 at first, and the map is refused elsewhere.
/// Source: open(2), O_APPEND; kernel map_write(): *ppos != 0.
#[rstest]
#[case::at_the_beginning(0, OK)]
#[case::elsewhere(1, EINVAL)]
#[harness::test(Root, Userns, pins("open.append", "map.position"))]
fn an_appending_map_is_written_at_the_beginning(#[case] position: i64, #[case] expected: Answer) {
    let ns = root().outside(&[]).inside(&[]);
    let seek = syscall("lseek", libc::SYS_lseek, vec![RawArg::Held, number(position), number(0)]);

    let trace = ns.inside(&[open_with(libc::O_APPEND), seek, put(b"0 0 1")]).play();

    check!(trace, last = expected);
}

/// The mode of the files belongs to procfs. The uid of the process cannot change it, and root cannot.
/// Source: chmod(2); kernel proc_setattr(): EPERM for ATTR_MODE.
#[rstest]
#[case::of_a_map("uid_map")]
#[case::of_setgroups("setgroups")]
#[harness::test(Root, Userns, pins("open.fixed-mode"))]
fn the_mode_of_a_map_cannot_be_changed(#[case] file: &'static str) {
    let ns = root().outside(&[]).inside(&[]);
    let find = vec![HERE, RawArg::ProcPath(Actor::Inside, file), number(libc::O_RDONLY.into())];
    let change = syscall("fchmod", libc::SYS_fchmod, vec![RawArg::Held, number(0o666)]);

    let trace = ns.inside(&[syscall_for_fd("open", libc::SYS_openat, find), change]).play();

    check!(trace, last = EPERM);
}

/// A process that opens a descriptor again, through the link in /proc/self/fd, is the opener of the new one. The outside
/// process has no capability over its own namespace, so that a map that it has opened takes its own uid alone.
/// Source: proc(5), /proc/pid/fd; kernel map_write(), new_idmap_permitted(): file_ns_capable() of the opener.
#[rstest]
#[case::as_it_came(&[], EPERM)]
#[case::opened_again(&[reopen()], OK)]
#[harness::test(Root, Userns, VisibleProcesses, pins("map.opener-of-each"))]
fn opening_a_map_again_makes_another_opener(#[case] again: &[Action], #[case] expected: Answer) {
    let of_inside = Action::Open { file: IdFile::UidMap, of: Some(Actor::Inside), access: Access::Write };
    let ns = ordinary().privileged(&[]).outside(&[]).inside(&[]);

    let opened = ns.outside(&[of_inside, Action::PassFd(Actor::Privileged)]).privileged(&[keep_as(MAP)]);
    let trace = opened.privileged(again).privileged(&[write_held(IdFile::UidMap, "0 7 1")]).play();

    check!(trace, last = expected);
}

/// pidfd_getfd(2) copies a descriptor of another process with its opener. It takes the permission to trace that process,
/// which the owner of the namespace has.
/// Source: pidfd_getfd(2), EPERM; kernel __pidfd_fget(): ptrace_may_access(), map_write(): the opener is that of the file.
#[rstest]
#[case::by_the_owner(Actor::Outside, &[], [OK, EPERM])]
#[case::by_the_owner_opened_again(Actor::Outside, &[keep_as(MAP), reopen()], [OK, OK])]
#[case::by_another_user(Actor::Privileged, &[], [EPERM, EBADF])]
#[harness::test(
    Root,
    Userns,
    VisibleProcesses,
    Kernel { major: 5, minor: 6, why: "pidfd_getfd(2)" },
    pins("map.opener-of-each")
)]
fn a_map_that_is_taken_from_a_process_keeps_its_opener(
    #[case] taker: Actor,
    #[case] again: &[Action],
    #[case] expected: [Answer; 2],
) {
    let take = vec![RawArg::Held, number(MAP), number(0)];
    let take = syscall_for_fd("pidfd_getfd", libc::SYS_pidfd_getfd, take);
    let another = [setresgid(61_235), setresuid(61_235)];
    let ns = root().privileged(&another).outside(&[]).inside(&[open(IdFile::UidMap), keep_as(MAP)]);

    let taken = ns.by(taker, &[pidfd_of(Actor::Inside), take]);
    let trace = taken.by(taker, again).by(taker, &[write_held(IdFile::UidMap, "0 7 1")]).play();

    check!(trace, last = expected);
}

/// Opens the kept descriptor again for writing.
fn reopen() -> Action {
    let args = vec![HERE, text(AGAIN), number(libc::O_WRONLY.into())];
    syscall_for_fd("open again", libc::SYS_openat, args)
}
