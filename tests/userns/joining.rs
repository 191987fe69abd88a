//! setns(2) into a user namespace: by whom, through what, and what it leaves.

use crate::creating::THREAD;
use crate::support::ns_files::{open_ns, pidfd_of, setns_held};
use harness::prelude::*;
use rstest::rstest;

const fn join(of: Actor, nstype: i32) -> Action {
    Action::Setns { of, file: NsFile::User, nstype }
}

/// The owner of a namespace joins it from its parent, whatever it names as the type: the right one or 0.
/// Any other type is EINVAL.
/// Source: setns(2), EINVAL; kernel userns_install().
#[rstest]
#[case::any(0)]
#[case::user(NEWUSER)]
#[case::uts(libc::CLONE_NEWUTS)]
#[case::user_and_uts(NEWUSER | libc::CLONE_NEWUTS)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("join.by-owner", "join.other-type"))]
fn by_the_owner(#[case] nstype: i32) {
    let cast = ordinary().outside(&[]).inside(&[uid_map("0 own 1"), DENY, gid_map("0 own 1")]);

    let trace = cast.outside(&[join(Actor::Inside, nstype)]).play();

    check!(trace);
}

/// Whoever joins has every capability there, the usual securebits, and the ids that the map gives it.
/// Source: user_namespaces(7), "Capabilities"; kernel set_cred_user_ns().
#[rstest]
#[case::unmapped(&[])]
#[case::mapped(&[uid_map("0 0 65536"), gid_map("0 0 65536")])]
#[case::mapped_elsewhere(&[uid_map("5 0 1"), gid_map("6 0 1")])]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::Setpcap),
    pins("enter.capabilities", "enter.securebits", "enter.ids-kept")
)]
fn what_it_leaves(#[case] maps: &[Action]) {
    let bits = Action::Prctl("PR_SET_SECUREBITS", libc::PR_SET_SECUREBITS, 0x14);
    let cast = root().outside(&[]).inside(&[]).outside(maps);

    let trace = cast.outside(&[bits, only_caps(&[Cap::SysAdmin]), join(Actor::Inside, 0)]).play();

    check!(trace);
}

/// No process joins the namespace that it is in, which would give its capabilities back.
/// Source: setns(2), EINVAL; kernel userns_install().
#[rstest]
#[case::inside(Actor::Inside, Actor::Inside)]
#[case::by_another(Actor::Second, Actor::Inside)]
#[case::outside(Actor::Outside, Actor::Privileged)]
#[harness::test(Root, Userns, pins("join.own"))]
fn ones_own(#[case] who: Actor, #[case] of: Actor) {
    let cast = root().privileged(&[]).outside(&[]).inside(&[]).second(&[]);

    let trace = cast.by(who, &[join(of, 0)]).play();

    check!(trace);
}

/// setns(2) asks for CAP_SYS_ADMIN in the namespace: there is none in a namespace above or beside one's
/// own; there is in all those below.
/// Source: setns(2), EPERM; kernel userns_install(), cap_capable().
#[rstest]
#[case::parent(Actor::Inside, Actor::Outside)]
#[case::grandparent(Actor::Nested, Actor::Outside)]
#[case::parent_of_nested(Actor::Nested, Actor::Inside)]
#[case::sibling(Actor::Inside, Actor::Sibling)]
#[case::child(Actor::Inside, Actor::Nested)]
#[case::grandchild(Actor::Outside, Actor::Nested)]
#[case::child_of_a_sibling(Actor::Sibling, Actor::Nested)]
#[harness::test(Root, Userns, pins("join.needs-sys-admin"))]
fn above_below_and_beside(#[case] who: Actor, #[case] of: Actor) {
    let maps = [uid_map("0 0 65536"), gid_map("0 0 65536")];
    let cast = root().outside(&[]).inside(&[]).outside(&maps).nested(&[]).sibling(&[]);
    let open = open_ns(of, "ns/user");

    let trace = cast.privileged(&[open, Action::Give(who)]).by(who, &[setns_held(0)]).play();

    check!(trace);
}

