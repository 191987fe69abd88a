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

/// The name of a host is changed by whoever has CAP_SYS_ADMIN in the user namespace that owns its UTS
/// namespace: the owner's effective uid in the parent, or CAP_SYS_ADMIN there.
/// Source: user_namespaces(7), "Capabilities"; kernel cap_capable().
#[rstest]
#[case::all(&[])]
#[case::owner_without_any(&[NONE])]
#[case::owner_by_effective_uid(&[set_id(SetId::Setresuid, &[61, 0, 61]), NONE])]
#[case::another_effective_uid(&[EFFECTIVE_61])]
#[case::another_uid(&[setresuid(61)])]
#[case::another_with_sys_admin(&[NO_FIXUP, setresuid(61), SYS_ADMIN])]
#[case::another_with_all_but_sys_admin(&[NO_FIXUP, setresuid(61), drop_caps(&[Cap::SysAdmin])])]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysAdmin),
    Capability(Cap::Setpcap),
    pins("owner.capabilities")
)]
fn of_a_uts_namespace(#[case] before: &[Action]) {
    let join = Action::Setns { of: Actor::Inside, file: NsFile::Uts, nstype: libc::CLONE_NEWUTS };
    let cast = root().outside(&[NEW_UTS]).inside(&[NEW_UTS]);

    let trace = cast.outside(&[join]).outside(before).outside(&[sethostname()]).play();

    check!(trace);
}

/// In a namespace two levels down the owner counts as a process of the parent alone: an equal uid in the
/// grandparent is nothing; the owner of the parent has all that it has there.
/// Source: user_namespaces(7): "a process that resides in the parent"; kernel cap_capable(): the walk up.
#[rstest]
#[case::owner_in_the_parent(Actor::Inside, &[NONE])]
#[case::another_in_the_parent(Actor::Second, &[setresuid(62)])]
#[case::owner_elsewhere_in_the_parent(Actor::Second, &[setresuid(61)])]
#[case::admin_in_the_parent(Actor::Second, &[NO_FIXUP, setresuid(62), SYS_ADMIN])]
#[case::same_uid_in_the_grandparent(Actor::Outside, &[setresuid(61)])]
#[case::owner_of_the_parent(Actor::Outside, &[NONE])]
#[case::another_in_the_grandparent(Actor::Outside, &[setresuid(62)])]
#[case::admin_in_the_grandparent(Actor::Outside, &[NO_FIXUP, setresuid(62), SYS_ADMIN])]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::SysAdmin),
    Capability(Cap::Setpcap),
    pins("owner.capabilities", "owner.only-from-parent", "join.needs-sys-admin")
)]
fn two_levels_down(#[case] who: Actor, #[case] before: &[Action]) {
    let cast = root().privileged(&[]).outside(&[]).inside(&[]).outside(&MAPS).second(&[]);
    let owner = cast.inside(&[setresuid(61), DUMPABLE]).nested(&[]);

    let opened = owner.privileged(&[open_ns(Actor::Nested, "ns/user"), Action::PassFd(who)]);
    let trace = opened.by(who, before).by(who, &[setns_held(0)]).play();

    check!(trace);
}

/// kill(2) between different uids takes CAP_KILL in the namespace of the receiver.
/// Source: kill(2), EPERM; kernel kill_ok_by_cred().
#[rstest]
#[case::inside_to_outside(Actor::Inside, &[setresuid(5)], Actor::Outside)]
#[case::inside_with_all_to_outside(Actor::Inside, &[NO_FIXUP, setresuid(5)], Actor::Outside)]
#[case::inside_to_its_own(Actor::Inside, &[NO_FIXUP, setresuid(5)], Actor::Second)]
#[case::inside_without_it(Actor::Inside, &[NO_FIXUP, setresuid(5), drop_caps(&[Cap::Kill])], Actor::Second)]
#[case::inside_with_it_alone(Actor::Inside, &[NO_FIXUP, setresuid(5), only_caps(&[Cap::Kill])], Actor::Second)]
#[case::owner(Actor::Outside, &[set_id(SetId::Setresuid, &[61, 0, 61]), NONE], Actor::Second)]
#[case::another(Actor::Outside, &[setresuid(61)], Actor::Second)]
#[harness::test(Root, Userns, VisibleProcesses, pins("owner.signals", "owner.only-there"))]
fn of_signals(#[case] who: Actor, #[case] before: &[Action], #[case] to: Actor) {
    let cast = root().outside(&[]).inside(&[]).outside(&MAPS).second(&[setresuid(7)]);

    let trace = cast.by(who, before).by(who, &[signal_0(to)]).play();

    check!(trace);
}

/// Capabilities of a namespace count for what belongs to it, not for a UTS or mount namespace of its parent.
/// Source: user_namespaces(7), "Interaction of user namespaces and other types of namespaces".
#[rstest]
#[case::sethostname(&[sethostname()])]
#[case::sethostname_in_its_own(&[NEW_UTS, sethostname()])]
#[case::mount(&[private_mounts()])]
#[case::mount_in_its_own(&[Action::Unshare(libc::CLONE_NEWNS), private_mounts()])]
#[harness::test(Root, Userns, Capability(Cap::SysAdmin), pins("owner.only-there"))]
fn only_there(#[case] steps: &[Action]) {
    let cast = root().outside(&[Action::UnshareOrStop(libc::CLONE_NEWNS | libc::CLONE_NEWUTS)]);

    let trace = cast.inside(steps).play();

    check!(trace);
}

/// A file is subject to the capabilities of a namespace if both its owner and its group are mapped there,
/// and it is given only to ids that are mapped.
/// Source: user_namespaces(7), "Capabilities"; kernel capable_wrt_inode_uidgid(), CVE-2014-4014.
#[rstest]
#[case::both_mapped(5, 6, &[7, 8])]
#[case::owner_not_mapped(500, 6, &[7, 8])]
#[case::group_not_mapped(5, 600, &[7, 8])]
#[case::to_an_unmapped_owner(5, 6, &[500, 8])]
#[case::to_an_unmapped_group(5, 6, &[7, 600])]
#[harness::test(Root, Userns, Capability(Cap::Chown), pins("owner.files", "mean.files"))]
fn over_files(#[case] owner: i64, #[case] group: i64, #[case] to: &[i64]) {
    let chown = |ids: &[i64]| {
        let args = ids.iter().map(|id| RawArg::Number(*id));
        syscall("fchown", libc::SYS_fchown, [RawArg::Held].into_iter().chain(args).collect())
    };
    let name = RawArg::Bytes(b"file\0".as_slice().into());
    let file = syscall_for_fd("memfd_create", libc::SYS_memfd_create, vec![name, RawArg::Number(0)]);
    let cast = root().outside(&[]).inside(&[]).outside(&MAPS);

    let made = cast.outside(&[file, chown(&[owner, group]), Action::PassFd(Actor::Inside)]);
    let trace = made.inside(&[chown(to)]).play();

    check!(trace);
}
