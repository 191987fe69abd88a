//! How many user namespaces, and how many processes in them.

use crate::limits_counts::{WAITS, sleep};
use crate::limits_of_creator::soft;
use harness::prelude::*;
use rstest::rstest;

const MAPS: [Action; 2] = [uid_map("0 0 65536"), gid_map("0 0 65536")];

/// Writes a limit to /proc/sys/user/max_user_namespaces, which is that of the writer's namespace.
pub fn limit(count: usize) -> [Action; 2] {
    let path = RawArg::Bytes(b"/proc/sys/user/max_user_namespaces\0".as_slice().into());
    let open = vec![HERE, path, RawArg::Number(libc::O_WRONLY.into())];
    let digit = RawArg::Bytes(count.to_string().into_bytes().into());
    let write = vec![RawArg::Held, digit, RawArg::Number(1)];
    [syscall_for_fd("open the limit", libc::SYS_openat, open), syscall("write", libc::SYS_write, write)]
}

/// Sets the soft limit of processes, leaving a hard limit of 100.
fn processes(most: u64) -> Action {
    let name =
        ["at most 0", "at most 1", "at most 2", "at most more"][usize::try_from(most.min(3)).unwrap_or(3)];
    soft(name, libc::RLIMIT_NPROC, most, 100)
}

/// user.max_user_namespaces counts the namespaces of one owner below the one whose limit it is.
/// Source: namespaces(7), "The /proc/sys/user directory"; kernel inc_ucount(): ENOSPC.
#[rstest]
#[case::none(0)]
#[case::one(1)]
#[case::two(2)]
#[harness::test(Root, Userns, pins("limit.count"))]
fn of_one_owner(#[case] count: usize) {
    let cast = root().outside(&[]).inside(&limit(count)).outside(&MAPS);

    let trace = cast.second(&[UNSHARE]).inside(&[CLONE]).play();

    check!(trace);
}

/// Another owner has a count of its own.
/// Source: as above: the count is one per user and namespace.
#[rstest]
#[case::another(&[setresuid(5)])]
#[case::by_the_real_uid_alone(&[set_id(SetId::Setresuid, &[5, 0, 5])])]
#[case::by_the_effective_uid(&[set_id(SetId::Setresuid, &[0, 5, 0])])]
#[case::the_same(&[setresuid(0)])]
#[harness::test(Root, Userns, pins("limit.count"))]
fn of_another_owner(#[case] ids: &[Action]) {
    let cast = root().outside(&[]).inside(&limit(1)).outside(&MAPS).second(&[UNSHARE]);

    let trace = cast.inside(ids).inside(&[CLONE]).play();

    check!(trace);
}

/// A namespace counts against the limits of all namespaces above, as one of their owners'.
/// Source: namespaces(7): "these limits are per-user ... nested"; kernel inc_ucount(): the walk up.
#[rstest]
#[case::one(1)]
#[case::two(2)]
#[harness::test(Root, Userns, pins("limit.count-in-ancestor"))]
fn of_an_ancestor(#[case] count: usize) {
    let maps = |of| maps_of(of, "0 0 100");
    let cast = root().outside(&[]).inside(&limit(count)).outside(&MAPS).nested(&[]);

    let trace = cast.inside(&maps(Actor::Nested)).nested(&[setresuid(5), CLONE]).play();

    check!(trace);
}

/// A lower limit in a namespace below binds those below it alone.
/// Source: as above.
#[harness::test(Root, Userns, pins("limit.count-in-ancestor"))]
fn of_a_namespace_below() {
    let cast = root().outside(&[]).inside(&[]).outside(&MAPS).nested(&limit(0));
    let maps = maps_of(Actor::Nested, "0 0 9");

    let trace = cast.inside(&maps).nested(&[CLONE]).inside(&[CLONE]).play();

    check!(trace);
}

