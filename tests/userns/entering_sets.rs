//! What a process is after each way into a namespace, from every kind of start.

use crate::entering::inheritable;
use harness::prelude::*;
use rstest::rstest;
use std::fmt::Write as _;

const NET_RAW: i64 = 13;
const KILL: i64 = 5;
const JOIN: Action = Action::Setns { of: Actor::Inside, file: NsFile::User, nstype: 0 };

fn securebits(bits: u64) -> Action {
    Action::Prctl("PR_SET_SECUREBITS", libc::PR_SET_SECUREBITS, bits)
}

fn prctl(name: &'static str, option: i32, args: [i64; 2]) -> Action {
    let args = [option.into(), args[0], args[1], 0, 0].map(RawArg::Number);
    syscall(name, libc::SYS_prctl, args.into())
}

fn ambient() -> [Action; 2] {
    [inheritable(), prctl("PR_CAP_AMBIENT_RAISE", libc::PR_CAP_AMBIENT, [2, NET_RAW])]
}

fn no_bounding() -> Action {
    prctl("PR_CAPBSET_DROP", libc::PR_CAPBSET_DROP, [KILL, 0])
}

/// Whatever a process was, and whichever way it came: in the namespace it has every capability effective,
/// permitted and in its bounding set, none inheritable or ambient, and no securebits, locked or not.
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
fn every_start_and_way(#[case] enter: Action) {
    let starts: [(&str, Vec<Action>); 9] = [
        ("all", vec![]),
        ("none", vec![only_caps(&[])]),
        ("one", vec![only_caps(&[Cap::NetRaw])]),
        ("permitted alone", vec![Action::Capset(CapChange::Suspend(vec![Cap::NetRaw].into()))]),
        ("inheritable", vec![inheritable()]),
        ("ambient", ambient().to_vec()),
        ("smaller bounding set", vec![no_bounding()]),
        ("locked securebits", vec![securebits(0xef)]),
        ("all of it, ids kept", [vec![no_bounding(), securebits(0x10)], ambient().to_vec()].concat()),
    ];
    let mut table = String::new();
    for (start, steps) in starts {
        let cast = root().outside(&[]).inside(&[]).outside(&steps);
        let trace = cast.outside(std::slice::from_ref(&enter)).play();
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

/// Whoever enters a namespace that it owns, or that lies below one that it owns, has gained nothing; anybody
/// else is closed to others from then on, and its parent's end is no signal to it any more.
/// Source: kernel commit_creds(): cred_cap_issubset(), pdeath_signal; PR_SET_PDEATHSIG(2const).
#[rstest]
#[case::creator(&[], UNSHARE)]
#[case::owner(&[], JOIN)]
#[case::owner_without_any(&[only_caps(&[])], JOIN)]
#[case::owner_of_the_parent(&[], Action::Setns { of: Actor::Nested, file: NsFile::User, nstype: 0 })]
#[case::another(&[NO_FIXUP, setresuid(61), DUMPABLE], JOIN)]
#[case::another_two_levels_down(
    &[NO_FIXUP, setresuid(61), DUMPABLE],
    Action::Setns { of: Actor::Nested, file: NsFile::User, nstype: 0 }
)]
#[case::nobody(&[], Action::Unshare(0))]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    Capability(Cap::SysAdmin),
    Capability(Cap::SysPtrace),
    Capability(Cap::Setpcap),
    pins("enter.closed-unless-owned")
)]
fn closed_unless_owned(#[case] before: &[Action], #[case] enter: Action) {
    let ask = [RawArg::Number(libc::PR_GET_PDEATHSIG.into()), RawArg::Results(0)];
    let signal = syscall_for("prctl PR_GET_PDEATHSIG", libc::SYS_prctl, ask.into(), Results::Words(1));
    let cast = root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 100"), gid_map("0 0 100")]).nested(&[]);

    let trace = cast.outside(before).outside(&[enter, signal]).play();

    check!(trace);
}
