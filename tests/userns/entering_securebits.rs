//! The securebits that every process may set, and which of them it keeps in a namespace.

use harness::prelude::*;
use harness::rules::changes::BITS_FOR_ALL;
use rstest::rstest;
use std::fmt::Write as _;

/// SECBIT_EXEC_RESTRICT_FILE and SECBIT_EXEC_DENY_INTERACTIVE.
const EXEC_BITS: u64 = 0x500;
/// Both with their locks.
const EXEC_BITS_LOCKED: u64 = 0xf00;
/// SECBIT_NOROOT and its lock, which take CAP_SETPCAP.
const NOROOT_LOCKED: u64 = 0x3;
const JOIN: Action = Action::Setns { of: Actor::Inside, file: NsFile::User, nstype: 0 };

const fn securebits(name: &'static str, bits: u64) -> Action {
    Action::Prctl(name, libc::PR_SET_SECUREBITS, bits)
}

/// The bits by which a process restricts what it executes grant nothing. Since 7.3 a process keeps them and their locks on
/// each way into a namespace, and loses the other bits there as before.
/// Source: kernel set_cred_user_ns(): SECURE_ALL_UNPRIVILEGED (7.3), SECUREBITS_DEFAULT.
#[rstest]
#[case::unshare(UNSHARE)]
#[case::clone(Action::Child(Child::GoesOn(NEWUSER)))]
#[case::setns(JOIN)]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::Setpcap),
    Change(&BITS_FOR_ALL),
    varies(EXEC_BITS_KEPT),
    pins("enter.exec-securebits", "enter.securebits")
)]
fn a_process_that_enters_keeps_the_exec_securebits(#[case] enter: Action) {
    let starts = [
        ("none", 0),
        ("exec bits", EXEC_BITS),
        ("exec bits, locked", EXEC_BITS_LOCKED),
        ("a lock alone", 0x200),
        ("NOROOT, locked", NOROOT_LOCKED),
        ("all of these", EXEC_BITS_LOCKED | NOROOT_LOCKED),
    ];
    let mut table = String::new();
    for (start, bits) in starts {
        let ns = root().outside(&[]).inside(&[]).outside(&[securebits("PR_SET_SECUREBITS", bits)]);
        let trace = ns.outside(std::slice::from_ref(&enter)).play();
        // A start that could not be made would look like any other.
        assert!(trace.outcomes_shown().all(|outcome| outcome == "ok"), "{trace}");
        let _ = writeln!(table, "{start:18} {}", trace.credentials_in_short(Actor::Outside));
    }

    check!(table);
}

/// A lock that a process keeps binds it in its namespace, although it has every capability there. Where it loses the lock, it
/// may clear the bit.
/// Source: capabilities(7), "The securebits flags"; kernel cap_task_prctl(), set_cred_user_ns().
#[rstest]
#[case::a_locked_bit(EXEC_BITS_LOCKED, EPERM)]
#[case::a_bit_without_a_lock(EXEC_BITS, OK)]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    Change(&BITS_FOR_ALL),
    varies(EXEC_BITS_KEPT),
    pins("enter.exec-securebits", "change.locked-bits")
)]
fn a_securebit_lock_that_is_kept_binds_its_process_inside(#[case] bits: u64, #[case] expected: Answer) {
    let ns = ordinary().outside(&[securebits("exec securebits", bits)]);

    let trace = ns.outside(&[UNSHARE, securebits("no securebits", 0)]).play();

    check!(trace, last = expected);
}
