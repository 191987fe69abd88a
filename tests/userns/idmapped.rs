//! Idmapped mounts: which user namespace may be the map of a mount, and what its ids are then.

use crate::support::mounts::own_mounts;
use crate::support::ns_files::open_ns;
use crate::support::raw::{keep_as, number, text, words};
use harness::prelude::*;
use rstest::rstest;

/// The numbers of the detached mount and of the namespace.
const MOUNT: i64 = 201;
const NAMESPACE: i64 = 200;
const AT_EMPTY_PATH: i64 = 0x1000;
const MOUNT_ATTR_IDMAP: u64 = 0x0010_0000;
/// The bytes of struct mount_attr.
const SIZE: i64 = 32;
const FSCONFIG_CMD_CREATE: i64 = 6;
const MOVE_MOUNT_F_EMPTY_PATH: i64 = 4;
/// A descriptor that is not open.
const CLOSED: u64 = 199;
/// The mode of a regular file that its owner may write and all may read.
const FILE_MODE: i64 = 0o100_644;
/// STATX_UID and STATX_GID, and where the two ids are in struct statx.
const IDS: i64 = 0x18;
const PLACES_OF_IDS: &[u32] = &[20, 24];

/// A tmpfs that is mounted nowhere, made by this process, at [`MOUNT`].
fn detached() -> [Action; 4] {
    let open = vec![text(b"tmpfs\0"), number(0)];
    let create = [RawArg::Held, number(FSCONFIG_CMD_CREATE), number(0), number(0), number(0)];
    [
        syscall_for_fd("fsopen", libc::SYS_fsopen, open).or_stop(),
        syscall("fsconfig CREATE", libc::SYS_fsconfig, create.into()).or_stop(),
        syscall_for_fd("fsmount", libc::SYS_fsmount, vec![RawArg::Held, number(0), number(0)]).or_stop(),
        keep_as(MOUNT),
    ]
}

/// mount_setattr(2) of the mount, with these attributes set and cleared and the namespace of this descriptor.
fn idmap_with(set: u64, clear: u64, namespace: u64) -> Action {
    let attr = words(&[set, clear, 0, namespace]);
    let args = vec![number(MOUNT), text(b"\0"), number(AT_EMPTY_PATH), attr, number(SIZE)];
    syscall("mount_setattr", libc::SYS_mount_setattr, args)
}

fn idmap() -> Action {
    idmap_with(MOUNT_ATTR_IDMAP, 0, NAMESPACE.cast_unsigned())
}

/// Holds the namespace of an actor at [`NAMESPACE`].
fn hold(of: Actor, link: &'static str) -> [Action; 2] {
    [open_ns(of, link), keep_as(NAMESPACE)]
}

/// Root with a tmpfs of its own, and a namespace with these maps.
fn with_maps(maps: &[Action]) -> Scenario {
    root().outside(&[Action::UnshareOrStop(libc::CLONE_NEWNS)]).inside(&[]).outside(maps).outside(&detached())
}

/// Both maps of the namespace have to be written. Its setgroups file does not matter.
/// Source: mount_setattr(2), EINVAL; kernel dacfd001eaf2, build_mount_idmapped(), copy_mnt_idmap(): nr_extents == 0.
#[rstest]
#[case::both(&[uid_map("0 1000 10"), gid_map("0 2000 10")], OK)]
#[case::both_and_deny(&[write(IdFile::Setgroups, "deny"), uid_map("0 1000 10"), gid_map("0 2000 10")], OK)]
#[case::uid_map_alone(&[uid_map("0 1000 10")], EINVAL)]
#[case::gid_map_alone(&[gid_map("0 2000 10")], EINVAL)]
#[case::none(&[], EINVAL)]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    VisibleProcesses,
    Capability(Cap::SysAdmin),
    Kernel { major: 6, minor: 12, why: "idmapped mounts refuse an empty map" },
    pins("idmap.written-maps")
)]
fn a_mount_is_idmapped_by_a_namespace_with_both_maps(#[case] maps: &[Action], #[case] expected: Answer) {
    let ns = with_maps(maps).outside(&hold(Actor::Inside, "ns/user"));

    let trace = ns.outside(&[idmap()]).play();

    check!(trace, last = expected);
}

