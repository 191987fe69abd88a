//! ioctl(2) on descriptors of namespaces: who owns them, and what lies above them.

use crate::support::ns_files::{open_ns, setns_held};
use harness::prelude::*;
use rstest::rstest;

/// NS_GET_USERNS, `_IO(0xb7, 0x1)`.
const GET_USERNS: i64 = 0xb701;
/// NS_GET_PARENT, `_IO(0xb7, 0x2)`.
const GET_PARENT: i64 = 0xb702;

fn hold_userns() -> Action {
    let args = vec![RawArg::Held, RawArg::Number(GET_USERNS)];
    syscall_for_fd("ioctl NS_GET_USERNS", libc::SYS_ioctl, args)
}

fn hold_parent() -> Action {
    let args = vec![RawArg::Held, RawArg::Number(GET_PARENT)];
    syscall_for_fd("ioctl NS_GET_PARENT", libc::SYS_ioctl, args)
}

/// Inside and nested with all ids mapped, nested made by a user other than the owner of inside.
fn two_levels() -> Scenario {
    let maps = [uid_map("100 0 65536"), gid_map("100 0 65536")];
    let ns = root().outside(&[]).inside(&[]).outside(&maps);
    ns.inside(&[setresgid(105), setresuid(105), DUMPABLE]).nested(&[])
}

/// The owner of a namespace is the effective uid of its creator. It is shown as the caller's namespace names it, or as the
/// overflow id if it has no name there.
/// Source: ioctl_ns(2) (ioctl_nsfs), NS_GET_OWNER_UID; kernel ns_ioctl(): from_kuid_munged().
#[rstest]
#[case::inside_by_outside(Actor::Outside, Actor::Inside)]
#[case::nested_by_outside(Actor::Outside, Actor::Nested)]
#[case::inside_by_inside(Actor::Inside, Actor::Inside)]
#[case::nested_by_inside(Actor::Inside, Actor::Nested)]
#[case::nested_by_nested(Actor::Nested, Actor::Nested)]
#[harness::test(Root, Userns, VisibleProcesses, pins("ask.owner"))]
fn the_owner_is_shown_as_the_caller_names_it(#[case] who: Actor, #[case] of: Actor) {
    let ns = two_levels().outside(&[open_ns(of, "ns/user"), Action::PassFd(who)]);

    let trace = ns.by(who, &[Action::OwnerUid]).play();

    check!(trace);
}

/// A UTS namespace has no owner of its own and no parent: EINVAL. It has a user namespace.
/// Source: ioctl_ns(2), EINVAL; kernel ns_ioctl(), ns_get_parent.
#[rstest]
#[case::owner_uid(Action::OwnerUid, EINVAL)]
#[case::parent(hold_parent(), EINVAL)]
#[case::userns(hold_userns(), OK)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("ask.owner-of-others", "ask.owning-namespace"))]
fn a_uts_namespace_has_no_owner_and_no_parent_of_its_own(#[case] ask: Action, #[case] expected: Answer) {
    let ns = ordinary().inside(&[Action::Unshare(libc::CLONE_NEWUTS), open_ns(Actor::Inside, "ns/uts")]);

    let trace = ns.inside(&[ask]).play();

    check!(trace, last = expected);
}

/// NS_GET_PARENT gives the namespace in which the creator was, and NS_GET_USERNS of a user namespace the same. One level up
/// from nested is inside, which the caller joins. Two levels up is the caller's own, which cannot be joined.
/// Source: ioctl_ns(2), NS_GET_PARENT, NS_GET_USERNS; kernel ns_get_owner(), userns_owner().
#[rstest]
#[case::parent(&[hold_parent()], OK)]
#[case::parent_of_the_parent(&[hold_parent(), hold_parent()], EINVAL)]
#[case::userns(&[hold_userns()], OK)]
#[case::userns_of_the_userns(&[hold_userns(), hold_userns()], EINVAL)]
#[harness::test(Root, Userns, VisibleProcesses, pins("ask.parent"))]
fn the_parent_is_the_namespace_in_which_the_creator_was(#[case] asks: &[Action], #[case] joined: Answer) {
    let ns = two_levels().outside(&[open_ns(Actor::Nested, "ns/user")]);

    let trace = ns.outside(asks).outside(&[setns_held(0)]).play();

    check!(trace, last = [OK, joined]);
}

