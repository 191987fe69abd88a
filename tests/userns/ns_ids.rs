//! What else is asked of a namespace: its id, its handle, and the namespace behind a pidfd.

use crate::support::ns_files::{open_ns, pidfd_of, setns_held};
use crate::support::raw::{PLACE, memory, number};
use harness::prelude::*;
use rstest::rstest;

/// NS_GET_NSTYPE, `_IO(0xb7, 0x3)`.
const GET_NSTYPE: i64 = 0xb703;
/// NS_GET_OWNER_UID, `_IO(0xb7, 0x4)`.
const GET_OWNER_UID: i64 = 0xb704;
/// NS_GET_MNTNS_ID, `_IOR(0xb7, 0x5, __u64)`.
const GET_MNTNS_ID: i64 = 0x8008_b705;
/// NS_GET_ID, `_IOR(0xb7, 0xd, __u64)`.
const GET_ID: i64 = 0x8008_b70d;
/// A request of namespaces that no kernel knows.
const UNKNOWN: i64 = 0xb7fe;
/// PIDFD_GET_USER_NAMESPACE, `_IO(0xff, 9)`.
const OF_PIDFD: i64 = 0xff09;
/// The bytes of a handle that there is room for.
const HANDLE: u8 = 64;
/// AT_SYMLINK_FOLLOW
const FOLLOW: i64 = 0x400;

fn ask(name: &'static str, request: i64, argument: i64) -> Action {
    syscall(name, libc::SYS_ioctl, vec![RawArg::Held, number(request), number(argument)])
}

/// The initial user namespace belongs to uid 0.
/// Source: ioctl_nsfs(2), NS_GET_OWNER_UID; kernel init_user_ns: owner is GLOBAL_ROOT_UID.
#[harness::test(Root, InitialUserns, pins("ask.owner"))]
fn the_initial_namespace_belongs_to_uid_0() {
    let ns = root().outside(&[open_ns(Actor::Outside, "ns/user")]);

    let trace = ns.outside(&[Action::OwnerUid]).play();

    check!(trace, last = OK, @r"
    outside  begins                                  ok
    outside  openat(AT_FDCWD, outside's ns/user)     ok
    outside  ioctl(the open file, NS_GET_OWNER_UID)  0
    afterwards
    outside  the caller's namespace
             uid 0  gid 0  groups [0]  caps the caller's
    ");
}

/// A request that writes its answer needs an address, and a request that no kernel knows is that of no such device.
/// Source: ioctl(2), EFAULT, ENOTTY; kernel ns_ioctl(): put_user().
#[rstest]
#[case::no_address(GET_OWNER_UID, 0, EFAULT)]
#[case::unknown(UNKNOWN, 0, ENOTTY)]
#[case::known(GET_NSTYPE, 0, OK)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("ask.bad-request"))]
fn a_request_has_to_be_known_and_answerable(
    #[case] request: i64,
    #[case] argument: i64,
    #[case] expected: Answer,
) {
    let ns = ordinary().inside(&[open_ns(Actor::Inside, "ns/user")]);

    let trace = ns.inside(&[ask("ioctl", request, argument)]).play();

    check!(trace, last = expected);
}

/// What is asked of mount namespaces is refused for a user namespace.
/// Source: ioctl_nsfs(2), EINVAL; kernel ns_ioctl(), NS_GET_MNTNS_ID: ns->ops is not that of mount namespaces.
#[rstest]
#[case::of_a_user_namespace("ns/user", EINVAL)]
#[case::of_a_mount_namespace("ns/mnt", OK)]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    Kernel { major: 6, minor: 12, why: "NS_GET_MNTNS_ID" },
    pins("ask.of-mounts")
)]
fn requests_of_mount_namespaces_are_for_those_alone(#[case] link: &'static str, #[case] expected: Answer) {
    let ns = ordinary().inside(&[open_ns(Actor::Inside, link)]);

    let args = vec![RawArg::Held, number(GET_MNTNS_ID), RawArg::Results(0)];
    let trace = ns.inside(&[syscall("NS_GET_MNTNS_ID", libc::SYS_ioctl, args)]).play();

    check!(trace, last = expected);
}

/// NS_GET_ID gives one id for a namespace, for every process that asks and through every process in it. Each other namespace
/// has another.
/// Source: kernel ns_ioctl(), NS_GET_ID (6.18): ns->ns_id.
#[harness::test(
    Root,
    Userns,
    VisibleProcesses,
    Kernel { major: 6, minor: 18, why: "NS_GET_ID" },
    pins("ask.id")
)]
fn each_user_namespace_has_one_id() {
    let args = vec![RawArg::Held, number(GET_ID), RawArg::Results(0)];
    let id = syscall_for("NS_GET_ID", libc::SYS_ioctl, args, Results::Words(2));
    let maps = [uid_map("0 0 100"), gid_map("0 0 100")];
    let ns = root().outside(&[]).inside(&[]).outside(&maps).second(&[]).nested(&[]).sibling(&[]);
    let asks = |of| [open_ns(of, "ns/user"), id.clone()];

    let asked = ns.outside(&asks(Actor::Outside)).outside(&asks(Actor::Inside)).outside(&asks(Actor::Second));
    let asked =
        asked.outside(&asks(Actor::Nested)).outside(&asks(Actor::Sibling)).inside(&asks(Actor::Inside));
    let trace = asked.play();

    let ids: Vec<&Outcome> =
        trace.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Groups(_))).collect();
    let same: Vec<Vec<usize>> = ids.iter().map(|id| positions(&ids, id)).collect();
    assert_eq!(same, [vec![0], vec![1, 2, 5], vec![1, 2, 5], vec![3], vec![4], vec![1, 2, 5]], "{trace}");
}

