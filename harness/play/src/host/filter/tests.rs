//! Each probe against this kernel, and the sentences of refusals.

use super::*;
use nix::errno::Errno;
use std::collections::BTreeSet;

/// A row that expects another answer than this kernel's would blame a filter that does not exist. The tests of the
/// harness run without a filter, and as any user.
#[test]
fn every_probe_has_the_answer_of_this_kernel() {
    let rows = native().chain(I386).map(|row| (row, [row.only.unwrap_or(0), 0, 0, 0, 0, 0]));

    let found = rows.filter_map(|(row, args)| judge(row, args));
    let wrong: Vec<String> = found.map(|refusal| refusal.reason).collect();

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The flags and modes of a test stay in the probe and do not change the answer.
#[test]
fn what_filters_look_at_does_not_change_the_answer() {
    let spaces = [libc::CLONE_NEWUSER, libc::CLONE_NEWNS, libc::CLONE_NEWPID, libc::CLONE_NEWUTS];
    for flags in spaces.map(|flag| u64::from(flag.cast_unsigned())) {
        for (number, args) in [
            (libc::SYS_unshare, [flags, 0, 0]),
            (libc::SYS_clone, [flags | 17, 0, 0]),
            (libc::SYS_clone, [flags | 0x111, 0, 0]),
            (libc::SYS_setns, [3, flags, 0]),
            (libc::SYS_fchmodat, [0, 0, 0o6755]),
            (libc::SYS_mknodat, [0, 0, 0o102_777]),
            (libc::SYS_openat, [0, 0, 0o2_000_101]),
        ] {
            assert_eq!(refused(number, &args), None, "{number} {args:?}");
        }
    }
    for family in 0..20 {
        assert_eq!(refused(libc::SYS_socketpair, &[family]), None, "{family}");
        assert_eq!(refused(libc::SYS_socket, &[family]), None, "{family}");
    }
}

#[test]
fn a_row_is_found_by_number_and_option() {
    let rows: BTreeSet<_> = native().map(|row| (row.number, row.only)).collect();
    assert_eq!(rows.len(), native().count(), "a row is hidden by another");
    for row in native().filter(|row| row.only.is_none()) {
        assert!(!rows.iter().any(|(number, only)| *number == row.number && only.is_some()), "{}", row.name);
    }
}

#[test]
fn another_answer_is_named_with_the_probe() {
    let row = NATIVE.iter().find(|row| row.name == "clone3").expect("a row");
    let question = question(row, [0; 6], 0);
    let reason = |reply| contradiction(row, &question, reply).map(|refusal| refusal.reason);

    assert_eq!(reason(Reply::Failed(Errno::EINVAL)), None);
    assert_eq!(
        reason(Reply::Failed(Errno::ENOSYS)).as_deref(),
        Some(
            "a seccomp filter answers clone3(2) with ENOSYS (probe: clone3(0, 0), which a kernel answers \
             with EINVAL)"
        )
    );
    let killed = reason(Reply::Killed(nix::sys::signal::Signal::SIGSYS)).unwrap_or_default();
    assert!(killed.contains("clone3(2) with SIGSYS"), "{killed}");
}

/// A kernel without the option has no such call; that is no filter.
#[test]
fn a_call_that_was_not_asked_is_not_refused() {
    let row = NATIVE.iter().find(|row| row.name == "fsopen").expect("a row");

    assert!(contradiction(row, &question(row, [0; 6], NEW), Reply::NotAsked(Errno::EAGAIN)).is_none());
}
