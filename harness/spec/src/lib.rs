//! What a kernel should do with user namespaces.
//!
//! | module | what it is |
//! |---|---|
//! | [rules] | the rules of the kernel, each by a name that stays |
//! | [changes] | what changed between kernels, and between programs |
//! | [model] | predicts the trace of a scenario by these rules |
//!
//! This crate does not know the player: it makes no system call. What it has to know of a host is handed to it as a
//! [`Start`](harness_scenario::start::Start).
#![forbid(unsafe_code)]

pub mod changes;
pub mod model;
pub mod rules;
