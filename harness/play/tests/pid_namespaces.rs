//! The end of the first process of a PID namespace kills the others there, and waits until they are reaped. The director plays
//! such scenarios to their end. It ends what is left of one that fails without waiting for itself.
mod support;

use harness_play::prelude::*;
use rstest::rstest;
use std::time::{Duration, Instant};
use support::{error, number, pause, raw, says};

/// Inside has mapped its ids and makes a PID namespace for its children.
const MAPS: [Action; 3] = [DENY, uid_map("0 own 1"), gid_map("0 own 1")];
const NEW_PIDS: Action = Action::UnshareOrStop(libc::CLONE_NEWPID);

fn above() -> Scenario {
    caller().inside(&MAPS).inside(&[NEW_PIDS])
}

/// Each process of a PID namespace reports its state and exits, the first one last.
#[rstest]
#[case::beside_each_other(above().second(&[]).nested(&[]), 3)]
#[case::with_a_zombie(above().second(&[]).nested(&[Action::Exit(Leaves::Zombie)]), 2)]
fn all_report_their_state(#[case] scenario: Scenario, #[case] states: usize) {
    let begun = Instant::now();

    let trace = scenario.play();

    let actors: Vec<Actor> = trace.states.iter().map(|(actor, _)| *actor).collect();
    assert_eq!(actors.len(), states, "{trace}");
    assert!(actors.is_sorted(), "{actors:?}");
    // Not the limit of an actor that is waited for in vain.
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
}

/// An actor that fails is named, whether it is the first process or another one.
#[rstest]
#[case::the_first(Actor::Second)]
#[case::the_other(Actor::Nested)]
fn an_actor_that_fails_ends_the_scenario(#[case] failing: Actor) {
    let cast = above().second(&[]).nested(&[]);
    let exit = raw("exit_group", libc::SYS_exit_group, &[number(3)]);

    let hangs = error(&cast.clone().by(failing, &[pause()]));
    says(&hangs, &[&format!("actor {failing}"), "did not answer within 300ms"]);

    // The end of the first process waits until the other is reaped, so that its status is not known in time.
    let ends = error(&cast.by(failing, &[exit]));
    says(&ends, &[&format!("actor {failing}"), "exit_group"]);
}

/// An actor whose process id would be that of another process is not forked.
#[test]
fn an_actor_in_the_namespace_forks_no_other() {
    let error = error(&above().second(&[]).nested(&[]).deepest(&[]));

    says(&error, &["nested may be in a new PID namespace and forks deepest"]);
}