/// The owner needs no capability at all for its own namespace; any other user needs CAP_SYS_ADMIN above it,
/// exactly that.
/// Source: user_namespaces(7), "Capabilities" rule 3; kernel cap_capable(): euid of the owner.
#[rstest]
#[case::owner_without_any(&[only_caps(&[])])]
#[case::owner_by_effective_uid(&[set_id(SetId::Setresuid, &[61, 0, 61]), only_caps(&[])])]
#[case::owner_with_another_gid(&[setresgid(61), setgroups(&[62]), only_caps(&[])])]
#[case::owner_of_neither_but_with_its_gid(&[setresuid(61)])]
#[case::another_effective_uid(&[set_id(SetId::Setresuid, &[0, 61, 0])])]
#[case::another_with_all(&[NO_FIXUP, setresuid(61)])]
#[case::another_with_sys_admin(&[NO_FIXUP, setresuid(61), only_caps(&[Cap::SysAdmin])])]
#[case::another_with_all_but_sys_admin(&[NO_FIXUP, setresuid(61), drop_caps(&[Cap::SysAdmin])])]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::Setpcap),
    Capability(Cap::SysAdmin),
    pins("join.needs-sys-admin", "join.by-owner")
)]
fn by_capability(#[case] before: &[Action]) {
    let cast = root().outside(&[]).inside(&[]);
    let open = open_ns(Actor::Inside, "ns/user");

    let trace = cast.outside(&[open]).outside(before).outside(&[setns_held(0)]).play();

    check!(trace);
}

/// A process with threads, or one whose root directory is shared with another, stays where it is; either is
/// enough.
/// Source: setns(2), EINVAL; kernel userns_install(): thread_group_empty(), current->fs->users.
#[rstest]
#[case::thread(THREAD)]
#[case::thread_that_shares_no_fs(libc::CLONE_VM | libc::CLONE_SIGHAND | libc::CLONE_THREAD)]
#[case::shared_fs(libc::CLONE_FS)]
#[case::a_process_that_shares_nothing(0)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("join.threads", "join.shared-fs"))]
fn with_a_companion(#[case] shares: i32) {
    let cast = ordinary().outside(&[]).inside(&[]);

    let trace = cast.outside(&[Action::Companion(shares), join(Actor::Inside, NEWUSER)]).play();

    check!(trace);
}

/// Only descriptors of namespaces and of processes can be joined.
/// Source: setns(2), EBADF, EINVAL.
#[rstest]
#[case::no_descriptor(Action::Raw("setns", libc::SYS_setns, vec![RawArg::Number(-1), RawArg::Number(0)]))]
#[case::closed(Action::Raw("setns", libc::SYS_setns, vec![RawArg::Number(1000), RawArg::Number(0)]))]
#[case::socket(Action::Raw("setns", libc::SYS_setns, vec![RawArg::Socket, RawArg::Number(0)]))]
#[case::regular_file(setns_held(0))]
#[case::regular_file_as_user(setns_held(NEWUSER))]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("join.bad-descriptor", "join.not-a-namespace"))]
fn no_namespace(#[case] setns: Action) {
    let cast = ordinary().outside(&[]).inside(&[]);

    let trace = cast.outside(&[open(IdFile::UidMap), setns]).play();

    check!(trace);
}

/// Through a pidfd the namespaces to join have to be named, by known flags.
/// Source: setns(2), "fd refers to a pidfd"; kernel check_setns_flags(), since 5.8.
#[rstest]
#[case::user(NEWUSER)]
#[case::none(0)]
#[case::unknown(1)]
#[case::user_and_unknown(NEWUSER | 1 << 12)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, Kernel { major: 5, minor: 8, why: "setns with a pidfd" }, pins("join.pidfd-flags"))]
fn through_a_pidfd(#[case] flags: i32) {
    let cast = ordinary().outside(&[]).inside(&[]);

    let trace = cast.outside(&[pidfd_of(Actor::Inside), setns_held(flags)]).play();

    check!(trace);
}

/// Through a pidfd the process has to be one that could be traced: not one of another user's, and not
/// one that is gone.
/// Source: setns(2), EPERM, ESRCH; kernel validate_nsset(): ptrace_may_access().
#[rstest]
#[case::of_another_user(Actor::Privileged)]
#[case::of_the_own_namespace(Actor::Outside)]
#[harness::test(Root, Userns, Kernel { major: 5, minor: 8, why: "setns with a pidfd" }, pins("join.pidfd-without-ptrace", "join.own"))]
fn through_the_pidfd_of(#[case] whose: Actor) {
    let cast = ordinary().privileged(&[]).outside(&[]);

    let trace = cast.outside(&[pidfd_of(whose), setns_held(NEWUSER)]).play();

    check!(trace);
}
