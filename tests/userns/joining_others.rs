//! Joining namespaces of other kinds: whose capabilities count, and what each kind asks besides.

use crate::support::ns_files::{open_ns, setns_held};
use harness::prelude::*;
use rstest::rstest;

const KINDS: i32 = libc::CLONE_NEWUTS | libc::CLONE_NEWIPC | libc::CLONE_NEWNET | libc::CLONE_NEWCGROUP;
/// A thread that stays.
const THREAD: Action = Action::CloneAndKeep(libc::CLONE_VM | libc::CLONE_SIGHAND | libc::CLONE_THREAD);

/// Joining takes CAP_SYS_ADMIN in the user namespace that owns the other namespace and in the caller's own. The owner of that
/// user namespace has the first and not the second. It has both once it has joined the user namespace.
/// Source: setns(2), EPERM; kernel utsns_install(), ipcns_install(), netns_install(), cgroupns_install().
#[rstest]
#[case::uts("ns/uts")]
#[case::ipc("ns/ipc")]
#[case::net("ns/net")]
#[case::cgroup("ns/cgroup")]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    File("/proc/self/ns/ipc"),
    File("/proc/self/ns/net"),
    File("/proc/self/ns/cgroup"),
    pins("join.both-namespaces")
)]
fn joining_takes_the_capability_in_both_namespaces(#[case] link: &'static str) {
    let ns = ordinary().outside(&[]).inside(&[Action::Unshare(KINDS)]);
    let join = [open_ns(Actor::Inside, link), setns_held(0)];

    let refused = ns.outside(&join);
    let trace = refused.outside(&[open_ns(Actor::Inside, "ns/user"), setns_held(0)]).outside(&join).play();

    check!(trace, last = [EPERM, OK, OK, OK, OK]);
}

/// A mount namespace takes CAP_SYS_CHROOT besides, and the process gets its root and working directory.
/// Source: setns(2); kernel mntns_install(): CAP_SYS_CHROOT, CAP_SYS_ADMIN.
#[rstest]
#[case::with_both(&[], OK)]
#[case::without_sys_chroot(&[drop_caps(&[Cap::SysChroot])], EPERM)]
#[case::without_sys_admin(&[drop_caps(&[Cap::SysAdmin])], EPERM)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("join.mount-needs-sys-chroot"))]
fn joining_mounts_takes_sys_chroot_too(#[case] drop: &[Action], #[case] expected: Answer) {
    let ns = ordinary().inside(&[]).second(&[Action::Unshare(libc::CLONE_NEWNS)]);

    let trace = ns.inside(drop).inside(&[open_ns(Actor::Second, "ns/mnt"), setns_held(0)]).play();

    check!(trace, last = expected);
}

/// A process that shares its root and working directory with another cannot join a mount namespace.
/// Source: setns(2), EINVAL; kernel mntns_install(): fs->users != 1.
#[rstest]
#[case::shared(libc::CLONE_FS, EINVAL)]
#[case::not_shared(0, OK)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("join.mount-shared-fs"))]
fn a_process_that_shares_its_root_cannot_join_mounts(#[case] shares: i32, #[case] expected: Answer) {
    let ns = ordinary().inside(&[]).second(&[Action::Unshare(libc::CLONE_NEWNS)]);

    let join = [open_ns(Actor::Second, "ns/mnt"), setns_held(0)];
    let trace = ns.inside(&[Action::CloneAndKeep(shares)]).inside(&join).play();

    check!(trace, last = expected);
}

/// A process can join its own PID namespace and those below, and cannot go back to one above.
/// Source: setns(2), EINVAL; pid_namespaces(7); kernel pidns_install(): the ancestor has to be the active one.
#[rstest]
#[case::from_the_namespace_itself(&[], OK)]
#[case::from_one_below(&[Action::Unshare(libc::CLONE_NEWPID), Action::Child(Child::GoesOn(0))], EINVAL)]
#[harness::test(
    Root,
    InitialUserns,
    Capability(Cap::SysAdmin),
    Config("CONFIG_PID_NS"),
    pins("join.pid-below")
)]
fn a_process_cannot_go_back_to_a_pid_namespace_above(#[case] enter: &[Action], #[case] expected: Answer) {
    let ns = root().outside(&[open_ns(Actor::Outside, "ns/pid")]);

    let trace = ns.outside(enter).outside(&[setns_held(0)]).play();

    check!(trace, last = expected);
}

/// A process with a second thread cannot join a time namespace. The errno is EUSERS, and not EINVAL as for a user namespace.
/// Source: time_namespaces(7); setns(2): EUSERS; kernel timens_install(): current_is_single_threaded().
#[rstest]
#[case::a_thread(&[THREAD], EUSERS)]
#[case::no_thread(&[], OK)]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    Kernel { major: 5, minor: 6, why: "time namespaces" },
    File("/proc/self/ns/time"),
    pins("join.time-threads")
)]
fn a_process_with_threads_cannot_join_a_time_namespace(#[case] threads: &[Action], #[case] expected: Answer) {
    let ns = ordinary().inside(&[]).second(&[Action::Unshare(libc::CLONE_NEWTIME)]);

    let join = [open_ns(Actor::Second, "ns/time_for_children"), setns_held(0)];
    let trace = ns.inside(threads).inside(&join).play();

    check!(trace, last = expected);
}

/// The other namespaces of a process that joins a user namespace stay those of before: the owner of its UTS namespace is above
/// it, and out of its sight, until it joins one that the user namespace owns.
/// Source: user_namespaces(7), "Interaction of user namespaces and other types of namespaces"; kernel ns_get_owner().
#[rstest]
#[case::of_before(&[], EPERM)]
#[case::of_the_joined_one(&[open_ns(Actor::Inside, "ns/uts"), setns_held(0)], OK)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, VisibleProcesses, pins("join.user-alone"))]
fn joining_a_user_namespace_joins_no_other(#[case] join: &[Action], #[case] expected: Answer) {
    const GET_USERNS: RawArg = RawArg::Number(0xb701);
    let ns = ordinary().outside(&[]).inside(&[Action::UnshareOrStop(libc::CLONE_NEWUTS)]);

    let user = ns.outside(&[open_ns(Actor::Inside, "ns/user"), setns_held(0)]).outside(join);
    let ask = syscall_for_fd("NS_GET_USERNS", libc::SYS_ioctl, vec![RawArg::Held, GET_USERNS]);
    let trace = user.outside(&[open_ns(Actor::Outside, "ns/uts"), ask]).play();

    check!(trace, last = expected);
}
