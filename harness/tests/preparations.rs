//! The suite's preparations, each of their calls refused in turn: the scenario ends there, the error names the step, and
//! nothing is made or changed in the working directory, which is compared before and after.

#[path = "../play/tests/support/mod.rs"]
mod faults;

/// The preparations themselves, as the suite has them.
#[allow(dead_code, clippy::allow_attributes, reason = "a part of each file is used")]
#[path = "../../tests/userns/support"]
mod support {
    pub mod group_files;
    pub mod limits;
    pub mod map_stack;
    pub mod map_tables;
    pub mod mounts;
}

use faults::{answer_with, raw};
use harness::prelude::*;
use harness_play::error::Error;
use nix::errno::Errno;
use rstest::rstest;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use support::map_stack::{chown, in_a_tmpfs, mknod};
use support::{group_files, limits, mounts};

/// Root of a namespace with one id, as any user can be.
const OWN: [Action; 3] = [DENY, uid_map("0 own 1"), gid_map("0 own 1")];

/// The names, modes, owners and sizes of the files in a directory and of the directory itself.
fn listing(directory: &Path) -> BTreeMap<String, (u32, u32, u32, u64)> {
    let inside = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    inside
        .chain([directory.to_owned()])
        .filter_map(|path| {
            let file = fs::symlink_metadata(&path).ok()?;
            Some((path.display().to_string(), (file.mode(), file.uid(), file.gid(), file.size())))
        })
        .collect()
}

/// The number of the system call of a preparation.
fn number(action: &Action) -> Option<i64> {
    match action {
        Action::UnshareOrStop(_) => Some(libc::SYS_unshare),
        Action::Syscall(call) if action.stops_when_refused() => Some(call.number),
        _ => None,
    }
}

/// What the tests do in the working directory.
fn deeds() -> Vec<Action> {
    let mkdir = support::map_stack::at_file("mkdir", libc::SYS_mkdirat, "made-directory", &[0o700]);
    let open_to_all = support::map_stack::at_file("chmod", libc::SYS_fchmodat, ".", &[0o2777]);
    vec![mknod("made-file"), mkdir, chown("made-file", 0, 0), open_to_all]
}

/// A tmpfs as the working directory, as in most tests of files.
fn working_directory() -> Vec<Action> {
    [in_a_tmpfs().to_vec(), deeds()].concat()
}

/// A file in a tmpfs at /tmp.
fn file_in_tmp() -> Vec<Action> {
    group_files::file(0, 0, 0o640).to_vec()
}

/// Mounts of its own, and one over the working directory.
fn own_mounts() -> Vec<Action> {
    let over = mounts::tmpfs("mount over the working directory", b".\0").or_stop();
    [mounts::own_mounts().to_vec(), vec![over]].concat()
}

/// A limit of the own namespace, by a sysctl, and what it is set for.
fn limit_of_namespaces() -> Vec<Action> {
    [limits::limit(1).to_vec(), vec![UNSHARE]].concat()
}

/// Limits of the own process, and what they are set for.
fn limits_of_a_process() -> Vec<Action> {
    let few = limits::soft("few processes", libc::RLIMIT_NPROC, 50, 100);
    let small = limits::soft("small locks", libc::RLIMIT_MEMLOCK, 4096, 8192);
    vec![few, small, UNSHARE]
}

/// The limits of this process and of its namespace, as /proc shows them.
fn limits_here() -> [String; 2] {
    ["/proc/self/limits", "/proc/sys/user/max_user_namespaces"]
        .map(|file| fs::read_to_string(file).expect("a file of /proc"))
}

