//! The files in /proc of processes that have ended and were not reaped.

use crate::support::ns_files::open_ns;
use harness::prelude::*;
use rstest::rstest;

const UNDUMPABLE: Action = Action::Prctl("PR_SET_DUMPABLE, 0", libc::PR_SET_DUMPABLE, 0);
const END: Action = Action::Exit(Leaves::Zombie);

/// The files of a zombie belong to root to 7.1. Since 7.2 they belong to its uid if it was dumpable, and its uid writes the
/// maps of the namespace that it leaves.
/// Source: proc(5), /proc/pid; kernel task_dump_owner(), kernel/exec_state.c (7.2): the flag no longer ends with the memory.
#[rstest]
#[case::dumpable(&[], OK)]
#[case::undumpable(&[UNDUMPABLE], EACCES.at("open"))]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    InitialUserns,
    VisibleProcesses,
    varies(DEAD_KEEP_DUMPABLE),
    pins("open.dead-owner")
)]
fn the_files_of_a_zombie_belong_to_its_uid_if_it_was_dumpable(
    #[case] before: &[Action],
    #[case] expected: Answer,
) {
    let ns = ordinary().outside(&[]).inside(before).inside(&[END]);

    let of = Actor::Inside;
    let maps = [write_of(of, IdFile::UidMap, "0 own 1"), write_of(of, IdFile::Setgroups, "deny")];
    let gids = [write_of(of, IdFile::GidMap, "0 own 1"), read_of(of, IdFile::UidMap)];
    let trace = ns.outside(&[Action::ProcOwner(of)]).outside(&maps).outside(&gids).play();

    check!(trace, last = [OK, expected, expected, expected, OK]);
}

/// A living process differs in nothing else: its uid writes the same files.
/// Source: proc(5), /proc/pid; kernel task_dump_owner().
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    VisibleProcesses,
    pins("open.dead-owner", "open.not-owner")
)]
fn the_files_of_a_living_process_belong_to_its_uid() {
    let ns = ordinary().outside(&[]).inside(&[]);

    let of = Actor::Inside;
    let maps = [write_of(of, IdFile::UidMap, "0 own 1"), write_of(of, IdFile::Setgroups, "deny")];
    let trace = ns.outside(&[Action::ProcOwner(of)]).outside(&maps).play();

    check!(trace, last = [OK, OK, OK], @r#"
    outside  begins                          ok
    inside   begins in a new user namespace  ok
    outside  owner of inside's uid_map       own own
    outside  inside's uid_map <- "0 own 1"   ok
    outside  inside's setgroups <- "deny"    ok
    afterwards
    outside  the caller's namespace
             uid own  gid own  groups the caller's  caps none
    inside   uid_map "0 own 1"  gid_map ""  setgroups deny
             uid 0  gid overflow  groups the caller's  caps all
    "#);
}

/// The link of the user namespace of a zombie remains, and the namespace can be joined through it. The other namespaces are
/// gone with the process: their links lead nowhere.
/// Source: namespaces(7); kernel userns_get(): task_cred_xxx(); utsns_get(), mntns_get(): nsproxy is NULL after exit.
#[rstest]
#[case::user_of_a_zombie("ns/user", &[END], OK)]
#[case::uts_of_a_zombie("ns/uts", &[END], ENOENT)]
#[case::mnt_of_a_zombie("ns/mnt", &[END], ENOENT)]
#[case::uts_of_the_living("ns/uts", &[], OK)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, VisibleProcesses, pins("ask.link-of-the-dead"))]
fn only_the_user_namespace_of_a_zombie_is_found(
    #[case] link: &'static str,
    #[case] end: &[Action],
    #[case] expected: Answer,
) {
    let ns = ordinary().outside(&[]).inside(&[]).inside(end);

    let trace = ns.outside(&[open_ns(Actor::Inside, link)]).play();

    check!(trace, last = expected);
}

/// The namespace of a zombie is joined through its link as one of a living process is, and mapped from inside its parent
/// through the process that joined.
/// Source: setns(2); kernel userns_install(): the descriptor holds the namespace, not the process.
#[rstest]
#[case::of_a_zombie(&[END])]
#[case::of_the_living(&[])]
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    VisibleProcesses,
    pins("ask.link-of-the-dead", "join.by-owner")
)]
fn the_namespace_of_a_zombie_can_be_joined_and_mapped(#[case] end: &[Action]) {
    let join = syscall("setns", libc::SYS_setns, vec![RawArg::Held, RawArg::Number(0)]);
    let ns = ordinary().outside(&[]).inside(&[DENY]).inside(end);

    let joined = ns.outside(&[open_ns(Actor::Inside, "ns/user"), join]);
    let trace = joined.outside(&[write_of(Actor::Outside, IdFile::UidMap, "0 own 1")]).play();

    check!(trace, last = [OK, OK, OK]);
}
