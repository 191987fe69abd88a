//! The sequences of `sudo_sequences.rs` against the programs: strace shows the calls that the installed
//! ones make, so that the tables cannot drift from them.

use crate::support::mounts::{own_mounts, tmpfs};
use harness::prelude::*;
use rstest::rstest;

/// The calls that change groups and ids.
const CALLS: &str = "setgroups,setuid,setgid,setreuid,setregid,setresuid,setresgid";

/// The names of these calls, in the order in which the program made them. An error is a call or the program that failed.
fn traced(words: &[&str]) -> Result<Vec<String>, String> {
    traced_in(root(), words)
}

/// The names of these calls, where the program is run in a place that was prepared for it.
fn traced_in(place: Scenario, words: &[&str]) -> Result<Vec<String>, String> {
    let filter = format!("trace={CALLS}");
    let mut strace = vec!["strace", "-f", "-qqq", "-e", &filter, "-e", "signal=none"];
    strace.extend(words);
    let trace = place.outside(&[run(&strace)]).play();
    let Some(Outcome::Program(ended)) = trace.outcomes.last() else {
        return Err(format!("no program was run: {trace}"));
    };
    if ended.status != Status::Exited(0) {
        return Err(format!("{words:?}: {}: {}", ended.status, ended.stderr));
    }
    let call = |line: &str| {
        let line =
            line.strip_prefix("[pid").and_then(|rest| rest.split_once("] ")).map_or(line, |(_, call)| call);
        let name = line.split('(').next().filter(|name| CALLS.split(',').any(|call| call == *name))?;
        let succeeded = line.trim_end().ends_with("= 0");
        Some(if succeeded { Ok(name.to_owned()) } else { Err(format!("{words:?}: {line}")) })
    };
    ended.stderr.lines().filter_map(call).collect()
}

/// Whether the calls happen in this order, with others possibly between them.
fn in_order(calls: &[&str], traced: &[String]) -> bool {
    let mut rest = traced.iter();
    calls.iter().all(|call| rest.any(|traced| traced == call))
}

/// The installed program makes the calls of its sequence, in that order.
/// Source: strace(1) of the program itself.
#[rstest]
#[case::sudo(&["sudo", "-n", "-u", "daemon", "true"], &["setgroups", "setgid", "setresuid"])]
#[case::sudo_perms(&["sudo", "-n", "-u", "daemon", "true"], &["setgroups", "setresuid", "setresuid", "setgroups"])]
#[case::su(&["su", "-s", "/bin/sh", "daemon", "-c", "true"], &["setgroups", "setgid", "setuid"])]
#[case::runuser(&["runuser", "-u", "daemon", "--", "true"], &["setgroups", "setgid", "setuid"])]
#[case::sg(&["sg", "daemon", "-c", "true"], &["setgroups", "setgid", "setuid"])]
#[case::chroot(&["chroot", "--userspec=1000:1000", "--groups=27", "/", "true"], &["setgroups", "setgid", "setuid"])]
#[case::setpriv(&["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "true"], &["setresuid", "setresgid", "setgroups"])]
#[harness::test(
    Root,
    Userns,
    Program("strace"),
    SetuidProgram("sudo"),
    Program("su"),
    Program("runuser"),
    Program("sg"),
    Program("setpriv"),
    Account("daemon"),
    pins("program.sequences")
)]
fn installed_programs_make_the_calls_of_their_sequence(#[case] words: &[&str], #[case] sequence: &[&str]) {
    let traced = traced(words).unwrap_or_else(|failed| panic!("{failed}"));

    assert!(in_order(sequence, &traced), "the table says {sequence:?}, {} did {traced:?}", words[0]);
}

/// start-stop-daemon sets the gid before the groups.
/// Source: strace(1) of the program itself.
#[harness::test(
    Root,
    Userns,
    Program("strace"),
    Program("start-stop-daemon"),
    Account("daemon"),
    pins("program.sequences")
)]
fn start_stop_daemon_sets_the_gid_before_the_groups() {
    // Not --exec, which refuses to start a second process of the same program.
    let pidfile = ["--pidfile", "/nonexistent/pidfile", "--startas", "/bin/true"];
    let words = [&["start-stop-daemon", "--start", "--chuid", "daemon"][..], &pidfile].concat();

    let traced = traced(&words).unwrap_or_else(|failed| panic!("{failed}"));

    assert_eq!(traced, ["setgid", "setgroups", "setuid"]);
}

/// apt's helpers become _apt with setgroups(2), then setresgid(2), then setresuid(2), which leave no way back.
/// Source: strace(1) of the program itself; apt's DropPrivileges().
#[harness::test(
    Root,
    Userns,
    Program("strace"),
    Program("/usr/lib/apt/apt-helper"),
    Account("_apt"),
    Capability(Cap::SysAdmin),
    File("/tmp"),
    pins("program.sequences")
)]
fn apt_sets_groups_then_gids_then_uids() {
    let place = root().outside(&own_mounts()).outside(&[tmpfs("mount at /tmp", b"/tmp\0").or_stop()]);
    let helper = "/usr/lib/apt/apt-helper";

    let traced = traced_in(place, &[helper, "download-file", "file:/etc/os-release", "/tmp/hostname"])
        .unwrap_or_else(|failed| panic!("{failed}"));

    assert!(in_order(&["setgroups", "setresgid", "setresuid"], &traced), "apt did {traced:?}");
}
