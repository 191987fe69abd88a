//! user.max_user_namespaces on every level, and how deep namespaces may lie, by each of the calls.

use crate::support::limits::limit;
use harness::prelude::*;
use rstest::rstest;
use std::fmt::Write as _;

/// 33 user namespaces may lie one below the other, whichever call creates them. Each call that would create another is
/// ENOSPC, and that before the kernel looks whether the creator's ids are mapped.
/// Source: user_namespaces(7), "Nested namespaces"; clone(2), unshare(2): ENOSPC; kernel create_user_ns().
#[rstest]
#[case::by_unshare(UNSHARE)]
#[case::by_clone(Action::Child(Child::GoesOn(NEWUSER)))]
#[case::by_clone3(Action::Child(Child::GoesOnByClone3(NEWUSER.cast_unsigned().into())))]
#[harness::test(OrdinaryUser, UnprivilegedUserns, InitialUserns, Processes(80), pins("limit.depth"))]
fn user_namespaces_are_nested_at_most_33_levels_deep(
    #[case] create: Action,
    #[values(CLONE, CLONE3, UNSHARE)] another: Action,
) {
    let level = [uid_map("0 0 1"), gid_map("0 0 1"), create.clone()];
    let first = ordinary().outside(&[create, DENY, uid_map("0 own 1"), gid_map("0 own 1")]);
    let to_32 = (2..33).fold(first, |ns, _| ns.outside(&level[2..]).outside(&level[..2]));
    let another = [another];

    let unmapped = to_32.outside(&[CLONE]).outside(&level[2..]).outside(&another);
    let trace = unmapped.outside(&level[..2]).outside(&another).play();

    let refused: Vec<String> = trace.outcomes_shown().filter(|outcome| outcome != "ok").collect();
    assert_eq!(refused, ["ENOSPC"; 2], "{trace}");
}

/// Each namespace counts the namespaces that its owner has below it. Of three, the deepest counts only the new one. The
/// one above counts the deepest and the new one. The first counts all three. A row has the limit of one of them.
/// Source: namespaces(7), "The /proc/sys/user directory"; kernel inc_ucount(): the walk up.
#[harness::test(Root, Userns, pins("limit.count", "limit.count-in-ancestor"))]
fn each_namespace_counts_all_that_its_owner_has_below_it() {
    let levels = [Actor::Inside, Actor::Nested, Actor::Deepest];
    let mut table = "limit of         0       1       2       3\n".to_owned();
    for limited in levels {
        let cells = [0, 1, 2, 3].map(|count| {
            let ns = root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 100"), gid_map("0 0 100")]);
            let built = ns.nested(&[]).inside(&maps_of(Actor::Nested, "0 0 100")).deepest(&[]);
            let mapped = built.nested(&maps_of(Actor::Deepest, "0 0 100"));
            let trace = mapped.by(limited, &limit(count)).deepest(&[CLONE]).play();
            format!("{:7}", trace.outcomes_shown().last().unwrap_or_default())
        });
        let _ = writeln!(table, "{:15}  {}", limited.to_string(), cells.join(" ").trim_end());
    }

    check!(table, @r"
    limit of         0       1       2       3
    inside           ENOSPC  ENOSPC  ENOSPC  ok
    nested           ENOSPC  ENOSPC  ok      ok
    deepest          ENOSPC  ok      ok      ok
    ");
}

/// On each level the kernel counts for the owner of the namespace below. On the level of the creator that is the
/// creator. Here root owns one namespace beside, and the one below. A new namespace of either user counts there as
/// root's third.
/// Source: kernel inc_ucount(): ns->ucounts, those of the owner in the parent.
#[rstest]
#[case::of_the_same_owner(0, 3, OK)]
#[case::of_the_same_owner_one_fewer(0, 2, ENOSPC)]
#[case::of_another_owner(5, 3, OK)]
#[case::of_another_owner_one_fewer(5, 2, ENOSPC)]
#[harness::test(Root, Userns, pins("limit.count-in-ancestor"))]
fn a_namespace_counts_above_for_the_owner_of_its_parent(
    #[case] owner: u32,
    #[case] count: usize,
    #[case] expected: Answer,
) {
    let ns = root().outside(&[]).inside(&limit(count)).outside(&[uid_map("0 0 100"), gid_map("0 0 100")]);
    let one_beside = ns.second(&[UNSHARE]);

    let ns = one_beside.nested(&[]).inside(&maps_of(Actor::Nested, "0 0 100"));
    let trace = ns.nested(&[setresuid(owner), CLONE]).play();

    check!(trace, last = expected);
}

/// INT_MAX, as a limit reads that was not set.
const NO_LIMIT: &str = "2147483647";

/// A new namespace begins without limits of its own: each is 2147483647, also below a namespace with a lower one.
/// Source: kernel create_user_ns(): ucount_max is INT_MAX.
#[rstest]
#[case::below_a_limit(&limit(2), "2")]
#[case::below_none(&[], NO_LIMIT)]
#[harness::test(Root, Userns, Program("cat"), pins("limit.count"))]
fn a_new_namespace_has_no_limits_of_its_own(#[case] before: &[Action], #[case] above: &str) {
    let words = ["cat", "/proc/sys/user/max_user_namespaces", "/proc/sys/user/max_uts_namespaces"];
    let ns = root().outside(&[]).inside(before).outside(&[uid_map("0 0 100"), gid_map("0 0 100")]);

    let trace = ns.nested(&[run(&words)]).inside(&[run(&words)]).play();

    check!(trace);
    // In the new namespace, then in the one above it, of which only the limit of user namespaces was set.
    let expected = [NO_LIMIT, above].map(|users| format!("exit 0\nstdout: {users}\nstdout: {NO_LIMIT}"));
    assert_eq!(trace.last_shown(2), expected, "{trace}");
}

/// A namespace that is gone counts on no level any more, some time after its last process has left.
/// Source: kernel free_user_ns(): dec_user_namespaces(); dec_ucount(): the walk up.
#[harness::test(Root, Userns, pins("limit.count-comes-back", "limit.count-in-ancestor"))]
fn a_count_comes_back_on_every_level() {
    let ns = root().outside(&[]).inside(&limit(2)).outside(&[uid_map("0 0 100"), gid_map("0 0 100")]);
    let ns = ns.nested(&limit(1)).inside(&maps_of(Actor::Nested, "0 0 100"));

    let twice = |wait| ns.clone().nested(&[CLONE, sleep(wait), CLONE]).play();

    let room = WAITS.into_iter().any(|wait| twice(wait).outcomes.last() == Some(&Outcome::Done));
    assert!(room, "{}", twice(5));
}

/// A namespace lives as long as one below it. It is freed with the last of these.
/// Source: kernel free_user_ns(): the loop over the parents.
#[harness::test(Root, Userns, Program("unshare"), pins("limit.count-comes-back"))]
fn a_namespace_is_freed_with_the_last_one_below_it() {
    let ns = root().outside(&[]).inside(&limit(2)).outside(&[uid_map("0 0 100"), gid_map("0 0 100")]);
    let two_levels = run(&["unshare", "-r", "unshare", "-r", "true"]);
    let silent = Ended { status: Status::Exited(0), stdout: String::new(), stderr: String::new() };

    let twice = |wait| ns.clone().inside(&[two_levels.clone(), sleep(wait), two_levels.clone()]).play();

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
