//! The credentials of a process after it has created a user namespace, and after exec(2) there.

use crate::support::mounts::own_tmp;
use harness::prelude::*;
use rstest::rstest;

const NET_RAW: i64 = 13;
/// PR_CAP_AMBIENT_RAISE of PR_CAP_AMBIENT.
const RAISE: i64 = 2;
/// _LINUX_CAPABILITY_VERSION_3 of capset(2).
const VERSION_3: u32 = 0x2008_0522;
/// SECBIT_NOROOT and SECBIT_NO_SETUID_FIXUP with their locks, and the lock of SECBIT_KEEP_CAPS.
const LOCKED_SECUREBITS: i64 = 0x2f;

fn prctl(name: &'static str, option: i32, value: i64) -> Action {
    // The argument after the value is the capability of PR_CAP_AMBIENT. The other options ignore it or take only 0.
    let third = if option == libc::PR_CAP_AMBIENT { NET_RAW } else { 0 };
    let args = [option.into(), value, third, 0, 0].map(RawArg::Number);
    syscall(name, libc::SYS_prctl, args.into())
}

/// Makes CAP_NET_RAW effective, permitted and inheritable, and nothing else.
pub fn inheritable() -> Action {
    let words = |words: &[u32]| {
        RawArg::Bytes(words.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<u8>>().into())
    };
    let bit = 1 << NET_RAW;
    let args = vec![words(&[VERSION_3, 0]), words(&[bit, bit, bit, 0, 0, 0])];
    syscall("capset CAP_NET_RAW, inheritable too", libc::SYS_capset, args)
}

/// The creator has every capability in the new namespace, and all of them in its bounding set. None is inheritable or
/// ambient, and no securebit is set. What it had before does not matter.
/// Source: user_namespaces(7), "Capabilities"; kernel set_cred_user_ns().
#[rstest]
#[case::from_none(&[only_caps(&[])])]
#[case::from_a_smaller_bounding_set(&[prctl("PR_CAPBSET_DROP", libc::PR_CAPBSET_DROP, NET_RAW)])]
#[case::from_securebits(&[prctl("PR_SET_SECUREBITS", libc::PR_SET_SECUREBITS, LOCKED_SECUREBITS)])]
#[case::from_inheritable(&[inheritable()])]
#[case::from_ambient(&[inheritable(), prctl("PR_CAP_AMBIENT_RAISE", libc::PR_CAP_AMBIENT, RAISE)])]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::Setpcap),
    Capability(Cap::NetRaw),
    pins("enter.capabilities", "enter.bounding-set", "enter.securebits")
)]
fn a_creator_has_every_capability_whatever_it_had_before(#[case] before: &[Action]) {
    let ns = root().outside(before);

    let trace = ns.outside(&[UNSHARE]).play();

    check!(trace, last = OK);
}

/// A process keeps its ids and groups when it enters a namespace. Each reads as the overflow id until it is mapped.
/// Ids are the real, the effective, the saved and the filesystem one, or one for all four.
/// Source: user_namespaces(7), "Unmapped user and group IDs"; overflow ids of proc(5).
#[rstest]
#[case::no_map(&[], "uid overflow  gid overflow  groups [overflow, overflow, overflow]")]
#[case::uid(&[uid_map("20 10 5")], "uid 21/22/23/22  gid overflow  groups [overflow, overflow, overflow]")]
#[case::gid(&[gid_map("20 10 5")], "uid overflow  gid 21/22/23/22  groups [overflow, overflow, overflow]")]
#[case::group(&[gid_map("7 40 2")], "uid overflow  gid overflow  groups [7, 8, overflow]")]
#[case::all(
    &[uid_map("0 0 100"), gid_map("0 0 100")],
    "uid 11/12/13/12  gid 11/12/13/12  groups [40, 41, 50]",
)]
#[harness::test(Root, Userns, pins("enter.ids-kept"))]
fn a_process_keeps_its_ids_and_sees_them_as_mapped(#[case] maps: &[Action], #[case] expected: &str) {
    let before = [setgroups(&[40, 41, 50]), set_id(SetId::Setresgid, &[11, 12, 13]), DUMPABLE];
    let uids = set_id(SetId::Setresuid, &[11, 12, 13]);
    let ns = root().outside(&[]).privileged(&[]).outside(&before).outside(&[uids, DUMPABLE]).inside(&[]);

    let writes = maps.iter().map(|map| match map {
        Action::Write { file, text, .. } => {
            Action::Write { file: *file, of: Some(Actor::Inside), text: text.clone() }
        }
        other => other.clone(),
    });
    let trace = ns.privileged(&writes.collect::<Vec<_>>()).play();

    check!(trace);
    assert_eq!(trace.credentials_in_short(Actor::Inside), format!("{expected}  caps all"), "{trace}");
}

