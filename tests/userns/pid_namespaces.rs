//! Whose a new PID namespace may be: the one place where a program sees the kernel ask whether a user
//! namespace lies below another, apart from the set-user-ID bit.
//!
//! Second is the first process of a PID namespace that inside owns. Outside joins it, and so do its children;
//! the namespaces that these make lie below it.

use crate::support::ns_files::{open_ns, setns_held};
use harness::prelude::*;
use rstest::rstest;

const NEW_PIDS: Action = Action::Clone(libc::CLONE_NEWPID);
const MAPS: [Action; 2] = [uid_map("0 0 100"), gid_map("0 0 100")];

fn join(of: Actor) -> [Action; 2] {
    [open_ns(of, "ns/user"), setns_held(0)]
}

/// A PID namespace belongs to a user namespace that is the owner of the PID namespace above, or lies below
/// that, on whatever level: not to its parent, nor to one beside it or below that.
/// Source: pid_namespaces(7); kernel a2b426267c56, create_pid_namespace(): in_userns().
#[rstest]
#[case::of_the_owner(&join(Actor::Inside), OK)]
#[case::of_a_child_of_the_owner(&join(Actor::Nested), OK)]
#[case::of_a_grandchild_of_the_owner(&join(Actor::Deepest), OK)]
#[case::of_the_parent_of_the_owner(&[], EINVAL)]
#[case::of_a_sibling_of_the_owner(&join(Actor::Sibling), EINVAL)]
#[case::of_a_child_of_that(&[open_ns(Actor::Sibling, "ns/user"), setns_held(0), UNSHARE], EINVAL)]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysAdmin),
    Config("CONFIG_PID_NS"),
    VisibleProcesses,
    pins("create.pid-namespace-below")
)]
fn a_pid_namespace_lies_at_or_below_the_owner_of_the_one_above(
    #[case] enter: &[Action],
    #[case] expected: Answer,
) {
    let ns = root().outside(&[]).sibling(&[]).inside(&[]).outside(&MAPS);
    let sibling = maps_of(Actor::Sibling, "0 0 100");
    let nested = maps_of(Actor::Nested, "0 0 100");
    let ns = ns.outside(&sibling).nested(&[]).inside(&nested).deepest(&[]);
    let ns = ns.inside(&[Action::Unshare(libc::CLONE_NEWPID)]).second(&[]);

    let joined =
        ns.outside(&[open_ns(Actor::Second, "ns/pid"), setns_held(0), Action::Child(Child::GoesOn(0))]);
    let trace = joined.outside(enter).outside(&[NEW_PIDS]).play();

    check!(trace, last = expected);
}