/// A limit that is refused ends the scenario as well: what follows would find the host's own limit. Neither a refusal
/// nor a success changes a limit of this process or of its namespace.
#[rstest]
#[case::of_namespaces(limit_of_namespaces())]
#[case::of_a_process(limits_of_a_process())]
fn a_refused_limit_ends_the_scenario(
    #[case] steps: Vec<Action>,
    #[values(Errno::EPERM, Errno::ENOSYS, Errno::EACCES)] errno: Errno,
) {
    let before = limits_here();

    let refused: Vec<i64> = steps.iter().filter_map(number).collect();
    assert_eq!(refused.len(), 2, "{steps:?}");
    for call in refused {
        let behind = caller().inside(&OWN).inside(&answer_with(call, errno as i32));
        let error = behind.inside(&steps).try_play().expect_err("the refusal is no outcome");

        names_the_step(&error, &steps, call, errno);
        assert_eq!(limits_here(), before, "{error}");
    }
    let trace = caller().inside(&OWN).inside(&steps).play();
    // The one byte that a sysctl takes is shown as the number that write(2) returns.
    assert!(trace.outcomes_shown().all(|outcome| ["ok", "1"].contains(&outcome.as_str())), "{trace}");
    assert_eq!(limits_here(), before);
}

/// The error has the step that makes the call, and its errno.
fn names_the_step(error: &Error, steps: &[Action], call: i64, errno: Errno) {
    let step = steps.iter().find(|step| number(step) == Some(call)).expect("one of the steps");
    let shown = harness_scenario::show::action(Actor::Inside, step);
    match error {
        Error::IsolationFailed { step, errno: found, .. } => {
            assert!(*found == errno && step.ends_with(&shown), "{error}");
        }
        _ => panic!("{error}"),
    }
}

/// Every call that a preparation consists of is refused, with the errnos of a filter, of a missing capability and of a
/// kernel without the call.
#[rstest]
#[case::working_directory(working_directory())]
#[case::file_in_tmp(file_in_tmp())]
#[case::own_mounts(own_mounts())]
fn a_refused_preparation_leaves_nothing(
    #[case] steps: Vec<Action>,
    #[values(Errno::EPERM, Errno::ENOSYS, Errno::EACCES)] errno: Errno,
) {
    let scratch = tempfile::tempdir().expect("a directory");
    let path = [scratch.path().as_os_str().as_encoded_bytes(), b"\0"].concat();
    let go_there = raw("chdir", libc::SYS_chdir, &[RawArg::Bytes(path.into())]);
    let before = [listing(scratch.path()), listing(Path::new("/tmp/file"))];

    let refused: Vec<i64> = steps.iter().filter_map(number).collect();
    assert!(refused.len() >= 3, "{steps:?}");
    for call in refused {
        // The namespace comes first, as the filter would refuse it as well.
        let there = caller().inside(&OWN).inside(std::slice::from_ref(&go_there));
        let played = there.inside(&answer_with(call, errno as i32)).inside(&steps).try_play();

        let error = played.expect_err("the refusal is no outcome");
        names_the_step(&error, &steps, call, errno);
        assert_eq!([listing(scratch.path()), listing(Path::new("/tmp/file"))], before, "{error}");
    }
}

/// The nearby success: without a refusal everything is made, and none of it in the working directory.
#[rstest]
#[case::working_directory(working_directory())]
#[case::file_in_tmp(file_in_tmp())]
#[case::own_mounts(own_mounts())]
fn a_preparation_that_succeeds_leaves_nothing_either(#[case] steps: Vec<Action>) {
    let before = listing(Path::new("."));

    let trace = caller().inside(&OWN).inside(&steps).play();

    let odd: Vec<String> = trace.outcomes_shown().filter(|outcome| outcome != "ok").collect();
    assert!(odd.is_empty(), "{trace}");
    assert_eq!(listing(Path::new(".")), before);
}

/// The same deeds without a preparation, or after one that may go on when it is refused, are not begun at all.
#[rstest]
#[case::without(vec![])]
#[case::not_certain(vec![Action::Unshare(libc::CLONE_NEWNS)])]
#[case::a_call_is_missing(working_directory().into_iter().filter(|step| number(step) != Some(libc::SYS_fchdir)).collect())]
fn deeds_without_a_preparation_are_not_begun(#[case] steps: Vec<Action>) {
    let before = listing(Path::new("."));

    let error =
        caller().inside(&OWN).inside(&steps).inside(&deeds()).try_play().expect_err("it is not prepared");

    assert!(matches!(error, Error::InvalidScenario(_)), "{error}");
    let message = error.to_string();
    assert!(
        message.contains("mknod(AT_FDCWD, 10 bytes, 33152, 0), of inside would reach the host's files"),
        "{message}"
    );
    assert_eq!(listing(Path::new(".")), before);
}
