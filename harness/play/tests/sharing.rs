//! Processes that share the memory of the player: they end in time, leave the player as it was, and answer as forked ones
//! do.

use harness_play::error::Error;
use harness_play::prelude::*;
use harness_scenario::sharing::{Changes, sharing};
use rustix::process::{DumpableBehavior, dumpable_behavior};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What these tests look at belongs to the process: one at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// How long a process that hangs is waited for.
const LIMIT: Duration = Duration::from_millis(300);
/// The time beyond the limit until an error is reported, on a busy machine.
const SLACK: Duration = Duration::from_secs(3);

/// A process that waits for ever: nobody writes to the other end of its socket.
fn hangs() -> Scenario {
    let pair = caller().outside(&[]).inside(&[]).outside(&[Action::Socketpair(Actor::Inside)]);
    pair.outside(&[Action::ReadHeld { size: 1, at: At::Position }])
}

#[test]
fn a_process_that_hangs_is_ended_in_time_and_its_memory_is_used_again() {
    let _alone = ALONE.lock();
    assert!(sharing(&hangs(), Changes::Never).is_possible(), "the scenario is about shared memory");
    let begun = Instant::now();

    let error = hangs().try_play_within(LIMIT).expect_err("it hangs");

    assert!(matches!(error, Error::Hung { actor: Actor::Outside, .. }), "{error}");
    assert!(begun.elapsed() < LIMIT + SLACK, "{:?}", begun.elapsed());
    let next = caller().inside(&[uid_map("0 own 1")]).play();
    assert!(next.outcomes.iter().all(|outcome| *outcome == Outcome::Done), "{next}");
}

#[test]
fn the_player_stays_dumpable_after_a_process_that_is_not() {
    let _alone = ALONE.lock();
    let trace = caller().inside(&[Action::Prctl("PR_SET_DUMPABLE, 0", libc::PR_SET_DUMPABLE, 0)]).play();

    assert_eq!(trace.states[0].1.dumpable, 0, "{trace}");
    assert_eq!(dumpable_behavior(), Ok(DumpableBehavior::Dumpable));
}

/// Threads play at the same time: a process that gives up the flag must not take it from another scenario's.
#[test]
fn the_dumpable_flag_of_one_scenario_does_not_reach_another() {
    let _alone = ALONE.lock();
    let gives_up = || caller().inside(&[Action::Prctl("PR_SET_DUMPABLE, 0", libc::PR_SET_DUMPABLE, 0)]);
    let keeps = || caller().outside(&[]).inside(&[uid_map("0 own 1")]);

    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for _ in 0..100 {
                    let trace = if thread % 2 == 0 { gives_up().play() } else { keeps().play() };
                    let expected = i64::from(thread % 2);
                    assert!(trace.states.iter().all(|(_, state)| state.dumpable == expected), "{trace}");
                }
            });
        }
    });
}

/// Both ends of a pair, a descriptor that is passed on, and a child of a child, each in shared memory.
#[test]
fn processes_that_share_memory_have_descriptors_and_namespaces_of_their_own() {
    let _alone = ALONE.lock();
    let scenario = caller()
        .outside(&[])
        .inside(&[uid_map("0 own 1"), open(IdFile::Setgroups)])
        .second(&[])
        .inside(&[Action::PassFd(Actor::Second)])
        .second(&[write_held(IdFile::Setgroups, "deny")])
        .inside(&[gid_map("0 own 1"), SETGROUPS_EMPTY])
        .nested(&[read(IdFile::Setgroups), uid_map("0 0 1")]);
    assert!(sharing(&scenario, Changes::Never).needs_own(Actor::Nested).is_none());

    let trace = scenario.play();

    let states: Vec<_> = trace.states.iter().map(|(actor, state)| (*actor, state.userns.clone())).collect();
    let of = |wanted| states.iter().find(|(actor, _)| *actor == wanted).map(|(_, userns)| userns.clone());
    assert_ne!(of(Actor::Outside), of(Actor::Inside), "{trace}");
    assert_eq!(of(Actor::Inside), of(Actor::Second), "{trace}");
    assert_ne!(of(Actor::Inside), of(Actor::Nested), "{trace}");
    let refused = Outcome::Failed { call: "", errno: Errno::EPERM };
    let after_deny = trace.steps().find(|(step, _)| step.action == SETGROUPS_EMPTY);
    assert_eq!(after_deny.map(|(_, outcome)| outcome), Some(&refused), "{trace}");
}