/// A refused namespace counts no longer in the namespaces where there was room.
/// Source: kernel inc_ucount(): what was counted is taken back.
#[harness::test(Root, Userns, pins("limit.count-in-ancestor"))]
fn a_refusal_is_not_counted() {
    let maps = maps_of(Actor::Nested, "0 0 9");
    let [open, again] = limit(2);
    let cast = root().outside(&[]).inside(&limit(1)).outside(&MAPS).nested(&limit(1)).inside(&maps);

    let trace = cast.nested(&[CLONE, CLONE, CLONE]).inside(&[open, again]).nested(&[CLONE]).play();

    check!(trace);
}

/// A namespace that is gone leaves room for another.
/// Source: kernel free_user_ns(): dec_user_namespaces(), some time after the last process has left.
#[harness::test(Root, Userns, pins("limit.count-comes-back"))]
fn the_count_goes_down() {
    let cast = root().outside(&[]).inside(&limit(1)).outside(&MAPS);

    let twice = |wait| cast.clone().inside(&[CLONE, sleep(wait), CLONE]).play();

    let room = WAITS.into_iter().any(|wait| twice(wait).outcomes.last() == Some(&Outcome::Done));
    assert!(room, "{}", twice(5));
}

/// The limit is for those with capabilities in the namespace: it cannot be opened without CAP_SYS_RESOURCE.
/// Source: kernel set_permissions() of ucount.c.
#[rstest]
#[case::without_it(&[drop_caps(&[Cap::SysResource])])]
#[case::with_nothing_else(&[only_caps(&[Cap::SysResource])])]
#[harness::test(Root, Userns, pins("limit.who-sets"))]
fn who_may_set_it(#[case] before: &[Action]) {
    let cast = root().outside(&[]).inside(before).outside(&[uid_map("9 9 1"), gid_map("9 9 1")]);

    let trace = cast.inside(&limit(5)).play();

    check!(trace);
}

/// Processes of a user are counted wherever they are: RLIMIT_NPROC at the time when the namespace was made
/// binds all that happens in it, whatever the limit becomes there.
/// Source: getrlimit(2), RLIMIT_NPROC; kernel 21d1c5e386bc (5.14), is_rlimit_overlimit().
#[rstest]
#[case::one(61_401, 1)]
#[case::two(61_402, 2)]
#[harness::test(Root, Userns, Kernel { major: 5, minor: 17, why: "RLIMIT_NPROC per namespace" }, pins("limit.rlimits-of-creator"))]
fn processes_in_a_namespace(#[case] user: u32, #[case] most: u64) {
    let cast = root().outside(&[setresgid(user), setresuid(user)]);

    let trace = cast.outside(&[processes(most), UNSHARE, processes(50), Action::Clone(0)]).play();

    check!(trace);
}

/// A clone with a new user namespace is counted like any other process.
/// Source: clone(2), EAGAIN; kernel copy_process().
#[rstest]
#[case::none(61_411, 0)]
#[case::one(61_412, 1)]
#[case::two(61_413, 2)]
#[harness::test(Root, Userns, pins("limit.processes"))]
fn processes_of_a_user(#[case] user: u32, #[case] most: u64) {
    let cast = root().outside(&[setresgid(user), setresuid(user)]);

    let trace = cast.outside(&[processes(most), CLONE, UNSHARE]).play();

    check!(trace);
}

/// The limit of the initial namespace's root binds nobody: a namespace that root makes has none, whoever its
/// processes become.
/// Source: kernel create_user_ns(): set_userns_rlimit_max(), enforced_nproc_rlimit().
#[rstest]
#[case::one(1)]
#[case::two(2)]
#[harness::test(Root, InitialUserns, Userns, Kernel { major: 5, minor: 17, why: "RLIMIT_NPROC per namespace" }, pins("limit.rlimits-of-creator"))]
fn processes_in_a_namespace_of_roots(#[case] most: u64) {
    let cast = root().outside(&[processes(most)]).inside(&[processes(50)]).outside(&MAPS);

    let trace = cast.inside(&[setresgid(61_421), setresuid(61_421), Action::Clone(0)]).play();

    check!(trace);
}
