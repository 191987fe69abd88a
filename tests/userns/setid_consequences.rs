//! What a change of ids does besides: the dumpable flag, the parent-death signal, the thread keyring, and
//! what /proc says of it.

use harness::prelude::*;
use rstest::rstest;
use std::fmt::Write as _;

const DIE: Action = Action::Prctl("PR_SET_PDEATHSIG, SIGKILL", libc::PR_SET_PDEATHSIG, 9);

/// Reads whose keyring it is.
const KEYCTL_DESCRIBE: i64 = 6;
/// Finds a keyring, and makes it where there is none.
const KEYCTL_GET_KEYRING_ID: i64 = 0;
/// KEY_SPEC_THREAD_KEYRING.
const THREAD_KEYRING: i64 = -1;
/// The address of nothing.
const NOWHERE: RawArg = RawArg::Number(8);
/// The size of an id in memory, in bytes.
const ID: u64 = 4;

/// The signal that the parent's death will send, 0 for none.
fn death_signal() -> Action {
    let get = vec![RawArg::Number(libc::PR_GET_PDEATHSIG.into()), RawArg::Results(0)];
    syscall_for("prctl PR_GET_PDEATHSIG", libc::SYS_prctl, get, Results::Words(1))
}

/// The ids 0 to 99 of a namespace, which are others outside, and others for groups than for users.
fn namespace() -> Scenario {
    root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 1\n1 1001 99"), gid_map("0 0 1\n1 2001 99")])
}

/// A process is no longer dumpable once its effective or filesystem id has changed, and its parent's death sends it no
/// signal any more. Real and saved ids, supplementary groups, fewer capabilities and calls that change nothing leave both.
/// Source: PR_SET_DUMPABLE(2const), PR_SET_PDEATHSIG(2const); kernel commit_creds().
#[harness::test(Root, Userns, pins("change.dumpable", "change.death-signal"))]
fn a_new_effective_or_filesystem_id_ends_dumpable_and_death_signal() {
    let kinds = [
        (SetId::Setresuid, SetId::Setreuid, SetId::Setuid, SetId::Setfsuid),
        (SetId::Setresgid, SetId::Setregid, SetId::Setgid, SetId::Setfsgid),
    ];
    let calls = kinds.iter().flat_map(|(all, both, one, fs)| {
        [
            set_id(*all, &[1, SAME, SAME]),
            set_id(*all, &[SAME, 1, SAME]),
            set_id(*all, &[SAME, SAME, 1]),
            set_id(*all, &[1, 0, 1]),
            set_id(*all, &[0, 0, 0]),
            set_id(*both, &[1, SAME]),
            set_id(*both, &[SAME, 1]),
            set_id(*both, &[1, 0]),
            set_id(*one, &[1]),
            set_id(*one, &[0]),
            set_id(*one, &[100]),
            set_id(*fs, &[1]),
            set_id(*fs, &[0]),
        ]
    });

    let mut table = String::new();
    for call in calls.chain([setgroups(&[1]), only_caps(&[Cap::Kill])]) {
        let trace = namespace().inside(&[DIE, call, death_signal()]).play();
        let step = trace.to_string().lines().nth(5).unwrap_or_default().trim_end().to_owned();
        let flag = trace.state_of(Actor::Inside).is_some_and(|state| state.dumpable == 1);
        let signal = trace.outcomes_shown().last().unwrap_or_default();
        let _ = writeln!(table, "{step:50} dumpable: {flag:5}  signal: {signal}");
    }

    check!(table);
}

/// The effective id counts by itself. Here the filesystem id is the new one already, and does not change with it.
/// Source: prctl(2), PR_SET_DUMPABLE, PR_SET_PDEATHSIG; kernel commit_creds().
#[rstest]
#[case::uid(set_id(SetId::Setfsuid, &[5]), set_id(SetId::Setresuid, &[SAME, 5, SAME]))]
#[case::gid(set_id(SetId::Setfsgid, &[5]), set_id(SetId::Setresgid, &[SAME, 5, SAME]))]
#[harness::test(Root, Userns, pins("change.dumpable", "change.death-signal"))]
fn a_new_effective_id_alone_ends_dumpable_and_death_signal(
    #[case] filesystem: Action,
    #[case] effective: Action,
) {
    let ns = namespace().inside(&[filesystem, DUMPABLE, DIE, death_signal()]);

    let trace = ns.inside(&[effective, death_signal()]).play();

    check!(trace);
}

/// A process that gains capabilities is no longer dumpable and gets no signal of its parent's death. One that joins a
/// namespace by CAP_SYS_ADMIN in its parent gains them there. The owner of the namespace had them before.
/// Source: kernel commit_creds(): cred_cap_issubset().
#[rstest]
#[case::its_owner(Actor::Outside)]
#[case::another(Actor::Privileged)]
#[harness::test(
    Root,
    UnprivilegedUserns,
    Capability(Cap::SysAdmin),
    pins("change.dumpable", "change.death-signal")
)]
fn gained_capabilities_end_dumpable_and_death_signal(#[case] who: Actor) {
    let join = Action::Setns { of: Actor::Inside, file: NsFile::User, nstype: NEWUSER };
    let ns = ordinary().outside(&[]).inside(&[]);

    let trace = ns.by(who, &[DIE, death_signal(), join, death_signal()]).play();

    check!(trace, last = [OK, OK, OK, OK]);
}

