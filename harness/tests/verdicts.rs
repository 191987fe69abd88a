//! What is said when kernel, snapshot and model do not agree: a trace, a snapshot or a prediction that lies is
//! noticed, and named.

use harness::answer::unexpected;
use harness::here::start;
use harness::model::{self, Side, described, disagreements};
use harness::prediction::Prediction;
use harness::prelude::*;
use harness::verdict::side_by_side;
use nix::errno::Errno;

/// An own gid that is mapped after "deny", which is allowed.
fn played() -> (Trace, Prediction) {
    let trace = caller().inside(&[DENY, gid_map("0 own 1")]).play();
    let prediction = model::predict(&trace.scenario, start()).expect("the model knows the initial namespace");
    (trace, prediction)
}

/// The step of the map, after those of beginning and of "deny".
const MAP: usize = 2;

fn eperm() -> Outcome {
    Outcome::Failed { call: "", errno: Errno::EPERM }
}

#[test]
fn a_kernel_that_keeps_the_rules_is_not_disputed() {
    let (trace, prediction) = played();

    assert_eq!(disagreements(&trace, &prediction), []);
    assert_eq!(side_by_side(&trace, Some(&prediction), &trace.to_string()), "");
}

#[test]
fn a_kernel_that_refuses_what_is_allowed_stands_alone() {
    let (trace, prediction) = played();
    let snapshot = trace.to_string();
    let mut lying = trace.clone();
    lying.outcomes[MAP] = eperm();

    let report = side_by_side(&lying, Some(&prediction), &snapshot);

    assert!(report.contains("step 3   inside   gid_map <- \"0 own 1\""), "{report}");
    assert!(report.contains("kernel   EPERM") && report.contains("snapshot ok"), "{report}");
    assert!(report.contains("the kernel stands alone"), "{report}");
    assert_eq!(disagreements(&lying, &prediction)[0].on, Side::Step(MAP));
}

#[test]
fn a_model_with_a_wrong_rule_stands_alone() {
    let (trace, mut prediction) = played();
    prediction.steps[MAP].outcome = Some(eperm());
    prediction.steps[MAP].rule = Some("allow.own-gid-needs-deny");

    let report = side_by_side(&trace, Some(&prediction), &trace.to_string());

    assert!(report.contains("the model stands alone") && report.contains("66d2f338ee4c"), "{report}");
    let found = disagreements(&trace, &prediction);
    let shown = described(&trace, &found[0]);
    assert!(shown.contains("own gid may be mapped only after setgroups is \"deny\"."), "{shown}");
}

#[test]
fn a_snapshot_of_another_outcome_stands_alone() {
    let (trace, prediction) = played();
    let snapshot = trace.to_string().replacen("own 1\"            ok", "own 1\"            EPERM", 1);

    let report = side_by_side(&trace, Some(&prediction), &snapshot);

    assert!(report.contains("the snapshot stands alone"), "{report}");
}

#[test]
fn a_state_that_no_step_shows_is_compared_too() {
    let (trace, prediction) = played();
    let mut lying = trace.clone();
    lying.states[0].1.setgroups = "allow".to_owned();

    let found = disagreements(&lying, &prediction);

    assert_eq!(found.len(), 1);
    assert_eq!(found[0].on, Side::State(Actor::Inside));
    assert_eq!((found[0].kernel.as_str(), found[0].model.as_str()), ("setgroups allow", "setgroups deny"));
}

#[test]
fn an_answer_that_is_right_is_not_reported() {
    let (trace, _) = played();

    assert_eq!(unexpected(&trace, &OK), None);
    assert_eq!(unexpected(&trace, &[OK, OK]), None);
}

#[test]
fn a_wrong_answer_is_reported_with_its_step() {
    let (trace, _) = played();

    let report = unexpected(&trace, &EPERM).unwrap_or_default();

    let step =
        "  step 3   inside   gid_map <- \"0 own 1\"\n           expected EPERM\n           got      ok\n";
    assert!(report.ends_with(step), "{report}");
    let first_of_two = unexpected(&trace, &[EINVAL, OK]).unwrap_or_default();
    assert!(first_of_two.contains("step 2   inside   setgroups <- \"deny\""), "{first_of_two}");
    assert!(!first_of_two.contains("step 3"), "{first_of_two}");
}

/// The fork of an actor sets the stage: there are two steps that may be expected to come out in some way.
#[test]
fn more_or_fewer_answers_than_steps_are_reported() {
    let (trace, _) = played();

    for expected in [&[OK; 3][..], &[]] {
        let report = unexpected(&trace, &expected).unwrap_or_default();
        assert!(report.contains(&format!("the last {} steps, and there are 2", expected.len())), "{report}");
    }
}

#[test]
fn an_errno_of_another_call_is_another_answer() {
    let (mut trace, _) = played();
    trace.outcomes[MAP] = Outcome::Failed { call: "open", errno: Errno::EACCES };

    assert_eq!(unexpected(&trace, &EACCES.at("open")), None);
    for (wrong, shown) in [(EACCES, "EACCES"), (EACCES.at("lseek"), "lseek: EACCES"), (OK, "ok")] {
        let report = unexpected(&trace, &wrong).unwrap_or_default();
        assert!(report.contains(&format!("expected {shown}\n           got      open: EACCES")), "{report}");
    }
}

#[test]
fn a_program_answers_with_its_exit_status() {
    let (mut trace, _) = played();
    let mut ended = |status| {
        let ended = Ended { status, stdout: String::new(), stderr: String::new() };
        trace.outcomes[MAP] = Outcome::Program(ended);
        [OK, exits(0), exits(1), EPERM].map(|answer| unexpected(&trace, &answer).is_none())
    };

    assert_eq!(ended(Status::Exited(0)), [true, true, false, false]);
    assert_eq!(ended(Status::Exited(1)), [false, false, true, false]);
    assert_eq!(ended(Status::Killed(nix::sys::signal::Signal::SIGKILL)), [false; 4]);
}

/// Fewer bytes than were given are neither success nor an errno.
#[test]
fn a_short_write_is_no_success() {
    let (mut trace, _) = played();
    trace.outcomes[MAP] = Outcome::Short { wrote: 3, given: 7 };

    let report = unexpected(&trace, &OK).unwrap_or_default();

    assert!(report.contains("expected ok\n           got      took 3 of 7 bytes"), "{report}");
}

#[test]
fn a_step_that_the_model_does_not_know_is_left_open() {
    let unknown = syscall("getpid", libc::SYS_getpid, vec![]);
    let scenario = caller().inside(&[unknown, DENY]);

    let prediction = model::predict(&scenario, start()).expect("the model knows the initial namespace");

    assert!(!prediction.is_whole());
    assert!(prediction.steps[1].outcome.is_none(), "what it may have changed is not known");
    assert!(prediction.steps[2].outcome.is_none() && prediction.states.is_empty());
}
