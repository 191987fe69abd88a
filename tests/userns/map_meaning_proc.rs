//! Which ids the files in /proc and other objects tell of a process of another namespace.

use crate::support::map_family::{Family, MEMBERS, pairs};
use crate::support::map_stack::{GIDS, UIDS, last, stat};
use harness::prelude::*;
use rstest::rstest;

fn open_proc(of: Actor, file: &'static str) -> Action {
    syscall_for_fd("openat", libc::SYS_openat, vec![HERE, RawArg::ProcPath(of, file)])
}

/// The lines of /proc/PID/status about ids.
fn status() -> Action {
    Action::ReadHeld { size: 32 * 1024, at: At::Position }
}

/// The numbers of such a line.
fn numbers(outcome: &Outcome, name: &str) -> Vec<u32> {
    let Outcome::Text(bytes) = outcome else { return Vec::new() };
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().filter_map(|number| number.parse().ok()).collect()
}

/// Uid:, Gid: and Groups: of /proc/PID/status show the ids as the namespace of the opener names them, not as that of the
/// process does.
/// Source: proc_pid_status(5); kernel task_state(): seq_user_ns().
#[harness::test(Root, Userns, VisibleProcesses, pins("mean.processes", "mean.up", "mean.levels"))]
fn status_shows_ids_as_its_opener_names_them() {
    let family = Family::new();
    let groups = family.stack.outer_ids(GIDS);
    let list = Action::Setgroups(Groups::List(groups.clone().into()), Via::Raw);
    let mut sorted = groups.clone();
    sorted.sort_unstable();
    // The process outside takes ids of which some have a name in each of the namespaces.
    let ids = family.stack.outer_ids(UIDS);
    let fours: Vec<[usize; 4]> = (0..ids.len() - 4).step_by(4).map(|n| [n, n + 1, n + 2, n + 3]).collect();

    for by in MEMBERS {
        for four in &fours {
            let (uids, gids) = (four.map(|n| ids[n]), four.map(|n| groups[n]));
            let take = [
                NO_FIXUP,
                set_id(SetId::Setresgid, &gids[..3]),
                set_id(SetId::Setfsgid, &gids[3..]),
                set_id(SetId::Setresuid, &uids[..3]),
                set_id(SetId::Setfsuid, &uids[3..]),
            ];
            let ns = family.cast(std::slice::from_ref(&list)).outside(&take);
            let trace = ns.by(by, &[open_proc(Actor::Outside, "status"), status()]).play();

            let seen = &last(&trace, 1)[0];
            let told =
                |file, ids: &[u32]| ids.iter().map(|id| family.told(by, file, *id)).collect::<Vec<_>>();
            assert_eq!(numbers(seen, "Uid:"), told(UIDS, &uids), "{uids:?} by {by}");
            assert_eq!(numbers(seen, "Gid:"), told(GIDS, &gids), "{gids:?} by {by}");
            assert_eq!(numbers(seen, "Groups:"), told(GIDS, &sorted), "by {by}");
        }
    }
}

/// /proc/PID/status that was opened by one process and is read by another shows the ids as the opener's namespace names
/// them.
/// Source: proc_pid_status(5); kernel task_state(): seq_user_ns() is that of file->f_cred.
#[harness::test(Root, Userns, VisibleProcesses, pins("mean.processes", "mean.up", "mean.levels"))]
fn status_shows_ids_of_its_opener_not_of_its_reader() {
    let family = Family::new();
    let [uid, gid] = family.stack.owner();

    for (opener, reader) in pairs().filter(|(opener, reader)| opener != reader) {
        let opened =
            family.cast(&[]).by(opener, &[open_proc(Actor::Deepest, "status"), Action::PassFd(reader)]);
        let trace = opened.by(reader, &[status()]).play();

        let seen = &last(&trace, 1)[0];
        assert_eq!(numbers(seen, "Uid:"), [family.told(opener, UIDS, uid); 4], "{opener} for {reader}");
        assert_eq!(numbers(seen, "Gid:"), [family.told(opener, GIDS, gid); 4], "{opener} for {reader}");
    }
}

