//! setns(2) into a user namespace: by whom, through what, and what it leaves.

use crate::creating::THREAD;
use crate::support::ns_files::{open_ns, pidfd_of, setns_held};
use harness::prelude::*;
use rstest::rstest;

/// A bit that no type of namespace has.
const UNKNOWN: i32 = 1 << 12;
/// SECBIT_NO_SETUID_FIXUP and SECBIT_KEEP_CAPS.
const TWO_SECUREBITS: u64 = 0x14;

const fn join(of: Actor, nstype: i32) -> Action {
    Action::Setns { of, file: NsFile::User, nstype }
}

/// The owner of a namespace joins it from its parent. It names CLONE_NEWUSER as the type, or 0. Any other type is EINVAL.
/// Source: setns(2), EINVAL; kernel userns_install().
#[rstest]
#[case::any(0, OK)]
#[case::user(NEWUSER, OK)]
#[case::uts(libc::CLONE_NEWUTS, EINVAL)]
#[case::user_and_uts(NEWUSER | libc::CLONE_NEWUTS, EINVAL)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("join.by-owner", "join.other-type"))]
fn the_owner_joins_if_it_names_no_other_type(#[case] nstype: i32, #[case] expected: Answer) {
    let ns = ordinary().outside(&[]).inside(&[uid_map("0 own 1"), DENY, gid_map("0 own 1")]);

    let trace = ns.outside(&[join(Actor::Inside, nstype)]).play();

    check!(trace, last = expected);
}

/// A process that joins has every capability there, the usual securebits, and the ids that the map gives it.
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
fn a_process_that_joins_has_every_capability_and_mapped_ids(#[case] maps: &[Action]) {
    let bits = Action::Prctl("PR_SET_SECUREBITS", libc::PR_SET_SECUREBITS, TWO_SECUREBITS);
    let ns = root().outside(&[]).inside(&[]).outside(maps);

    let trace = ns.outside(&[bits, only_caps(&[Cap::SysAdmin]), join(Actor::Inside, 0)]).play();

    check!(trace, last = OK);
}

/// No process joins the namespace that it is in, which would give its capabilities back.
/// Source: setns(2), EINVAL; kernel userns_install().
#[rstest]
#[case::inside(Actor::Inside, Actor::Inside)]
#[case::by_another(Actor::Second, Actor::Inside)]
#[case::outside(Actor::Outside, Actor::Privileged)]
#[harness::test(Root, Userns, pins("join.own"))]
fn no_process_joins_the_namespace_that_it_is_in(#[case] who: Actor, #[case] of: Actor) {
    let ns = root().privileged(&[]).outside(&[]).inside(&[]).second(&[]);

    let trace = ns.by(who, &[join(of, 0)]).play();

    check!(trace, last = EINVAL);
}

/// setns(2) takes CAP_SYS_ADMIN in the namespace. Root of a namespace has it in those below, on every level, and not in one
/// above or beside its own.
/// Source: setns(2), EPERM; kernel userns_install(), cap_capable().
#[rstest]
#[case::parent(Actor::Inside, Actor::Outside, EPERM)]
#[case::grandparent(Actor::Nested, Actor::Outside, EPERM)]
#[case::parent_of_nested(Actor::Nested, Actor::Inside, EPERM)]
#[case::sibling(Actor::Inside, Actor::Sibling, EPERM)]
#[case::child(Actor::Inside, Actor::Nested, OK)]
#[case::grandchild(Actor::Outside, Actor::Nested, OK)]
#[case::child_of_a_sibling(Actor::Sibling, Actor::Nested, EPERM)]
#[harness::test(Root, Userns, pins("join.needs-sys-admin"))]
fn only_a_namespace_below_is_joined(#[case] who: Actor, #[case] of: Actor, #[case] expected: Answer) {
    let maps = [uid_map("0 0 65536"), gid_map("0 0 65536")];
    let ns = root().outside(&[]).inside(&[]).outside(&maps).nested(&[]).sibling(&[]);
    let open = open_ns(of, "ns/user");

    let trace = ns.privileged(&[open, Action::PassFd(who)]).by(who, &[setns_held(0)]).play();

    check!(trace, last = expected);
}

