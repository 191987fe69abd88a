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
    let cast = root().outside(&[]).inside(&[]).outside(&maps);
    cast.inside(&[setresgid(105), setresuid(105), DUMPABLE]).nested(&[])
}

/// The owner of a namespace is the effective uid of its creator, as the one who asks names it, or the
/// overflow id if it has no name for it.
/// Source: ioctl_ns(2) (ioctl_nsfs), NS_GET_OWNER_UID; kernel ns_ioctl(): from_kuid_munged().
#[rstest]
#[case::inside_by_outside(Actor::Outside, Actor::Inside)]
#[case::nested_by_outside(Actor::Outside, Actor::Nested)]
#[case::inside_by_inside(Actor::Inside, Actor::Inside)]
#[case::nested_by_inside(Actor::Inside, Actor::Nested)]
#[case::nested_by_nested(Actor::Nested, Actor::Nested)]
#[harness::test(Root, Userns, VisibleProcesses, pins("ask.owner"))]
fn owner_uid(#[case] who: Actor, #[case] of: Actor) {
    let cast = two_levels().outside(&[open_ns(of, "ns/user"), Action::PassFd(who)]);

    let trace = cast.by(who, &[Action::OwnerUid]).play();

    check!(trace);
}

/// A namespace that is no user namespace has no owner of its own and no parent: EINVAL.
/// Source: ioctl_ns(2), EINVAL; kernel ns_ioctl(), ns_get_parent.
#[rstest]
#[case::owner_uid(Action::OwnerUid)]
#[case::parent(hold_parent())]
#[case::userns(hold_userns())]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("ask.owner-of-others", "ask.owning-namespace"))]
fn of_a_uts_namespace(#[case] ask: Action) {
    let cast = ordinary().inside(&[Action::Unshare(libc::CLONE_NEWUTS), open_ns(Actor::Inside, "ns/uts")]);

    let trace = cast.inside(&[ask]).play();

    check!(trace);
}

/// NS_GET_PARENT gives the namespace in which the creator was, NS_GET_USERNS of a user namespace the same:
/// two levels up from nested is one's own, which cannot be joined, one level up can.
/// Source: ioctl_ns(2), NS_GET_PARENT, NS_GET_USERNS; kernel ns_get_owner(), userns_owner().
#[rstest]
#[case::parent(&[hold_parent()])]
#[case::parent_of_the_parent(&[hold_parent(), hold_parent()])]
#[case::userns(&[hold_userns()])]
#[case::userns_of_the_userns(&[hold_userns(), hold_userns()])]
#[harness::test(Root, Userns, VisibleProcesses, pins("ask.parent"))]
fn upwards(#[case] asks: &[Action]) {
    let cast = two_levels().outside(&[open_ns(Actor::Nested, "ns/user")]);

    let trace = cast.outside(asks).outside(&[setns_held(0)]).play();

    check!(trace);
}

/// What lies above the caller's own namespace, or beside it, is out of its sight: EPERM.
/// Source: ioctl_ns(2), EPERM; kernel ns_get_owner(): the owner has to be below current_user_ns().
#[rstest]
#[case::parent_of_ones_own(Actor::Inside, Actor::Inside, hold_parent())]
#[case::userns_of_ones_own(Actor::Inside, Actor::Inside, hold_userns())]
#[case::parent_of_a_child(Actor::Inside, Actor::Nested, hold_parent())]
#[case::userns_of_a_child(Actor::Inside, Actor::Nested, hold_userns())]
#[case::parent_of_the_parent(Actor::Nested, Actor::Inside, hold_parent())]
#[case::parent_of_a_sibling(Actor::Sibling, Actor::Inside, hold_parent())]
#[case::parent_of_a_child_of_a_sibling(Actor::Sibling, Actor::Nested, hold_parent())]
#[case::userns_of_a_child_of_a_sibling(Actor::Sibling, Actor::Nested, hold_userns())]
#[harness::test(Root, Userns, VisibleProcesses, pins("ask.out-of-sight", "ask.parent"))]
fn in_sight(#[case] who: Actor, #[case] of: Actor, #[case] ask: Action) {
    let cast = two_levels().sibling(&[]).outside(&[open_ns(of, "ns/user"), Action::PassFd(who)]);

    let trace = cast.by(who, &[ask]).play();

    check!(trace);
}

/// The initial user namespace has no parent.
/// Source: ioctl_ns(2), EPERM; kernel ns_get_owner(): the walk ends at NULL.
#[rstest]
#[case::parent(hold_parent())]
#[case::userns(hold_userns())]
#[harness::test(Root, InitialUserns, pins("ask.out-of-sight"))]
fn of_the_initial_namespace(#[case] ask: Action) {
    let cast = root().outside(&[open_ns(Actor::Outside, "ns/user")]);

    let trace = cast.outside(&[ask]).play();

    check!(trace);
}

/// The owner of any other namespace is the user namespace in which it was made.
/// Source: ioctl_ns(2), NS_GET_USERNS; namespaces(7).
#[rstest]
#[case::by_outside(Actor::Outside)]
#[case::by_a_sibling(Actor::Sibling)]
#[harness::test(Root, Userns, VisibleProcesses, pins("ask.owning-namespace", "ask.out-of-sight"))]
fn userns_of_a_uts_namespace(#[case] who: Actor) {
    let cast = two_levels().sibling(&[]).nested(&[Action::Unshare(libc::CLONE_NEWUTS)]);
    let opened = cast.outside(&[open_ns(Actor::Nested, "ns/uts"), Action::PassFd(who)]);

    let trace = opened.by(who, &[hold_userns(), setns_held(0)]).play();

    check!(trace);
}

/// The link /proc/PID/ns/user is for those who could trace the process: not for a process in a namespace
/// below, nor for another user.
/// Source: namespaces(7), "The /proc/pid/ns/ directory"; kernel proc_ns_get_link(): EACCES.
#[rstest]
#[case::of_a_child(Actor::Outside, Actor::Inside)]
#[case::of_the_parent(Actor::Inside, Actor::Outside)]
#[case::of_a_sibling(Actor::Sibling, Actor::Inside)]
#[case::of_another_user(Actor::Outside, Actor::Privileged)]
#[harness::test(Root, Userns, VisibleProcesses, pins("ask.link"))]
fn who_may_open_it(#[case] who: Actor, #[case] of: Actor) {
    let cast = ordinary().privileged(&[]).outside(&[]).inside(&[]).sibling(&[]);

    let trace = cast.by(who, &[open_ns(of, "ns/user")]).play();

    check!(trace);
}
