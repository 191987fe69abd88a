//! setns(2): which refusal comes first, and several namespaces in one call.

use crate::creating::THREAD;
use crate::support::ns_files::{open_ns, pidfd_of, setns_held};
use harness::prelude::*;
use rstest::rstest;

const NEWUTS: i32 = libc::CLONE_NEWUTS;
const NEWNS: i32 = libc::CLONE_NEWNS;

/// The kernel checks the privilege last. Another type, the own namespace, threads and shared directories are EINVAL,
/// even for a process that would get EPERM otherwise.
/// Source: setns(2); kernel setns(), userns_install().
#[rstest]
#[case::no_privilege(Actor::Outside, &[], &[EPERM])]
#[case::another_type(Actor::Outside, &[setns_held(NEWUTS)], &[EINVAL, EPERM])]
#[case::threads(Actor::Outside, &[Action::CloneAndKeep(THREAD)], &[OK, EINVAL])]
#[case::shared_directories(Actor::Outside, &[Action::CloneAndKeep(libc::CLONE_FS)], &[OK, EINVAL])]
#[case::a_process_that_shares_nothing(Actor::Outside, &[Action::CloneAndKeep(0)], &[OK, EPERM])]
#[case::the_own_namespace(Actor::Inside, &[only_caps(&[])], &[OK, EINVAL])]
#[harness::test(
    Root,
    Userns,
    pins("join.other-type", "join.own", "join.threads", "join.shared-fs", "join.needs-sys-admin")
)]
fn joining_checks_the_privilege_last(
    #[case] of: Actor,
    #[case] before: &[Action],
    #[case] expected: &[Answer],
) {
    let ns = root().privileged(&[]).outside(&[]).inside(&[]);
    let opened = ns.privileged(&[open_ns(of, "ns/user"), Action::PassFd(Actor::Inside)]);

    let trace = opened.inside(before).inside(&[setns_held(0)]).play();

    check!(trace, last = expected);
}

/// A descriptor that is not open is EBADF, with a known type and with an unknown one.
/// Source: setns(2), EBADF; kernel setns(): fget() comes first.
#[rstest]
#[case::of_a_user_namespace(NEWUSER)]
#[case::unknown(1)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("join.bad-descriptor"))]
fn joining_checks_the_descriptor_before_the_type(#[case] nstype: i32) {
    let setns = vec![RawArg::Number(-1), RawArg::Number(nstype.into())];

    let trace = ordinary().outside(&[syscall("setns", libc::SYS_setns, setns)]).play();

    check!(trace, last = EBADF);
}

/// A process that has ended has no namespaces to join, whether its parent has waited for it or not. Flags that no pidfd
/// takes are refused before that.
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
fn a_process_that_has_ended_has_no_namespaces_to_join(#[case] child: Child) {
    let setns = [setns_held(0), setns_held(1), setns_held(NEWUSER), setns_held(NEWUTS)];

    let trace = ordinary().outside(&[Action::Child(child)]).outside(&setns).play();

    check!(trace, last = [EINVAL, EINVAL, ESRCH, ESRCH]);
}

/// The kernel checks the flags before the process. A process that the caller may not trace is EPERM only with known
/// flags.
/// Source: setns(2); kernel check_setns_flags(), validate_nsset().
#[rstest]
#[case::none(0, EINVAL)]
#[case::unknown(1, EINVAL)]
#[case::with_an_unknown_one(NEWUSER | 1, EINVAL)]
#[case::user(NEWUSER, EPERM)]
#[case::another(NEWUTS, EPERM)]
#[harness::test(
    Root,
    Userns,
    Kernel { major: 5, minor: 8, why: "setns with a pidfd" },
    pins("join.pidfd-flags", "join.pidfd-without-ptrace")
)]
fn joining_checks_the_flags_before_the_process(#[case] flags: i32, #[case] expected: Answer) {
    let ns = ordinary().privileged(&[]).outside(&[pidfd_of(Actor::Privileged)]);

    let trace = ns.outside(&[setns_held(flags)]).play();

    check!(trace, last = expected);
}

/// Through a pidfd one call joins several namespaces. The user namespace comes first, so that the capabilities in it
/// count for the others. An ordinary user cannot join these alone.
/// Source: setns(2), "fd refers to a pidfd"; kernel 303cc571d107, validate_nsset().
#[rstest]
#[case::user_and_uts(&[NEWUSER | NEWUTS], &[OK])]
#[case::user_and_mounts(&[NEWUSER | NEWNS], &[OK])]
#[case::user_and_both(&[NEWUSER | NEWUTS | NEWNS], &[OK])]
#[case::uts_alone(&[NEWUTS], &[EPERM])]
#[case::mounts_alone(&[NEWNS], &[EPERM])]
#[case::user_then_uts(&[NEWUSER, NEWUTS], &[OK, OK])]
#[case::uts_then_user(&[NEWUTS, NEWUSER], &[EPERM, OK])]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    Kernel { major: 5, minor: 8, why: "setns with a pidfd" },
    pins("join.several")
)]
fn a_pidfd_joins_several_namespaces_the_user_namespace_first(
    #[case] calls: &[i32],
    #[case] expected: &[Answer],
) {
    let maps = [uid_map("0 own 1"), DENY, gid_map("0 own 1")];
    let ns = ordinary().outside(&[]).inside(&maps).inside(&[Action::Unshare(NEWUTS | NEWNS)]);
    let setns: Vec<Action> = calls.iter().map(|flags| setns_held(*flags)).collect();

    let trace = ns.outside(&[pidfd_of(Actor::Inside)]).outside(&setns).play();

    check!(trace, last = expected);
}

/// If one of the namespaces cannot be joined, the call joins none. Here the UTS namespace belongs to the caller's own
/// user namespace. An ordinary user has no capabilities there, and root has them.
/// Source: setns(2); kernel commit_nsset(): "the point of no return".
#[rstest]
#[case::by_an_ordinary_user(ordinary(), NEWUSER | NEWUTS, EPERM)]
#[case::by_an_ordinary_user_alone(ordinary(), NEWUSER, OK)]
#[case::by_root(root(), NEWUSER | NEWUTS, OK)]
#[harness::test(
    Root,
    UnprivilegedUserns,
    Userns,
    Capability(Cap::SysAdmin),
    Kernel { major: 5, minor: 8, why: "setns with a pidfd" },
    pins("join.several")
)]
fn a_call_joins_all_of_several_namespaces_or_none(
    #[case] ns: Scenario,
    #[case] flags: i32,
    #[case] expected: Answer,
) {
    let ns = ns.outside(&[]).inside(&[]);

    let trace = ns.outside(&[pidfd_of(Actor::Inside), setns_held(flags)]).play();

    check!(trace, last = expected);
}
