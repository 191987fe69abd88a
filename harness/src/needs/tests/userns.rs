//! User namespaces on hosts that deny them, or that may deny them.

use rstest::rstest;

use super::hosts::{Change, one_id, process, root, seccomp_refuses, user, without_proc};
use crate::caps::CapSet;
use crate::host::{Chroot, Fact, Facts, Levels, ProcState, Seccomp};
use crate::needs::Need;

const UNPRIVILEGED: &str = "needs unprivileged user namespaces: ";

#[rstest]
#[case::no_namespaces_left(
    |facts: &mut Facts| facts.policy.max_user_namespaces = Fact::Known(0),
    "user.max_user_namespaces is 0, fewer than the 256 that the tests may have at a time"
)]
#[case::one_too_few(
    |facts: &mut Facts| facts.policy.max_user_namespaces = Fact::Known(255),
    "user.max_user_namespaces is 255, fewer than the 256 that the tests may have at a time"
)]
#[case::no_proc(without_proc, "no procfs is mounted at /proc (ENOENT)")]
#[case::read_only_proc(|facts: &mut Facts| facts.proc_state = ProcState::ReadOnly, "/proc is mounted read-only")]
#[case::debian_sysctl(|facts: &mut Facts| facts.policy.unprivileged_userns_clone = Fact::Known(0), "kernel.unprivileged_userns_clone is 0")]
#[case::ubuntu_sysctl(
    |facts: &mut Facts| facts.policy.apparmor_restrict_unprivileged_userns = Fact::Known(1),
    "kernel.apparmor_restrict_unprivileged_userns is 1 and no AppArmor profile allows it to this process"
)]
#[case::chroot(|facts: &mut Facts| facts.process.chroot = Chroot::Yes("/ is not the root of a mount".into()), "the caller is in a chroot (/ is not the root of a mount)")]
#[case::seccomp(seccomp_refuses, "unshare: EPERM; a seccomp filter is active")]
#[case::single_id(
    one_id,
    "the caller is uid 0 and cannot become one: the ids 0 to 65535 are not all mapped: uid_map is \"0 1000 1\""
)]
fn unprivileged_namespaces_are_withheld_by(#[case] change: Change, #[case] reason: &str) {
    for mut facts in [user(), root()] {
        change(&mut facts);

        let unmet = Need::UnprivilegedUserns.unmet(&facts);

        assert_eq!(unmet, Some(format!("{UNPRIVILEGED}{reason}")));
    }
}

#[rstest]
#[case::seccomp(|facts: &mut Facts| facts.process.seccomp = Fact::Known(Seccomp::Filter), "a seccomp filter is active")]
#[case::profile(
    |facts: &mut Facts| facts.policy.confinement = Fact::Known("docker-default (enforce)".into()),
    "AppArmor confines the process by docker-default (enforce)"
)]
#[case::selinux(
    |facts: &mut Facts| {
        facts.policy.selinux_enforcing = Fact::Known(true);
        facts.policy.confinement = Fact::Known("u:r:t:s0".into());
    },
    "SELinux is enforcing, with the context u:r:t:s0"
)]
#[case::nested(
    |facts: &mut Facts| facts.process.in_initial_userns = Fact::Known(false),
    "the policies for the user namespaces above are invisible"
)]
#[case::ubuntu_profile(
    |facts: &mut Facts| {
        facts.policy.apparmor_restrict_unprivileged_userns = Fact::Known(1);
        facts.policy.confinement = Fact::Known("browser (unconfined)".into());
    },
    "AppArmor confines the process by browser (unconfined)"
)]
fn a_probe_decides_only_for(#[case] change: Change, #[case] doubt: &str) {
    let mut facts = user();
    change(&mut facts);

    facts.lookups.probe = |_| Ok(());
    assert_eq!(Need::UnprivilegedUserns.unmet(&facts), None);

    facts.lookups.probe = |_| Err("unshare: EPERM".into());
    let unmet = Need::UnprivilegedUserns.unmet(&facts);
    assert_eq!(unmet, Some(format!("{UNPRIVILEGED}unshare: EPERM; {doubt}")));
}

/// Each doubt explains the refusal that it can cause and no other. A refusal without a cause is not excused.
#[rstest]
#[case::limit("ENOSPC", |facts: &mut Facts| facts.process.in_initial_userns = Fact::Known(false), Some("the limits of the user namespaces above this one are invisible"))]
#[case::chroot(
    "EPERM",
    |facts: &mut Facts| facts.process.chroot = Chroot::NoSign,
    Some("the caller is in a chroot into a mount point, as far as a probe shows: no policy denies it, and the root of the mount namespace is hidden")
)]
#[case::no_chroot("ENOSPC", |facts: &mut Facts| facts.process.chroot = Chroot::NoSign, None)]
fn a_doubt_explains_its_own_errno(#[case] errno: &str, #[case] change: Change, #[case] cause: Option<&str>) {
    let mut facts = user();
    change(&mut facts);
    facts.lookups.probe = match errno {
        "EPERM" => |_| Err("unshare(CLONE_NEWUSER): EPERM".into()),
        _ => |_| Err("unshare(CLONE_NEWUSER): ENOSPC".into()),
    };

    let expected = cause.map(|cause| format!("{UNPRIVILEGED}unshare(CLONE_NEWUSER): {errno}; {cause}"));
    assert_eq!(Need::UnprivilegedUserns.unmet(&facts), expected);
}

