//! Scenarios as C programs: each is compiled and run, and says what the director saw; with one
//! expectation falsified it says so and names the step. Needs a C compiler, `cc`.

mod scenarios;
mod support;

use harness_play::prelude::*;
use harness_reproduce::{Header, Prediction, c, save};
use harness_scenario::ids::Names;
use rstest::rstest;
use scenarios::*;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use support::host;

/// A program in a directory of its own, where every user may execute it.
struct Program {
    place: tempfile::TempDir,
}

impl Program {
    fn compile(source: &str) -> Self {
        let open_to_all: std::fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        let place = tempfile::Builder::new().permissions(open_to_all).tempdir().expect("a directory");
        let program = Self { place };
        let file = program.path().with_extension("c");
        std::fs::write(&file, source).expect("the source");
        let mut cc = Command::new("cc");
        cc.args(["-Wall", "-Wextra", "-Werror", "-o"]).arg(program.path()).arg(&file);
        let output = cc.output().expect("cc, a C compiler: install gcc and the headers of the C library");
        assert!(output.status.success(), "{}\n{source}", String::from_utf8_lossy(&output.stderr));
        program
    }

    fn path(&self) -> PathBuf {
        self.place.path().join("program")
    }

    fn run(&self) -> Ran {
        Ran::from(Command::new(self.path()).output().expect("the program"))
    }
}

/// The exit status of a program, and all that it said.
#[derive(Debug, PartialEq, Eq)]
struct Ran {
    status: Option<i32>,
    said: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let said =
            [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
        Self { status: output.status.code(), said }
    }
}

fn header() -> Header {
    Header {
        name: "programs::scenarios".to_owned(),
        about: vec!["A sentence. Source: user_namespaces(7).".to_owned()],
        host: host(),
    }
}

/// Another outcome for the last step of which something is expected, and what the program will call it.
fn falsify(trace: &Trace) -> (Prediction, String) {
    let mut wrong = Prediction::from(trace);
    let expects = |action: &Action| {
        let nothing = [Action::Fork, Action::ForkCloned].contains(action);
        !nothing
            && !matches!(
                action,
                Action::PassFd(_) | Action::Socketpair(_) | Action::Exit(_) | Action::UnshareOrStop(_)
            )
    };
    let steps = &trace.scenario.steps;
    let last = steps.iter().rposition(|step| expects(&step.action)).expect("a step with an outcome");
    let lie = Outcome::Failed { call: "", errno: Errno::EXDEV };
    wrong.steps[last] = Some(lie).into();
    (wrong, format!("\n{:2}  {}  ", last + 1, steps[last].actor))
}

#[rstest]
#[case::maps(maps())]
#[case::held_files(held_files())]
#[case::files_read(files_read())]
#[case::groups(groups())]
#[case::many_groups(many_groups())]
#[case::ids(ids())]
#[case::ids_through_the_library(ids_through_the_library())]
#[case::capabilities(capabilities())]
#[case::families(families())]
#[case::cloned(cloned())]
#[case::children(children())]
#[case::children_that_go_on(children_that_go_on())]
#[case::zombies(zombies())]
#[case::companions(companions())]
#[case::namespaces(namespaces())]
#[case::sockets(sockets())]
#[case::raw_calls(raw_calls())]
#[case::other_files(other_files())]
#[case::compat(compat())]
#[case::programs(programs())]
#[case::privileged(privileged())]
#[case::in_groups(in_groups())]
fn a_program_says_what_the_director_saw(#[case] scenario: Scenario) {
    let trace = scenario.play();
    let made = |prediction: &Prediction| c(&trace.scenario, prediction, &header()).expect("a program");

    let ran = Program::compile(&made(&Prediction::from(&trace))).run();

    assert_eq!(ran.status, Some(0), "{trace}\n{}", ran.said);
    assert!(ran.said.ends_with("\nas expected\n"), "{}", ran.said);
    let (wrong, step) = falsify(&trace);
    let ran = Program::compile(&made(&wrong)).run();
    assert_eq!(ran.status, Some(1), "{trace}\n{}", ran.said);
    let (before, _) = ran.said.split_once("    NOT as expected, which is: EXDEV\n").expect("a complaint");
    assert!(format!("\n{before}").contains(&step), "{step} is not named:\n{}", ran.said);
    assert_eq!(ran.said.matches("NOT as expected,").count(), 1, "{}", ran.said);
}

