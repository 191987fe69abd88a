//! Whether the set-user-ID bit of a program counts: in which user namespace its file system was mounted, and
//! whether its owner and group have a mapping where it is executed.
//!
//! A process in a namespace makes a file system; the one outside attaches it in a mount namespace that all
//! share, so that the user namespaces are all that differs. /tmp is only what it is mounted over.

use crate::support::map_stack::make_tmpfs;
use crate::support::mounts::own_mounts;
use harness::prelude::*;
use rstest::rstest;

const ALL: [Action; 2] = [uid_map("0 0 65536"), gid_map("0 0 65536")];
const NEW_MOUNTS: Action = Action::UnshareOrStop(libc::CLONE_NEWNS);

fn bytes(bytes: &'static [u8]) -> RawArg {
    RawArg::Bytes(bytes.into())
}

fn number(number: i64) -> RawArg {
    RawArg::Number(number)
}

/// MOVE_MOUNT_F_EMPTY_PATH of move_mount(2): the held mount itself.
const EMPTY_PATH: i64 = 4;

/// Attaches the held mount to /tmp.
fn attach() -> Action {
    let args =
        vec![RawArg::Held, bytes(b"\0"), number(libc::AT_FDCWD.into()), bytes(b"/tmp\0"), number(EMPTY_PATH)];
    syscall("move_mount to /tmp", libc::SYS_move_mount, args).or_stop()
}

/// A copy of id(1) of this owner and group, with the set-user-ID and set-group-ID bits.
fn install(owner: i64, group: i64) -> [Action; 3] {
    let file = || [number(libc::AT_FDCWD.into()), bytes(b"/tmp/id\0")];
    let with = |args: &[i64]| file().into_iter().chain(args.iter().map(|arg| number(*arg))).collect();
    [
        run(&["sh", "-c", "cp \"$(command -v id)\" /tmp/id"]),
        syscall("chown", libc::SYS_fchownat, with(&[owner, group, 0])),
        syscall("chmod 6755", libc::SYS_fchmodat, with(&[0o6755])),
    ]
}

/// Runs the program, a copy of id(1), to print its effective uid and gid.
fn execute(path: &str) -> [Action; 2] {
    [run(&[path, "-u"]), run(&[path, "-g"])]
}

/// All namespaces with the same ids; a file system made in that of `maker`, which all of them find at /tmp,
/// and in it a program with the bits.
fn mounted_by(maker: Actor) -> Scenario {
    let ns = root().outside(&own_mounts()).inside(&[]).sibling(&[]);
    let ns = ns.outside(&maps_of(Actor::Inside, "0 0 65536")).outside(&maps_of(Actor::Sibling, "0 0 65536"));
    let ns = ns.nested(&[]).inside(&maps_of(Actor::Nested, "0 0 65536"));
    let ns = ns.deepest(&[]).nested(&maps_of(Actor::Deepest, "0 0 65536"));
    // One that has entered the maker's namespace, with mounts of its own: it may make file systems.
    let enter = Action::Setns { of: maker, file: NsFile::User, nstype: NEWUSER };
    let enter = if maker == Actor::Outside { vec![NEW_MOUNTS] } else { vec![enter, NEW_MOUNTS] };
    let ns = ns.privileged(&enter).privileged(&make_tmpfs());
    ns.privileged(&[Action::PassFd(Actor::Outside)]).outside(&[attach()]).outside(&install(1000, 2000))
}

