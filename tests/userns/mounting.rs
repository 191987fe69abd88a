//! What root of a namespace may mount, and which mounts it cannot change.

use crate::support::map_stack::own_maps;
use crate::support::mounts::{mount, mount_with, own_mounts, tmpfs};
use crate::support::raw::{keep_as, number, text};
use harness::prelude::*;
use rstest::rstest;

const MAPS: [Action; 2] = [uid_map("0 0 100"), gid_map("0 0 100")];
const OWN_MOUNTS: Action = Action::UnshareOrStop(libc::CLONE_NEWNS);
/// The number of the open /dev/fuse, which an option of the mount names.
const FUSE: i64 = 201;
const AT_TMP: &[u8] = b"/tmp\0";

fn mount_at_tmp(kind: &'static [u8], options: &str) -> Action {
    mount_with("mount", [b"none\0", AT_TMP, kind], 0, options)
}

/// A process mounts in a mount namespace that its user namespace owns. In that of its parent it cannot, whatever its
/// capabilities.
/// Source: mount(2), EPERM; kernel may_mount(): ns_capable() over the owner of the mount namespace.
#[rstest]
#[case::in_its_own(OWN_MOUNTS, OK)]
#[case::in_that_of_its_parent(Action::UnshareOrStop(libc::CLONE_NEWUTS), EPERM)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, File("/tmp"), pins("mount.own-mounts"))]
fn root_of_a_namespace_mounts_in_its_own_mount_namespace(#[case] unshare: Action, #[case] expected: Answer) {
    let ns = ordinary().outside(&[Action::UnshareOrStop(NEWUSER | libc::CLONE_NEWNS)]).outside(&own_maps());

    let trace = ns.outside(&[Action::UnshareOrStop(NEWUSER), unshare, tmpfs("mount tmpfs", AT_TMP)]).play();

    check!(trace, last = expected);
}

/// Few types of file systems may be mounted by root of a namespace. Its ids need no mapping for that.
/// Source: mount_namespaces(7); kernel mount_capable(): FS_USERNS_MOUNT; EPERM.
#[rstest]
#[case::tmpfs(b"tmpfs\0", OK)]
#[case::ramfs(b"ramfs\0", OK)]
#[case::pipefs(b"pipefs\0", EPERM)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, File("/tmp"), pins("mount.types"))]
fn few_types_are_mounted_by_root_of_a_namespace(#[case] kind: &'static [u8], #[case] expected: Answer) {
    let ns = ordinary().inside(&[OWN_MOUNTS]);

    let trace = ns.inside(&[mount_at_tmp(kind, "")]).play();

    check!(trace, last = expected);
}

/// A file system that shows a namespace is mounted by those with CAP_SYS_ADMIN over that namespace.
/// Source: mq_overview(7), cgroup_namespaces(7); kernel mqueue_init_fs_context(), cgroup_init_fs_context(), sysfs_init_fs_context().
#[rstest]
#[case::mqueue_of_the_parent(b"mqueue\0", 0, EPERM)]
#[case::mqueue(b"mqueue\0", libc::CLONE_NEWIPC, OK)]
#[case::sysfs_of_the_parent(b"sysfs\0", 0, EPERM)]
#[case::proc_of_the_parent(b"proc\0", 0, EPERM)]
#[case::cgroup_of_the_parent(b"cgroup2\0", 0, EPERM)]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    File("/tmp"),
    Config("CONFIG_POSIX_MQUEUE"),
    Config("CONFIG_SYSFS"),
    Config("CONFIG_CGROUPS"),
    pins("mount.shown-namespace")
)]
fn what_shows_a_namespace_is_mounted_by_its_owner(
    #[case] kind: &'static [u8],
    #[case] flags: i32,
    #[case] expected: Answer,
) {
    let ns = ordinary().inside(&[Action::UnshareOrStop(libc::CLONE_NEWNS | flags)]);

    let trace = ns.inside(&[mount_at_tmp(kind, "")]).play();

    check!(trace, last = expected);
}

/// The ids in the options of a file system are those of the namespace that mounts, and need a mapping there.
/// Source: tmpfs(5), uid=, gid=; kernel shmem_parse_one(): kuid_has_mapping(), EINVAL.
#[rstest]
#[case::mapped_uid("uid=5", OK)]
#[case::unmapped_uid("uid=500", EINVAL)]
#[case::mapped_gid("gid=5", OK)]
#[case::unmapped_gid("gid=500", EINVAL)]
#[harness::test(Root, Userns, File("/tmp"), pins("mount.option-ids"))]
fn ids_in_options_need_a_mapping(#[case] options: &str, #[case] expected: Answer) {
    let ns = root().outside(&[]).inside(&[OWN_MOUNTS]).outside(&MAPS);

    let trace = ns.inside(&[mount_at_tmp(b"tmpfs\0", options)]).play();

    check!(trace, last = expected);
}

/// The group of terminals, which programs give as gid=5, needs a mapping like any other id.
/// Source: devpts of Documentation/filesystems/devpts.rst; kernel parse_mount_options(): make_kgid(), EINVAL.
#[rstest]
#[case::mapped("newinstance,gid=5", OK)]
#[case::unmapped("newinstance,gid=500", EINVAL)]
#[harness::test(Root, Userns, File("/tmp"), Config("CONFIG_UNIX98_PTYS"), pins("mount.option-ids"))]
fn the_group_of_terminals_needs_a_mapping(#[case] options: &str, #[case] expected: Answer) {
    let ns = root().outside(&[]).inside(&[OWN_MOUNTS]).outside(&MAPS);

    let trace = ns.inside(&[mount_at_tmp(b"devpts\0", options)]).play();

    check!(trace, last = expected);
}