/// A mount takes its map from a user namespace, and not from the initial one. A map cannot be cleared.
/// Source: mount_setattr(2), EINVAL, EPERM, EBADF; kernel build_mount_idmapped(), can_idmap_mount().
#[rstest]
#[case::the_initial_namespace(&hold(Actor::Outside, "ns/user"), idmap(), EPERM)]
#[case::another_kind(&hold(Actor::Inside, "ns/uts"), idmap(), EINVAL)]
#[case::no_descriptor(&[], idmap_with(MOUNT_ATTR_IDMAP, 0, CLOSED), EBADF)]
#[case::clearing(&hold(Actor::Inside, "ns/user"), idmap_with(0, MOUNT_ATTR_IDMAP, NAMESPACE.cast_unsigned()), EINVAL)]
#[case::once(&hold(Actor::Inside, "ns/user"), idmap(), OK)]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    VisibleProcesses,
    Capability(Cap::SysAdmin),
    Kernel { major: 6, minor: 3, why: "idmapped tmpfs" },
    pins("idmap.what-maps")
)]
fn only_another_user_namespace_maps_a_mount(
    #[case] hold: &[Action],
    #[case] change: Action,
    #[case] expected: Answer,
) {
    let ns = with_maps(&[uid_map("0 1000 10"), gid_map("0 2000 10")]).outside(hold);

    let trace = ns.outside(&[change]).play();

    check!(trace, last = expected);
}

/// A mount that has a map cannot get another.
/// Source: mount_setattr(2), EPERM; kernel can_idmap_mount(): is_idmapped_mnt().
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    VisibleProcesses,
    Capability(Cap::SysAdmin),
    Kernel { major: 6, minor: 3, why: "idmapped tmpfs" },
    pins("idmap.once")
)]
fn an_idmapped_mount_is_not_idmapped_again() {
    let ns =
        with_maps(&[uid_map("0 1000 10"), gid_map("0 2000 10")]).outside(&hold(Actor::Inside, "ns/user"));

    let trace = ns.outside(&[idmap(), idmap()]).play();

    check!(trace, last = [OK, EPERM]);
}

/// Through an idmapped mount a file has the ids that the map gives it. A process whose ids the map does not have cannot make
/// a file there.
/// Source: mount_setattr(2), "ID-mapped mounts"; kernel mapped_fsuid(), i_uid_into_vfsuid(): EOVERFLOW.
#[rstest]
#[case::a_mapped_id(&[setresgid(2000), setresuid(1000)], [OK, OK])]
#[case::an_id_without_a_place(&[setresgid(5), setresuid(5)], [EOVERFLOW, ENOENT])]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    VisibleProcesses,
    Capability(Cap::SysAdmin),
    Kernel { major: 6, minor: 3, why: "idmapped tmpfs" },
    pins("idmap.ids", "idmap.without-a-place")
)]
fn files_of_an_idmapped_mount_have_the_ids_of_its_map(
    #[case] become_it: &[Action],
    #[case] expected: [Answer; 2],
) {
    let ns =
        with_maps(&[uid_map("0 1000 10"), gid_map("0 2000 10")]).outside(&hold(Actor::Inside, "ns/user"));
    let named = |at: i64| [number(at), text(b"file\0")];
    let open_up = [number(MOUNT), text(b".\0"), number(0o777)];
    let open_up = syscall("chmod 777", libc::SYS_fchmodat, open_up.into()).or_stop();
    let make = [number(FILE_MODE), number(0)];
    let make = syscall("mknod a file", libc::SYS_mknodat, [named(MOUNT).to_vec(), make.into()].concat());
    let ask = [number(0), number(IDS), RawArg::Results(0)];
    let ask = [named(MOUNT).to_vec(), ask.into()].concat();
    let ask = syscall_for("statx", libc::SYS_statx, ask, Results::Ids(PLACES_OF_IDS));

    let mapped = ns.outside(&[open_up, idmap()]).outside(&[NO_FIXUP]).outside(become_it);
    let trace = mapped.outside(&[make, ask]).play();

    check!(trace, last = expected);
}

/// The map of a mount is set with CAP_SYS_ADMIN over the namespace in which its file system was made. Root of a namespace may
/// map its own file system, by a namespace below and not by its own, which the file system has already.
/// Source: mount_setattr(2), EPERM, EINVAL; kernel can_idmap_mount(): ns_capable(fs_userns), mnt_userns == fs_userns.
#[rstest]
#[case::by_a_child(Actor::Nested, OK)]
#[case::by_the_own(Actor::Inside, EINVAL)]
#[harness::test(
    Root,
    Userns,
    VisibleProcesses,
    Kernel { major: 6, minor: 12, why: "idmapped mounts refuse an empty map" },
    pins("idmap.file-system-owner", "idmap.what-maps")
)]
fn root_of_a_namespace_idmaps_its_own_file_system(#[case] map: Actor, #[case] expected: Answer) {
    let maps = [uid_map("0 0 100"), gid_map("0 0 100")];
    let ns = root().outside(&[]).inside(&[]).outside(&maps).nested(&[]);
    let ns = ns.inside(&maps_of(Actor::Nested, "0 5 10")).inside(&[Action::UnshareOrStop(libc::CLONE_NEWNS)]);

    let trace = ns.inside(&detached()).inside(&hold(map, "ns/user")).inside(&[idmap()]).play();

    check!(trace, last = expected);
}

