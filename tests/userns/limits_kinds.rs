//! The other limits of /proc/sys/user: one for each kind of namespace, and those of inotify(7). Their text, and who writes them.

use crate::limits_counts::{WAITS, sleep};
use crate::support::limits::limit;
use crate::support::mounts::own_tmp;
use crate::support::ns_files::open_ns;
use crate::support::raw::{number, text};
use harness::prelude::*;
use rstest::rstest;

const MAPS: [Action; 2] = [uid_map("0 0 100"), gid_map("0 0 100")];
const USER: &[u8] = b"/proc/sys/user/max_user_namespaces\0";

/// Opens a limit of the process's own namespace for writing.
fn open_limit(path: &'static [u8]) -> Action {
    let args = vec![HERE, text(path), number(libc::O_WRONLY.into())];
    syscall_for_fd("open the limit", libc::SYS_openat, args)
}

fn put(words: &'static [u8]) -> Action {
    let length = number(i64::try_from(words.len()).unwrap_or(0));
    syscall("write", libc::SYS_write, vec![RawArg::Held, text(words), length])
}

/// Each kind of namespace has a limit of its own, which binds as that of user namespaces does.
/// Source: namespaces(7), "The /proc/sys/user directory"; kernel inc_uts_namespaces() and its like: ENOSPC.
#[rstest]
#[case::uts(b"/proc/sys/user/max_uts_namespaces\0", libc::CLONE_NEWUTS)]
#[case::ipc(b"/proc/sys/user/max_ipc_namespaces\0", libc::CLONE_NEWIPC)]
#[case::mnt(b"/proc/sys/user/max_mnt_namespaces\0", libc::CLONE_NEWNS)]
#[case::net(b"/proc/sys/user/max_net_namespaces\0", libc::CLONE_NEWNET)]
#[case::pid(b"/proc/sys/user/max_pid_namespaces\0", libc::CLONE_NEWPID)]
#[case::cgroup(b"/proc/sys/user/max_cgroup_namespaces\0", libc::CLONE_NEWCGROUP)]
#[harness::test(
    Root,
    Userns,
    File("/proc/self/ns/ipc"),
    File("/proc/self/ns/net"),
    File("/proc/self/ns/pid"),
    File("/proc/self/ns/cgroup"),
    pins("limit.other-kinds")
)]
fn each_kind_of_namespace_has_a_limit(#[case] path: &'static [u8], #[case] flag: i32) {
    let ns = root().outside(&[]).inside(&[]).outside(&MAPS);

    let limited = |count| ns.clone().inside(&[open_limit(path).or_stop(), put(count).or_stop()]);
    let with = |count| limited(count).inside(&[Action::Unshare(flag)]).play().last_shown(1).concat();

    assert_eq!([with(b"0"), with(b"1")], ["ENOSPC", "ok"]);
}

/// The limit of inotify(7) instances binds below the namespace that it belongs to.
/// Source: inotify(7), "/proc interfaces"; kernel 1cce1eea0aff, inotify_new_group(): inc_ucount(), EMFILE.
#[rstest]
#[case::none(b"0", EMFILE)]
#[case::one(b"1", OK)]
#[harness::test(Root, Userns, Config("CONFIG_INOTIFY_USER"), pins("limit.inotify"))]
fn a_namespace_limits_inotify(#[case] count: &'static [u8], #[case] expected: Answer) {
    let path = b"/proc/sys/user/max_inotify_instances\0";
    let ns = root().outside(&[]).inside(&[]).outside(&MAPS);

    let limited = ns.inside(&[open_limit(path).or_stop(), put(count).or_stop()]);
    let create = syscall_for_fd("inotify_init1", libc::SYS_inotify_init1, vec![number(0)]);
    let trace = limited.inside(&[create]).play();

    check!(trace, last = expected);
}

/// The text of a limit is a number from 0 to 2147483647 in any base of the C language. What follows a blank is ignored.
/// Source: proc_dointvec_minmax() of kernel/sysctl.c: proc_get_long(), EINVAL.
#[rstest]
#[case::decimal(b"1", [OK, OK])]
#[case::hexadecimal(b"0x1", [OK, OK])]
#[case::octal(b"01", [OK, OK])]
#[case::two_numbers(b"1 0", [OK, OK])]
#[case::zero(b"0", [OK, ENOSPC])]
#[case::negative(b"-1", [EINVAL, OK])]
#[case::too_great(b"2147483648", [EINVAL, OK])]
#[case::beyond_32_bits(b"4294967297", [EINVAL, OK])]
#[case::a_word(b"x", [EINVAL, OK])]
#[harness::test(Root, Userns, pins("limit.text"))]
fn the_text_of_a_limit_is_one_number(#[case] words: &'static [u8], #[case] expected: [Answer; 2]) {
    let ns = root().outside(&[]).inside(&[]).outside(&MAPS);

    let trace = ns.inside(&[open_limit(USER).or_stop(), put(words), CLONE]).play();

    check!(trace, last = expected);
}

