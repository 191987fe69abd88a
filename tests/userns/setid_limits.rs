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

/// A change of the real uid to a user who has too many processes succeeds, and then execve(2) is EAGAIN as long as there
/// are too many. Other ids do not matter, nor does a limit that is not reached. The program does not exist: an execve(2)
/// that is not refused is ENOENT.
/// Source: setuid(2), EAGAIN, and execve(2), EAGAIN; kernel 72fa59970f86.
#[rstest]
#[case::setuid(set_id(SetId::Setuid, &[USER]), 0, EAGAIN)]
#[case::setreuid(set_id(SetId::Setreuid, &[USER, SAME]), 0, EAGAIN)]
#[case::setresuid(set_id(SetId::Setresuid, &[USER, SAME, SAME]), 0, EAGAIN)]
#[case::effective_alone(set_id(SetId::Setresuid, &[SAME, USER, SAME]), 0, ENOENT)]
#[case::saved_alone(set_id(SetId::Setresuid, &[SAME, SAME, USER]), 0, ENOENT)]
#[case::filesystem_id(set_id(SetId::Setfsuid, &[USER]), 0, ENOENT)]
#[case::same_real_uid(set_id(SetId::Setreuid, &[0, USER]), 0, ENOENT)]
#[case::below_the_limit(set_id(SetId::Setuid, &[USER]), 100, ENOENT)]
#[harness::test(Root, Userns, pins("change.too-many-processes"))]
fn execve_fails_after_a_change_to_a_user_with_too_many_processes(
    #[case] call: Action,
    #[case] processes: u64,
    #[case] expected: Answer,
) {
    let ns = beside(USER);

    let over = ns.inside(&[NO_FIXUP, limit(processes), execve(), call, execve(), execve()]);
    let trace = over.inside(&[limit(100), execve()]).play();

    check!(trace, last = [ENOENT, OK, expected, expected, ENOENT]);
}

/// A process that changes to a user with room again, or to root of the host, may execve(2) again: ENOENT, since the program
/// does not exist.
/// Source: setuid(2), EAGAIN, and execve(2), EAGAIN; kernel 72fa59970f86, flag_nproc_exceeded(): INIT_USER is exempt.
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
fn execve_works_again_after_a_change_to_a_user_with_room_or_to_root(#[case] user: u32) {
    let over = beside(USER).inside(&[NO_FIXUP, limit(0), setresuid(USER), execve()]);

    let trace = over.inside(&[setresuid(user), execve()]).play();

    check!(trace, last = [EAGAIN, OK, ENOENT]);
}

/// Root of the host is exempt, and no other user. Uid 0 of a namespace counts as the uid that it is outside.
/// Source: kernel flag_nproc_exceeded(): INIT_USER.
#[rstest]
#[case::root_of_the_namespace(&[uid_map("0 5000 10"), gid_map("0 0 10")], EAGAIN, EAGAIN)]
#[case::root_of_the_host(&[uid_map("0 0 10"), gid_map("0 0 10")], ENOENT, EAGAIN)]
#[case::root_of_the_host_by_another_uid(&[uid_map("0 5000 7\n7 0 1"), gid_map("0 0 10")], EAGAIN, ENOENT)]
#[harness::test(Root, Userns, InitialUserns, pins("change.root-may-have-many"))]
fn only_root_of_the_host_may_have_too_many_processes(
    #[case] maps: &[Action],
    #[case] uid_0: Answer,
    #[case] uid_7: Answer,
) {
    let ns = root().outside(&[]).inside(&[]).outside(maps).inside(&[NO_FIXUP]);
    let uids = [0, 7].map(|uid| [setresuid(5), limit(0), setresuid(uid), execve(), limit(100), execve()]);

    let beside = ns.second(&[setresuid(7), Action::CloneAndKeep(0), setresuid(0)]);
    let trace = beside.inside(&uids.concat()).play();

    check!(trace, last = [OK, OK, uid_0, ENOENT, OK, OK, uid_7, ENOENT]);
}