#[test]
fn the_scenarios_here_have_every_kind_of_action() {
    let scenarios = all();
    let actions = scenarios.iter().flat_map(|scenario| &scenario.steps).map(|step| kind(&step.action));

    let kinds: std::collections::BTreeSet<usize> = actions.collect();

    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), (0..KINDS).collect::<Vec<_>>());
}

#[test]
fn a_state_that_is_not_as_expected_is_named() {
    let trace = maps().play();
    let mut wrong = Prediction::from(&trace);
    let (actor, state) = wrong.states.last_mut().expect("a state");
    state.uid.saved += 7;
    let named = format!("{actor}  Uid: ");

    let ran = Program::compile(&c(&trace.scenario, &wrong, &header()).expect("a program")).run();

    assert_eq!(ran.status, Some(1), "{}", ran.said);
    let (before, _) = ran.said.split_once("    NOT as expected, which is: ").expect("a complaint");
    assert!(before.lines().last().is_some_and(|line| line.contains(&named)), "{}", ran.said);
}

#[test]
fn what_is_not_expected_is_printed_and_not_compared() {
    let trace = maps().play();
    let nothing = Prediction::nothing(trace.names);

    let source = c(&trace.scenario, &nothing, &header()).expect("a program");

    assert!(!source.contains("expect("), "{source}");
    assert_eq!(Program::compile(&source).run().status, Some(0));
}

/// A program for another user cannot be run, regardless of the user of this test.
#[test]
fn a_program_that_is_not_for_its_user_cannot_be_run() {
    let trace = caller().inside(&[DENY]).play();

    let other = Prediction {
        names: Names { own: if trace.names.own.uid == 0 { USER } else { ROOT }, ..trace.names },
        ..Prediction::from(&trace)
    };
    let ran = Program::compile(&c(&trace.scenario, &other, &header()).expect("a program")).run();

    assert_eq!(ran.status, Some(2), "{}", ran.said);
    assert!(ran.said.starts_with("cannot run: this is for "), "{}", ran.said);
}

#[test]
fn a_step_without_end_is_named_in_time() {
    let trace = caller().inside(&[DENY]).outside(&[Action::GetCredentials]).play();
    let hanging = trace.scenario.clone().inside(&[pause()]);
    let source = c(&hanging, &Prediction::from(&trace), &header()).expect("a program");

    let ran = Program::compile(&source.replace("#define LIMIT 20", "#define LIMIT 1")).run();

    assert_eq!(ran.status, Some(1), "{}", ran.said);
    assert!(ran.said.contains("NOT as expected: no end after 1 seconds"), "{}", ran.said);
}

/// The processes have changed their ids, which clears the signal of the parent's death.
#[test]
fn a_killed_program_leaves_no_process() {
    let scenario = caller()
        .inside(&[DENY, uid_map("5 own 1"), setresuid(5), pause()])
        .outside(&[Action::GetCredentials]);
    let nothing = Prediction::nothing(caller().play().names);
    let program = Program::compile(&c(&scenario, &nothing, &header()).expect("a program"));
    let mut running = Command::new(program.path()).stdout(Stdio::piped()).spawn().expect("a child");
    let said = BufReader::new(running.stdout.as_mut().expect("a pipe"));
    // The last step hangs, and its line has no end.
    assert!(said.lines().map_while(Result::ok).any(|line| line.contains("setresuid")));
    await_processes(&program.path(), |count| count == 2);

    running.kill().expect("a signal");

    running.wait().expect("its end");
    await_processes(&program.path(), |count| count == 0);
}

