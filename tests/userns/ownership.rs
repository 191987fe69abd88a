//! Who has which capabilities in a user namespace, and how far they reach.

use crate::support::mounts::private_mounts;
use crate::support::ns_files::{open_ns, setns_held};
use harness::prelude::*;
use rstest::rstest;

const MAPS: [Action; 2] = [uid_map("0 0 100"), gid_map("0 0 100")];
const SYS_ADMIN: Action = only_caps(&[Cap::SysAdmin]);
const NONE: Action = only_caps(&[]);
const EFFECTIVE_61: Action = set_id(SetId::Setresuid, &[u32::MAX, 61, u32::MAX]);
const NEW_UTS: Action = Action::UnshareOrStop(libc::CLONE_NEWUTS);

fn sethostname() -> Action {
    let args = vec![RawArg::Bytes(b"throw-away".as_slice().into()), RawArg::Number(10)];
    syscall("sethostname", libc::SYS_sethostname, args)
}

fn signal_0(to: Actor) -> Action {
    syscall("kill", libc::SYS_kill, vec![RawArg::PidOf(to), RawArg::Number(0)])
}

/// A process changes the name of a host with CAP_SYS_ADMIN in the user namespace that owns the UTS namespace. A process in
/// the parent has it there by the owner's effective uid or by CAP_SYS_ADMIN in the parent.
/// Source: user_namespaces(7), "Capabilities"; kernel cap_capable().
#[rstest]
#[case::all(&[], OK)]
#[case::owner_without_any(&[NONE], OK)]
#[case::owner_by_effective_uid(&[set_id(SetId::Setresuid, &[61, 0, 61]), NONE], OK)]
#[case::another_effective_uid(&[EFFECTIVE_61], EPERM)]
#[case::another_uid(&[setresuid(61)], EPERM)]
#[case::another_with_sys_admin(&[NO_FIXUP, setresuid(61), SYS_ADMIN], OK)]
#[case::another_with_all_but_sys_admin(&[NO_FIXUP, setresuid(61), drop_caps(&[Cap::SysAdmin])], EPERM)]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysAdmin),
    Capability(Cap::Setpcap),
    pins("owner.capabilities")
)]
fn a_host_is_named_by_the_owner_or_with_sys_admin(#[case] before: &[Action], #[case] expected: Answer) {
    let join = Action::Setns { of: Actor::Inside, file: NsFile::Uts, nstype: libc::CLONE_NEWUTS };
    let ns = root().outside(&[NEW_UTS]).inside(&[NEW_UTS]);

    let trace = ns.outside(&[join]).outside(before).outside(&[sethostname()]).play();

    check!(trace, last = expected);
}

/// The owner has the capabilities of its namespace as a process of the parent alone. A process of the grandparent with that
/// uid has none. The owner of the parent has those of the parent, and so all of the namespace below.
/// Source: user_namespaces(7): "a process that resides in the parent"; kernel cap_capable(): the walk up.
#[rstest]
#[case::owner_in_the_parent(Actor::Inside, &[NONE], OK)]
#[case::another_in_the_parent(Actor::Second, &[setresuid(62)], EPERM)]
#[case::owner_elsewhere_in_the_parent(Actor::Second, &[setresuid(61)], OK)]
#[case::admin_in_the_parent(Actor::Second, &[NO_FIXUP, setresuid(62), SYS_ADMIN], OK)]
#[case::same_uid_in_the_grandparent(Actor::Outside, &[setresuid(61)], EPERM)]
#[case::owner_of_the_parent(Actor::Outside, &[NONE], OK)]
#[case::another_in_the_grandparent(Actor::Outside, &[setresuid(62)], EPERM)]
#[case::admin_in_the_grandparent(Actor::Outside, &[NO_FIXUP, setresuid(62), SYS_ADMIN], OK)]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysAdmin),
    Capability(Cap::Setpcap),
    pins("owner.capabilities", "owner.only-from-parent", "join.needs-sys-admin")
)]
fn an_owner_counts_only_in_the_parent_of_its_namespace(
    #[case] who: Actor,
    #[case] before: &[Action],
    #[case] expected: Answer,
) {
    let ns = root().privileged(&[]).outside(&[]).inside(&[]).outside(&MAPS).second(&[]);
    let owner = ns.inside(&[setresuid(61), DUMPABLE]).nested(&[]);

    let opened = owner.privileged(&[open_ns(Actor::Nested, "ns/user"), Action::PassFd(who)]);
    let trace = opened.by(who, before).by(who, &[setns_held(0)]).play();

    check!(trace, last = expected);
}