/// The owner, which is an effective uid, needs no capability to join its namespace. Another user needs CAP_SYS_ADMIN
/// in the parent and no other capability.
/// Source: user_namespaces(7), "Capabilities" rule 3; kernel cap_capable(): euid of the owner.
#[rstest]
#[case::owner_without_any(&[only_caps(&[])], OK)]
#[case::owner_by_effective_uid(&[set_id(SetId::Setresuid, &[61, 0, 61]), only_caps(&[])], OK)]
#[case::owner_with_another_gid(&[setresgid(61), setgroups(&[62]), only_caps(&[])], OK)]
#[case::owner_of_neither_but_with_its_gid(&[setresuid(61)], EPERM)]
#[case::another_effective_uid(&[set_id(SetId::Setresuid, &[0, 61, 0])], EPERM)]
#[case::another_with_all(&[NO_FIXUP, setresuid(61)], OK)]
#[case::another_with_sys_admin(&[NO_FIXUP, setresuid(61), only_caps(&[Cap::SysAdmin])], OK)]
#[case::another_with_all_but_sys_admin(&[NO_FIXUP, setresuid(61), drop_caps(&[Cap::SysAdmin])], EPERM)]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::Setpcap),
    Capability(Cap::SysAdmin),
    pins("join.needs-sys-admin", "join.by-owner")
)]
fn the_owner_needs_no_capability_and_others_sys_admin(#[case] before: &[Action], #[case] expected: Answer) {
    let ns = root().outside(&[]).inside(&[]);
    let open = open_ns(Actor::Inside, "ns/user");

    let trace = ns.outside(&[open]).outside(before).outside(&[setns_held(0)]).play();

    check!(trace, last = expected);
}

/// A process that has a second thread, or shares its root directory with another process, cannot join a user
/// namespace. Either is enough.
/// Source: setns(2), EINVAL; kernel userns_install(): thread_group_empty(), current->fs->users.
#[rstest]
#[case::thread(THREAD, EINVAL)]
#[case::thread_that_shares_no_fs(libc::CLONE_VM | libc::CLONE_SIGHAND | libc::CLONE_THREAD, EINVAL)]
#[case::shared_fs(libc::CLONE_FS, EINVAL)]
#[case::a_process_that_shares_nothing(0, OK)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("join.threads", "join.shared-fs"))]
fn a_process_that_shares_threads_or_root_cannot_join(#[case] shares: i32, #[case] expected: Answer) {
    let ns = ordinary().outside(&[]).inside(&[]);

    let trace = ns.outside(&[Action::CloneAndKeep(shares), join(Actor::Inside, NEWUSER)]).play();

    check!(trace, last = expected);
}

/// Only descriptors of namespaces and of processes can be joined.
/// Source: setns(2), EBADF, EINVAL.
#[rstest]
#[case::no_descriptor(syscall("setns", libc::SYS_setns, vec![RawArg::Number(-1), RawArg::Number(0)]), EBADF)]
#[case::closed(syscall("setns", libc::SYS_setns, vec![RawArg::Number(1000), RawArg::Number(0)]), EBADF)]
#[case::socket(syscall("setns", libc::SYS_setns, vec![RawArg::Socket, RawArg::Number(0)]), EINVAL)]
#[case::regular_file(setns_held(0), EINVAL)]
#[case::regular_file_as_user(setns_held(NEWUSER), EINVAL)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("join.bad-descriptor", "join.not-a-namespace"))]
fn only_namespaces_and_processes_are_joined(#[case] setns: Action, #[case] expected: Answer) {
    let ns = ordinary().outside(&[]).inside(&[]);

    let trace = ns.outside(&[open(IdFile::UidMap), setns]).play();

    check!(trace, last = expected);
}

/// Through a pidfd the namespaces to join have to be named, by known flags.
/// Source: setns(2), "fd refers to a pidfd"; kernel check_setns_flags(), since 5.8.
#[rstest]
#[case::user(NEWUSER, OK)]
#[case::none(0, EINVAL)]
#[case::unknown(1, EINVAL)]
#[case::user_and_unknown(NEWUSER | UNKNOWN, EINVAL)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, Kernel { major: 5, minor: 8, why: "setns with a pidfd" }, pins("join.pidfd-flags"))]
fn a_pidfd_takes_known_namespace_flags(#[case] flags: i32, #[case] expected: Answer) {
    let ns = ordinary().outside(&[]).inside(&[]);

    let trace = ns.outside(&[pidfd_of(Actor::Inside), setns_held(flags)]).play();

    check!(trace, last = expected);
}

/// Through a pidfd the process has to be one that the caller may trace, which one of another user is not. After
/// that the namespace has to be another than the caller's own.
/// Source: setns(2), EPERM, EINVAL; kernel validate_nsset(): ptrace_may_access().
#[rstest]
#[case::of_another_user(Actor::Privileged, EPERM)]
#[case::of_the_own_namespace(Actor::Outside, EINVAL)]
#[harness::test(Root, Userns, Kernel { major: 5, minor: 8, why: "setns with a pidfd" }, pins("join.pidfd-without-ptrace", "join.own"))]
fn a_pidfd_takes_a_process_that_may_be_traced(#[case] whose: Actor, #[case] expected: Answer) {
    let ns = ordinary().privileged(&[]).outside(&[]);

    let trace = ns.outside(&[pidfd_of(whose), setns_held(NEWUSER)]).play();

    check!(trace, last = expected);
}
