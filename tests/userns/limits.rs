//! How many user namespaces, and how many processes in them.

use crate::limits_counts::{WAITS, sleep};
use crate::support::limits::{limit, soft, write_limit};
use harness::prelude::*;
use harness::rules::changes::LIMITS_OF_CREATOR;
use rstest::rstest;

const MAPS: [Action; 2] = [uid_map("0 0 65536"), gid_map("0 0 65536")];

/// Sets the soft limit of processes, leaving a hard limit of 100.
fn processes(most: u64) -> Action {
    let name = match most {
        0 => "at most 0",
        1 => "at most 1",
        2 => "at most 2",
        _ => "at most more",
    };
    soft(name, libc::RLIMIT_NPROC, most, 100)
}

/// user.max_user_namespaces counts the namespaces of one owner below the one whose limit it is.
/// Source: namespaces(7), "The /proc/sys/user directory"; kernel inc_ucount(): ENOSPC.
#[rstest]
#[case::none(0, [ENOSPC, ENOSPC])]
#[case::one(1, [OK, ENOSPC])]
#[case::two(2, [OK, OK])]
#[harness::test(Root, Userns, pins("limit.count"))]
fn a_limit_counts_the_namespaces_of_one_owner(#[case] count: usize, #[case] expected: [Answer; 2]) {
    let ns = root().outside(&[]).inside(&limit(count)).outside(&MAPS);

    let trace = ns.second(&[UNSHARE]).inside(&[CLONE]).play();

    check!(trace, last = expected);
}

/// Another owner, which is another effective uid, has a count of its own.
/// Source: namespaces(7), "The /proc/sys/user directory"; kernel inc_ucount(): a count for each user and namespace.
#[rstest]
#[case::another(&[setresuid(5)], OK)]
#[case::by_the_real_uid_alone(&[set_id(SetId::Setresuid, &[5, 0, 5])], ENOSPC)]
#[case::by_the_effective_uid(&[set_id(SetId::Setresuid, &[0, 5, 0])], OK)]
#[case::the_same(&[setresuid(0)], ENOSPC)]
#[harness::test(Root, Userns, pins("limit.count"))]
fn each_effective_uid_has_a_count_of_its_own(#[case] ids: &[Action], #[case] expected: Answer) {
    let ns = root().outside(&[]).inside(&limit(1)).outside(&MAPS).second(&[UNSHARE]);

    let trace = ns.inside(ids).inside(&[CLONE]).play();

    check!(trace, last = expected);
}

/// A namespace counts against the limits of all namespaces above, as one of their owners'.
/// Source: namespaces(7): "these limits are per-user ... nested"; kernel inc_ucount(): the walk up.
#[rstest]
#[case::one(1, ENOSPC)]
#[case::two(2, OK)]
#[harness::test(Root, Userns, pins("limit.count-in-ancestor"))]
fn a_namespace_counts_in_every_ancestor(#[case] count: usize, #[case] expected: Answer) {
    let maps = |of| maps_of(of, "0 0 100");
    let ns = root().outside(&[]).inside(&limit(count)).outside(&MAPS).nested(&[]);

    let trace = ns.inside(&maps(Actor::Nested)).nested(&[setresuid(5), CLONE]).play();

    check!(trace, last = expected);
}

/// A lower limit in a namespace below binds those below it alone.
/// Source: namespaces(7), "The /proc/sys/user directory"; kernel inc_ucount(): the walk up.
#[harness::test(Root, Userns, pins("limit.count-in-ancestor"))]
fn a_lower_limit_binds_those_below_it_alone() {
    let ns = root().outside(&[]).inside(&[]).outside(&MAPS).nested(&limit(0));
    let maps = maps_of(Actor::Nested, "0 0 9");

    let trace = ns.inside(&maps).nested(&[CLONE]).inside(&[CLONE]).play();

    check!(trace, last = [ENOSPC, OK]);
}

/// A refused namespace counts no longer in the namespaces where there was room.
/// Source: kernel inc_ucount(): what was counted is taken back.
#[harness::test(Root, Userns, pins("limit.count-in-ancestor"))]
fn a_refusal_is_not_counted() {
    let maps = maps_of(Actor::Nested, "0 0 9");
    let [open, again] = limit(2);
    let ns = root().outside(&[]).inside(&limit(1)).outside(&MAPS).nested(&limit(1)).inside(&maps);

    let trace = ns.nested(&[CLONE, CLONE, CLONE]).inside(&[open, again]).nested(&[CLONE]).play();

    check!(trace, last = [ENOSPC, ENOSPC, ENOSPC, OK]);
}