/// The places at which a list has this one.
fn positions(all: &[&Outcome], one: &Outcome) -> Vec<usize> {
    all.iter().enumerate().filter(|(_, other)| **other == one).map(|(place, _)| place).collect()
}

/// PIDFD_GET_USER_NAMESPACE gives the namespace of a process to those who may trace it, as its link does, and says EACCES to
/// others.
/// Source: PIDFD_GET_USER_NAMESPACE(2const); kernel 5b08bd408534, pidfd_ioctl(): ptrace_may_access().
#[rstest]
#[case::by_the_owner(Actor::Outside, Actor::Inside, [OK, OK])]
#[case::by_root(Actor::Privileged, Actor::Inside, [OK, OK])]
#[case::by_a_sibling(Actor::Sibling, Actor::Inside, [EACCES, EBADF])]
#[case::of_the_parent(Actor::Inside, Actor::Outside, [EACCES, EBADF])]
#[harness::test(
    Root,
    Userns,
    VisibleProcesses,
    Capability(Cap::SysPtrace),
    Capability(Cap::SysAdmin),
    Kernel { major: 6, minor: 11, why: "PIDFD_GET_USER_NAMESPACE" },
    pins("ask.pidfd-user")
)]
fn a_pidfd_gives_the_namespace_to_those_who_may_trace(
    #[case] who: Actor,
    #[case] of: Actor,
    #[case] expected: [Answer; 2],
) {
    let ns = ordinary().privileged(&[]).outside(&[]).inside(&[]).sibling(&[]);

    let ask = syscall_for_fd(
        "PIDFD_GET_USER_NAMESPACE",
        libc::SYS_ioctl,
        vec![RawArg::Held, number(OF_PIDFD), number(0)],
    );
    let trace = ns.by(who, &[pidfd_of(of), ask, setns_held(NEWUSER)]).play();

    check!(trace, last = expected);
}

/// The request takes no argument, and a process that has ended has no namespaces to give.
/// Source: PIDFD_GET_USER_NAMESPACE(2const), EINVAL, ESRCH; kernel pidfd_ioctl().
#[rstest]
#[case::an_argument(pidfd_of(Actor::Inside), 1, EINVAL)]
#[case::of_a_zombie(Action::Child(Child::Zombie), 0, ESRCH)]
#[case::of_one_that_was_reaped(Action::Child(Child::Gone), 0, ESRCH)]
#[case::of_the_living(pidfd_of(Actor::Inside), 0, OK)]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    Kernel { major: 6, minor: 11, why: "PIDFD_GET_USER_NAMESPACE" },
    pins("ask.pidfd-user")
)]
fn a_pidfd_gives_no_namespace_of_the_dead(
    #[case] hold: Action,
    #[case] argument: i64,
    #[case] expected: Answer,
) {
    let ns = ordinary().inside(&[hold]);

    let args = vec![RawArg::Held, number(OF_PIDFD), number(argument)];
    let ask = syscall_for_fd("PIDFD_GET_USER_NAMESPACE", libc::SYS_ioctl, args);
    let trace = ns.inside(&[ask]).play();

    check!(trace, last = expected);
}

/// The handle of a namespace is opened by a process that is in the namespace, and by root of the host. To any other it is
/// stale, whatever capabilities it has. To 6.19 the owner opened it, too.
/// Source: open_by_handle_at(2), ESTALE; kernel nsfs_fh_to_dentry().
#[rstest]
#[case::by_one_inside(Actor::Inside, Actor::Outside, OK)]
#[case::by_one_below(Actor::Nested, Actor::Outside, ESTALE)]
#[case::by_a_sibling(Actor::Sibling, Actor::Outside, ESTALE)]
#[case::by_the_owner(Actor::Outside, Actor::Outside, ESTALE)]
#[case::by_root(Actor::Privileged, Actor::Privileged, OK)]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    VisibleProcesses,
    Capability(Cap::SysAdmin),
    Capability(Cap::SysPtrace),
    Capability(Cap::DacReadSearch),
    Kernel { major: 6, minor: 18, why: "handles of namespaces" },
    varies(HANDLE_OF_OWNER),
    pins("ask.handle")
)]
fn the_handle_of_a_namespace_is_for_those_inside(
    #[case] who: Actor,
    #[case] namer: Actor,
    #[case] expected: Answer,
) {
    // Room for a handle, which outside shares with those that it forks.
    let room = memory([[HANDLE, 0, 0, 0], [0; 4]].concat());
    let [handle, mount] = [PLACE, PLACE + 1024].map(|at| number(at.cast_signed()));
    let path = RawArg::ProcPath(Actor::Inside, "ns/user");
    let get = vec![HERE, path, handle.clone(), mount, number(FOLLOW)];
    let get = syscall("name_to_handle_at", libc::SYS_name_to_handle_at, get).or_stop();
    let open = vec![RawArg::Held, handle, number(0)];
    let maps = [uid_map("0 own 1"), write(IdFile::Setgroups, "deny"), gid_map("0 own 1")];
    let ns = ordinary().privileged(&room).outside(&room).inside(&[]).outside(&maps).nested(&[]).sibling(&[]);

    let named = ns.by(namer, &[get]);
    let open = syscall_for_fd("open_by_handle_at", libc::SYS_open_by_handle_at, open);
    let trace = named.by(who, &[open_ns(who, "ns/user"), open]).play();

    check!(trace, last = expected);
}
