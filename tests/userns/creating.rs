//! Who may create a user namespace, and by which calls.

use harness::prelude::*;
use rstest::rstest;

/// The flags of a thread.
pub const THREAD: i32 = libc::CLONE_VM
    | libc::CLONE_FS
    | libc::CLONE_FILES
    | libc::CLONE_SIGHAND
    | libc::CLONE_THREAD
    | libc::CLONE_SYSVSEM;

/// unshare, clone and clone3 create a namespace for a process without any capability.
/// Source: user_namespaces(7): "no privilege is required"; kernel create_user_ns(), since 3.8.
#[rstest]
#[case::unshare(UNSHARE)]
#[case::clone(CLONE)]
#[case::clone3(CLONE3)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("create.unprivileged"))]
fn by_an_ordinary_user(#[case] create: Action) {
    let cast = ordinary().outside(&[]);

    let trace = cast.outside(&[create]).play();

    check!(trace);
}

/// A bit that no flag of unshare(2) has is EINVAL, with CLONE_NEWUSER or alone; 0 is nothing to do.
/// Source: unshare(2), EINVAL; kernel check_unshare_flags().
#[rstest]
#[case::unknown(&[Action::Unshare(1 << 12)])]
#[case::unknown_and_newuser(&[Action::Unshare(NEWUSER | 1 << 12)])]
#[case::a_flag_of_clone(&[Action::Unshare(NEWUSER | libc::CLONE_PARENT)])]
#[case::none(&[Action::Unshare(0)])]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("create.unknown-flag"))]
fn unknown_flags(#[case] steps: &[Action]) {
    let cast = ordinary();

    let trace = cast.outside(steps).play();

    check!(trace);
}

/// A process with a second thread must not leave it behind in another namespace; clone(2) may.
/// Source: unshare(2), EINVAL; kernel check_unshare_flags(): CLONE_NEWUSER implies CLONE_THREAD.
#[rstest]
#[case::unshare(&[Action::CloneAndKeep(THREAD), UNSHARE])]
#[case::clone(&[Action::CloneAndKeep(THREAD), CLONE])]
#[case::a_process_instead(&[Action::CloneAndKeep(0), UNSHARE])]
#[case::a_process_that_shares_its_fs(&[Action::CloneAndKeep(libc::CLONE_FS), UNSHARE])]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("create.threads"))]
fn of_several_threads(#[case] steps: &[Action]) {
    let cast = ordinary();

    let trace = cast.outside(steps).play();

    check!(trace);
}

/// A child in a new user namespace shares neither the thread group nor the root directory of its
/// parent, whose namespace it would leave; it may have the same parent process.
/// Source: clone(2), EINVAL; kernel e66eded8309e (CVE-2013-1858), copy_process().
#[rstest]
#[case::fs(&[Action::Clone(NEWUSER | libc::CLONE_FS)])]
#[case::fs_by_clone3(&[Action::Clone3(0x1000_0200)])]
#[case::fs_alone(&[Action::Clone(libc::CLONE_FS)])]
#[case::thread(&[Action::Clone(NEWUSER | libc::CLONE_THREAD | libc::CLONE_SIGHAND | libc::CLONE_VM)])]
#[case::files(&[Action::Clone(NEWUSER | libc::CLONE_FILES)])]
#[case::parent_process(&[Action::Clone(NEWUSER | libc::CLONE_PARENT)])]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    pins("create.shared-fs", "create.shared-thread-group", "create.shared-parent")
)]
fn shared_with_the_parent(#[case] steps: &[Action]) {
    let cast = ordinary();

    let trace = cast.outside(steps).play();

    check!(trace);
}

