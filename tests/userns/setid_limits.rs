//! RLIMIT_NPROC and the set*id calls: they succeed, and execve(2) fails later.

use crate::support::limits::soft;
use harness::prelude::*;
use rstest::rstest;
use std::borrow::Cow;

/// A uid under which nothing else runs.
const USER: u32 = 47_111;
const OTHER: u32 = 47_112;
const MAPS: [Action; 2] = [uid_map("0 0 65536"), gid_map("0 0 65536")];

/// The soft limit of processes; the hard one stays high enough to raise it again.
pub fn limit(processes: u64) -> Action {
    let name = match processes {
        0 => "limit processes to 0",
        1 => "limit processes to 1",
        2 => "limit processes to 2",
        3 => "limit processes to 3",
        4 => "limit processes to 4",
        _ => "limit processes to 100",
    };
    soft(name, libc::RLIMIT_NPROC, processes, 100)
}

/// execve of what does not exist: the limit is looked at first.
fn execve() -> Action {
    let path = RawArg::Bytes(Cow::Borrowed(b"/proc/no such program\0"));
    syscall("execve", libc::SYS_execve, vec![path, RawArg::Number(0), RawArg::Number(0)])
}

/// A namespace in which a second process is that user.
fn beside(user: u32) -> Scenario {
    root().outside(&[]).inside(&[]).outside(&MAPS).second(&[set_id(SetId::Setuid, &[user])])
}

/// A change of the real uid to a user who has too many processes succeeds, and the next execve is EAGAIN
/// as long as that is so; other ids do not matter, nor does a limit that is not reached.
/// Source: setuid(2), EAGAIN, and execve(2), EAGAIN; kernel 72fa59970f86.
#[rstest]
#[case::setuid(set_id(SetId::Setuid, &[USER]), 0)]
#[case::setreuid(set_id(SetId::Setreuid, &[USER, SAME]), 0)]
#[case::setresuid(set_id(SetId::Setresuid, &[USER, SAME, SAME]), 0)]
#[case::effective_alone(set_id(SetId::Setresuid, &[SAME, USER, SAME]), 0)]
#[case::saved_alone(set_id(SetId::Setresuid, &[SAME, SAME, USER]), 0)]
#[case::filesystem_id(set_id(SetId::Setfsuid, &[USER]), 0)]
#[case::same_real_uid(set_id(SetId::Setreuid, &[0, USER]), 0)]
#[case::below_the_limit(set_id(SetId::Setuid, &[USER]), 100)]
#[harness::test(Root, Userns, pins("change.too-many-processes"))]
fn too_many_processes(#[case] call: Action, #[case] processes: u64) {
    let cast = beside(USER);

    let over = cast.inside(&[NO_FIXUP, limit(processes), execve(), call, execve(), execve()]);
    let trace = over.inside(&[limit(100), execve()]).play();

    check!(trace);
}

/// Changing to a user with room again, or to root of the host, makes execve possible.
/// Source: as above; kernel flag_nproc_exceeded(): INIT_USER is exempt.
#[rstest]
#[case::another_user(OTHER)]
#[case::root(0)]
#[harness::test(
    Root,
    Userns,
    InitialUserns,
    Kernel { major: 5, minor: 18, why: "users with no process are below a limit of 0" },
    pins("change.too-many-processes", "change.root-may-have-many")
)]
fn away_again(#[case] user: u32) {
    let over = beside(USER).inside(&[NO_FIXUP, limit(0), setresuid(USER), execve()]);

    let trace = over.inside(&[setresuid(user), execve()]).play();

    check!(trace);
}

/// Root of the host is exempt, and nobody else: uid 0 of a namespace counts as who it is outside.
/// Source: kernel flag_nproc_exceeded(): INIT_USER.
#[rstest]
#[case::root_of_the_namespace(&[uid_map("0 5000 10"), gid_map("0 0 10")])]
#[case::root_of_the_host(&[uid_map("0 0 10"), gid_map("0 0 10")])]
#[case::root_of_the_host_by_another_uid(&[uid_map("0 5000 7\n7 0 1"), gid_map("0 0 10")])]
#[harness::test(Root, Userns, InitialUserns, pins("change.root-may-have-many"))]
fn becoming_root(#[case] maps: &[Action]) {
    let cast = root().outside(&[]).inside(&[]).outside(maps).inside(&[NO_FIXUP]);
    let uids = [0, 7].map(|uid| [setresuid(5), limit(0), setresuid(uid), execve(), limit(100), execve()]);

    let beside = cast.second(&[setresuid(7), Action::CloneAndKeep(0), setresuid(0)]);
    let trace = beside.inside(&uids.concat()).play();

    check!(trace);
}

