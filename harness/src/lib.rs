//! Plays scenarios of processes in user namespaces and records what the kernel answers.
pub mod action;
mod actor;
pub mod caps;
mod director;
pub mod error;
mod host_ids;
mod lower;
mod outcome;
mod player;
mod program;
pub mod scenario;
mod show;
pub mod state;
pub mod trace;
mod wire;
