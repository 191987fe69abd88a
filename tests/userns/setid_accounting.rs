//! As whose a process counts against RLIMIT_NPROC once its ids have changed.

use crate::setid_limits::limit;
use harness::prelude::*;
use std::fmt::Write as _;

/// The first of the uids under which nothing else runs; every line takes two of its own, since older kernels
/// count the processes of a user wherever they are.
const FIRST: u32 = 61_601;
/// The steps by which all lines begin.
const CAST: usize = 7;
const THREAD: i32 = libc::CLONE_VM | libc::CLONE_SIGHAND | libc::CLONE_THREAD;

/// Processes of its own under limits of 1 to 4: EAGAIN where that would be one too many.
fn children() -> Vec<Action> {
    [1, 2, 3, 4].into_iter().flat_map(|most| [limit(most), Action::Clone(0)]).collect()
}

/// What is done by a process of the user `old`, and its name: then it is `new` or still `old`.
type Change = (&'static str, fn(u32, u32) -> Vec<Action>);

const CHANGES: [Change; 26] = [
    ("nothing", |_, _| vec![]),
    ("setuid(new)", |_, new| vec![set_id(SetId::Setuid, &[new])]),
    ("setuid(old)", |old, _| vec![set_id(SetId::Setuid, &[old])]),
    ("setuid(new), the saved id", |_, new| {
        vec![set_id(SetId::Setresuid, &[SAME, SAME, new]), only_caps(&[]), set_id(SetId::Setuid, &[new])]
    }),
    ("setuid(new), the effective id of before", |_, new| {
        vec![set_id(SetId::Setresuid, &[SAME, new, SAME]), set_id(SetId::Setuid, &[new])]
    }),
    ("setuid(new), the saved id of before", |_, new| {
        vec![set_id(SetId::Setresuid, &[SAME, SAME, new]), set_id(SetId::Setuid, &[new])]
    }),
    ("setuid(new), the filesystem id of before", |_, new| {
        vec![set_id(SetId::Setfsuid, &[new]), set_id(SetId::Setuid, &[new])]
    }),
    ("setreuid(new, -1)", |_, new| vec![set_id(SetId::Setreuid, &[new, SAME])]),
    ("setreuid(new, old)", |old, new| vec![set_id(SetId::Setreuid, &[new, old])]),
    ("setreuid(-1, new)", |_, new| vec![set_id(SetId::Setreuid, &[SAME, new])]),
    ("setreuid(old, new)", |old, new| vec![set_id(SetId::Setreuid, &[old, new])]),
    ("setreuid(new, -1), the effective id", |_, new| {
        let call = set_id(SetId::Setreuid, &[new, SAME]);
        vec![set_id(SetId::Setresuid, &[SAME, new, new]), only_caps(&[]), call]
    }),
    ("setresuid(new, -1, -1)", |_, new| vec![set_id(SetId::Setresuid, &[new, SAME, SAME])]),
    ("setresuid(new, -1, -1), the effective id", |_, new| {
        let ids = [[SAME, new, SAME], [new, SAME, SAME]];
        ids.map(|ids| set_id(SetId::Setresuid, &ids)).to_vec()
    }),
    ("setresuid(new, -1, -1), the fs id", |_, new| {
        vec![set_id(SetId::Setfsuid, &[new]), set_id(SetId::Setresuid, &[new, SAME, SAME])]
    }),
    ("setresuid(new, old, old)", |old, new| vec![set_id(SetId::Setresuid, &[new, old, old])]),
    ("setresuid(-1, new, -1)", |_, new| vec![set_id(SetId::Setresuid, &[SAME, new, SAME])]),
    ("setresuid(-1, -1, new)", |_, new| vec![set_id(SetId::Setresuid, &[SAME, SAME, new])]),
    ("setresuid(old, new, new)", |old, new| vec![set_id(SetId::Setresuid, &[old, new, new])]),
    ("setresuid(new, -1, -1), the saved id", |_, new| {
        let call = set_id(SetId::Setresuid, &[new, SAME, SAME]);
        vec![set_id(SetId::Setresuid, &[SAME, SAME, new]), only_caps(&[]), call]
    }),
    ("setfsuid(new)", |_, new| vec![set_id(SetId::Setfsuid, &[new])]),
    ("setresgid(new, new, new)", |_, new| vec![setresgid(new)]),
    ("there and back", |old, new| vec![setresuid(new), setresuid(old)]),
    ("refused", |_, new| {
        let calls = [set_id(SetId::Setreuid, &[new, SAME]), set_id(SetId::Setreuid, &[SAME, new])];
        vec![
            only_caps(&[]),
            set_id(SetId::Setuid, &[new]),
            setresuid(new),
            calls[0].clone(),
            calls[1].clone(),
        ]
    }),
    ("one thread alone", |_, new| vec![Action::CloneAndKeep(THREAD), setresuid(new)]),
    ("with a child", |_, new| vec![Action::CloneAndKeep(0), setresuid(new)]),
];

fn line(index: u32, (name, change): Change) -> String {
    let old = FIRST + 2 * index;
    let maps = [uid_map("0 0 65536"), gid_map("0 0 65536")];
    let ns = root().outside(&[]).inside(&[]).outside(&maps).inside(&[NO_FIXUP, setresuid(old)]);

    let changed = ns.second(&[]).inside(&change(old, old + 1));
    let steps = changed.steps.len();
    let trace = changed.second(&children()).inside(&children()).play();

    let shown: Vec<String> = trace.outcomes_shown().collect();
    let (before, after) = shown.split_at(steps);
    let calls = before[CAST..].join(" ");
    let made: Vec<&str> = after.iter().skip(1).step_by(2).map(String::as_str).collect();
    let (of_old, own) = made.split_at(made.len() / 2);
    format!("{name:40}  {calls:26}  beside {:22}  itself {}\n", of_old.join(" "), own.join(" "))
}

/// A process counts as one of its real uid, from the moment at which that changes. The effective, the saved and the
/// filesystem id do not matter, nor a call that was refused. Each thread and each child counts for itself. Beside the
/// process that changes there is another of the old user.
/// Source: getrlimit(2), RLIMIT_NPROC: "the real user ID of the calling process"; kernel set_user(),
/// set_cred_ucounts(), commit_creds().
#[harness::test(Root, Userns, pins("change.counted-as", "id.one-thread"))]
fn a_process_counts_as_one_of_its_real_uid() {
    let mut table = String::new();
    for (index, change) in (0..).zip(CHANGES) {
        let _ = write!(table, "{}", line(index, change));
    }

    check!(table);
}
