//! Whose a namespace is that one call makes together with a user namespace.

use crate::support::ns_files::{open_ns, setns_held};
use crate::support::raw::{number, text};
use harness::prelude::*;
use rstest::rstest;

/// NS_GET_USERNS, `_IO(0xb7, 0x1)`: a descriptor of the user namespace that owns the one held.
const GET_USERNS: i64 = 0xb701;

/// Asks for the owner of the namespace that is held, and joins it. Nobody joins the namespace that it is in, which is
/// EINVAL.
fn join_its_owner() -> [Action; 2] {
    let ask = vec![RawArg::Held, number(GET_USERNS)];
    [syscall_for_fd("ioctl NS_GET_USERNS", libc::SYS_ioctl, ask), setns_held(0)]
}

/// `outside` unshares a user namespace and another one, whose file a process in the parent opens.
fn unshared(flag: i32, file: &'static str) -> Scenario {
    let ns = root().privileged(&[]).outside(&[Action::Unshare(NEWUSER | flag)]);
    ns.privileged(&[open_ns(Actor::Outside, file)])
}

/// A child of `outside` begins in a user namespace and another one, and gives its own file to a process in the parent.
fn of_a_child(flag: i32, path: &'static [u8]) -> Scenario {
    let flags = u64::from((NEWUSER | flag).cast_unsigned());
    let open = syscall_for_fd("openat", libc::SYS_openat, vec![HERE, text(path)]);
    let ns = root().privileged(&[]).outside(&[Action::Child(Child::GoesOnByClone3(flags))]);
    ns.outside(&[open, Action::PassFd(Actor::Privileged)])
}

/// unshare(2) and clone3(2) make the user namespace first, and everything else that the same call makes belongs to it.
/// Source: user_namespaces(7), "Interaction of user namespaces and other types of namespaces"; kernel
/// unshare_nsproxy_namespaces(): new_cred->user_ns; copy_namespaces(): task_cred_xxx(tsk, user_ns).
#[rstest]
#[case::unshared_uts(unshared(libc::CLONE_NEWUTS, "ns/uts"))]
#[case::unshared_ipc(unshared(libc::CLONE_NEWIPC, "ns/ipc"))]
#[case::unshared_network(unshared(libc::CLONE_NEWNET, "ns/net"))]
#[case::unshared_mounts(unshared(libc::CLONE_NEWNS, "ns/mnt"))]
#[case::unshared_cgroup(unshared(libc::CLONE_NEWCGROUP, "ns/cgroup"))]
#[case::uts_of_a_child(of_a_child(libc::CLONE_NEWUTS, b"/proc/self/ns/uts\0"))]
#[case::ipc_of_a_child(of_a_child(libc::CLONE_NEWIPC, b"/proc/self/ns/ipc\0"))]
#[case::network_of_a_child(of_a_child(libc::CLONE_NEWNET, b"/proc/self/ns/net\0"))]
#[case::mounts_of_a_child(of_a_child(libc::CLONE_NEWNS, b"/proc/self/ns/mnt\0"))]
#[case::cgroup_of_a_child(of_a_child(libc::CLONE_NEWCGROUP, b"/proc/self/ns/cgroup\0"))]
#[case::processes_of_a_child(of_a_child(libc::CLONE_NEWPID, b"/proc/self/ns/pid\0"))]
#[harness::test(
    Root,
    Userns,
    VisibleProcesses,
    Kernel { major: 5, minor: 3, why: "clone3" },
    File("/proc/self/ns/cgroup"),
    pins("create.user-first", "ask.owning-namespace")
)]
fn a_namespace_made_with_a_user_namespace_belongs_to_it(#[case] ns: Scenario) {
    let trace = ns.privileged(&join_its_owner()).play();

    check!(trace, last = [OK, OK]);
}

/// The same goes for time namespaces. unshare(2) makes one for the children of the process.
/// Source: time_namespaces(7); kernel copy_time_ns(), unshare_nsproxy_namespaces(): new_cred->user_ns.
#[rstest]
#[case::unshared_for_children(unshared(libc::CLONE_NEWTIME, "ns/time_for_children"))]
#[case::of_a_child(of_a_child(libc::CLONE_NEWTIME, b"/proc/self/ns/time\0"))]
#[harness::test(
    Root,
    Userns,
    VisibleProcesses,
    Kernel { major: 5, minor: 6, why: "time namespaces" },
    File("/proc/self/timens_offsets"),
    pins("create.user-first", "ask.owning-namespace")
)]
fn a_time_namespace_made_with_a_user_namespace_belongs_to_it(#[case] ns: Scenario) {
    let trace = ns.privileged(&join_its_owner()).play();

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
