//! SIGKILL of the test process in the middle of a scenario: nothing of it is left, neither processes nor
//! mounts, sysctls or files.
//!
//! Each test starts itself anew as the victim, with a marker in its command line, which the actors
//! share with it and programs are given. Command lines can be read whatever ids a process has taken on.

mod support;

use harness_play::prelude::*;
use rstest::rstest;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{self, Command, Stdio};
use std::time::{Duration, Instant};
use support::{pause, raw};

/// Names the marker to a victim.
const VICTIM: &str = "HARNESS_TEST_VICTIM";
/// In which everybody has to be gone: far below the lifetime that actors have at most.
const SOON: Duration = Duration::from_secs(3);

/// A user that is neither the caller nor [`ORDINARY`](harness_scenario::actors::ORDINARY).
const OTHER: u32 = 61_301;

const OWN: [Action; 3] = [DENY, uid_map("0 own 1"), gid_map("0 own 1")];

/// A program that the victims run; `MARKER` is replaced in its words.
fn runs(scenario: Scenario, words: &[&str], marker: &str) -> Scenario {
    let words: Vec<String> = words.iter().map(|word| word.replace("MARKER", marker)).collect();
    scenario.outside(&[run(&words.iter().map(String::as_str).collect::<Vec<_>>())])
}

/// Processes with the marker in their command lines, dead ones not counted.
fn marked(marker: &str) -> Vec<String> {
    let mut found = Vec::new();
    for process in fs::read_dir("/proc").expect("/proc").flatten() {
        let command = fs::read_to_string(process.path().join("cmdline")).unwrap_or_default();
        if command.contains(marker) {
            found.push(format!("{} {}", process.file_name().display(), command.replace('\0', " ")));
        }
    }
    found
}

