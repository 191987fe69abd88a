//! Kernels and distributions that withhold user namespaces. Each of these tests runs on a host that does.

use harness::answer::compare;
use harness::prelude::*;
use rstest::rstest;

/// The calls that create a namespace, the one that leaves the caller in it last.
const CALLS: [Action; 3] = [CLONE, CLONE3, UNSHARE];

/// The outcomes of all steps but the first, which is the fork of the actor.
fn outcomes(trace: &Trace) -> String {
    trace.outcomes_shown().skip(1).collect::<Vec<_>>().join(" ")
}

/// A kernel without user namespaces does not know the flag. clone(2) and unshare(2) without it succeed.
/// Source: unshare(2), clone(2): EINVAL; kernel create_user_ns() of include/linux/user_namespace.h.
#[harness::test(NoConfig("CONFIG_USER_NS"), pins("create.not-configured"))]
fn a_kernel_without_user_namespaces_refuses_the_flag() {
    let ns = caller().outside(&CALLS);

    let trace = ns.outside(&[Action::Clone(0), Action::Unshare(libc::CLONE_FS)]).play();

    check!(outcomes(&trace), @"EINVAL EINVAL EINVAL ok ok");
}

/// Where kernel.unprivileged_userns_clone is 0, only CAP_SYS_ADMIN in the initial namespace creates one.
/// Source: Debian's patch "add sysctl to disallow unprivileged CLONE_NEWUSER by default".
#[rstest]
#[case::an_ordinary_user(ordinary(), &[], [EPERM, EPERM, EPERM])]
#[case::all_but_sys_admin(root(), &[drop_caps(&[Cap::SysAdmin])], [EPERM, EPERM, EPERM])]
#[case::sys_admin_alone(root(), &[only_caps(&[Cap::SysAdmin])], [OK, OK, OK])]
#[harness::test(
    Root,
    InitialUserns,
    Capability(Cap::SysAdmin),
    UnprivilegedWithheld,
    pins("create.distribution-sysctl")
)]
fn the_sysctl_of_debian_reserves_creation_to_sys_admin(
    #[case] ns: Scenario,
    #[case] before: &[Action],
    #[case] expected: [Answer; 3],
) {
    let ns = ns.outside(before);

    let trace = ns.outside(&CALLS).play();

    compare(&trace, &expected, || ());
}
