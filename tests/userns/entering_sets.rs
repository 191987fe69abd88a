//! The credentials of a process after each way into a namespace, from every kind of start.

use crate::entering::inheritable;
use harness::prelude::*;
use rstest::rstest;
use std::fmt::Write as _;

const NET_RAW: i64 = 13;
const KILL: i64 = 5;
/// PR_CAP_AMBIENT_RAISE of PR_CAP_AMBIENT.
const RAISE: i64 = 2;
/// Every securebit and lock but SECBIT_KEEP_CAPS, of which only the lock is set.
const LOCKED_SECUREBITS: u64 = 0xef;
const KEEP_CAPS: u64 = 0x10;
const JOIN: Action = Action::Setns { of: Actor::Inside, file: NsFile::User, nstype: 0 };

fn securebits(bits: u64) -> Action {
    Action::Prctl("PR_SET_SECUREBITS", libc::PR_SET_SECUREBITS, bits)
}

fn prctl(name: &'static str, option: i32, args: [i64; 2]) -> Action {
    let args = [option.into(), args[0], args[1], 0, 0].map(RawArg::Number);
    syscall(name, libc::SYS_prctl, args.into())
}

fn ambient() -> [Action; 2] {
    [inheritable(), prctl("PR_CAP_AMBIENT_RAISE", libc::PR_CAP_AMBIENT, [RAISE, NET_RAW])]
}

fn no_bounding() -> Action {
    prctl("PR_CAPBSET_DROP", libc::PR_CAPBSET_DROP, [KILL, 0])
}

/// In the namespace a process has every capability effective, permitted and in its bounding set. None is inheritable or
/// ambient, and no securebit is set, not even one that was locked. Neither its credentials before nor the way by which it
/// entered matter. A row has the credentials before and those in the namespace.
/// Source: user_namespaces(7), "Capabilities"; kernel set_cred_user_ns().
#[rstest]
#[case::unshare(UNSHARE)]
#[case::clone(Action::Child(Child::GoesOn(NEWUSER)))]
#[case::clone3(Action::Child(Child::GoesOnByClone3(NEWUSER.cast_unsigned().into())))]
#[case::setns(JOIN)]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::Setpcap),
    Capability(Cap::NetRaw),
    Capability(Cap::SysAdmin),
    pins("enter.capabilities", "enter.bounding-set", "enter.securebits")
)]
fn a_process_has_every_capability_by_every_way_in(#[case] enter: Action) {
    let starts: [(&str, Vec<Action>); 9] = [
        ("all", vec![]),
        ("none", vec![only_caps(&[])]),
        ("one", vec![only_caps(&[Cap::NetRaw])]),
        ("permitted alone", vec![Action::Capset(CapChange::Suspend(vec![Cap::NetRaw].into()))]),
        ("inheritable", vec![inheritable()]),
        ("ambient", ambient().to_vec()),
        ("smaller bounding set", vec![no_bounding()]),
        ("locked securebits", vec![securebits(LOCKED_SECUREBITS)]),
        ("all of it, ids kept", [vec![no_bounding(), securebits(KEEP_CAPS)], ambient().to_vec()].concat()),
    ];
    let mut table = String::new();
    for (start, steps) in starts {
        let ns = root().outside(&[]).inside(&[]).outside(&steps);
        let trace = ns.outside(std::slice::from_ref(&enter)).play();
        // A start that could not be made would look like any other.
        assert!(trace.outcomes_shown().all(|outcome| outcome == "ok"), "{trace}");
        let _ = writeln!(table, "{start:20} {}", trace.credentials_in_short(Actor::Outside));
    }

    check!(table, @r"
    all                  uid overflow  gid overflow  groups [overflow]  caps all
    none                 uid overflow  gid overflow  groups [overflow]  caps all
    one                  uid overflow  gid overflow  groups [overflow]  caps all
    permitted alone      uid overflow  gid overflow  groups [overflow]  caps all
    inheritable          uid overflow  gid overflow  groups [overflow]  caps all
    ambient              uid overflow  gid overflow  groups [overflow]  caps all
    smaller bounding set uid overflow  gid overflow  groups [overflow]  caps all
    locked securebits    uid overflow  gid overflow  groups [overflow]  caps all
    all of it, ids kept  uid overflow  gid overflow  groups [overflow]  caps all
    ");
}

/// A process that enters a namespace of another owner, which lies below none of its own, gains capabilities. It is no
/// longer dumpable, and the kernel sends it no signal any more when its parent ends: PR_GET_PDEATHSIG returns 0. A
/// process that enters a namespace of its own gains none, and keeps the signal 9.
/// Source: kernel commit_creds(): cred_cap_issubset(), pdeath_signal; PR_SET_PDEATHSIG(2const).
#[rstest]
#[case::creator(&[], UNSHARE, "[9]")]
#[case::owner(&[], JOIN, "[9]")]
#[case::owner_without_any(&[only_caps(&[])], JOIN, "[9]")]
#[case::owner_of_the_parent(&[], Action::Setns { of: Actor::Nested, file: NsFile::User, nstype: 0 }, "[9]")]
#[case::another(&[NO_FIXUP, setresuid(61), DUMPABLE], JOIN, "[0]")]
#[case::another_two_levels_down(
    &[NO_FIXUP, setresuid(61), DUMPABLE],
    Action::Setns { of: Actor::Nested, file: NsFile::User, nstype: 0 },
    "[0]"
)]
#[case::no_namespace(&[], Action::Unshare(0), "[9]")]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    Capability(Cap::SysAdmin),
    Capability(Cap::SysPtrace),
    Capability(Cap::Setpcap),
    pins("enter.closed-unless-owned")
)]
fn entering_a_namespace_of_another_owner_makes_undumpable(
    #[case] before: &[Action],
    #[case] enter: Action,
    #[case] expected: &str,
) {
    let ask = [RawArg::Number(libc::PR_GET_PDEATHSIG.into()), RawArg::Results(0)];
    let signal = syscall_for("prctl PR_GET_PDEATHSIG", libc::SYS_prctl, ask.into(), Results::Words(1));
    let ns = root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 100"), gid_map("0 0 100")]).nested(&[]);

    let trace = ns.outside(before).outside(&[enter, signal]).play();

    check!(trace);
    assert_eq!(trace.last_shown(1), [expected], "{trace}");
}
