//! setns(2): which refusal comes first, and several namespaces in one call.

use crate::creating::THREAD;
use crate::support::ns_files::{open_ns, pidfd_of, setns_held};
use harness::prelude::*;
use rstest::rstest;

const NEWUTS: i32 = libc::CLONE_NEWUTS;
const NEWNS: i32 = libc::CLONE_NEWNS;

/// What makes a call senseless is refused before a lack of privilege: another type, the own namespace, threads
/// and shared directories are EINVAL even for those who get EPERM otherwise.
/// Source: setns(2); kernel setns(), userns_install().
#[rstest]
#[case::no_privilege(Actor::Outside, &[])]
#[case::another_type(Actor::Outside, &[setns_held(NEWUTS)])]
#[case::threads(Actor::Outside, &[Action::CloneAndKeep(THREAD)])]
#[case::shared_directories(Actor::Outside, &[Action::CloneAndKeep(libc::CLONE_FS)])]
#[case::a_process_that_shares_nothing(Actor::Outside, &[Action::CloneAndKeep(0)])]
#[case::the_own_namespace(Actor::Inside, &[only_caps(&[])])]
#[harness::test(
    Root,
    Userns,
    pins("join.other-type", "join.own", "join.threads", "join.shared-fs", "join.needs-sys-admin")
)]
fn privilege_comes_last(#[case] of: Actor, #[case] before: &[Action]) {
    let cast = root().privileged(&[]).outside(&[]).inside(&[]);
    let opened = cast.privileged(&[open_ns(of, "ns/user"), Action::PassFd(Actor::Inside)]);

    let trace = opened.inside(before).inside(&[setns_held(0)]).play();

    check!(trace);
}

/// A descriptor that is not open is EBADF, whatever the type.
/// Source: setns(2), EBADF; kernel setns(): fget() comes first.
#[rstest]
#[case::of_a_user_namespace(NEWUSER)]
#[case::unknown(1)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("join.bad-descriptor"))]
fn descriptor_comes_first(#[case] nstype: i32) {
    let setns = vec![RawArg::Number(-1), RawArg::Number(nstype.into())];

    let trace = ordinary().outside(&[syscall("setns", libc::SYS_setns, setns)]).play();

    check!(trace);
}

/// A process that has ended has no namespaces, waited for or not; flags that no pidfd takes come before that.
/// Source: setns(2), ESRCH; kernel check_setns_flags(), validate_nsset(): pid_task(), tsk->nsproxy.
#[rstest]
#[case::zombie(Child::Zombie)]
#[case::gone(Child::Gone)]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    Kernel { major: 5, minor: 8, why: "setns with a pidfd" },
    pins("join.pidfd-of-the-dead", "join.pidfd-flags")
)]
fn of_the_dead(#[case] child: Child) {
    let setns = [setns_held(0), setns_held(1), setns_held(NEWUSER), setns_held(NEWUTS)];

    let trace = ordinary().outside(&[Action::Child(child)]).outside(&setns).play();

    check!(trace);
}

/// The flags are looked at before the process: one that could not be traced is EPERM with good flags alone.
/// Source: setns(2); kernel check_setns_flags(), validate_nsset().
#[rstest]
#[case::none(0)]
#[case::unknown(1)]
#[case::with_an_unknown_one(NEWUSER | 1)]
#[case::user(NEWUSER)]
#[case::another(NEWUTS)]
#[harness::test(
    Root,
    Userns,
    Kernel { major: 5, minor: 8, why: "setns with a pidfd" },
    pins("join.pidfd-flags", "join.pidfd-without-ptrace")
)]
fn of_one_that_cannot_be_traced(#[case] flags: i32) {
    let cast = ordinary().privileged(&[]).outside(&[pidfd_of(Actor::Privileged)]);

    let trace = cast.outside(&[setns_held(flags)]).play();

    check!(trace);
}

/// Through a pidfd several namespaces are joined in one call, the user namespace first, so that its
/// capabilities count for the others; by themselves these cannot be joined.
/// Source: setns(2), "fd refers to a pidfd"; kernel 303cc571d107, validate_nsset().
#[rstest]
#[case::user_and_uts(&[NEWUSER | NEWUTS])]
#[case::user_and_mounts(&[NEWUSER | NEWNS])]
#[case::user_and_both(&[NEWUSER | NEWUTS | NEWNS])]
#[case::uts_alone(&[NEWUTS])]
#[case::mounts_alone(&[NEWNS])]
#[case::user_then_uts(&[NEWUSER, NEWUTS])]
#[case::uts_then_user(&[NEWUTS, NEWUSER])]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    Kernel { major: 5, minor: 8, why: "setns with a pidfd" },
    pins("join.several")
)]
fn several(#[case] calls: &[i32]) {
    let maps = [uid_map("0 own 1"), DENY, gid_map("0 own 1")];
    let cast = ordinary().outside(&[]).inside(&maps).inside(&[Action::Unshare(NEWUTS | NEWNS)]);
    let setns: Vec<Action> = calls.iter().map(|flags| setns_held(*flags)).collect();

    let trace = cast.outside(&[pidfd_of(Actor::Inside)]).outside(&setns).play();

    check!(trace);
}

/// If one of the namespaces cannot be joined, none is: here the UTS namespace belongs to the caller's own
/// user namespace, in which an ordinary user has no capabilities and root has.
/// Source: setns(2); kernel commit_nsset(): "the point of no return".
#[rstest]
#[case::by_an_ordinary_user(ordinary(), NEWUSER | NEWUTS)]
#[case::by_an_ordinary_user_alone(ordinary(), NEWUSER)]
#[case::by_root(root(), NEWUSER | NEWUTS)]
#[harness::test(
    Root,
    UnprivilegedUserns,
    Userns,
    Capability(Cap::SysAdmin),
    Kernel { major: 5, minor: 8, why: "setns with a pidfd" },
    pins("join.several")
)]
fn all_or_nothing(#[case] cast: Scenario, #[case] flags: i32) {
    let cast = cast.outside(&[]).inside(&[]);

    let trace = cast.outside(&[pidfd_of(Actor::Inside), setns_held(flags)]).play();

    check!(trace);
}
