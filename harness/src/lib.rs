//! Plays scenarios of processes in user namespaces and records what the kernel answers.
pub mod action;
mod actor;
pub mod caps;
mod director;
pub mod error;
pub mod host;
mod host_ids;
mod lower;
pub mod needs;
mod outcome;
mod player;
pub mod prelude;
mod program;
pub mod scenario;
mod show;
pub mod snapshot;
pub mod state;
pub mod suite;
pub mod trace;
mod trial;
mod wire;

pub use harness_macros::test;
#[doc(hidden)]
pub use insta;
#[doc(hidden)]
pub use linkme;