/// The set-user-ID bit counts for a process in the user namespace in which the file system was mounted, and in those below
/// it, however far. It does not count for one above, beside, or below one beside. Each process runs a copy of id(1) that
/// belongs to uid 1000 and gid 2000 and prints its effective ids: these where the bits count, else its own.
/// Source: mount_namespaces(7); execve(2); kernel 380cf5ba6b0a, d07b846f6200, mnt_may_suid(): current_in_userns().
#[rstest]
#[case::outside(Actor::Outside)]
#[case::inside(Actor::Inside)]
#[case::nested(Actor::Nested)]
#[case::deepest(Actor::Deepest)]
#[case::sibling(Actor::Sibling)]
#[harness::test(
    Root,
    Userns,
    NewPrivileges,
    Capability(Cap::SysAdmin),
    Program("sh"),
    Program("cp"),
    Program("id"),
    pins("owner.setuid-programs")
)]
fn setuid_programs_count_in_the_namespace_of_their_mount_and_below(#[case] maker: Actor) {
    let ns = mounted_by(maker);

    let all = [Actor::Outside, Actor::Inside, Actor::Nested, Actor::Deepest, Actor::Sibling];
    let ran = all.into_iter().fold(ns, |ns, who| ns.by(who, &execute("/tmp/id")));
    // One that has run the program already writes the maps of the namespace below the sibling's.
    let enter = Action::Setns { of: Actor::Sibling, file: NsFile::User, nstype: NEWUSER };
    let below_beside =
        ran.outside(&[enter]).sibling(&[UNSHARE]).outside(&maps_of(Actor::Sibling, "0 0 65536"));
    let trace = below_beside.sibling(&execute("/tmp/id")).play();

    check!(trace);
}

/// A program that is found through the root of a process in another mount namespace is executed without the bits, though
/// the user namespace is the same.
/// Source: kernel mnt_may_suid(): check_mnt().
#[harness::test(
    Root,
    Userns,
    NewPrivileges,
    VisibleProcesses,
    Capability(Cap::SysAdmin),
    Program("sh"),
    Program("cp"),
    Program("id"),
    pins("owner.setuid-programs")
)]
fn setuid_programs_of_another_mount_namespace_do_not_count() {
    let ns = root().outside(&[]).inside(&[]).outside(&ALL).second(&[]);
    let mounted = ns.inside(&own_mounts()).inside(&make_tmpfs()).inside(&[attach()]);
    let path = vec![number(libc::AT_FDCWD.into()), RawArg::ProcPath(Actor::Inside, "root/tmp")];
    let there = [
        syscall_for_fd("openat", libc::SYS_openat, path),
        syscall("fchdir", libc::SYS_fchdir, vec![RawArg::Held]).or_stop(),
    ];

    let installed = mounted.inside(&install(1000, 2000)).inside(&execute("/tmp/id"));
    let by_second = installed.second(&there).second(&execute("./id"));
    let trace = by_second.outside(&there).outside(&execute("./id")).play();

    check!(trace);
}

/// Neither bit counts unless both the owner and the group of the program have a mapping.
/// Source: execve(2); kernel 0d4d717f2583, bprm_fill_uid(): kuid_has_mapping(), kgid_has_mapping().
#[rstest]
#[case::both_mapped("0 0 1\n5 1000 1", "0 0 1\n6 2000 1")]
#[case::owner_unmapped("0 0 1\n5 1001 1", "0 0 1\n6 2000 1")]
#[case::group_unmapped("0 0 1\n5 1000 1", "0 0 1\n6 2001 1")]
#[case::neither_mapped("0 0 1", "0 0 1")]
#[harness::test(
    Root,
    Userns,
    NewPrivileges,
    Capability(Cap::SysAdmin),
    Program("sh"),
    Program("cp"),
    Program("id"),
    pins("owner.setuid-programs")
)]
fn setuid_programs_count_only_if_owner_and_group_are_mapped(
    #[case] uids: &'static str,
    #[case] gids: &'static str,
) {
    let mounted = root().outside(&own_mounts()).outside(&make_tmpfs()).outside(&[attach()]);
    let ns = mounted.outside(&install(1000, 2000)).inside(&[]).outside(&[uid_map(uids), gid_map(gids)]);

    let trace = ns.inside(&[NO_FIXUP]).inside(&execute("/tmp/id")).play();

    check!(trace);
}