/// Root of a namespace cannot idmap a mount of a file system that was made in the parent, because it has no capability there.
/// That another process passes it the mount makes no difference.
/// Source: mount_setattr(2), EPERM; kernel can_idmap_mount(): ns_capable(fs_userns).
#[rstest]
#[case::of_the_parent(Actor::Outside, EPERM)]
#[case::its_own(Actor::Inside, OK)]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    VisibleProcesses,
    Capability(Cap::SysAdmin),
    Kernel { major: 6, minor: 12, why: "idmapped mounts refuse an empty map" },
    pins("idmap.file-system-owner")
)]
fn root_of_a_namespace_cannot_idmap_a_file_system_of_the_parent(
    #[case] maker: Actor,
    #[case] expected: Answer,
) {
    let maps = [uid_map("0 0 100"), gid_map("0 0 100")];
    let mounts = [Action::UnshareOrStop(libc::CLONE_NEWNS)];
    let ns = root().outside(&mounts).inside(&[]).outside(&maps).nested(&[]);
    let ns = ns.inside(&maps_of(Actor::Nested, "0 5 10")).inside(&mounts);

    let made = ns.by(maker, &detached()).by(maker, &[Action::PassFd(Actor::Inside)]);
    let trace =
        made.inside(&[keep_as(MOUNT)]).inside(&hold(Actor::Nested, "ns/user")).inside(&[idmap()]).play();

    check!(trace, last = expected);
}

/// A file whose ids the map does not have reads as that of the overflow ids. A file cannot be given such ids.
/// Source: mount_setattr(2), "ID-mapped mounts"; kernel i_uid_into_vfsuid(), chown_common(): EINVAL, notify_change(): EOVERFLOW.
#[rstest]
#[case::before_the_map(&[chown(500), idmap()], [OK, OK, OK])]
#[case::through_the_map(&[idmap(), chown(500)], [OK, EOVERFLOW, OK])]
#[case::an_id_of_the_map(&[idmap(), chown(1005)], [OK, OK, OK])]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    VisibleProcesses,
    Capability(Cap::SysAdmin),
    Capability(Cap::Chown),
    Kernel { major: 6, minor: 3, why: "idmapped tmpfs" },
    pins("idmap.overflow", "idmap.without-a-place")
)]
fn ids_that_the_map_lacks_read_as_overflow_ids_and_are_never_given(
    #[case] steps: &[Action],
    #[case] expected: [Answer; 3],
) {
    let make = [number(MOUNT), text(b"file\0"), number(FILE_MODE), number(0)];
    let make = syscall("mknod a file", libc::SYS_mknodat, make.into());
    let ask = [number(MOUNT), text(b"file\0"), number(0), number(IDS), RawArg::Results(0)];
    let ask = syscall_for("statx", libc::SYS_statx, ask.into(), Results::Ids(PLACES_OF_IDS));
    let maps = [uid_map("0 1000 10"), gid_map("0 2000 10")];
    let ns = with_maps(&maps).outside(&hold(Actor::Inside, "ns/user"));

    let trace = ns.outside(&[make]).outside(steps).outside(&[ask]).play();

    check!(trace, last = expected);
}

/// chown(2) of the file, which leaves its group.
fn chown(uid: i64) -> Action {
    let args = [number(MOUNT), text(b"file\0"), number(uid), number(-1), number(0)];
    syscall("chown", libc::SYS_fchownat, args.into())
}

/// A mount is idmapped before it is attached.
/// Source: mount_setattr(2), EINVAL; kernel can_idmap_mount(): is_anon_ns(), mount_setattr_prepare().
#[rstest]
#[case::detached(&[], idmap(), OK)]
#[case::attached(&[attach()], idmap(), EINVAL)]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    VisibleProcesses,
    Capability(Cap::SysAdmin),
    File("/tmp"),
    Kernel { major: 6, minor: 3, why: "idmapped tmpfs" },
    pins("idmap.detached")
)]
fn an_attached_mount_is_not_idmapped(
    #[case] before: &[Action],
    #[case] change: Action,
    #[case] expected: Answer,
) {
    let ns = root().outside(&own_mounts()).inside(&[]).outside(&[uid_map("0 1000 10"), gid_map("0 2000 10")]);
    let ns = ns.outside(&detached()).outside(before).outside(&hold(Actor::Inside, "ns/user"));

    let trace = ns.outside(&[change]).play();

    check!(trace, last = expected);
}

/// Attaches the mount, which stays at its number, to /tmp.
fn attach() -> Action {
    let to = [number(libc::AT_FDCWD.into()), text(b"/tmp\0"), number(MOVE_MOUNT_F_EMPTY_PATH)];
    syscall("move_mount", libc::SYS_move_mount, [vec![number(MOUNT), text(b"\0")], to.to_vec()].concat())
        .or_stop()
}
