//! What a process is after it has created a user namespace, and after exec(2) there.

use crate::support::mounts::own_tmp;
use harness::prelude::*;
use rstest::rstest;

const NET_RAW: i64 = 13;

fn prctl(name: &'static str, option: i32, value: i64) -> Action {
    // The argument after the value is the capability of PR_CAP_AMBIENT; other options ignore it or want 0.
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
    let args = vec![words(&[0x2008_0522, 0]), words(&[bit, bit, bit, 0, 0, 0])];
    syscall("capset CAP_NET_RAW, inheritable too", libc::SYS_capset, args)
}

/// The creator has every capability in the new namespace, none inheritable or ambient, no securebits and
/// all in its bounding set, whatever it had before.
/// Source: user_namespaces(7), "Capabilities"; kernel set_cred_user_ns().
#[rstest]
#[case::from_none(&[only_caps(&[])])]
#[case::from_a_smaller_bounding_set(&[prctl("PR_CAPBSET_DROP", libc::PR_CAPBSET_DROP, NET_RAW)])]
#[case::from_securebits(&[prctl("PR_SET_SECUREBITS", libc::PR_SET_SECUREBITS, 0x2f)])]
#[case::from_inheritable(&[inheritable()])]
#[case::from_ambient(&[inheritable(), prctl("PR_CAP_AMBIENT_RAISE", libc::PR_CAP_AMBIENT, 2)])]
#[harness::test(
    Root,
    Userns,
    Capability(Cap::Setpcap),
    Capability(Cap::NetRaw),
    pins("enter.capabilities", "enter.bounding-set", "enter.securebits")
)]
fn capabilities(#[case] before: &[Action]) {
    let cast = root().outside(before);

    let trace = cast.outside(&[UNSHARE]).play();

    check!(trace);
}

/// Ids and groups stay what they were, and lose their names until they are mapped.
/// Source: user_namespaces(7), "Unmapped user and group IDs"; overflow ids of proc(5).
#[rstest]
#[case::no_map(&[])]
#[case::uid(&[uid_map("20 10 5")])]
#[case::gid(&[gid_map("20 10 5")])]
#[case::group(&[gid_map("7 40 2")])]
#[case::all(&[uid_map("0 0 100"), gid_map("0 0 100")])]
#[harness::test(Root, Userns, pins("enter.ids-kept"))]
fn ids(#[case] maps: &[Action]) {
    let before = [setgroups(&[40, 41, 50]), set_id(SetId::Setresgid, &[11, 12, 13]), DUMPABLE];
    let uids = set_id(SetId::Setresuid, &[11, 12, 13]);
    let cast = root().outside(&[]).privileged(&[]).outside(&before).outside(&[uids, DUMPABLE]).inside(&[]);

    let writes = maps.iter().map(|map| match map {
        Action::Write { file, text, .. } => {
            Action::Write { file: *file, of: Some(Actor::Inside), text: text.clone() }
        }
        other => other.clone(),
    });
    let trace = cast.privileged(&writes.collect::<Vec<_>>()).play();

    check!(trace);
}

/// no_new_privs is kept: a new namespace is no way around it.
/// Source: prctl(2), PR_SET_NO_NEW_PRIVS: "cannot be unset"; inherited across clone(2).
#[rstest]
#[case::set(&[prctl("PR_SET_NO_NEW_PRIVS", libc::PR_SET_NO_NEW_PRIVS, 1)])]
#[case::not_set(&[])]
#[harness::test(OrdinaryUser, UnprivilegedUserns, NewPrivileges, pins("enter.no-new-privs"))]
fn no_new_privs(#[case] before: &[Action]) {
    let ask = prctl("PR_GET_NO_NEW_PRIVS", libc::PR_GET_NO_NEW_PRIVS, 0);

    let trace = ordinary().outside(before).outside(&[UNSHARE, ask]).play();

    check!(trace);
}