/// Waits until a condition holds, or for so long.
fn wait_for(limit: Duration, condition: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    loop {
        match condition() {
            true => return true,
            false if Instant::now() >= deadline => return false,
            false => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

/// What a test might change for the host.
fn host() -> BTreeMap<String, String> {
    let files = fs::read_dir("/proc/sys/user").into_iter().flatten().flatten().map(|file| file.path());
    let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    files
        .chain(["/proc/self/mountinfo".into()])
        .map(|path| (path.display().to_string(), read(&path)))
        .collect()
}

/// Whether the dying victim may send signals to processes of other users: the parent-death signal is sent with the
/// permission of the parent that dies.
///
/// Source: PR_SET_PDEATHSIG(2const); kernel reparent_leader(): group_send_sig_info(SEND_SIG_NOINFO), kill_ok_by_cred().
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signals {
    /// As the caller may.
    AsTheCaller,
    /// It is root without CAP_KILL.
    ToItsOwnUserAlone,
}

/// Starts the running test anew, with files in a directory of its own.
fn start(marker: &str, files: &Path, signals: Signals) -> process::Child {
    let name = std::thread::current().name().expect("tests have a thread of their own").to_owned();
    let program = std::env::current_exe().expect("this program");
    let mut command = match signals {
        Signals::AsTheCaller => Command::new(program),
        Signals::ToItsOwnUserAlone => {
            let mut setpriv = Command::new("setpriv");
            setpriv.args(["--bounding-set=-kill", "--inh-caps=-kill", "--"]).arg(program);
            setpriv
        }
    };
    command
        .args(["--exact", &name, "--nocapture", "--skip", marker])
        .env(VICTIM, marker)
        .env("TMPDIR", files)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("this program can be started")
}

/// Plays in a process of its own, kills that when as many processes are there, and looks for what
/// is left. `scenario` is given the marker.
#[track_caller]
fn nothing_survives(processes: usize, scenario: impl Fn(&str) -> Scenario) {
    nothing_survives_of(processes, Signals::AsTheCaller, |marker| {
        let played = scenario(marker).try_play_within(Duration::from_secs(60));
        panic!("a victim is killed while it plays, but: {played:?}");
    });
}

/// The same for whatever plays.
#[track_caller]
fn nothing_survives_of(processes: usize, signals: Signals, play: impl Fn(&str)) {
    nothing_survives_for(Duration::ZERO, processes, signals, play);
}

/// The same, where processes may be left for so long after the test process.
#[track_caller]
fn nothing_survives_for(beyond: Duration, processes: usize, signals: Signals, play: impl Fn(&str)) {
    if let Ok(marker) = std::env::var(VICTIM) {
        play(&marker);
        panic!("a victim is killed while it plays");
    }
    let marker = format!("{}.{:?}", std::process::id(), std::thread::current().id()).replace(['(', ')'], "");
    let files = tempfile::tempdir().expect("a temporary directory");
    let (marker, before) = (format!("9{}", marker.replace("ThreadId", "")), host());
    let mut victim = start(&marker, files.path(), signals);
    // Twice, since the victim has a short-lived child while it gathers the facts of the host.
    let there = || marked(&marker).len() >= processes;
    let complete = wait_for(Duration::from_secs(10), || {
        there() && {
            std::thread::sleep(Duration::from_millis(50));
            there()
        }
    });
    assert!(complete, "{processes} processes should be there: {:#?}", marked(&marker));
    std::thread::sleep(Duration::from_millis(100));

    victim.kill().expect("the victim is ours");
    victim.wait().expect("the victim is ours");

    wait_for(SOON + beyond, || marked(&marker).is_empty());
    assert_eq!(marked(&marker), Vec::<String>::new(), "processes are left");
    assert_eq!(fs::read_dir(files.path()).map_or(0, Iterator::count), 0, "files are left");
    assert_eq!(host(), before);
}

/// An actor that hangs in a namespace ends with the test process.
#[test]
fn hanging_inside() {
    nothing_survives(2, |_| caller().inside(&OWN).inside(&[pause()]));
}

/// Even if it has changed its ids in the same breath, whereby it loses the signal on its parent's death.
#[rstest]
#[case::inside(caller().inside(&OWN).inside(&[setresuid(0), setresgid(0), pause()]))]
#[case::outside(ordinary().outside(&[pause()]))]
#[case::while_another_hangs(ordinary().outside(&[DUMPABLE]).inside(&[pause()]))]
fn hanging_with_changed_ids(#[case] scenario: Scenario) {
    nothing_survives(2, |_| scenario.clone());
}

/// An actor that waits for what it is asked next ends with the test process, and so do all of a large cast.
#[test]
fn a_large_cast() {
    let cast = caller()
        .outside(&[])
        .inside(&OWN)
        .second(&[])
        .nested(&[uid_map("0 0 1"), gid_map("0 0 1")])
        .deepest(&[])
        .sibling(&[]);

    nothing_survives(7, |_| cast.clone().second(&[pause()]));
}

/// Racers end with the test process, those that wait for the others as well as those that hang.
#[test]
fn a_race() {
    let hangs = racer(Actor::Outside, &[pause()], DUMPABLE);
    let waits = |actor| racer(actor, &[], DUMPABLE);

    nothing_survives_of(11, Signals::AsTheCaller, |_| {
        let race =
            caller().inside(&[]).race(&[hangs.clone(), waits(Actor::Privileged), waits(Actor::Inside)]);
        let played = race.try_play_within(10, Duration::from_secs(60));
        panic!("a victim is killed while it plays, but: {played:?}");
    });
}

/// A program ends with the test process, and so does all that it has started.
#[rstest]
#[case::alone(4, &["sleep", "MARKER"])]
#[case::with_a_child(5, &["sh", "-c", "sleep MARKER; true"])]
#[case::with_a_child_in_another_session(5, &["sh", "-c", "setsid sleep MARKER & sleep MARKER"])]
#[case::that_ignores_signals(5, &["sh", "-c", "trap '' HUP INT TERM PIPE IO; sleep MARKER; true"])]
fn a_program(#[case] processes: usize, #[case] words: &[&str]) {
    nothing_survives(processes, |marker| runs(caller().outside(&[]), words, marker));
}

/// The same for a program in a namespace, with the ids that it has there.
#[test]
fn a_program_inside() {
    nothing_survives(4, |marker| caller().inside(&OWN).inside(&[setresuid(0), run(&["sleep", marker])]));
}

/// The most that the caller can do against the signal: an ordinary user has no processes of other users.
fn without_permission() -> Signals {
    if nix::unistd::geteuid().is_root() { Signals::ToItsOwnUserAlone } else { Signals::AsTheCaller }
}

/// Without the parent-death signal, because the processes are of other users than the victim, which lacks CAP_KILL, or
/// than the parent that they have in a scenario: whatever they do, they end.
#[rstest]
#[case::hanging(2, ordinary().outside(&[pause()]))]
#[case::hanging_as_another(2, caller().outside(&[setresuid(OTHER), pause()]))]
#[case::waiting(3, caller().privileged(&[]).outside(&[setresuid(OTHER), DUMPABLE]).privileged(&[pause()]))]
#[case::forked_by_another(3, ordinary().outside(&[]).inside(&[pause()]))]
#[case::a_child_of_one_that_changes(3, caller().outside(&[Action::CloneAndKeep(0), setresuid(OTHER), pause()]))]
#[case::a_child_that_changes(3, caller().outside(&[Action::Child(Child::GoesOn(0)), setresuid(OTHER), pause()]))]
fn without_the_signal(#[case] processes: usize, #[case] scenario: Scenario) {
    nothing_survives_of(processes, without_permission(), |_| {
        let played = scenario.try_play_within(Duration::from_secs(60));
        panic!("a victim is killed while it plays, but: {played:?}");
    });
}

/// The same for a program that has become another user, which its guard may not end.
#[rstest]
#[case::alone(4, &["sleep", "MARKER"])]
#[case::with_a_child(5, &["sh", "-c", "sleep MARKER; true"])]
#[case::with_a_child_in_another_session(5, &["sh", "-c", "setsid sleep MARKER & sleep MARKER"])]
fn a_program_without_the_signal(#[case] processes: usize, #[case] words: &[&str]) {
    nothing_survives_of(processes, without_permission(), |marker| {
        let as_another = ["setpriv", "--reuid=61301"];
        let as_another = if without_permission() == Signals::AsTheCaller { &[][..] } else { &as_another };
        let words = [as_another, words].concat();
        let played = runs(caller().outside(&[]), &words, marker).try_play_within(Duration::from_secs(60));
        panic!("a victim is killed while it plays, but: {played:?}");
    });
}

/// The same for racers that wait for one that hangs.
#[test]
fn a_race_without_the_signal() {
    let hangs = racer(Actor::Outside, &[pause()], DUMPABLE);
    let waits = |actor| racer(actor, &[], DUMPABLE);

    nothing_survives_of(10, without_permission(), |_| {
        let race = ordinary().inside(&[]).race(&[hangs.clone(), waits(Actor::Inside)]);
        let played = race.try_play_within(10, Duration::from_secs(60));
        panic!("a victim is killed while it plays, but: {played:?}");
    });
}

/// A tmpfs at /tmp, with a copy of setpriv(1) that makes its user root.
fn a_way_to_become_root() -> Vec<Action> {
    let mount = |kind: &'static [u8], to: &'static [u8], flags: u64| {
        let text = |text: &'static [u8]| RawArg::Bytes(text.into());
        let args = [text(b"none\0"), text(to), text(kind), RawArg::Number(flags.cast_signed()), text(b"\0")];
        raw("mount", libc::SYS_mount, &args).or_stop()
    };
    vec![
        Action::UnshareOrStop(libc::CLONE_NEWNS),
        mount(b"\0", b"/\0", libc::MS_REC | libc::MS_PRIVATE),
        mount(b"tmpfs\0", b"/tmp\0", 0),
        run(&["sh", "-c", "cp \"$(command -v setpriv)\" /tmp/setpriv && chmod 4755 /tmp/setpriv"]),
        setresuid(OTHER),
        DUMPABLE,
    ]
}

/// A program that has become root while its guard is an ordinary user: neither the signal nor the guard ends it. Its timer
/// does, soon after its limit.
#[test]
fn a_program_that_its_guard_may_not_end() {
    let limit = Duration::from_secs(5);

    nothing_survives_for(2 * limit, 4, Signals::AsTheCaller, |marker| {
        let as_root = ["/tmp/setpriv", "--reuid=0", "--regid=0", "--clear-groups", "sleep", marker];
        let played = match without_permission() {
            Signals::AsTheCaller => caller().outside(&[run(&["sleep", marker])]),
            Signals::ToItsOwnUserAlone => caller().outside(&a_way_to_become_root()).outside(&[run(&as_root)]),
        };
        panic!("a victim is killed while it plays, but: {:?}", played.try_play_within(limit));
    });
}