/// The kernel asks twice for CAP_SYS_RESOURCE: when a process opens a limit, and when it writes.
/// Source: kernel set_permissions() of kernel/ucount.c, proc_sys_call_handler(): sysctl_perm() of the writer, EPERM.
#[rstest]
#[case::the_opener_keeps_it(&[], OK)]
#[case::the_opener_has_lost_it(&[drop_caps(&[Cap::SysResource])], EPERM)]
#[harness::test(Root, Userns, pins("limit.writer"))]
fn the_writer_of_a_limit_needs_sys_resource_as_its_opener_does(
    #[case] between: &[Action],
    #[case] expected: Answer,
) {
    let ns = root().outside(&[]).inside(&[open_limit(USER).or_stop()]).outside(&MAPS);

    let trace = ns.inside(between).inside(&[put(b"5")]).play();

    check!(trace, last = expected);
}

/// An open limit is that of the namespace in which it was opened. A process that has entered a namespace below cannot set it,
/// although it has every capability there.
/// Source: kernel set_lookup(), set_permissions() of kernel/ucount.c.
#[rstest]
#[case::in_the_same_namespace(&[], OK)]
#[case::from_one_below(&[UNSHARE], EPERM)]
#[harness::test(Root, Userns, pins("limit.writer"))]
fn an_open_limit_stays_that_of_its_opener(#[case] between: &[Action], #[case] expected: Answer) {
    let ns = root().outside(&[]).inside(&[open_limit(USER).or_stop()]).outside(&MAPS);

    let trace = ns.inside(between).inside(&[put(b"5")]).play();

    check!(trace, last = expected);
}

/// An open file keeps the user namespace of its opener, which counts against the limit. This holds for any file, because a file
/// holds the credentials of its opener. After the last process has ended and the file is closed, there is room.
/// Source: kernel alloc_empty_file(): f_cred; free_user_ns(): dec_user_namespaces().
#[rstest]
#[case::a_file_in_memory(syscall_for_fd("memfd_create", libc::SYS_memfd_create, vec![text(b"m\0"), number(0)]))]
#[case::a_path_alone(syscall_for_fd("open", libc::SYS_openat, vec![HERE, text(b"/\0"), number(libc::O_PATH.into())]))]
#[case::a_map(open_to_read(IdFile::UidMap))]
#[harness::test(Root, Userns, pins("limit.kept-by-files"))]
fn an_open_file_keeps_the_namespace_of_its_opener(#[case] hold: Action) {
    let ns = root().outside(&[]).inside(&limit(1)).outside(&MAPS);
    let gone = [UNSHARE, hold, Action::PassFd(Actor::Inside), Action::Exit(Leaves::Nothing)];
    let kept = ns.second(&gone).inside(&[sleep(1), CLONE]);
    let close = syscall("close", libc::SYS_close, vec![RawArg::Held]);

    let closed = |wait| kept.clone().inside(&[close.clone(), sleep(wait), CLONE]).play();

    let traces = WAITS.into_iter().map(closed);
    assert_eq!(first_with_room(traces), ["ENOSPC", "ok", "ok", "ok"]);
}

/// A descriptor of the link of a namespace keeps the namespace, which counts against the limit. So does a mount of the link,
/// which `ip netns` and `unshare --user=FILE` make. After the descriptor is closed or the mount is gone, there is room.
/// Source: namespaces(7), "Namespace lifetime"; kernel nsfs_evict(): ns_ref_put().
#[rstest]
#[case::a_descriptor(&[open_ns(Actor::Second, "ns/user")], RawArg::Held, libc::SYS_close)]
#[case::a_mount(&mount_link(), text(b"/tmp/link\0"), libc::SYS_umount2)]
#[harness::test(Root, Userns, VisibleProcesses, File("/tmp"), pins("limit.kept-by-links"))]
fn a_link_keeps_its_namespace(#[case] keep: &[Action], #[case] name: RawArg, #[case] give_up: i64) {
    let ns = root().outside(&[]).inside(&limit(1)).outside(&MAPS).second(&[UNSHARE]);
    let kept = ns.inside(keep).second(&[Action::Exit(Leaves::Nothing)]).inside(&[sleep(1), CLONE]);
    let give_up = syscall("give it up", give_up, vec![name]);

    let given_up = |wait| kept.clone().inside(&[give_up.clone(), sleep(wait), CLONE]).play();

    let traces = WAITS.into_iter().map(given_up);
    assert_eq!(first_with_room(traces), ["ENOSPC", "ok", "ok", "ok"]);
}

/// The outcomes of the last four steps of the first trace in which the last step creates a namespace: the creation while
/// there is no room, the release, the wait and the creation. Nothing if there is no such trace.
fn first_with_room(traces: impl Iterator<Item = Trace>) -> Vec<String> {
    let mut last = traces.map(|trace| trace.last_shown(4));
    last.find(|outcomes| outcomes.last().is_some_and(|outcome| outcome == "ok")).unwrap_or_default()
}

/// Mounts the link of the second process over a file in a tmpfs.
fn mount_link() -> Vec<Action> {
    let file = vec![HERE, text(b"/tmp/link\0"), number((libc::S_IFREG | 0o600).into()), number(0)];
    let bind = number(libc::MS_BIND.cast_signed());
    let link = vec![RawArg::ProcPath(Actor::Second, "ns/user"), text(b"/tmp/link\0"), text(b"\0"), bind];
    let [apart, tmp] = own_tmp();
    let mount = syscall("mount the link", libc::SYS_mount, link).or_stop();
    vec![apart, tmp, syscall("mknodat", libc::SYS_mknodat, file), mount]
}