/// A process that has set no_new_privs has it in a new namespace, too. PR_GET_NO_NEW_PRIVS returns 1
/// then, and else 0, which a trace shows as ok.
/// Source: prctl(2), PR_SET_NO_NEW_PRIVS: "cannot be unset"; inherited across clone(2).
#[rstest]
#[case::set(&[prctl("PR_SET_NO_NEW_PRIVS", libc::PR_SET_NO_NEW_PRIVS, 1)], "1")]
#[case::not_set(&[], "ok")]
#[harness::test(OrdinaryUser, UnprivilegedUserns, NewPrivileges, pins("enter.no-new-privs"))]
fn a_process_keeps_no_new_privs_in_a_new_namespace(#[case] before: &[Action], #[case] expected: &str) {
    let ask = prctl("PR_GET_NO_NEW_PRIVS", libc::PR_GET_NO_NEW_PRIVS, 0);

    let trace = ordinary().outside(before).outside(&[UNSHARE, ask]).play();

    check!(trace);
    assert_eq!(trace.last_shown(1), [expected], "{trace}");
}

/// A set-user-ID program of the namespace's root makes its user root there. It does not for a process that has set
/// no_new_privs, before it entered the namespace or inside. The program is id(1), which prints its effective uid. The
/// user is 5.
/// Source: PR_SET_NO_NEW_PRIVS(2const); execve(2); kernel mnt_may_suid(), task_no_new_privs().
#[rstest]
#[case::set_before(&[NO_NEW_PRIVS], &[], 5)]
#[case::set_inside(&[], &[NO_NEW_PRIVS], 5)]
#[case::not_set(&[], &[], 0)]
#[harness::test(
    Root,
    Userns,
    NewPrivileges,
    Program("cp"),
    Program("id"),
    Program("sh"),
    File("/tmp"),
    pins("enter.no-new-privs")
)]
fn a_setuid_program_gives_no_privilege_under_no_new_privs(
    #[case] outside: &[Action],
    #[case] inside: &[Action],
    #[case] effective_uid: u32,
) {
    let install = "cp \"$(command -v id)\" /tmp/id && chmod 4755 /tmp/id && chmod 755 /tmp";
    let ns = root().outside(outside).inside(&[]).outside(&[uid_map("0 0 100"), gid_map("0 0 100")]);

    let installed = ns.inside(&own_tmp()).inside(&[run(&["sh", "-c", install]), setresuid(5)]);
    let trace = installed.inside(inside).inside(&[run(&["/tmp/id", "-u"])]).play();

    check!(trace);
    assert_eq!(trace.last_shown(1), [format!("exit 0\nstdout: {effective_uid}")], "{trace}");
}

const NO_NEW_PRIVS: Action = Action::Prctl("PR_SET_NO_NEW_PRIVS, 1", libc::PR_SET_NO_NEW_PRIVS, 1);

