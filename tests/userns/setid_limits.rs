//! RLIMIT_NPROC and the set*id calls: they succeed, and execve(2) fails later.

use harness::prelude::*;
use rstest::rstest;
use std::borrow::Cow;

/// A uid under which nothing else runs.
const USER: u32 = 47_111;
const SAME: u32 = u32::MAX;

/// The soft limit of processes; the hard one stays high enough to raise it again.
fn limit(processes: u64) -> Action {
    let bytes: Vec<u8> = [processes, 100].iter().flat_map(|word| word.to_ne_bytes()).collect();
    let (pid, nproc) = (RawArg::Number(0), RawArg::Number(libc::RLIMIT_NPROC.into()));
    let name = if processes == 0 { "limit processes to 0" } else { "limit processes to 100" };
    let args = vec![pid, nproc, RawArg::Bytes(Cow::Owned(bytes)), RawArg::Number(0)];
    Action::Raw(name, libc::SYS_prlimit64, args)
}

/// execve of what does not exist: the limit is looked at first.
fn execve() -> Action {
    let path = RawArg::Bytes(Cow::Borrowed(b"/proc/no such program\0"));
    Action::Raw("execve", libc::SYS_execve, vec![path, RawArg::Number(0), RawArg::Number(0)])
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
#[harness::test(Root, Userns)]
fn too_many_processes(#[case] call: Action, #[case] processes: u64) {
    let maps = [uid_map("0 0 65536"), gid_map("0 0 65536")];
    let cast = root().outside(&[]).inside(&[]).outside(&maps).second(&[set_id(SetId::Setuid, &[USER])]);
    let keep = Action::Prctl("PR_SET_SECUREBITS", libc::PR_SET_SECUREBITS, 4);

    let over = cast.inside(&[keep, limit(processes), execve(), call, execve(), execve()]);
    let trace = over.inside(&[limit(100), execve()]).play();

    check!(trace);
}

/// Changing to a user with room again, or to root of the host, makes execve possible.
/// Source: as above; kernel flag_nproc_exceeded(): INIT_USER is exempt.
#[rstest]
#[case::another_user(47_112)]
#[case::root(0)]
#[harness::test(Root, Userns, InitialUserns, Kernel { major: 5, minor: 18, why: "users with no process are below a limit of 0" })]
fn away_again(#[case] user: u32) {
    let maps = [uid_map("0 0 65536"), gid_map("0 0 65536")];
    let cast = root().outside(&[]).inside(&[]).outside(&maps).second(&[set_id(SetId::Setuid, &[USER])]);
    let keep = Action::Prctl("PR_SET_SECUREBITS", libc::PR_SET_SECUREBITS, 4);

    let over = cast.inside(&[keep, limit(0), setresuid(USER), execve()]);
    let trace = over.inside(&[setresuid(user), execve()]).play();

    check!(trace);
}
