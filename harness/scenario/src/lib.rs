//! The vocabulary of scenarios of processes in user namespaces, as plain data.
//!
//! A [`Scenario`](scenario::Scenario) says who does what. A [`Trace`](trace::Trace) is what a kernel answered,
//! a [`Prediction`](prediction::Prediction) what it should answer. Nothing here makes a system call or asks the
//! host: what has to be known of a host is a value, [`Start`](start::Start) or [`Names`](ids::Names).
//!
//! | module | what it is |
//! |---|---|
//! | [scenario], [actors], [action] | who does what, with which credentials |
//! | [outcome], [state], [trace] | what came of it |
//! | [reach] | what a step could change beyond the processes of its scenario |
//! | [sharing] | whether its processes may share memory with the player |
//! | [prediction] | what should come of it |
//! | [ids], [caps], [map] | ids, capabilities and maps of ids |
//! | [start], [caller], [release], [missing] | what is known of a host |
//! | [show] | how all of it is written in a trace |
//! | [exploration] | how much of the generated scenarios the suite's tests play |
//! | `findings` | what a failed test found, for programs, with the feature `listing` |
//! | `file` | the files in which scenarios are kept, with the feature of that name |
#![forbid(unsafe_code)]

pub mod action;
pub mod actors;
pub mod caller;
pub mod caps;
pub mod exploration;
#[cfg(feature = "file")]
pub mod file;
#[cfg(feature = "listing")]
pub mod findings;
pub mod ids;
#[cfg(feature = "listing")]
pub mod listing;
pub mod map;
pub mod missing;
pub mod outcome;
pub mod prediction;
pub mod reach;
pub mod release;
pub mod scenario;
pub mod sharing;
pub mod show;
pub mod start;
pub mod state;
pub mod trace;
