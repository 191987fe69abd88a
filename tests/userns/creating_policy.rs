//! Kernels and distributions that withhold user namespaces: each of these tests runs where they do.

use harness::prelude::*;
use rstest::rstest;

/// The calls that create a namespace, the one that leaves the caller in it last.
const CALLS: [Action; 3] = [CLONE, CLONE3, UNSHARE];

/// What came of each step but the first, that of coming into being.
fn outcomes(trace: &Trace) -> String {
    trace.outcomes_shown().skip(1).collect::<Vec<_>>().join(" ")
}

/// A kernel without user namespaces has no such flag; clone(2) and unshare(2) without it do as ever.
/// Source: unshare(2), clone(2): EINVAL; kernel create_user_ns() of include/linux/user_namespace.h.
#[harness::test(NoConfig("CONFIG_USER_NS"), pins("create.not-configured"))]
fn not_configured() {
    let cast = caller().outside(&CALLS);

    let trace = cast.outside(&[Action::Clone(0), Action::Unshare(libc::CLONE_FS)]).play();

    check!(outcomes(&trace), @"EINVAL EINVAL EINVAL ok ok");
}

/// Where kernel.unprivileged_userns_clone is 0, only CAP_SYS_ADMIN in the initial namespace creates one.
/// Source: Debian's patch "add sysctl to disallow unprivileged CLONE_NEWUSER by default".
#[rstest]
#[case::an_ordinary_user(ordinary(), &[], "EPERM EPERM EPERM")]
#[case::all_but_sys_admin(root(), &[drop_caps(&[Cap::SysAdmin])], "ok EPERM EPERM EPERM")]
#[case::sys_admin_alone(root(), &[only_caps(&[Cap::SysAdmin])], "ok ok ok ok")]
#[harness::test(
    Root,
    InitialUserns,
    Capability(Cap::SysAdmin),
    UnprivilegedWithheld,
    pins("create.distribution-sysctl")
)]
fn withheld(#[case] cast: Scenario, #[case] before: &[Action], #[case] expected: &str) {
    let trace = cast.outside(before).outside(&CALLS).play();

    assert_eq!(outcomes(&trace), expected, "{trace}");
}
