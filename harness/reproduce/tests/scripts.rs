//! Scenarios as shell scripts: each is run by `sh` and says what the director saw; with one expectation
//! falsified it says so and names the step. Needs util-linux.

mod support;

use harness_play::prelude::*;
use harness_reproduce::{Header, NotPossible, Prediction, shell};
use rstest::rstest;
use std::process::Command;
use support::host;

const OWN: [Action; 3] = [DENY, uid_map("0 own 1"), gid_map("0 own 1")];

fn script(trace: &Trace, prediction: &Prediction) -> Result<String, NotPossible> {
    let header = Header { name: "scripts::script".to_owned(), about: Vec::new(), host: host() };
    shell(&trace.scenario, prediction, &header)
}

/// The exit status of a script and all that it said.
fn run_by_sh(script: &str) -> (Option<i32>, String) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), script).expect("the script");
    let output = Command::new("sh").arg(file.path()).output().expect("sh");
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    (output.status.code(), said.concat())
}

#[rstest]
#[case::inside(ordinary().inside(&[gid_map("0 own 1")]).inside(&OWN).inside(&[read(IdFile::UidMap), SETGROUPS_EMPTY]))]
#[case::outside(ordinary().outside(&[read(IdFile::Setgroups)]).inside(&[]).outside(&OWN))]
#[case::bytes(ordinary().inside(&[write_bytes(IdFile::UidMap, b"0 \\1%s\n"), uid_map("5 own 1\n"), read(IdFile::UidMap)]))]
#[case::groups(caller().inside(&OWN).inside(&[setgroups(&[0, 5]), read(IdFile::GidMap)]))]
#[case::ids(ordinary().inside(&OWN).inside(&[setresuid(7), setresgid(7), setresuid(0)]))]
#[case::siblings(ordinary().inside(&OWN).sibling(&[write_of(Actor::Inside, IdFile::UidMap, "0 own 1"), DENY]))]
#[case::privileged(ordinary().inside(&[]).privileged(&[uid_map("0 own 1"), uid_map("0 own 1")]))]
fn a_script_says_what_the_director_saw(#[case] scenario: Scenario) {
    let trace = scenario.play();
    let mut prediction = Prediction::from(&trace);

    let (status, said) = run_by_sh(&script(&trace, &prediction).expect("a script"));

    assert_eq!(status, Some(0), "{trace}\n{said}");
    assert!(said.ends_with("\nas expected\n"), "{said}");
    let last = trace.scenario.steps.len() - 1;
    prediction.steps[last] = Some(Outcome::Failed { call: "", errno: Errno::EXDEV }).into();
    let (status, said) = run_by_sh(&script(&trace, &prediction).expect("a script"));
    assert_eq!(status, Some(1), "{trace}\n{said}");
    let (before, _) =
        said.split_once("    NOT as expected, which is: Invalid cross-device link\n").expect("a complaint");
    let named = format!("{:2}  {}  ", last + 1, trace.scenario.steps[last].actor);
    assert!(before.lines().last().is_some_and(|line| line.starts_with(&named)), "{named}: {said}");
}

#[rstest]
#[case::another_process(caller().inside(&OWN).second(&[DENY]), "only processes that the caller of the script can make")]
#[case::a_call_of_its_own(caller().inside(&[UNSHARE]), "no program does unshare(CLONE_NEWUSER)")]
#[case::ids_and_more(caller().inside(&OWN).inside(&[setresuid(0), DENY]), "a program that changes its ids is gone")]
fn what_is_not_possible_has_a_reason(#[case] scenario: Scenario, #[case] reason: &str) {
    let trace = scenario.play();

    let refused = script(&trace, &Prediction::from(&trace)).expect_err("a reason").to_string();

    assert!(
        refused.starts_with(&format!("no program can show this: in a shell script: {reason}")),
        "{refused}"
    );
}
