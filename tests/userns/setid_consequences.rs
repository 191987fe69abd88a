//! What a change of ids does besides: the dumpable flag, the parent-death signal, the thread keyring, and
//! what /proc says of it.

use harness::prelude::*;
use rstest::rstest;
use std::fmt::Write as _;

const DIE: Action = Action::Prctl("PR_SET_PDEATHSIG, SIGKILL", libc::PR_SET_PDEATHSIG, 9);

/// The signal that the parent's death will send, 0 for none.
fn death_signal() -> Action {
    let get = vec![RawArg::Number(libc::PR_GET_PDEATHSIG.into()), RawArg::Results(0)];
    syscall_for("prctl PR_GET_PDEATHSIG", libc::SYS_prctl, get, Results::Words(1))
}

/// The ids 0 to 99 of a namespace, which are others outside, and others for groups than for users.
fn namespace() -> Scenario {
    root().outside(&[]).inside(&[]).outside(&[uid_map("0 0 1\n1 1001 99"), gid_map("0 0 1\n1 2001 99")])
}

/// A process is dumpable no longer once its effective or filesystem id changes, and its parent's death sends
/// no signal any more; real and saved ids, supplementary groups, fewer capabilities and calls that change
/// nothing leave both.
/// Source: PR_SET_DUMPABLE(2const), PR_SET_PDEATHSIG(2const); kernel commit_creds().
#[harness::test(Root, Userns, pins("change.dumpable", "change.death-signal"))]
fn dumpable_and_death_signal() {
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

/// Capabilities that it did not have make a process undumpable as well, and end the signal: whoever joins a
/// namespace by a capability in its parent gains those, but its owner had them.
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
fn more_capabilities(#[case] who: Actor) {
    let join = Action::Setns { of: Actor::Inside, file: NsFile::User, nstype: NEWUSER };
    let cast = ordinary().outside(&[]).inside(&[]);

    let trace = cast.by(who, &[DIE, death_signal(), join, death_signal()]).play();

    check!(trace);
}

/// The keyring of a thread belongs to its filesystem ids, whatever they become; other ids do not matter.
/// Source: thread-keyring(7); kernel commit_creds(): key_fsuid_changed(), key_fsgid_changed().
#[harness::test(Root, Userns, Config("CONFIG_KEYS"), pins("change.thread-keyring"))]
fn thread_keyring() {
    let keyctl = |args: &[i64]| args.iter().copied().map(RawArg::Number).collect::<Vec<_>>();
    // KEYCTL_DESCRIBE and KEYCTL_GET_KEYRING_ID of KEY_SPEC_THREAD_KEYRING, which makes one.
    let describe = [keyctl(&[6, -1]), vec![RawArg::Results(0), RawArg::Number(64)]].concat();
    let describe = syscall_for("describe it", libc::SYS_keyctl, describe, Results::Text(64));
    let make = syscall_for("make a thread keyring", libc::SYS_keyctl, keyctl(&[0, -1, 1]), Results::Words(0));
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

/// /proc/PID/status shows the real, effective, saved and filesystem ids as the namespace of its opener names
/// them: what getresuid and setfsuid tell the process itself, and other numbers outside.
/// Source: proc_pid_status(5): Uid, Gid; user_namespaces(7); kernel task_state().
#[harness::test(Root, Userns, Proc, VisibleProcesses, pins("id.told-by-proc"))]
fn status() {
    let ids = [
        set_id(SetId::Setresgid, &[5, 6, 7]),
        set_id(SetId::Setfsgid, &[8]),
        set_id(SetId::Setresuid, &[1, 2, 3]),
        set_id(SetId::Setfsuid, &[4]),
    ];

    let readers = [Actor::Inside, Actor::Outside];
    let table = readers.map(|reader| ids_in_status(&ids, reader)).join("\n");

    check!(table);
}

/// getresuid and getresgid tell the real, the effective and the saved id in this order: what comes before a
/// bad pointer is written, what comes after is not.
/// Source: getresuid(2): EFAULT; kernel SYSCALL_DEFINE3(getresuid).
#[rstest]
#[case::uids("getresuid", libc::SYS_getresuid, SetId::Setresuid)]
#[case::gids("getresgid", libc::SYS_getresgid, SetId::Setresgid)]
#[harness::test(Root, Userns, pins("id.bad-pointer"))]
fn bad_pointers(#[case] name: &'static str, #[case] number: i64, #[case] set: SetId) {
    // Each call has three words of its own in the room, which is empty at first.
    let place = |bad: u64, at: u64| match at == bad {
        true => RawArg::Number(8),
        false => RawArg::Results(12 * bad + 4 * at),
    };
    let calls = [0, 1, 2, 3].map(|bad| syscall(name, number, [0, 1, 2].map(|at| place(bad, at)).to_vec()));
    let room = syscall_for("the room", libc::SYS_getpid, vec![], Results::Words(12));

    let trace =
        namespace().inside(&[NO_FIXUP, set_id(set, &[1, 2, 3])]).inside(&calls).inside(&[room]).play();

    check!(trace);
}
