//! Ambient capabilities in a namespace, and changes of the root directory.

use crate::entering::inheritable;
use crate::support::raw::{number, text};
use harness::prelude::*;
use rstest::rstest;

/// Sets of capabilities, as /proc/PID/status has them: CAP_NET_RAW alone, and none.
const NET_RAW: u64 = 1 << 13;
const NO_CAPS: u64 = 0;

/// PR_CAP_AMBIENT_RAISE of CAP_NET_RAW.
fn raise() -> Action {
    let args = [libc::PR_CAP_AMBIENT.into(), libc::PR_CAP_AMBIENT_RAISE.into(), 13, 0, 0].map(number);
    syscall("PR_CAP_AMBIENT_RAISE", libc::SYS_prctl, args.into())
}

/// A process that is not uid 0 of its namespace keeps its ambient capabilities over execve(2), and loses all others. So they
/// reach the programs of a user in a container.
/// Source: capabilities(7), "Transformation of capabilities during execve()"; kernel 58319057b784, cap_bprm_creds_from_file().
#[rstest]
#[case::ambient(&[inheritable(), raise()], NET_RAW)]
#[case::inheritable_alone(&[inheritable()], NO_CAPS)]
#[case::none(&[], NO_CAPS)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, Program("grep"), pins("enter.exec-ambient"))]
fn ambient_capabilities_outlive_a_program(#[case] before: &[Action], #[case] kept: u64) {
    let ns = ordinary().inside(&[uid_map("5 own 1")]).inside(before);

    let trace = ns.inside(&[run(&["grep", "-E", "^Cap(Prm|Eff|Amb):", "/proc/self/status"])]).play();

    check!(trace);
    let sets = ["Prm", "Eff", "Amb"].map(|set| format!("\nstdout: Cap{set}:\t{kept:016x}")).concat();
    assert_eq!(trace.last_shown(1), [format!("exit 0{sets}")], "{trace}");
}

/// chroot(2) takes CAP_SYS_CHROOT in the caller's own namespace, which root of any has.
/// Source: chroot(2), EPERM; kernel ksys_chroot(): ns_capable(current_user_ns()).
#[rstest]
#[case::with_the_capability(&[], OK)]
#[case::without_it(&[drop_caps(&[Cap::SysChroot])], EPERM)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, pins("owner.chroot"))]
fn root_of_a_namespace_changes_its_root_directory(#[case] before: &[Action], #[case] expected: Answer) {
    let ns = ordinary().inside(before);

    let trace = ns.inside(&[Action::Chroot("/proc", "/proc".into())]).play();

    check!(trace, last = expected);
}

/// What forbids new namespaces is where the root directory is, and not that it was changed: a process that returns to the
/// root of its mount namespace creates one.
/// Source: unshare(2), EPERM; kernel 3151527ee007, current_chrooted().
#[rstest]
#[case::back_at_the_root(&[here(), chroot_here()], OK)]
#[case::still_elsewhere(&[], EPERM)]
#[harness::test(Root, Userns, Capability(Cap::SysChroot), pins("create.chrooted"))]
fn a_process_that_returns_to_the_root_creates_a_namespace(#[case] back: &[Action], #[case] expected: Answer) {
    let open = vec![HERE, text(b"/\0"), number(libc::O_RDONLY.into())];
    let open = syscall_for_fd("open /", libc::SYS_openat, open);
    let ns = root().outside(&[open, Action::Chroot("/proc", "/proc".into())]);

    let trace = ns.outside(back).outside(&[CLONE]).play();

    check!(trace, last = expected);
}

/// The working directory becomes the held one.
fn here() -> Action {
    syscall("fchdir", libc::SYS_fchdir, vec![RawArg::Held])
}

fn chroot_here() -> Action {
    syscall("chroot .", libc::SYS_chroot, vec![text(b".\0")])
}