/// The directory /proc/PID belongs to the effective ids of the process, as the caller of stat(2) names them, dumpable or
/// not.
/// Source: proc(5), /proc/pid; kernel task_dump_owner(), pid_getattr().
#[rstest]
#[case::dumpable(1)]
#[case::not_dumpable(0)]
#[harness::test(Root, Userns, VisibleProcesses, pins("mean.processes", "mean.up", "mean.levels"))]
fn the_directory_of_a_process_belongs_to_its_effective_ids(#[case] dumpable: u64) {
    let family = Family::new();
    let dumpable = Action::Prctl("PR_SET_DUMPABLE", libc::PR_SET_DUMPABLE, dumpable);

    for (of, by) in pairs() {
        let ns = family.cast(&[]).by(of, std::slice::from_ref(&dumpable));
        let trace = ns.by(by, &[stat(RawArg::ProcPath(of, ""))]).play();

        assert_eq!(
            last(&trace, 1),
            [Outcome::Ids(family.both(by, family.effective(of)).into())],
            "of {of} by {by}"
        );
    }
}

/// NS_GET_OWNER_UID returns the owner of a namespace as the caller's namespace names it.
/// Source: ioctl_nsfs(2), NS_GET_OWNER_UID; kernel ns_ioctl(): from_kuid_munged(current_user_ns()).
#[harness::test(Root, Userns, VisibleProcesses, pins("mean.up", "mean.levels"))]
fn the_owner_of_a_namespace_is_shown_as_the_caller_names_it() {
    let family = Family::new();
    let [uid, _] = family.stack.owner();

    for (of, by) in pairs().filter(|(of, by)| *of != Actor::Outside && *by != Actor::Outside) {
        let opened = family.cast(&[]).outside(&[open_proc(of, "ns/user"), Action::PassFd(by)]);
        let trace = opened.by(by, &[Action::OwnerUid]).play();

        // The one outside has the effective uid 0, those inside and nested have the other.
        let owner = if matches!(of, Actor::Nested | Actor::Deepest) { uid } else { 0 };
        assert_eq!(last(&trace, 1), [Outcome::Ids(vec![family.told(by, UIDS, owner)])], "of {of} by {by}");
    }
}

/// getpriority(PRIO_USER) looks for processes of the uid that the caller's namespace names so. For an id without a mapping
/// there are none. Only processes of the caller's PID namespace count, and a new one has none but those of the test.
/// Source: getpriority(2), ESRCH; kernel SYSCALL_DEFINE2(getpriority): make_kuid(), task_pid_vnr().
#[harness::test(Root, Userns, Config("CONFIG_PID_NS"), pins("mean.down"))]
fn getpriority_finds_users_as_the_caller_names_them() {
    const PRIO_USER: i64 = 2;
    let call = |name, number, args: &[i64]| {
        syscall(name, number, args.iter().map(|arg| RawArg::Number(*arg)).collect())
    };
    let ask = |uid| call("getpriority PRIO_USER", libc::SYS_getpriority, &[PRIO_USER, uid]);
    // The nicest priority reads as 1.
    let nice = call("setpriority PRIO_PROCESS", libc::SYS_setpriority, &[0, 0, 19]);
    let ns = root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 65536"), gid_map("0 0 65536")]);
    let ns = ns.inside(&[Action::UnshareOrStop(libc::CLONE_NEWPID)]).second(&[nice, setresuid(61_302)]);
    let ns = ns.nested(&[]).inside(&maps_of(Actor::Nested, "10 61300 5"));

    let asked = ns.nested(&[ask(12), ask(11), ask(9), ask(15), ask(61_302)]);
    let asked = asked.second(&[ask(61_302), ask(61_301), ask(12)]);
    // The first process of a PID namespace waits for the others when it ends.
    let trace = asked.nested(&[Action::Exit(Leaves::Nothing)]).play();

    check!(trace, last = [OK, ESRCH, ESRCH, ESRCH, ESRCH, OK, ESRCH, ESRCH, OK]);
}
