//! Mounts that came from the parent: parts of a tree, times of access, and procfs without all of its files.

use crate::support::mounts::{mount, mount_with, own_mounts, tmpfs};
use crate::support::raw::{number, text};
use harness::prelude::*;
use rstest::rstest;

const OWN_MOUNTS: Action = Action::UnshareOrStop(libc::CLONE_NEWNS);
const AT_TMP: &[u8] = b"/tmp\0";
const BELOW: &[u8] = b"/tmp/below\0";
const TARGET: &[u8] = b"/tmp/target\0";

fn directory(path: &'static [u8]) -> Action {
    syscall("mkdirat", libc::SYS_mkdirat, vec![HERE, text(path), number(0o755)])
}

/// A tmpfs at /tmp with a directory and, below that, what these steps mount, all by the parent.
fn tree_of_the_parent(below: &[Action]) -> Scenario {
    let tmp = tmpfs("mount tmpfs", AT_TMP).or_stop();
    let tree = root().outside(&own_mounts()).outside(&[tmp, directory(BELOW), directory(TARGET)]);
    tree.outside(below).inside(&[OWN_MOUNTS])
}

/// A tree of mounts that came from the parent is bound as a whole: without what is mounted below, it would show what that
/// covers.
/// Source: mount_namespaces(7), "Restrictions on mount namespaces": EINVAL; kernel has_locked_children().
#[rstest]
#[case::the_top_alone(0, EINVAL)]
#[case::the_whole(libc::MS_REC, OK)]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    Capability(Cap::SysAdmin),
    File("/tmp"),
    pins("mount.bind-whole")
)]
fn a_tree_of_the_parent_is_bound_as_a_whole(#[case] flag: u64, #[case] expected: Answer) {
    let ns = tree_of_the_parent(&[tmpfs("mount below", BELOW)]);

    let bind = mount("bind", [AT_TMP, TARGET, b"\0"], libc::MS_BIND | flag);
    let trace = ns.inside(&[bind]).play();

    check!(trace, last = expected);
}

/// A mount of the parent stays where it is. What the namespace has mounted itself moves.
/// Source: mount_namespaces(7); kernel do_move_mount(): MNT_LOCKED, EINVAL.
#[rstest]
#[case::of_the_parent(&[tmpfs("mount below", BELOW)], &[], EINVAL)]
#[case::its_own(&[], &[tmpfs("mount below", BELOW)], OK)]
#[harness::test(Root, Userns, InitialUserns, Capability(Cap::SysAdmin), File("/tmp"), pins("mount.locked"))]
fn a_mount_of_the_parent_cannot_be_moved(
    #[case] outside: &[Action],
    #[case] inside: &[Action],
    #[case] expected: Answer,
) {
    let ns = tree_of_the_parent(outside).inside(inside);

    let trace = ns.inside(&[mount("move", [BELOW, TARGET, b"\0"], libc::MS_MOVE)]).play();

    check!(trace, last = expected);
}

/// How a mount of the parent keeps times of access is locked, in both directions.
/// Source: mount_namespaces(7), "Restrictions on mount namespaces": EPERM; kernel can_change_locked_flags(): MNT_LOCK_ATIME.
#[rstest]
#[case::as_they_are(0, OK)]
#[case::strictly(libc::MS_STRICTATIME, EPERM)]
#[case::none(libc::MS_NOATIME, EPERM)]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    Capability(Cap::SysAdmin),
    File("/tmp"),
    pins("mount.locked-times")
)]
fn times_of_access_of_the_parent_stay(#[case] flag: u64, #[case] expected: Answer) {
    let with = mount("mount", [b"none\0", AT_TMP, b"tmpfs\0"], libc::MS_RELATIME).or_stop();
    let ns = root().outside(&own_mounts()).outside(&[with]).inside(&[OWN_MOUNTS]);

    let flags = libc::MS_REMOUNT | libc::MS_BIND | flag;
    let trace = ns.inside(&[mount("remount", [b"none\0", AT_TMP, b"\0"], flags)]).play();

    check!(trace, last = expected);
}

/// A procfs with subset=pid shows the processes alone. Since 7.2 it may be mounted where a part of /proc is covered, as it does
/// not have these files, and it no longer counts as a procfs that shows everything.
/// Source: proc(5), subset=pid; kernel 7.2 mount_too_revealing(), SB_I_RESTRICTED_VARIANT.
#[rstest]
#[case::where_proc_is_covered("", &[tmpfs("cover /proc/sys", b"/proc/sys\0").or_stop()], "subset=pid", OK)]
#[case::where_proc_is_whole("", &[], "subset=pid", OK)]
#[case::instead_of_a_whole_one("subset=pid", &[], "", EPERM)]
#[case::beside_its_like("subset=pid", &[], "subset=pid", OK)]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    Capability(Cap::SysAdmin),
    File("/tmp"),
    Config("CONFIG_PID_NS"),
    Kernel { major: 5, minor: 8, why: "subset=pid" },
    varies(PROC_SUBSET),
    pins("mount.proc-subset", "mount.fully-visible")
)]
fn a_procfs_of_processes_alone_shows_less(
    #[case] visible: &str,
    #[case] cover: &[Action],
    #[case] options: &str,
    #[case] expected: Answer,
) {
    let at_proc = mount_with("mount the visible proc", [b"none\0", b"/proc\0", b"proc\0"], 0, visible);
    let ns = root().outside(&own_mounts()).outside(&[at_proc.or_stop()]).outside(cover);

    let flags = libc::CLONE_NEWNS | libc::CLONE_NEWPID;
    let ns = ns.inside(&[Action::UnshareOrStop(flags), Action::Child(Child::GoesOn(0))]);
    let trace = ns.inside(&[mount_with("mount proc", [b"none\0", AT_TMP, b"proc\0"], 0, options)]).play();

    check!(trace, last = expected);
}

/// Mounts that the parent makes later reach the namespace, and its own mounts do not reach the parent.
/// Source: mount_namespaces(7), "Restrictions on mount namespaces"; kernel copy_mnt_ns(): CL_SHARED_TO_SLAVE.
#[rstest]
#[case::of_the_parent(Actor::Outside, Actor::Inside, OK)]
#[case::its_own(Actor::Inside, Actor::Outside, ENOENT)]
#[harness::test(Root, Userns, InitialUserns, Capability(Cap::SysAdmin), File("/tmp"), pins("mount.one-way"))]
fn later_mounts_come_from_the_parent_alone(
    #[case] mounter: Actor,
    #[case] reader: Actor,
    #[case] expected: Answer,
) {
    let shared = mount("share it", [b"none\0", AT_TMP, b"\0"], libc::MS_SHARED);
    let tmp = tmpfs("mount tmpfs", AT_TMP).or_stop();
    let tree = root().outside(&own_mounts()).outside(&[tmp, directory(BELOW), shared]);
    let ns = tree.inside(&[OWN_MOUNTS]).outside(&[uid_map("0 0 100"), gid_map("0 0 100")]);

    let later = [tmpfs("mount below", BELOW).or_stop(), directory(b"/tmp/below/sub\0")];
    let find = vec![HERE, text(b"/tmp/below/sub\0"), number(libc::O_PATH.into())];
    let find = syscall_for_fd("find it", libc::SYS_openat, find);
    let trace = ns.by(mounter, &later).by(reader, &[find]).play();

    check!(trace, last = expected);
}