/// The processes of the new user are too many or not. How many the old one has does not matter.
/// Source: kernel flag_nproc_exceeded(): new->ucounts.
#[rstest]
#[case::the_new_user_has_too_many(47_121, 47_122, EAGAIN)]
#[case::the_old_user_has_too_many(47_122, 47_123, ENOENT)]
#[harness::test(Root, Userns, pins("change.too-many-processes"))]
fn only_the_processes_of_the_new_user_count(#[case] old: u32, #[case] new: u32, #[case] expected: Answer) {
    let ns = beside(47_122).second(&[Action::CloneAndKeep(0)]).inside(&[NO_FIXUP]);

    let moved = ns.inside(&[setresuid(old), limit(1), setresuid(new)]);
    let trace = moved.inside(&[limit(0), execve(), limit(100), execve()]).play();

    check!(trace, last = [expected, ENOENT]);
}

/// As many processes as the limit says are not too many.
/// Source: getrlimit(2), RLIMIT_NPROC; kernel is_rlimit_overlimit().
#[rstest]
#[case::as_many(&[], ENOENT)]
#[case::one_more(&[Action::CloneAndKeep(0)], EAGAIN)]
#[harness::test(
    Root,
    Userns,
    Kernel { major: 5, minor: 18, why: "as many processes as the limit says are not too many" },
    pins("change.too-many-processes")
)]
fn as_many_processes_as_the_limit_are_not_too_many(#[case] more: &[Action], #[case] expected: Answer) {
    let ns = beside(47_131).second(more).inside(&[NO_FIXUP]);

    let trace = ns.inside(&[limit(1), setresuid(47_131), limit(0), execve()]).play();

    check!(trace, last = expected);
}

/// Whether there are too many processes is judged when the real uid changes. It is remembered until the real uid changes
/// again, or until an execve(2) or a fork(2) finds room. The limit is raised before the call and lowered after it.
/// Source: kernel flag_nproc_exceeded(), do_execveat_common(), copy_process(): PF_NPROC_EXCEEDED.
#[rstest]
#[case::nothing(Action::GetCredentials, EAGAIN)]
#[case::execve(execve(), ENOENT)]
#[case::fork(Action::Clone(0), ENOENT)]
#[case::another_real_uid(set_id(SetId::Setresuid, &[OTHER, SAME, SAME]), ENOENT)]
#[case::another_real_uid_by_setreuid(set_id(SetId::Setreuid, &[OTHER, SAME]), ENOENT)]
#[case::another_real_uid_by_setuid(set_id(SetId::Setuid, &[OTHER]), ENOENT)]
#[case::the_same_by_setuid(set_id(SetId::Setuid, &[USER]), EAGAIN)]
#[case::the_same_by_setreuid(set_id(SetId::Setreuid, &[USER, OTHER]), EAGAIN)]
#[case::effective(set_id(SetId::Setresuid, &[SAME, OTHER, SAME]), EAGAIN)]
#[case::effective_by_setreuid(set_id(SetId::Setreuid, &[SAME, OTHER]), EAGAIN)]
#[case::saved(set_id(SetId::Setresuid, &[SAME, SAME, OTHER]), EAGAIN)]
#[case::filesystem(set_id(SetId::Setfsuid, &[OTHER]), EAGAIN)]
#[case::group(setresgid(OTHER), EAGAIN)]
#[harness::test(Root, Userns, pins("change.too-many-processes"))]
fn too_many_processes_are_remembered_until_there_is_room(#[case] between: Action, #[case] expected: Answer) {
    let over = beside(USER).inside(&[NO_FIXUP, limit(0), setresuid(USER), execve()]);

    let trace = over.inside(&[limit(100), between, limit(0), execve()]).play();

    check!(trace, last = expected);
}

/// A process that has become one too many by a lower limit may execve(2), since its real uid did not change: ENOENT. After a
/// change to another user and back it may not: EAGAIN.
/// Source: execve(2), EAGAIN; kernel flag_nproc_exceeded(): new->user is compared with current_user().
#[rstest]
#[case::setuid(set_id(SetId::Setuid, &[USER]))]
#[case::setreuid(set_id(SetId::Setreuid, &[USER, OTHER]))]
#[case::setresuid(set_id(SetId::Setresuid, &[USER, OTHER, OTHER]))]
#[harness::test(Root, Userns, pins("change.too-many-processes"))]
fn a_lower_limit_alone_refuses_no_execve(#[case] call: Action) {
    let ns = beside(USER).inside(&[NO_FIXUP, limit(100), setresuid(USER), limit(0)]);

    let same = ns.inside(&[call, execve()]);
    let trace = same.inside(&[setresuid(OTHER), setresuid(USER), execve()]).play();

    check!(trace, last = [OK, ENOENT, OK, OK, EAGAIN]);
}