/// At exec(2) only uid 0 of the namespace keeps its capabilities, and not if SECBIT_NOROOT is set. A process with
/// another uid, or with one that has no mapping, loses them. grep counts the empty ones of four sets: the permitted, the
/// effective, the inheritable and the ambient one. The last two are always empty.
/// Source: user_namespaces(7), "Capabilities"; capabilities(7), "Capabilities and execution by root".
#[rstest]
#[case::mapped_to_0(&[uid_map("0 own 1")], 2)]
#[case::mapped_to_0_but_no_root(
    &[uid_map("0 own 1"), prctl("PR_SET_SECUREBITS, NOROOT", libc::PR_SET_SECUREBITS, 1)],
    4,
)]
#[case::mapped_to_another(&[uid_map("5 own 1")], 4)]
#[case::not_mapped(&[], 4)]
#[harness::test(OrdinaryUser, UnprivilegedUserns, Program("grep"), pins("enter.exec"))]
fn only_uid_0_of_the_namespace_keeps_capabilities_at_exec(#[case] maps: &[Action], #[case] empty_sets: u32) {
    let words = ["grep", "-cE", "^Cap(Inh|Prm|Eff|Amb):\t0+$", "/proc/self/status"];

    let trace = ordinary().inside(maps).inside(&[run(&words)]).play();

    check!(trace);
    assert_eq!(trace.last_shown(1), [format!("exit 0\nstdout: {empty_sets}")], "{trace}");
}

/// The files in /proc/PID belong to the effective ids of the process, as the reader's namespace maps them. Those of a
/// process that is not dumpable belong to root of the namespace in which its program was started.
/// Source: proc(5), "/proc/pid"; kernel task_dump_owner(): mm->user_ns.
#[rstest]
#[case::unmapped(&[], &[], ["0 0", "overflow overflow"])]
#[case::mapped(
    &[uid_map("0 100 50"), gid_map("0 200 50")],
    &[setresgid(5), setresuid(6), DUMPABLE],
    ["106 205", "6 5"],
)]
#[case::not_dumpable(
    &[uid_map("0 100 50"), gid_map("0 200 50")],
    &[setresgid(5), setresuid(6)],
    ["0 0", "overflow overflow"],
)]
#[harness::test(Root, Userns, InitialUserns, VisibleProcesses, pins("enter.proc-owner"))]
fn proc_files_belong_to_the_effective_ids_of_a_dumpable_process(
    #[case] maps: &[Action],
    #[case] ids: &[Action],
    #[case] expected: [&str; 2],
) {
    let ns = root().outside(&[]).inside(&[]).outside(maps).inside(ids);

    let ask = [Action::ProcOwner(Actor::Inside)];
    let trace = ns.outside(&ask).inside(&ask).play();

    check!(trace);
    assert_eq!(trace.last_shown(2), expected, "{trace}");
}

/// A process that is not dumpable enters a namespace. Root of that namespace cannot open its files in /proc, because its
/// program was started in another namespace.
/// Source: kernel bfedb589252c (the ptrace hole of CVE-2015-8709): mm->user_ns.
#[rstest]
#[case::closed(Action::Prctl("PR_SET_DUMPABLE, 0", libc::PR_SET_DUMPABLE, 0), EACCES)]
#[case::open(DUMPABLE, OK)]
#[harness::test(Root, Userns, VisibleProcesses, pins("cve.2015-8709", "ask.link"))]
fn root_of_a_namespace_cannot_inspect_an_undumpable_process_that_joins(
    #[case] dumpable: Action,
    #[case] expected: Answer,
) {
    let ns = root().outside(&[]).inside(&[]).outside(&[uid_map("0 100 50"), gid_map("0 200 50")]);
    let join = Action::Setns { of: Actor::Inside, file: NsFile::User, nstype: 0 };
    let file = RawArg::ProcPath(Actor::Outside, "ns/user");
    let look = syscall_for_fd("openat", libc::SYS_openat, vec![HERE, file]);

    let entered = ns.outside(&[dumpable, join]);
    let trace = entered.inside(&[setresgid(0), setresuid(0), DUMPABLE, look]).play();

    check!(trace, last = expected);
}
