//! user.max_user_namespaces on every level, and how deep namespaces may lie, by each of the calls.

use crate::support::limits::limit;
use harness::prelude::*;
use rstest::rstest;
use std::fmt::Write as _;

/// 33 namespaces lie one below the other, whichever call makes them; whichever call would make another is
/// refused, and that before the creator's ids are looked at.
/// Source: user_namespaces(7), "Nested namespaces"; clone(2), unshare(2): ENOSPC; kernel create_user_ns().
#[rstest]
#[case::by_unshare(UNSHARE)]
#[case::by_clone(Action::Child(Child::GoesOn(NEWUSER)))]
#[case::by_clone3(Action::Child(Child::GoesOnByClone3(NEWUSER.cast_unsigned().into())))]
#[harness::test(OrdinaryUser, UnprivilegedUserns, InitialUserns, Processes(80), pins("limit.depth"))]
fn thirty_three_levels(#[case] create: Action, #[values(CLONE, CLONE3, UNSHARE)] another: Action) {
    let level = [uid_map("0 0 1"), gid_map("0 0 1"), create.clone()];
    let first = ordinary().outside(&[create, DENY, uid_map("0 own 1"), gid_map("0 own 1")]);
    let to_32 = (2..33).fold(first, |cast, _| cast.outside(&level[2..]).outside(&level[..2]));
    let another = [another];

    let unmapped = to_32.outside(&[CLONE]).outside(&level[2..]).outside(&another);
    let trace = unmapped.outside(&level[..2]).outside(&another).play();

    let odd: Vec<String> = trace.outcomes_shown().filter(|outcome| outcome != "ok").collect();
    assert_eq!(odd, ["ENOSPC"; 2], "{trace}");
}

/// Each namespace above counts what its owner has below it: the deepest of three counts the new one alone,
/// the one above that itself and the new one, the first all three.
/// Source: namespaces(7), "The /proc/sys/user directory"; kernel inc_ucount(): the walk up.
#[harness::test(Root, Userns, pins("limit.count", "limit.count-in-ancestor"))]
fn on_every_level() {
    let levels = [Actor::Inside, Actor::Nested, Actor::Deepest];
    let mut table = "limit of         0       1       2       3\n".to_owned();
    for limited in levels {
        let cells = [0, 1, 2, 3].map(|count| {
            let cast = root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 100"), gid_map("0 0 100")]);
            let built = cast.nested(&[]).inside(&maps_of(Actor::Nested, "0 0 100")).deepest(&[]);
            let mapped = built.nested(&maps_of(Actor::Deepest, "0 0 100"));
            let trace = mapped.by(limited, &limit(count)).deepest(&[CLONE]).play();
            format!("{:7}", trace.outcomes_shown().last().unwrap_or_default())
        });
        let _ = writeln!(table, "{:15}  {}", limited.to_string(), cells.join(" ").trim_end());
    }

    check!(table);
}

/// On each level it is the owner of the namespace below that is counted, which on the level of the creator is
/// the creator: who has one somewhere else has as many fewer, anybody else has not.
/// Source: kernel inc_ucount(): ns->ucounts, those of the owner in the parent.
#[rstest]
#[case::of_the_same_owner(0, 3)]
#[case::of_the_same_owner_one_fewer(0, 2)]
#[case::of_another_owner(5, 3)]
#[case::of_another_owner_one_fewer(5, 2)]
#[harness::test(Root, Userns, pins("limit.count-in-ancestor"))]
fn whose_they_are(#[case] owner: u32, #[case] count: usize) {
    let cast = root().outside(&[]).inside(&limit(count)).outside(&[uid_map("0 0 100"), gid_map("0 0 100")]);
    let one_beside = cast.second(&[UNSHARE]);

    let cast = one_beside.nested(&[]).inside(&maps_of(Actor::Nested, "0 0 100"));
    let trace = cast.nested(&[setresuid(owner), CLONE]).play();

    check!(trace);
}

/// A new namespace has no limits of its own, whatever those above it are.
/// Source: kernel create_user_ns(): ucount_max is INT_MAX.
#[rstest]
#[case::below_a_limit(&limit(2))]
#[case::below_none(&[])]
#[harness::test(Root, Userns, Program("cat"), pins("limit.count"))]
fn begins_without(#[case] before: &[Action]) {
    let words = ["cat", "/proc/sys/user/max_user_namespaces", "/proc/sys/user/max_uts_namespaces"];
    let cast = root().outside(&[]).inside(before).outside(&[uid_map("0 0 100"), gid_map("0 0 100")]);

    let trace = cast.nested(&[run(&words)]).inside(&[run(&words)]).play();

    check!(trace);
}

/// What was counted on every level is given back on every level, some time after the last process has left.
/// Source: kernel free_user_ns(): dec_user_namespaces(); dec_ucount(): the walk up.
#[harness::test(Root, Userns, pins("limit.count-comes-back", "limit.count-in-ancestor"))]
fn comes_back_on_every_level() {
    let cast = root().outside(&[]).inside(&limit(2)).outside(&[uid_map("0 0 100"), gid_map("0 0 100")]);
    let cast = cast.nested(&limit(1)).inside(&maps_of(Actor::Nested, "0 0 100"));

    let twice = |wait| cast.clone().nested(&[CLONE, sleep(wait), CLONE]).play();

    let room = WAITS.into_iter().any(|wait| twice(wait).outcomes.last() == Some(&Outcome::Done));
    assert!(room, "{}", twice(5));
}

/// A namespace lives as long as one below it, and goes with that.
/// Source: kernel free_user_ns(): the loop over the parents.
#[harness::test(Root, Userns, Program("unshare"), pins("limit.count-comes-back"))]
fn comes_back_with_the_last_below() {
    let cast = root().outside(&[]).inside(&limit(2)).outside(&[uid_map("0 0 100"), gid_map("0 0 100")]);
    let two_levels = run(&["unshare", "-r", "unshare", "-r", "true"]);
    let silent = Ended { status: Status::Exited(0), stdout: String::new(), stderr: String::new() };

    let twice = |wait| cast.clone().inside(&[two_levels.clone(), sleep(wait), two_levels.clone()]).play();

    let gone = Outcome::Program(silent);
    let room = WAITS.into_iter().any(|wait| twice(wait).outcomes.last() == Some(&gone));
    assert!(room, "{}", twice(5));
}

/// The seconds that the kernel is given, one after the other, for what it does some time later.
pub const WAITS: [u64; 6] = [0, 0, 0, 0, 1, 5];

/// Sleeps so many seconds and a little.
pub fn sleep(seconds: u64) -> Action {
    let time = [seconds.to_ne_bytes(), 50_000_000_u64.to_ne_bytes()].concat();
    syscall("nanosleep", libc::SYS_nanosleep, vec![RawArg::Bytes(time.into()), RawArg::Number(0)])
}