/// procfs is mounted in a namespace if one that is already there shows everything: not if something is mounted over a part
/// of it.
/// Source: user_namespaces(7); kernel mount_too_revealing(), mnt_already_visible(): EPERM.
#[rstest]
#[case::visible(&[], OK)]
#[case::covered_in_part(&[tmpfs("cover /proc/sys", b"/proc/sys\0").or_stop()], EPERM)]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    Capability(Cap::SysAdmin),
    File("/tmp"),
    Config("CONFIG_PID_NS"),
    pins("mount.fully-visible")
)]
fn procfs_is_mounted_where_one_is_fully_visible(#[case] cover: &[Action], #[case] expected: Answer) {
    let [apart, private] = own_mounts();
    let visible = mount("mount a whole proc", [b"none\0", b"/proc\0", b"proc\0"], 0).or_stop();
    let ns = root().outside(&[apart, private, visible]).outside(cover);

    let flags = libc::CLONE_NEWNS | libc::CLONE_NEWPID;
    let ns = ns.inside(&[Action::UnshareOrStop(flags), Action::Child(Child::GoesOn(0))]);
    let trace = ns.inside(&[mount_at_tmp(b"proc\0", "")]).play();

    check!(trace, last = expected);
}

/// Mounts that a namespace has taken over from its parent cannot be unmounted one by one; its own can.
/// Source: mount_namespaces(7), "Restrictions on mount namespaces": EINVAL; kernel lock_mnt_tree(), can_umount(): MNT_LOCKED.
#[rstest]
#[case::of_the_parent(&[tmpfs("mount tmpfs", AT_TMP).or_stop()], &[], EINVAL)]
#[case::its_own(&[], &[tmpfs("mount tmpfs", AT_TMP).or_stop()], OK)]
#[harness::test(Root, Userns, InitialUserns, Capability(Cap::SysAdmin), File("/tmp"), pins("mount.locked"))]
fn mounts_of_the_parent_cannot_be_unmounted(
    #[case] outside: &[Action],
    #[case] inside: &[Action],
    #[case] expected: Answer,
) {
    let ns = root().outside(&own_mounts()).outside(outside).inside(&[OWN_MOUNTS]);

    let unmount = syscall("umount2", libc::SYS_umount2, vec![text(AT_TMP), number(0)]);
    let trace = ns.inside(inside).inside(&[unmount]).play();

    check!(trace, last = expected);
}

/// The flags of a mount of the parent that restrict are locked: read-only, nosuid, nodev and noexec stay.
/// Source: mount_namespaces(7), "Restrictions on mount namespaces": EPERM; kernel can_change_locked_flags().
#[rstest]
#[case::read_only(libc::MS_RDONLY)]
#[case::nosuid(libc::MS_NOSUID)]
#[case::nodev(libc::MS_NODEV)]
#[case::noexec(libc::MS_NOEXEC)]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    Capability(Cap::SysAdmin),
    File("/tmp"),
    pins("mount.locked-flags")
)]
fn restricting_flags_of_the_parent_stay(#[case] flag: u64) {
    let with = mount("mount with the flag", [b"none\0", AT_TMP, b"tmpfs\0"], flag).or_stop();
    let ns = root().outside(&own_mounts()).outside(&[with]).inside(&[OWN_MOUNTS]);

    let again =
        |name, flags| mount(name, [b"none\0", AT_TMP, b"\0"], libc::MS_REMOUNT | libc::MS_BIND | flags);
    let trace = ns.inside(&[again("with it", flag), again("without it", 0)]).play();

    check!(trace, last = [OK, EPERM]);
}

/// A fuse file system belongs to the user namespace in which /dev/fuse was opened: it cannot be mounted in one below.
/// Source: fuse(4); kernel 8cb08329b080, fuse_fill_super(): EINVAL unless f_cred->user_ns is that of the super block.
#[rstest]
#[case::opened_inside(&[], &[open_fuse(), keep_as(FUSE)], OK)]
#[case::opened_before(&[open_fuse(), keep_as(FUSE)], &[], EINVAL)]
#[harness::test(Root, Userns, File("/tmp"), File("/dev/fuse"), pins("mount.fuse-opener"))]
fn fuse_is_mounted_where_its_device_was_opened(
    #[case] before: &[Action],
    #[case] after: &[Action],
    #[case] expected: Answer,
) {
    let ns = root().outside(before).inside(&[OWN_MOUNTS]).outside(&MAPS).inside(after);

    let options = "fd=201,rootmode=40000,user_id=0,group_id=0";
    let trace = ns.inside(&[mount_at_tmp(b"fuse\0", options)]).play();

    check!(trace, last = expected);
}

fn open_fuse() -> Action {
    let args = vec![HERE, text(b"/dev/fuse\0"), number(libc::O_RDWR.into())];
    syscall_for_fd("open /dev/fuse", libc::SYS_openat, args).or_stop()
}
