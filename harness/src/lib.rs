//! Runs scenarios of processes in user namespaces and records the kernel's answers.
//!
//! A [`Scenario`](scenario::Scenario) is data: processes and the steps that they take. When it is played, the result
//! is a [`Trace`](trace::Trace): the exact outcome of each step, and the final state of each process. Each process is
//! a forked [actor](scenario::Actor) that makes raw system calls on request.
//!
//! ```
//! use harness::prelude::*;
//!
//! // Who: a process in a new user namespace, with the credentials of the caller.
//! let scenario = caller();
//!
//! // What they do: map the own gid, first as it is refused to the unprivileged, then as it is allowed.
//! let map_gid = gid_map("0 own 1");
//! let trace = scenario.inside(&[map_gid.clone(), DENY, map_gid, SETGROUPS_EMPTY]).play();
//!
//! // What must come of it: the refusal was not final, and "deny" is what setgroups(2) meets now.
//! assert_eq!(
//!     trace.to_string().lines().take(5).collect::<Vec<_>>(),
//!     [
//!         "inside  begins in a new user namespace  ok",
//!         "inside  gid_map <- \"0 own 1\"            EPERM",
//!         "inside  setgroups <- \"deny\"             ok",
//!         "inside  gid_map <- \"0 own 1\"            ok",
//!         "inside  setgroups([])                   EPERM",
//!     ],
//! );
//! ```
//!
//! A test of the suite is a function with the attribute [`#[harness::test(needs...)]`](macro@test), usually below
//! `#[rstest]`, that ends in [`check!`]. When tests are listed, the [facts of the host](host) decide whether its
//! [needs] are met. To run a program in a namespace in tests of your own, see [userns].
//!
//! This crate is the suite: the registry of tests, their needs, snapshots and verdicts. What it stands on are crates
//! of their own, whose modules a test finds here:
//!
//! | crate | modules here | what it is |
//! |---|---|---|
//! | [`harness_scenario`] | [scenario], [action], [trace], [state] and more | what is done and what came of it, as data |
//! | [`harness_spec`] | [model], [rules] | what should come of it, and by which rule of the kernel |
//! | [`harness_play`] | [userns], [race], [host], [error] | plays it on this kernel, and runs programs in namespaces |
//! | [`harness_reproduce`] | [reproducer] | writes a scenario as a program of its own |
//!
//! `harness-explore` compares kernel and model on scenarios that were not written by hand; this crate does not need it.
//!
//! | module | what it is |
//! |---|---|
//! | [answer] | what a test expects of its last steps |
//! | [suite], [needs] | the registry of tests, what a test needs of the host |
//! | [snapshot] | how a trace is compared with what was reviewed |
//! | [verdict] | what kernel, snapshot and model make of a test, side by side |
//! | `found` | what a failed test found, as data for `cargo ci` |
//! | [record] | the programs of what a test has played |
//! | [embedded] | the project's files that a program brings with it |
//! | [evidence] | what a test that fails leaves for the program that runs it |

#![forbid(unsafe_code)]

pub mod answer;
mod comparator;
mod current;
pub mod embedded;
pub mod evidence;
mod found;
pub mod needs;
pub mod prelude;
pub mod record;
mod rehearsal;
pub mod snapshot;
pub mod suite;
pub mod verdict;

pub use harness_macros::test;
pub use harness_play::{
    AlreadyObserved, Play, error, facts, here, host, install_filter, lookups, observe, race, userns,
};
pub use harness_reproduce as reproducer;
use harness_scenario::show;
pub use harness_scenario::{
    action, actors, caller, caps, findings, ids, listing, map, missing, outcome, prediction, release,
    scenario, start, state, trace,
};
pub use harness_spec::{model, rules};
pub use ids::{Names, Own};
#[doc(hidden)]
pub use insta;
#[doc(hidden)]
pub use linkme;