/// kill(2) between different uids takes CAP_KILL in the namespace of the receiver.
/// Source: kill(2), EPERM; kernel kill_ok_by_cred().
#[rstest]
#[case::inside_to_outside(Actor::Inside, &[setresuid(5)], Actor::Outside, EPERM)]
#[case::inside_with_all_to_outside(Actor::Inside, &[NO_FIXUP, setresuid(5)], Actor::Outside, EPERM)]
#[case::inside_to_its_own(Actor::Inside, &[NO_FIXUP, setresuid(5)], Actor::Second, OK)]
#[case::inside_without_it(Actor::Inside, &[NO_FIXUP, setresuid(5), drop_caps(&[Cap::Kill])], Actor::Second, EPERM)]
#[case::inside_with_it_alone(Actor::Inside, &[NO_FIXUP, setresuid(5), only_caps(&[Cap::Kill])], Actor::Second, OK)]
#[case::owner(Actor::Outside, &[set_id(SetId::Setresuid, &[61, 0, 61]), NONE], Actor::Second, OK)]
#[case::another(Actor::Outside, &[setresuid(61)], Actor::Second, EPERM)]
#[harness::test(Root, Userns, VisibleProcesses, pins("owner.signals", "owner.only-there"))]
fn signals_between_uids_take_kill_over_the_receiver(
    #[case] who: Actor,
    #[case] before: &[Action],
    #[case] to: Actor,
    #[case] expected: Answer,
) {
    let ns = root().outside(&[]).inside(&[]).outside(&MAPS).second(&[setresuid(7)]);

    let trace = ns.by(who, before).by(who, &[signal_0(to)]).play();

    check!(trace, last = expected);
}

/// Capabilities of a namespace count for what belongs to it, not for a UTS or mount namespace of its parent.
/// Source: user_namespaces(7), "Interaction of user namespaces and other types of namespaces".
#[rstest]
#[case::sethostname(&[sethostname()], EPERM)]
#[case::sethostname_in_its_own(&[NEW_UTS, sethostname()], OK)]
#[case::mount(&[private_mounts()], EPERM)]
#[case::mount_in_its_own(&[Action::Unshare(libc::CLONE_NEWNS), private_mounts()], OK)]
#[harness::test(Root, Userns, Capability(Cap::SysAdmin), pins("owner.only-there"))]
fn capabilities_count_only_for_what_belongs_to_the_namespace(
    #[case] steps: &[Action],
    #[case] expected: Answer,
) {
    let ns = root().outside(&[Action::UnshareOrStop(libc::CLONE_NEWNS | libc::CLONE_NEWUTS)]);

    let trace = ns.inside(steps).play();

    check!(trace, last = expected);
}

/// A capability of a namespace counts for a file if both its owner and its group are mapped there. The file is given only
/// to ids that are mapped.
/// Source: user_namespaces(7), "Capabilities"; kernel capable_wrt_inode_uidgid(), CVE-2014-4014.
#[rstest]
#[case::both_mapped(5, 6, &[7, 8], OK)]
#[case::owner_not_mapped(500, 6, &[7, 8], EPERM)]
#[case::group_not_mapped(5, 600, &[7, 8], EPERM)]
#[case::to_an_unmapped_owner(5, 6, &[500, 8], EINVAL)]
#[case::to_an_unmapped_group(5, 6, &[7, 600], EINVAL)]
#[harness::test(Root, Userns, Capability(Cap::Chown), pins("owner.files", "mean.files"))]
fn a_file_is_given_away_only_if_all_ids_are_mapped(
    #[case] owner: i64,
    #[case] group: i64,
    #[case] to: &[i64],
    #[case] expected: Answer,
) {
    let chown = |ids: &[i64]| {
        let args = ids.iter().map(|id| RawArg::Number(*id));
        syscall("fchown", libc::SYS_fchown, [RawArg::Held].into_iter().chain(args).collect())
    };
    let name = RawArg::Bytes(b"file\0".as_slice().into());
    let file = syscall_for_fd("memfd_create", libc::SYS_memfd_create, vec![name, RawArg::Number(0)]);
    let ns = root().outside(&[]).inside(&[]).outside(&MAPS);

    let made = ns.outside(&[file, chown(&[owner, group]), Action::PassFd(Actor::Inside)]);
    let trace = made.inside(&[chown(to)]).play();

    check!(trace, last = expected);
}
