//! Whose a new PID namespace may be: the one place where a program sees the kernel ask whether a user
//! namespace lies below another, apart from the set-user-ID bit.
//!
//! Second is the first process of a PID namespace that inside owns. Outside joins it, and so do its children;
//! the namespaces that these make lie below it.

use harness::prelude::*;
use rstest::rstest;

const NEW_PIDS: Action = Action::Clone(libc::CLONE_NEWPID);
const MAPS: [Action; 2] = [uid_map("0 0 100"), gid_map("0 0 100")];

fn setns_held() -> Action {
    Action::Raw("setns", libc::SYS_setns, vec![RawArg::Held, RawArg::Number(0)])
}

fn open_ns(of: Actor, file: &'static str) -> Action {
    let args = vec![RawArg::Number(libc::AT_FDCWD.into()), RawArg::ProcPath(of, file)];
    Action::Hold("openat", libc::SYS_openat, args)
}

fn join(of: Actor) -> [Action; 2] {
    [open_ns(of, "ns/user"), setns_held()]
}

/// A PID namespace belongs to a user namespace that is the owner of the PID namespace above, or lies below
/// that, on whatever level: not to its parent, nor to one beside it or below that.
/// Source: pid_namespaces(7); kernel a2b426267c56, create_pid_namespace(): in_userns().
#[rstest]
#[case::of_the_owner(&join(Actor::Inside))]
#[case::of_a_child_of_the_owner(&join(Actor::Nested))]
#[case::of_a_grandchild_of_the_owner(&join(Actor::Deepest))]
#[case::of_the_parent_of_the_owner(&[])]
#[case::of_a_sibling_of_the_owner(&join(Actor::Sibling))]
#[case::of_a_child_of_that(&[
    open_ns(Actor::Sibling, "ns/user"),
    setns_held(),
    Action::Unshare(libc::CLONE_NEWUSER),
])]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysAdmin),
    Config("CONFIG_PID_NS"),
    VisibleProcesses,
    pins("create.pid-namespace-below")
)]
fn lies_below(#[case] enter: &[Action]) {
    let cast = root().outside(&[]).sibling(&[]).inside(&[]).outside(&MAPS);
    let sibling = [
        write_of(Actor::Sibling, IdFile::UidMap, "0 0 100"),
        write_of(Actor::Sibling, IdFile::GidMap, "0 0 100"),
    ];
    let nested = [
        write_of(Actor::Nested, IdFile::UidMap, "0 0 100"),
        write_of(Actor::Nested, IdFile::GidMap, "0 0 100"),
    ];
    let cast = cast.outside(&sibling).nested(&[]).inside(&nested).deepest(&[]);
    let cast = cast.inside(&[Action::Unshare(libc::CLONE_NEWPID)]).second(&[]);

    let joined =
        cast.outside(&[open_ns(Actor::Second, "ns/pid"), setns_held(), Action::Child(Child::GoesOn(0))]);
    let trace = joined.outside(enter).outside(&[NEW_PIDS]).play();

    check!(trace);
}
