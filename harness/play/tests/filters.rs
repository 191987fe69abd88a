//! What a seccomp filter refuses is found and named, and nothing else is.

mod support;

use harness_play::host::filter::{harness_calls, probed_calls, refused_call, refused_step};
use harness_play::prelude::*;
use harness_play::{LIMIT, play_program};
use harness_scenario::actors::Actor;
use nix::errno::Errno;
use rstest::rstest;
use support::{KILL, filter, ret_errno};

/// CLONE_NEWUSER, as a first argument.
const NEWUSER: u64 = 0x1000_0000;

/// Not a test: what a process finds that was started with a filter. The tests start this program again, with a filter
/// and the name of this function.
#[test]
#[ignore = "the other tests run it, behind a filter"]
fn found() {
    for (name, number, only) in probed_calls() {
        if let Some(reason) = refused_call(number, &[only.unwrap_or(0)]) {
            println!("found {name}: {reason}");
        }
    }
    if let Some(reason) = refused_call(libc::SYS_unshare, &[NEWUSER]) {
        println!("newuser: {reason}");
    }
    if let Some(reason) = refused_step(Actor::Inside, &Action::Fork) {
        println!("fork: {reason}");
    }
    if let Some(reason) = harness_calls() {
        println!("nothing runs: {reason}");
    }
}

/// The lines that this program prints behind a filter.
#[track_caller]
fn behind(filter: &[Action]) -> Vec<String> {
    let program = std::env::current_exe().expect("this program").display().to_string();
    let words = [program.as_str(), "--ignored", "--exact", "found", "--nocapture", "--test-threads=1"];
    let run = Action::Run(words.map(|word| word.to_owned().into()).to_vec().into());
    let scenario = caller().outside(&[filter, &[run, Action::Exit(Leaves::Nothing)]].concat());
    let trace = play_program(&scenario, LIMIT).expect("a filter and a program");
    let Some((_, Outcome::Program(ended))) = trace.steps().nth(filter.len() + 1) else {
        panic!("the program did not run:\n{trace}");
    };
    assert!(ended.stdout.contains("test result: ok. 1 passed"), "{ended:?}");
    let lines = ended.stdout.lines().map(|line| line.trim_start_matches("test found ... "));
    lines.filter(|line| line.contains("(probe: ")).map(str::to_owned).collect()
}

#[rstest]
#[case::eperm("EPERM", ret_errno(libc::EPERM))]
#[case::enosys("ENOSYS", ret_errno(libc::ENOSYS))]
#[case::eacces("EACCES", ret_errno(libc::EACCES))]
#[case::kill("SIGSYS", KILL)]
fn a_call_that_a_filter_refuses_is_named(#[case] told: &str, #[case] result: u32) {
    for (name, number) in [
        ("unshare", libc::SYS_unshare),
        ("setns", libc::SYS_setns),
        ("keyctl", libc::SYS_keyctl),
        ("fsopen", libc::SYS_fsopen),
    ] {
        let lines = behind(&filter(number, None, result));

        let found: Vec<_> = lines.iter().filter(|line| line.starts_with("found ")).collect();
        let [line] = found[..] else { panic!("{name}: {lines:#?}") };
        let sentence =
            format!("found {name}: a seccomp filter answers {name}(2) with {told} (probe: {name}(");
        assert!(line.starts_with(&sentence), "{line}");
    }
}

/// A filter that answers success is found where the kernel refuses, and one that answers as the kernel is not.
#[test]
fn an_invented_success_is_found() {
    let lines = behind(&filter(libc::SYS_setns, None, ret_errno(0)));

    assert!(lines[0].starts_with("found setns: a seccomp filter answers setns(2) with success"), "{lines:?}");
}

/// systemd's RestrictNamespaces= refuses by the flag.
#[test]
fn a_filter_that_looks_at_the_flag_is_found_for_the_flag_alone() {
    let lines = behind(&filter(libc::SYS_unshare, Some(0x1000_0000), ret_errno(libc::EPERM)));

    let [newuser, fork] = &lines[..] else { panic!("{lines:#?}") };
    assert!(newuser.starts_with("newuser: a seccomp filter answers unshare(2) with EPERM"), "{newuser}");
    assert!(fork.contains("unshare(0x10002000), which a kernel answers with EINVAL"), "{fork}");
}

/// Some calls at a time: the reasons name these and no other.
#[test]
fn each_refused_call_is_named_and_no_other() {
    // These the program and what starts it need before it can ask.
    let own = [
        "execve",
        "rt_sigprocmask",
        "pread64",
        "prctl",
        "newfstatat",
        "fstat",
        "munmap",
        "sigaltstack",
        "dup2",
        "poll",
        "dup2",
        "fcntl",
        "statfs",
        "getcwd",
        "gettid",
        "sched_getaffinity",
        // It installs the filters.
        "seccomp",
    ];
    let asked = |name: &&str| !own.contains(name);
    let calls: Vec<_> = probed_calls().filter(|(name, ..)| asked(name)).collect();
    for some in calls.chunks(10) {
        let enosys = |number| filter(number, None, ret_errno(Errno::ENOSYS as i32));
        let lines = behind(&some.iter().flat_map(|(_, number, _)| enosys(*number)).collect::<Vec<_>>());

        let found = lines.iter().filter_map(|line| line.strip_prefix("found "));
        let found: Vec<_> =
            found.filter_map(|line| line.split_once(" (probe: ")).map(|(said, _)| said).collect();
        let sentence = |name| format!("{name}: a seccomp filter answers {name}(2) with ENOSYS");
        assert_eq!(found, some.iter().map(|(name, ..)| sentence(*name)).collect::<Vec<_>>());
    }
}

/// A filter that refuses what every scenario needs is the reason for which nothing runs.
#[test]
fn a_call_of_the_harness_itself_is_found() {
    let lines = behind(&filter(libc::SYS_capget, None, ret_errno(libc::EPERM)));

    assert!(
        lines.iter().any(|line| line
            == "nothing runs: a seccomp filter answers capget(2) with EPERM (probe: capget(8, 8), which a \
                kernel answers with EFAULT)"),
        "{lines:#?}"
    );
}

/// A filter that refuses nothing of the suite's gives no reason.
#[test]
fn a_filter_that_lets_all_pass_refuses_nothing() {
    assert_eq!(behind(&filter(libc::SYS_swapoff, None, KILL)), Vec::<String>::new());
}

/// Without a filter nothing is probed.
#[test]
fn without_a_filter_there_is_no_reason() {
    assert_eq!(refused_call(libc::SYS_unshare, &[NEWUSER]), None);
    assert_eq!(harness_calls(), None);
}
