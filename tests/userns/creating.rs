//! Who may create a user namespace, and by which calls.

use crate::support::raw::text;
use harness::prelude::*;
use rstest::rstest;

/// The flags of a thread.
pub const THREAD: i32 = libc::CLONE_VM
    | libc::CLONE_FS
    | libc::CLONE_FILES
    | libc::CLONE_SIGHAND
    | libc::CLONE_THREAD
    | libc::CLONE_SYSVSEM;

/// A bit that no flag of unshare(2) has.
const UNKNOWN: i32 = 1 << 12;

/// The same flags, as clone3(2) takes them.
const fn clone3(flags: i32) -> Action {
    Action::Clone3(flags.cast_unsigned() as u64)
}

/// unshare(2), clone(2) and clone3(2) create a namespace for a process without any capability.
/// Source: user_namespaces(7): "no privilege is required"; kernel create_user_ns(), since 3.8.
#[rstest]
#[case::unshare(UNSHARE)]
#[case::clone(CLONE)]
#[case::clone3(CLONE3)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("create.unprivileged"))]
fn creating_a_user_namespace_takes_no_privilege(#[case] create: Action) {
    let ns = ordinary().outside(&[]);

    let trace = ns.outside(&[create]).play();

    check!(trace, last = OK);
}

/// unshare(2) refuses a bit that none of its flags has, with CLONE_NEWUSER or alone. With no flag it does nothing.
/// Source: unshare(2), EINVAL; kernel check_unshare_flags().
#[rstest]
#[case::unknown(&[Action::Unshare(UNKNOWN)], EINVAL)]
#[case::unknown_and_newuser(&[Action::Unshare(NEWUSER | UNKNOWN)], EINVAL)]
#[case::a_flag_of_clone(&[Action::Unshare(NEWUSER | libc::CLONE_PARENT)], EINVAL)]
#[case::none(&[Action::Unshare(0)], OK)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("create.unknown-flag"))]
fn unshare_refuses_unknown_flags(#[case] steps: &[Action], #[case] expected: Answer) {
    let ns = ordinary();

    let trace = ns.outside(steps).play();

    check!(trace, last = expected);
}

/// A process with a second thread cannot enter a new user namespace by unshare(2), since the thread would stay behind. Its
/// child can, by clone(2).
/// Source: unshare(2), EINVAL; kernel check_unshare_flags(): CLONE_NEWUSER implies CLONE_THREAD.
#[rstest]
#[case::unshare(&[Action::CloneAndKeep(THREAD), UNSHARE], EINVAL)]
#[case::clone(&[Action::CloneAndKeep(THREAD), CLONE], OK)]
#[case::a_process_instead(&[Action::CloneAndKeep(0), UNSHARE], OK)]
#[case::a_process_that_shares_its_fs(&[Action::CloneAndKeep(libc::CLONE_FS), UNSHARE], OK)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("create.threads"))]
fn a_process_with_threads_cannot_unshare(#[case] steps: &[Action], #[case] expected: Answer) {
    let ns = ordinary();

    let trace = ns.outside(steps).play();

    check!(trace, last = expected);
}

/// A child in a new user namespace cannot share the thread group or the root directory of its parent, which is in another
/// namespace. It may share the open files and the parent process.
/// Source: clone(2), EINVAL; kernel e66eded8309e (CVE-2013-1858), copy_process().
#[rstest]
#[case::fs(&[Action::Clone(NEWUSER | libc::CLONE_FS)], EINVAL)]
#[case::fs_by_clone3(&[clone3(NEWUSER | libc::CLONE_FS)], EINVAL)]
#[case::fs_alone(&[Action::Clone(libc::CLONE_FS)], OK)]
#[case::thread(&[Action::Clone(NEWUSER | libc::CLONE_THREAD | libc::CLONE_SIGHAND | libc::CLONE_VM)], EINVAL)]
#[case::files(&[Action::Clone(NEWUSER | libc::CLONE_FILES)], OK)]
#[case::parent_process(&[Action::Clone(NEWUSER | libc::CLONE_PARENT)], OK)]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    pins("create.shared-fs", "create.shared-thread-group", "create.shared-parent")
)]
fn a_child_shares_no_root_or_thread_group(#[case] steps: &[Action], #[case] expected: Answer) {
    let ns = ordinary();

    let trace = ns.outside(steps).play();

    check!(trace, last = expected);
}