/// A namespace that is gone leaves room for another.
/// Source: kernel free_user_ns(): dec_user_namespaces(), some time after the last process has left.
#[harness::test(Root, Userns, pins("limit.count-comes-back"))]
fn a_namespace_that_is_gone_leaves_room() {
    let ns = root().outside(&[]).inside(&limit(1)).outside(&MAPS);

    let twice = |wait| ns.clone().inside(&[CLONE, sleep(wait), CLONE]).play();

    let room = WAITS.into_iter().any(|wait| twice(wait).outcomes.last() == Some(&Outcome::Done));
    assert!(room, "{}", twice(5));
}

/// The limit cannot be opened for writing without CAP_SYS_RESOURCE in the namespace, so that there is nothing to write
/// to. No other capability is needed.
/// Source: kernel set_permissions() of ucount.c.
#[rstest]
#[case::without_it(&[drop_caps(&[Cap::SysResource])], [EACCES, EBADF])]
#[case::with_nothing_else(&[only_caps(&[Cap::SysResource])], [OK, OK])]
#[harness::test(Root, Userns, pins("limit.who-sets"))]
fn setting_a_limit_takes_sys_resource(#[case] before: &[Action], #[case] expected: [Answer; 2]) {
    let ns = root().outside(&[]).inside(before).outside(&[uid_map("9 9 1"), gid_map("9 9 1")]);

    let trace = ns.inside(&write_limit(5)).play();

    check!(trace, last = expected);
}

/// The processes of a user count together, in whichever namespaces they are. RLIMIT_NPROC of the creator, at the time when it
/// created the namespace, binds in that namespace, although a process there raises its own limit.
/// Source: getrlimit(2), RLIMIT_NPROC; kernel 21d1c5e386bc (5.14), is_rlimit_overlimit().
#[rstest]
#[case::one(61_401, 1, EAGAIN)]
#[case::two(61_402, 2, OK)]
#[harness::test(Root, Userns, Change(&LIMITS_OF_CREATOR), pins("limit.rlimits-of-creator"))]
fn the_process_limit_of_the_creator_binds_its_namespace(
    #[case] user: u32,
    #[case] most: u64,
    #[case] expected: Answer,
) {
    let ns = root().outside(&[setresgid(user), setresuid(user)]);

    let trace = ns.outside(&[processes(most), UNSHARE, processes(50), Action::Clone(0)]).play();

    check!(trace, last = expected);
}

/// A child that clone(2) creates in a new user namespace counts like any other process. unshare(2) creates no process.
/// Source: clone(2), EAGAIN; kernel copy_process().
#[rstest]
#[case::none(61_411, 0, [EAGAIN, OK])]
#[case::one(61_412, 1, [EAGAIN, OK])]
#[case::two(61_413, 2, [OK, OK])]
#[harness::test(Root, Userns, pins("limit.processes"))]
fn a_clone_with_newuser_counts_as_a_process(
    #[case] user: u32,
    #[case] most: u64,
    #[case] expected: [Answer; 2],
) {
    let ns = root().outside(&[setresgid(user), setresuid(user)]);

    let trace = ns.outside(&[processes(most), CLONE, UNSHARE]).play();

    check!(trace, last = expected);
}

/// A namespace that root of the initial namespace creates has no limit of processes. Root's own limit does not matter, nor do
/// the uids of the processes in the namespace.
/// Source: kernel create_user_ns(): set_userns_rlimit_max(), enforced_nproc_rlimit().
#[rstest]
#[case::one(1)]
#[case::two(2)]
#[harness::test(Root, InitialUserns, Userns, Change(&LIMITS_OF_CREATOR), pins("limit.rlimits-of-creator"))]
fn the_process_limit_of_initial_root_binds_no_namespace(#[case] most: u64) {
    let ns = root().outside(&[processes(most)]).inside(&[processes(50)]).outside(&MAPS);

    let trace = ns.inside(&[setresgid(61_421), setresuid(61_421), Action::Clone(0)]).play();

    check!(trace, last = OK);
}