/// `unshare --user` without a map: the true cause comes before the doubts.
#[test]
fn a_user_without_a_mapping_is_named_first() {
    let mut facts = user();
    facts.process = process(65534, CapSet::EMPTY);
    facts.process.in_initial_userns = Fact::Known(false);
    facts.process.uid_map = Fact::Known(String::new());

    let reason = "the effective uid 65534 has no mapping: uid_map is \"\"";
    assert_eq!(Need::UnprivilegedUserns.unmet(&facts), Some(format!("{UNPRIVILEGED}{reason}")));
}

/// A limit of a namespace above also counts namespaces that have ended and are not freed: few levels are too few.
#[test]
fn a_namespace_with_few_levels_below_it_is_not_usable() {
    let mut facts = user();
    facts.process.in_initial_userns = Fact::Known(false);
    facts.lookups.probe = |_| Ok(());
    facts.lookups.nested_levels = || Levels { count: 5, reason: "five levels".to_owned() };
    assert_eq!(Need::UnprivilegedUserns.unmet(&facts), Some(format!("{UNPRIVILEGED}five levels")));

    facts.lookups.nested_levels = || Levels { count: 6, reason: "six levels".to_owned() };
    assert_eq!(Need::UnprivilegedUserns.unmet(&facts), None);
}

/// Root of a container that lacks ids has become a user, and what it lacked is why it is not root.
#[test]
fn a_root_that_became_a_user_is_no_root() {
    let mut facts = user();
    facts.process.left_root = Some("setgroups was denied".to_owned());

    assert_eq!(Need::Root.unmet(&facts).as_deref(), Some("needs root: setgroups was denied"));
    assert_eq!(Need::OrdinaryUser.unmet(&facts), None);
}

/// What a filter answers is known before anything is tried out.
#[test]
fn a_filter_is_named_with_its_answer() {
    let mut facts = user();
    facts.process.seccomp = Fact::Known(Seccomp::Filter);
    facts.lookups.refused_call = |number, args| {
        (number == libc::SYS_unshare && args == [0x1000_0000]).then(|| "a filter answers unshare(2)".into())
    };

    assert_eq!(
        Need::UnprivilegedUserns.unmet(&facts),
        Some(format!("{UNPRIVILEGED}a filter answers unshare(2)"))
    );
}

/// An unprivileged user inside its own namespace. Whether the denial matters to a test follows from its scenarios.
#[test]
fn a_denial_of_setgroups_leaves_user_namespaces_usable() {
    let mut facts = user();
    facts.process.setgroups = Fact::Known("deny".into());

    assert_eq!(Need::UnprivilegedUserns.unmet(&facts), None);
    assert_eq!(Need::OrdinaryUser.unmet(&facts), None);
}

#[test]
fn as_many_namespaces_as_the_tests_have_are_enough() {
    let mut facts = user();
    facts.policy.max_user_namespaces = Fact::Known(256);

    assert_eq!(Need::UnprivilegedUserns.unmet(&facts), None);
}

/// Root may still have what the caller cannot have for itself.
#[rstest]
#[case::debian_sysctl(|facts: &mut Facts| facts.policy.unprivileged_userns_clone = Fact::Known(0))]
#[case::ubuntu_sysctl(|facts: &mut Facts| facts.policy.apparmor_restrict_unprivileged_userns = Fact::Known(1))]
fn root_is_exempt_from(#[case] change: Change) {
    let mut facts = root();
    change(&mut facts);

    assert_eq!(Need::Userns.unmet(&facts), None);
    assert!(Need::UnprivilegedUserns.unmet(&facts).is_some());
}

#[rstest]
#[case::limit(
    |facts: &mut Facts| facts.policy.max_user_namespaces = Fact::Known(3),
    "needs user namespaces: user.max_user_namespaces is 3, fewer than the 256 that the tests may have at a time"
)]
#[case::chroot(|facts: &mut Facts| facts.process.chroot = Chroot::Yes("x".into()), "needs user namespaces: the caller is in a chroot (x)")]
#[case::seccomp(seccomp_refuses, "needs user namespaces: unshare: EPERM; a seccomp filter is active")]
#[case::unmapped(
    |facts: &mut Facts| facts.process.uid_map = Fact::Known("1000 1000 1".into()),
    "needs user namespaces: the effective uid 0 has no mapping: uid_map is \"1000 1000 1\""
)]
fn root_is_not_exempt_from(#[case] change: Change, #[case] reason: &str) {
    let mut facts = root();
    change(&mut facts);

    assert_eq!(Need::Userns.unmet(&facts).as_deref(), Some(reason));
}