/// Waits until so many processes have this program's path in their command lines.
fn await_processes(program: &Path, enough: impl Fn(usize) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(5);
    let text = program.to_string_lossy().into_owned();
    loop {
        let all = std::fs::read_dir("/proc").expect("/proc").flatten();
        let count = all
            .filter_map(|process| std::fs::read_to_string(process.path().join("cmdline")).ok())
            .filter(|line| line.contains(&text))
            .count();
        if enough(count) {
            return;
        }
        assert!(Instant::now() < deadline, "{count} processes of {text}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[rstest]
#[case::a_lie_to_the_director(&[RawArg::Socket], "a program has no socket to a director")]
#[case::a_file_of_a_test(&[RawArg::Bytes(b"/tmp/.tmpAbCdEf/file\0".as_slice().into())], "only a test has the file")]
fn what_is_not_possible_has_a_reason(#[case] args: &[RawArg], #[case] reason: &str) {
    let scenario = caller().inside(&[raw("close", libc::SYS_close, args)]);
    let nothing = Prediction::nothing(Names { own: ROOT, ..caller().play().names });

    let refused = c(&scenario, &nothing, &header()).expect_err("a reason");

    assert!(refused.to_string().starts_with(&format!("no program can show this: {reason}")), "{refused}");
}

/// A program that is refused a preparation takes no later step.
#[rstest]
#[case::there(b"/\0", 0, "getuid")]
#[case::not_there(b"/no/such/directory\0", 2, "cannot run: chdir: No such file or directory")]
fn a_program_stops_without_its_preparation(
    #[case] path: &'static [u8],
    #[case] status: i32,
    #[case] said: &str,
) {
    let chdir = raw("chdir", libc::SYS_chdir, &[RawArg::Bytes(path.into())]).or_stop();
    let scenario = caller().outside(&[chdir, raw("getuid", libc::SYS_getuid, &[])]);
    let nothing = Prediction::nothing(caller().play().names);

    let ran = Program::compile(&c(&scenario, &nothing, &header()).expect("a program")).run();

    assert_eq!(ran.status, Some(status), "{}", ran.said);
    assert!(ran.said.contains(said), "{}", ran.said);
    assert_eq!(ran.said.contains("getuid"), status == 0, "{}", ran.said);
}

#[test]
fn a_saved_program_says_how_to_run_it() {
    let trace = maps().play();
    let place = tempfile::tempdir().expect("a directory");
    let directory = place.path().join("below");

    let path = save(&directory, &trace.scenario, &Prediction::from(&trace), &header()).expect("a file");

    assert_eq!(path, directory.join("programs-scenarios.c"));
    let source = std::fs::read_to_string(path).expect("the file");
    for line in [
        "A sentence. Source: user_namespaces(7).",
        "cc -Wall -Wextra -o programs-scenarios programs-scenarios.c",
    ] {
        assert!(source.contains(line), "{line} is missing:\n{source}");
    }
}

/// What the suite plays, one scenario of `SHARE`, once more by programs of its own. What strace(1) says has
/// process ids in it.
#[test]
#[ignore = "needs root and the suite's binary, named by USERNS_SUITE_BINARY, and minutes"]
fn programs_of_the_suite_say_what_it_saw() {
    const SHARE: usize = 30;
    let suite = std::env::var_os("USERNS_SUITE_BINARY").expect("USERNS_SUITE_BINARY");
    let place = tempfile::tempdir().expect("a directory");
    let played = Command::new(suite).env("USERNS_SUITE_RECORD", place.path()).output().expect("the suite");
    assert!(played.status.success(), "{}", String::from_utf8_lossy(&played.stdout));
    let files = std::fs::read_dir(place.path()).expect("the directory").flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|kind| kind == "c")).collect();
    files.sort();

    let sources = files.iter().step_by(SHARE).map(|path| std::fs::read_to_string(path).expect("a program"));
    let wrong: Vec<String> = sources
        .filter(|source| !source.contains("strace"))
        .map(|source| (Program::compile(&source).run(), source))
        .filter(|(ran, _)| ran.status != Some(0))
        .map(|(ran, source)| format!("{source}\n{}", ran.said))
        .collect();

    assert!(files.len() > 1000, "only {} programs", files.len());
    assert!(wrong.is_empty(), "{} programs do otherwise:\n{}", wrong.len(), wrong.join("\n"));
}