/// It is the new user's processes that are too many or not; how many the old one has does not matter.
/// Source: kernel flag_nproc_exceeded(): new->ucounts.
#[rstest]
#[case::the_new_user_has_too_many(47_121, 47_122)]
#[case::the_old_user_has_too_many(47_122, 47_123)]
#[harness::test(Root, Userns, pins("change.too-many-processes"))]
fn whose_processes(#[case] old: u32, #[case] new: u32) {
    let cast = beside(47_122).second(&[Action::CloneAndKeep(0)]).inside(&[NO_FIXUP]);

    let moved = cast.inside(&[setresuid(old), limit(1), setresuid(new)]);
    let trace = moved.inside(&[limit(0), execve(), limit(100), execve()]).play();

    check!(trace);
}

/// As many processes as the limit says are not too many.
/// Source: getrlimit(2), RLIMIT_NPROC; kernel is_rlimit_overlimit().
#[rstest]
#[case::as_many(&[])]
#[case::one_more(&[Action::CloneAndKeep(0)])]
#[harness::test(
    Root,
    Userns,
    Kernel { major: 5, minor: 18, why: "as many processes as the limit says are not too many" },
    pins("change.too-many-processes")
)]
fn at_the_limit(#[case] more: &[Action]) {
    let cast = beside(47_131).second(more).inside(&[NO_FIXUP]);

    let trace = cast.inside(&[limit(1), setresuid(47_131), limit(0), execve()]).play();

    check!(trace);
}

/// That there were too many is judged when the real uid changes, and remembered until it changes again or
/// an execve or a fork finds room: a limit that is raised and lowered in between shows it.
/// Source: kernel flag_nproc_exceeded(), do_execveat_common(), copy_process(): PF_NPROC_EXCEEDED.
#[rstest]
#[case::nothing(Action::GetCredentials)]
#[case::execve(execve())]
#[case::fork(Action::Clone(0))]
#[case::another_real_uid(set_id(SetId::Setresuid, &[OTHER, SAME, SAME]))]
#[case::another_real_uid_by_setreuid(set_id(SetId::Setreuid, &[OTHER, SAME]))]
#[case::another_real_uid_by_setuid(set_id(SetId::Setuid, &[OTHER]))]
#[case::the_same_by_setuid(set_id(SetId::Setuid, &[USER]))]
#[case::the_same_by_setreuid(set_id(SetId::Setreuid, &[USER, OTHER]))]
#[case::effective(set_id(SetId::Setresuid, &[SAME, OTHER, SAME]))]
#[case::effective_by_setreuid(set_id(SetId::Setreuid, &[SAME, OTHER]))]
#[case::saved(set_id(SetId::Setresuid, &[SAME, SAME, OTHER]))]
#[case::filesystem(set_id(SetId::Setfsuid, &[OTHER]))]
#[case::group(setresgid(OTHER))]
#[harness::test(Root, Userns, pins("change.too-many-processes"))]
fn remembered(#[case] between: Action) {
    let over = beside(USER).inside(&[NO_FIXUP, limit(0), setresuid(USER), execve()]);

    let trace = over.inside(&[limit(100), between, limit(0), execve()]).play();

    check!(trace);
}

/// A process that has become one too many by a lower limit may execve: no change of its real uid said so.
/// Source: as above: flag_nproc_exceeded() looks at another user's processes alone.
#[rstest]
#[case::setuid(set_id(SetId::Setuid, &[USER]))]
#[case::setreuid(set_id(SetId::Setreuid, &[USER, OTHER]))]
#[case::setresuid(set_id(SetId::Setresuid, &[USER, OTHER, OTHER]))]
#[harness::test(Root, Userns, pins("change.too-many-processes"))]
fn not_by_a_lower_limit(#[case] call: Action) {
    let cast = beside(USER).inside(&[NO_FIXUP, limit(100), setresuid(USER), limit(0)]);

    let same = cast.inside(&[call, execve()]);
    let trace = same.inside(&[setresuid(OTHER), setresuid(USER), execve()]).play();

    check!(trace);
}
