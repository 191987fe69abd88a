//! The mount namespace without mounts, which unshare(2) makes since 7.2.

use harness::prelude::*;
use rstest::rstest;

/// UNSHARE_EMPTY_MNTNS, the bit that clone(2) calls CLONE_PARENT_SETTID.
const EMPTY_MNTNS: i32 = libc::CLONE_PARENT_SETTID;

/// unshare(2) knows the bit since 7.2. It makes a mount namespace, with or without CLONE_NEWNS, and so takes CAP_SYS_ADMIN
/// unless the same call makes a user namespace. Before 7.2 it is an unknown flag, which is refused before that.
/// Source: kernel check_unshare_flags(), ksys_unshare(), unshare_nsproxy_namespaces() of 7.2.
#[rstest]
#[case::with_a_user_namespace(NEWUSER | EMPTY_MNTNS, [OK, ENOENT])]
#[case::with_both(NEWUSER | libc::CLONE_NEWNS | EMPTY_MNTNS, [OK, ENOENT])]
#[case::alone(EMPTY_MNTNS, [EPERM, OK])]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    varies(EMPTY_MOUNT_NAMESPACE),
    pins("create.empty-mount-namespace", "create.user-first")
)]
fn an_empty_mount_namespace_belongs_to_the_new_user_namespace(
    #[case] flags: i32,
    #[case] expected: [Answer; 2],
) {
    let find_proc = [RawArg::Bytes(b"/proc\0".into()), RawArg::Number(libc::O_PATH.into())];
    let find_proc = syscall_for_fd("open /proc", libc::SYS_openat, [vec![HERE], find_proc.to_vec()].concat());
    let ns = ordinary();

    let trace = ns.outside(&[Action::Unshare(flags), find_proc]).play();

    check!(trace, last = expected);
}
