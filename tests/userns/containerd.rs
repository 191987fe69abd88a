//! containerd 10742 replayed: a user-namespaced pod whose namespace a Go program maps from the parent.
//!
//! Go's `SysProcAttr` writes "deny" before gid_map unless `GidMappingsEnableSetgroups` is set. containerd 2.0.0-rc.5 did
//! not set it (pull request 10611). Since pull request 10741 it does. The pod's own processes run later, in the
//! namespace that a helper holds.

use harness::answer::compare;
use harness::prelude::*;
use rstest::rstest;

/// What Go's `SysProcAttr.GidMappingsEnableSetgroups` was set to.
#[derive(Debug, Clone, Copy)]
enum EnableSetgroups {
    /// false, the default: what release candidate 5 did.
    ByDefault,
    /// true: since pull request 10741.
    Set,
}

/// The pod: a helper in a new namespace, mapped by its parent in Go's order, and a process of a container
/// that runs in it as root.
fn pod(enable: EnableSetgroups) -> Scenario {
    let (uids, gids) = (uid_map("0 0 65536"), gid_map("0 0 65536"));
    let writes = match enable {
        EnableSetgroups::ByDefault => vec![uids, DENY, gids],
        EnableSetgroups::Set => vec![uids, ALLOW, gids],
    };
    root().outside(&[]).inside(&[]).outside(&writes).second(&[setresgid(0), setresuid(0)])
}

/// The containers of the pod read "deny" and their setgroups(2) is EPERM, unless Go's option was set.
/// Source: containerd issue 10742; Go's syscall.writeGidMappings; user_namespaces(7).
#[rstest]
#[case::release_candidate_5(EnableSetgroups::ByDefault, EPERM)]
#[case::fixed(EnableSetgroups::Set, OK)]
#[harness::test(Root, Userns, pins("program.containerd", "groups.denied"))]
fn a_container_is_denied_unless_go_enables_setgroups(
    #[case] enable: EnableSetgroups,
    #[case] expected: Answer,
) {
    let ns = pod(enable);

    let trace = ns
        .second(&[
            read(IdFile::Setgroups),
            setgroups(&[0, 2000]),
            Action::Getgroups { size: 0, room: Room::Good },
        ])
        .play();

    check!(trace, last = [OK, expected, OK]);
}

/// A nested container, in a container that runs containers itself, inherits "deny" or "allow" from the pod.
/// Source: containerd issue 10742; kernel create_user_ns(): flags are copied.
#[rstest]
#[case::release_candidate_5(EnableSetgroups::ByDefault, EPERM)]
#[case::fixed(EnableSetgroups::Set, OK)]
#[harness::test(Root, Userns, pins("program.containerd", "deny.inherited"))]
fn a_nested_container_inherits_the_word_of_its_pod(
    #[case] enable: EnableSetgroups,
    #[case] expected: Answer,
) {
    let ns = pod(enable).nested(&[]);

    let mapped = ns.inside(&[write_of(Actor::Nested, IdFile::GidMap, "0 0 1000")]);
    let trace = mapped.nested(&[read(IdFile::Setgroups), ALLOW, setgroups(&[0])]).play();

    check!(trace, last = [OK, expected, expected]);
}

/// sudo works in the fixed pod and fails in the other: the bug as users met it.
/// Source: containerd issue 10742.
#[rstest]
#[case::release_candidate_5(EnableSetgroups::ByDefault, exits(1))]
#[case::fixed(EnableSetgroups::Set, exits(0))]
#[harness::test(Root, Userns, SetuidProgram("sudo"), pins("program.containerd", "program.real"))]
fn sudo_fails_where_a_container_is_denied(#[case] enable: EnableSetgroups, #[case] expected: Answer) {
    let ns = pod(enable);

    let trace = ns.second(&[run(&["sudo", "-n", "id", "-Gn"])]).play();
    let Some(Outcome::Program(ended)) = trace.outcomes.last() else { panic!("sudo was not run: {trace}") };

    // The snapshot leaves out what sudo prints as errors, which differs between its releases.
    compare(&trace, &expected, || {
        check!(format!("{}\n{}", ended.status, ended.stdout));
    });
}