/// With other namespaces in the same call the user namespace comes first, and its capabilities count.
/// Source: user_namespaces(7), "Interaction of user namespaces and other types of namespaces".
#[rstest]
#[case::with_newuser(&[Action::Unshare(NEWUSER | libc::CLONE_NEWNS | libc::CLONE_NEWUTS)])]
#[case::without(&[Action::Unshare(libc::CLONE_NEWNS | libc::CLONE_NEWUTS)])]
#[case::one_after_the_other(&[UNSHARE, Action::Unshare(libc::CLONE_NEWNS | libc::CLONE_NEWUTS)])]
#[case::clone_with_newuser(&[Action::Clone(NEWUSER | libc::CLONE_NEWNS | libc::CLONE_NEWPID)])]
#[case::clone_without(&[Action::Clone(libc::CLONE_NEWNS)])]
#[case::clone3_with_newuser(&[Action::Clone3(0x1400_0000)])]
#[case::clone3_without(&[Action::Clone3(0x0400_0000)])]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("create.user-first"))]
fn with_other_namespaces(#[case] steps: &[Action]) {
    let cast = ordinary();

    let trace = cast.outside(steps).play();

    check!(trace);
}

/// A chrooted process could leave its root with the capabilities of a new namespace: EPERM, whatever it
/// may do. A chroot(2) to the root that it has changes nothing.
/// Source: unshare(2), EPERM; kernel 3151527ee007 (CVE-2013-1956), current_chrooted().
#[rstest]
#[case::elsewhere("/proc", &[UNSHARE])]
#[case::elsewhere_by_clone("/proc", &[CLONE])]
#[case::to_the_same_root("/", &[UNSHARE])]
#[case::and_back("/proc", &[syscall("chdir ..", libc::SYS_fchdir, vec![RawArg::Held]), syscall("chroot .", libc::SYS_chroot, vec![RawArg::Bytes(std::borrow::Cow::Borrowed(b".\0"))]), UNSHARE])]
#[harness::test(Root, Userns, Capability(Cap::SysChroot), pins("create.chrooted"))]
fn chrooted(#[case] to: &'static str, #[case] steps: &[Action]) {
    let root_directory = [HERE, RawArg::Bytes(b"/\0".as_slice().into())];
    let cast = root().outside(&[syscall_for_fd("open the root", libc::SYS_openat, root_directory.into())]);

    let trace = cast.outside(&[Action::Chroot(to, to.into())]).outside(steps).play();

    check!(trace);
}

/// The owner of a namespace has to be somebody in its parent: with an effective uid or gid that is not
/// mapped there is no namespace below, however many capabilities; real and saved ids do not count.
/// Source: user_namespaces(7); unshare(2), EPERM; kernel create_user_ns(): kuid_has_mapping().
#[rstest]
#[case::neither_mapped(&[])]
#[case::uid_alone(&[uid_map("0 0 1")])]
#[case::gid_alone(&[gid_map("0 0 1")])]
#[case::both(&[uid_map("0 0 1"), gid_map("0 0 1")])]
#[case::other_ids(&[uid_map("0 100 1"), gid_map("0 100 1")])]
#[harness::test(Root, Userns, pins("create.unmapped-uid", "create.unmapped-gid"))]
fn of_unmapped_ids(#[case] maps: &[Action]) {
    let cast = root().outside(&[]).inside(&[]).outside(maps);

    let trace = cast.inside(&[CLONE]).inside(&[UNSHARE]).play();

    check!(trace);
}

/// It is the effective uid that has to be mapped, not the real, the saved or the filesystem one.
/// Source: as above: new->euid, new->egid.
#[rstest]
#[case::unmapped_but_effective(&[set_id(SetId::Setresuid, &[u32::MAX, 0, u32::MAX])])]
#[case::unmapped_real_and_saved(&[set_id(SetId::Setresuid, &[u32::MAX, 7, u32::MAX])])]
#[case::unmapped_gid_but_effective(&[set_id(SetId::Setresgid, &[u32::MAX, 0, u32::MAX])])]
#[case::unmapped_real_and_saved_gid(&[set_id(SetId::Setresgid, &[u32::MAX, 7, u32::MAX]), set_id(SetId::Setresuid, &[u32::MAX, 7, u32::MAX])])]
#[harness::test(Root, Userns, pins("create.unmapped-uid", "create.unmapped-gid"))]
fn of_partly_mapped_ids(#[case] ids: &[Action]) {
    let cast = root().outside(&[]).inside(&[]).outside(&[uid_map("7 7 1"), gid_map("7 7 1")]);

    let trace = cast.inside(ids).inside(&[CLONE]).play();

    check!(trace);
}