/// The keyring of a thread belongs to its filesystem ids and follows each change of them. Other ids do not matter.
/// Source: thread-keyring(7); kernel commit_creds(): key_fsuid_changed(), key_fsgid_changed().
#[harness::test(Root, Userns, Config("CONFIG_KEYS"), pins("change.thread-keyring"))]
fn the_thread_keyring_follows_the_filesystem_ids() {
    let keyctl = |args: &[i64]| args.iter().copied().map(RawArg::Number).collect::<Vec<_>>();
    let describe = [keyctl(&[KEYCTL_DESCRIBE, THREAD_KEYRING]), vec![RawArg::Results(0), RawArg::Number(64)]];
    let describe = describe.concat();
    let describe = syscall_for("describe it", libc::SYS_keyctl, describe, Results::Text(64));
    let make = keyctl(&[KEYCTL_GET_KEYRING_ID, THREAD_KEYRING, 1]);
    let make = syscall_for("make a thread keyring", libc::SYS_keyctl, make, Results::Words(0));
    let calls = [
        set_id(SetId::Setresuid, &[1, SAME, 1]),
        set_id(SetId::Setresgid, &[1, SAME, 1]),
        set_id(SetId::Setresuid, &[SAME, 2, SAME]),
        set_id(SetId::Setfsuid, &[3]),
        set_id(SetId::Setregid, &[SAME, 4]),
        set_id(SetId::Setfsgid, &[5]),
    ];
    let each = calls.map(|call| [call, describe.clone()]).concat();

    let trace = namespace().inside(&[NO_FIXUP, make, describe.clone()]).inside(&each).play();

    check!(trace);
}

/// The lines of /proc/PID/status with the ids of the process inside, as this actor reads it.
fn ids_in_status(ids: &[Action], reader: Actor) -> String {
    let open = vec![HERE, RawArg::ProcPath(Actor::Inside, "status"), RawArg::Number(0)];
    let read = vec![RawArg::Held, RawArg::Results(0), RawArg::Number(4096)];
    let steps = [
        syscall_for_fd("open status", libc::SYS_openat, open),
        syscall_for("read", libc::SYS_read, read, Results::Text(4096)),
    ];
    let begun = namespace().inside(&[NO_FIXUP]).inside(ids).by(reader, &steps);
    let trace = begun.inside(&[Action::GetCredentials]).play();

    let shown = trace.outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Text(text) => Some(String::from_utf8_lossy(text).replace('\t', " ")),
        Outcome::Credentials(looked) => Some(format!("{:?}\n{:?}\n", looked.uid, looked.gid)),
        _ => None,
    });
    let lines = shown.collect::<String>();
    let ids = lines.lines().filter(|line| ["Uid:", "Gid:", "Ids"].iter().any(|word| line.starts_with(word)));
    format!("{reader}\n{}\n", ids.collect::<Vec<_>>().join("\n"))
}

/// /proc/PID/status shows the real, effective, saved and filesystem ids as the namespace of its opener names them. To the
/// process itself it shows what getresuid(2) and setfsuid(2) return, and to one outside other numbers.
/// Source: proc_pid_status(5): Uid, Gid; user_namespaces(7); kernel task_state().
#[harness::test(Root, Userns, Proc, VisibleProcesses, pins("id.told-by-proc"))]
fn status_shows_four_ids_as_its_opener_names_them() {
    let ids = [
        set_id(SetId::Setresgid, &[5, 6, 7]),
        set_id(SetId::Setfsgid, &[8]),
        set_id(SetId::Setresuid, &[1, 2, 3]),
        set_id(SetId::Setfsuid, &[4]),
    ];

    let readers = [Actor::Inside, Actor::Outside];
    let table = readers.map(|reader| ids_in_status(&ids, reader)).join("\n");

    check!(table, @r"
    inside
    Uid: 1 2 3 4
    Gid: 5 6 7 8
    Ids { real: 1, effective: 2, saved: 3, fs: 4 }
    Ids { real: 5, effective: 6, saved: 7, fs: 8 }

    outside
    Uid: 1001 1002 1003 1004
    Gid: 2005 2006 2007 2008
    Ids { real: 1, effective: 2, saved: 3, fs: 4 }
    Ids { real: 5, effective: 6, saved: 7, fs: 8 }
    ");
}

/// getresuid and getresgid write the real, the effective and the saved id in this order. The ids before a bad pointer are
/// written, and those after it are not.
/// Source: getresuid(2): EFAULT; kernel SYSCALL_DEFINE3(getresuid).
#[rstest]
#[case::uids("getresuid", libc::SYS_getresuid, SetId::Setresuid)]
#[case::gids("getresgid", libc::SYS_getresgid, SetId::Setresgid)]
#[harness::test(Root, Userns, pins("id.bad-pointer"))]
fn getresuid_writes_the_ids_before_a_bad_pointer(
    #[case] name: &'static str,
    #[case] number: i64,
    #[case] set: SetId,
) {
    // Each call has three words of its own in the room, which is empty at first.
    let place = |bad: u64, at: u64| match at == bad {
        true => NOWHERE,
        false => RawArg::Results(ID * (3 * bad + at)),
    };
    let calls = [0, 1, 2, 3].map(|bad| syscall(name, number, [0, 1, 2].map(|at| place(bad, at)).to_vec()));
    let room = syscall_for("the room", libc::SYS_getpid, vec![], Results::Words(12));

    let trace =
        namespace().inside(&[NO_FIXUP, set_id(set, &[1, 2, 3])]).inside(&calls).inside(&[room]).play();

    check!(trace, last = [EFAULT, EFAULT, EFAULT, OK, OK]);
}