/// A call that creates several namespaces creates the user namespace first. The capabilities in it count for the others.
/// Source: user_namespaces(7), "Interaction of user namespaces and other types of namespaces".
#[rstest]
#[case::with_newuser(&[Action::Unshare(NEWUSER | libc::CLONE_NEWNS | libc::CLONE_NEWUTS)], OK)]
#[case::without(&[Action::Unshare(libc::CLONE_NEWNS | libc::CLONE_NEWUTS)], EPERM)]
#[case::one_after_the_other(&[UNSHARE, Action::Unshare(libc::CLONE_NEWNS | libc::CLONE_NEWUTS)], OK)]
#[case::clone_with_newuser(&[Action::Clone(NEWUSER | libc::CLONE_NEWNS | libc::CLONE_NEWPID)], OK)]
#[case::clone_without(&[Action::Clone(libc::CLONE_NEWNS)], EPERM)]
#[case::clone3_with_newuser(&[clone3(NEWUSER | libc::CLONE_NEWUTS)], OK)]
#[case::clone3_without(&[clone3(libc::CLONE_NEWUTS)], EPERM)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("create.user-first"))]
fn the_user_namespace_comes_first_and_owns_the_others(#[case] steps: &[Action], #[case] expected: Answer) {
    let ns = ordinary();

    let trace = ns.outside(steps).play();

    check!(trace, last = expected);
}

/// A chrooted process cannot create a user namespace, whatever its capabilities. With those of a new namespace it could
/// leave its root directory. A chroot(2) to the root that it has changes nothing.
/// Source: unshare(2), EPERM; kernel 3151527ee007 (CVE-2013-1956), current_chrooted().
#[rstest]
#[case::elsewhere("/proc", &[UNSHARE], EPERM)]
#[case::elsewhere_by_clone("/proc", &[CLONE], EPERM)]
#[case::to_the_same_root("/", &[UNSHARE], OK)]
#[case::and_back(
    "/proc",
    &[
        syscall("chdir ..", libc::SYS_fchdir, vec![RawArg::Held]),
        syscall("chroot .", libc::SYS_chroot, vec![text(b".\0")]),
        UNSHARE,
    ],
    OK
)]
#[harness::test(Root, Userns, Capability(Cap::SysChroot), pins("create.chrooted"))]
fn a_chrooted_process_cannot_create(
    #[case] to: &'static str,
    #[case] steps: &[Action],
    #[case] expected: Answer,
) {
    let root_directory = [HERE, text(b"/\0")];
    let ns = root().outside(&[syscall_for_fd("open the root", libc::SYS_openat, root_directory.into())]);

    let trace = ns.outside(&[Action::Chroot(to, to.into())]).outside(steps).play();

    check!(trace, last = expected);
}

/// The owner of a namespace needs an id in its parent: a process whose effective uid or gid is not mapped cannot
/// create one by clone(2) or by unshare(2), whatever its capabilities.
/// Source: user_namespaces(7); unshare(2), EPERM; kernel create_user_ns(): kuid_has_mapping().
#[rstest]
#[case::neither_mapped(&[], EPERM)]
#[case::uid_alone(&[uid_map("0 0 1")], EPERM)]
#[case::gid_alone(&[gid_map("0 0 1")], EPERM)]
#[case::both(&[uid_map("0 0 1"), gid_map("0 0 1")], OK)]
#[case::other_ids(&[uid_map("0 100 1"), gid_map("0 100 1")], EPERM)]
#[harness::test(Root, Userns, pins("create.unmapped-uid", "create.unmapped-gid"))]
fn the_creator_needs_both_ids_mapped(#[case] maps: &[Action], #[case] expected: Answer) {
    let ns = root().outside(&[]).inside(&[]).outside(maps);

    let trace = ns.inside(&[CLONE]).inside(&[UNSHARE]).play();

    check!(trace, last = [expected, expected]);
}

/// The effective uid and the effective gid have to be mapped. The real and the saved ids do not.
/// Source: unshare(2), EPERM; kernel create_user_ns(): kuid_has_mapping() of new->euid, new->egid.
#[rstest]
#[case::unmapped_but_effective(&[set_id(SetId::Setresuid, &[SAME, 0, SAME])], EPERM)]
#[case::unmapped_real_and_saved(&[set_id(SetId::Setresuid, &[SAME, 7, SAME])], EPERM)]
#[case::unmapped_gid_but_effective(&[set_id(SetId::Setresgid, &[SAME, 0, SAME])], EPERM)]
#[case::unmapped_real_and_saved_gid(
    &[set_id(SetId::Setresgid, &[SAME, 7, SAME]), set_id(SetId::Setresuid, &[SAME, 7, SAME])],
    OK
)]
#[harness::test(Root, Userns, pins("create.unmapped-uid", "create.unmapped-gid"))]
fn only_the_effective_ids_have_to_be_mapped(#[case] ids: &[Action], #[case] expected: Answer) {
    let ns = root().outside(&[]).inside(&[]).outside(&[uid_map("7 7 1"), gid_map("7 7 1")]);

    let trace = ns.inside(ids).inside(&[CLONE]).play();

    check!(trace, last = expected);
}
