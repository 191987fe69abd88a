//! Whose a namespace is that one call makes together with a user namespace.

use crate::support::ns_files::{open_ns, setns_held};
use crate::support::raw::{number, text};
use harness::prelude::*;
use rstest::rstest;

/// NS_GET_USERNS, `_IO(0xb7, 0x1)`: a descriptor of the user namespace that owns the one held.
const GET_USERNS: i64 = 0xb701;
/// CLONE_NEWTIME, which clone(2) cannot be given: its bit is one of the signal's.
const NEW_TIME: i32 = libc::CLONE_NEWTIME;

/// Asks for the owner of the namespace that is held, and joins it. Nobody joins the namespace that it is in, which is
/// EINVAL.
fn join_its_owner() -> [Action; 2] {
    let ask = vec![RawArg::Held, number(GET_USERNS)];
    [syscall_for_fd("ioctl NS_GET_USERNS", libc::SYS_ioctl, ask), setns_held(0)]
}

/// unshare(2) makes the user namespace first, and everything else that the same call makes belongs to it.
/// Source: user_namespaces(7), "Interaction of user namespaces and other types of namespaces"; kernel
/// unshare_nsproxy_namespaces(): new_cred->user_ns.
#[rstest]
#[case::uts(libc::CLONE_NEWUTS, "ns/uts")]
#[case::ipc(libc::CLONE_NEWIPC, "ns/ipc")]
#[case::network(libc::CLONE_NEWNET, "ns/net")]
#[case::mounts(libc::CLONE_NEWNS, "ns/mnt")]
#[case::cgroup(libc::CLONE_NEWCGROUP, "ns/cgroup")]
#[case::time_of_children(NEW_TIME, "ns/time_for_children")]
#[harness::test(
    Root,
    Userns,
    VisibleProcesses,
    Kernel { major: 5, minor: 6, why: "time namespaces" },
    File("/proc/self/timens_offsets"),
    File("/proc/self/ns/cgroup"),
    pins("create.user-first", "ask.owning-namespace")
)]
fn a_namespace_unshared_with_a_user_namespace_belongs_to_it(#[case] flag: i32, #[case] file: &'static str) {
    let ns = root().privileged(&[]).outside(&[Action::Unshare(NEWUSER | flag)]);

    let trace = ns.privileged(&[open_ns(Actor::Outside, file)]).privileged(&join_its_owner()).play();

    check!(trace, last = [OK, OK]);
}

/// The same goes for clone(2) and clone3(2): the child is in the user namespace when the others are made.
/// Source: user_namespaces(7), "Interaction of user namespaces and other types of namespaces"; kernel copy_namespaces():
/// task_cred_xxx(tsk, user_ns).
#[rstest]
#[case::uts(libc::CLONE_NEWUTS, b"/proc/self/ns/uts\0")]
#[case::ipc(libc::CLONE_NEWIPC, b"/proc/self/ns/ipc\0")]
#[case::network(libc::CLONE_NEWNET, b"/proc/self/ns/net\0")]
#[case::mounts(libc::CLONE_NEWNS, b"/proc/self/ns/mnt\0")]
#[case::cgroup(libc::CLONE_NEWCGROUP, b"/proc/self/ns/cgroup\0")]
#[case::processes(libc::CLONE_NEWPID, b"/proc/self/ns/pid\0")]
#[case::time(NEW_TIME, b"/proc/self/ns/time\0")]
#[harness::test(
    Root,
    Userns,
    VisibleProcesses,
    Kernel { major: 5, minor: 6, why: "time namespaces" },
    File("/proc/self/timens_offsets"),
    File("/proc/self/ns/cgroup"),
    pins("create.user-first", "ask.owning-namespace")
)]
fn a_namespace_of_a_child_made_with_a_user_namespace_belongs_to_it(
    #[case] flag: i32,
    #[case] path: &'static [u8],
) {
    let flags = u64::from((NEWUSER | flag).cast_unsigned());
    let open = syscall_for_fd("openat", libc::SYS_openat, vec![HERE, text(path)]);
    let ns = root().privileged(&[]).outside(&[Action::Child(Child::GoesOnByClone3(flags))]);

    let held = ns.outside(&[open, Action::PassFd(Actor::Privileged)]);
    let trace = held.privileged(&join_its_owner()).play();

    check!(trace, last = [OK, OK]);
}

/// Without a new user namespace unshare(2) asks for CAP_SYS_ADMIN, that capability and no other.
/// Source: unshare(2), EPERM; kernel unshare_nsproxy_namespaces(): ns_capable(CAP_SYS_ADMIN).
#[rstest]
#[case::that_capability_alone(only_caps(&[Cap::SysAdmin]), OK)]
#[case::every_other(drop_caps(&[Cap::SysAdmin]), EPERM)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("owner.only-there"))]
fn unsharing_another_namespace_takes_sys_admin_alone(#[case] caps: Action, #[case] expected: Answer) {
    let ns = ordinary().inside(&[caps]);

    let trace = ns.inside(&[Action::Unshare(libc::CLONE_NEWUTS)]).play();

    check!(trace, last = expected);
}

/// A process that leaves its IPC namespace cannot share the list of semaphore operations to be undone: the semaphores are
/// out of its reach.
/// Source: clone(2), EINVAL, CLONE_NEWIPC and CLONE_SYSVSEM; kernel copy_namespaces().
#[rstest]
#[case::both(libc::CLONE_NEWIPC | libc::CLONE_SYSVSEM, EINVAL)]
#[case::a_namespace_alone(libc::CLONE_NEWIPC, OK)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("create.ipc-and-undo"))]
fn a_new_ipc_namespace_shares_no_list_of_undone_operations(#[case] flags: i32, #[case] expected: Answer) {
    let trace = ordinary().inside(&[]).inside(&[Action::Clone(flags)]).play();

    check!(trace, last = expected);
}