/// The parent of a namespace below the caller's own is found. One that lies above the caller's own namespace or beside it is
/// EPERM.
/// Source: ioctl_ns(2), EPERM; kernel ns_get_owner(): the owner has to be below current_user_ns().
#[rstest]
#[case::parent_of_ones_own(Actor::Inside, Actor::Inside, hold_parent(), EPERM)]
#[case::userns_of_ones_own(Actor::Inside, Actor::Inside, hold_userns(), EPERM)]
#[case::parent_of_a_child(Actor::Inside, Actor::Nested, hold_parent(), OK)]
#[case::userns_of_a_child(Actor::Inside, Actor::Nested, hold_userns(), OK)]
#[case::parent_of_the_parent(Actor::Nested, Actor::Inside, hold_parent(), EPERM)]
#[case::parent_of_a_sibling(Actor::Sibling, Actor::Inside, hold_parent(), EPERM)]
#[case::parent_of_a_child_of_a_sibling(Actor::Sibling, Actor::Nested, hold_parent(), EPERM)]
#[case::userns_of_a_child_of_a_sibling(Actor::Sibling, Actor::Nested, hold_userns(), EPERM)]
#[harness::test(Root, Userns, VisibleProcesses, pins("ask.out-of-sight", "ask.parent"))]
fn only_the_parents_of_namespaces_below_are_found(
    #[case] who: Actor,
    #[case] of: Actor,
    #[case] ask: Action,
    #[case] expected: Answer,
) {
    let ns = two_levels().sibling(&[]).outside(&[open_ns(of, "ns/user"), Action::PassFd(who)]);

    let trace = ns.by(who, &[ask]).play();

    check!(trace, last = expected);
}

/// The initial user namespace has no parent.
/// Source: ioctl_ns(2), EPERM; kernel ns_get_owner(): the walk ends at NULL.
#[rstest]
#[case::parent(hold_parent())]
#[case::userns(hold_userns())]
#[harness::test(Root, InitialUserns, pins("ask.out-of-sight"))]
fn the_initial_namespace_has_no_parent(#[case] ask: Action) {
    let ns = root().outside(&[open_ns(Actor::Outside, "ns/user")]);

    let trace = ns.outside(&[ask]).play();

    check!(trace, last = EPERM);
}

/// A UTS namespace belongs to the user namespace in which it was made. The parent finds that and joins it. A process beside
/// it does not.
/// Source: ioctl_ns(2), NS_GET_USERNS; namespaces(7).
#[rstest]
#[case::by_outside(Actor::Outside, [OK, OK])]
#[case::by_a_sibling(Actor::Sibling, [EPERM, EBADF])]
#[harness::test(Root, Userns, VisibleProcesses, pins("ask.owning-namespace", "ask.out-of-sight"))]
fn a_uts_namespace_belongs_to_the_user_namespace_of_its_making(
    #[case] who: Actor,
    #[case] expected: [Answer; 2],
) {
    let ns = two_levels().sibling(&[]).nested(&[Action::Unshare(libc::CLONE_NEWUTS)]);
    let opened = ns.outside(&[open_ns(Actor::Nested, "ns/uts"), Action::PassFd(who)]);

    let trace = opened.by(who, &[hold_userns(), setns_held(0)]).play();

    check!(trace, last = expected);
}

/// The link /proc/PID/ns/user is opened by processes that may trace the process. These are not a process in a namespace
/// below or beside, nor another user.
/// Source: namespaces(7), "The /proc/pid/ns/ directory"; kernel proc_ns_get_link(): EACCES.
#[rstest]
#[case::of_a_child(Actor::Outside, Actor::Inside, OK)]
#[case::of_the_parent(Actor::Inside, Actor::Outside, EACCES)]
#[case::of_a_sibling(Actor::Sibling, Actor::Inside, EACCES)]
#[case::of_another_user(Actor::Outside, Actor::Privileged, EACCES)]
#[harness::test(Root, Userns, VisibleProcesses, pins("ask.link"))]
fn the_link_of_a_namespace_is_for_those_who_may_trace(
    #[case] who: Actor,
    #[case] of: Actor,
    #[case] expected: Answer,
) {
    let ns = ordinary().privileged(&[]).outside(&[]).inside(&[]).sibling(&[]);

    let trace = ns.by(who, &[open_ns(of, "ns/user")]).play();

    check!(trace, last = expected);
}