/// A set-user-ID program of the namespace's root makes its user root there, but nobody who has no_new_privs,
/// set in the namespace or before it was entered.
/// Source: PR_SET_NO_NEW_PRIVS(2const); execve(2); kernel mnt_may_suid(), task_no_new_privs().
#[rstest]
#[case::set_before(&[NO_NEW_PRIVS], &[])]
#[case::set_inside(&[], &[NO_NEW_PRIVS])]
#[case::not_set(&[], &[])]
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
fn no_new_privs_and_a_setuid_program(#[case] outside: &[Action], #[case] inside: &[Action]) {
    let install = "cp \"$(command -v id)\" /tmp/id && chmod 4755 /tmp/id && chmod 755 /tmp";
    let cast = root().outside(outside).inside(&[]).outside(&[uid_map("0 0 100"), gid_map("0 0 100")]);

    let installed = cast.inside(&own_tmp()).inside(&[run(&["sh", "-c", install]), setresuid(5)]);
    let trace = installed.inside(inside).inside(&[run(&["/tmp/id", "-u"])]).play();

    check!(trace);
}

const NO_NEW_PRIVS: Action = Action::Prctl("PR_SET_NO_NEW_PRIVS, 1", libc::PR_SET_NO_NEW_PRIVS, 1);

/// exec(2) leaves the capabilities to uid 0 of the namespace alone, unless securebits say that it is nobody
/// special: another uid, or one without mapping, loses them, all four sets (permitted, effective,
/// inheritable, ambient) being empty then.
/// Source: user_namespaces(7), "Capabilities"; capabilities(7), "Capabilities and execution by root".
#[rstest]
#[case::mapped_to_0(&[uid_map("0 own 1")])]
#[case::mapped_to_0_but_no_root(&[uid_map("0 own 1"), prctl("PR_SET_SECUREBITS, NOROOT", libc::PR_SET_SECUREBITS, 1)])]
#[case::mapped_to_another(&[uid_map("5 own 1")])]
#[case::not_mapped(&[])]
#[harness::test(OrdinaryUser, UnprivilegedUserns, Program("grep"), pins("enter.exec"))]
fn exec(#[case] maps: &[Action]) {
    let words = ["grep", "-cE", "^Cap(Inh|Prm|Eff|Amb):\t0+$", "/proc/self/status"];

    let trace = ordinary().inside(maps).inside(&[run(&words)]).play();

    check!(trace);
}

/// The files in /proc/PID belong to the effective ids of the process, as the one who asks names them;
/// those of a process that is not dumpable belong to root of the namespace its program was started in.
/// Source: proc(5), "/proc/pid"; kernel task_dump_owner(): mm->user_ns.
#[rstest]
#[case::unmapped(&[], &[])]
#[case::mapped(&[uid_map("0 100 50"), gid_map("0 200 50")], &[setresgid(5), setresuid(6), DUMPABLE])]
#[case::not_dumpable(&[uid_map("0 100 50"), gid_map("0 200 50")], &[setresgid(5), setresuid(6)])]
#[harness::test(Root, Userns, InitialUserns, VisibleProcesses, pins("enter.proc-owner"))]
fn owner_of_proc(#[case] maps: &[Action], #[case] ids: &[Action]) {
    let cast = root().outside(&[]).inside(&[]).outside(maps).inside(ids);

    let trace = cast.outside(&[Action::ProcOwner(Actor::Inside)]).inside(&[Action::ProcOwner(Actor::Inside)]);

    check!(trace.play());
}

/// A process that enters a namespace, its memory closed to others, stays closed to root there: it is not
/// of the namespace in which its program was started.
/// Source: kernel bfedb589252c (the ptrace hole of CVE-2015-8709): mm->user_ns.
#[rstest]
#[case::closed(Action::Prctl("PR_SET_DUMPABLE, 0", libc::PR_SET_DUMPABLE, 0))]
#[case::open(DUMPABLE)]
#[harness::test(Root, Userns, VisibleProcesses, pins("cve.2015-8709", "ask.link"))]
fn cve_2015_8709(#[case] dumpable: Action) {
    let cast = root().outside(&[]).inside(&[]).outside(&[uid_map("0 100 50"), gid_map("0 200 50")]);
    let join = Action::Setns { of: Actor::Inside, file: NsFile::User, nstype: 0 };
    let file = RawArg::ProcPath(Actor::Outside, "ns/user");
    let look = syscall_for_fd("openat", libc::SYS_openat, vec![HERE, file]);

    let entered = cast.outside(&[dumpable, join]);
    let trace = entered.inside(&[setresgid(0), setresuid(0), DUMPABLE, look]).play();

    check!(trace);
}
