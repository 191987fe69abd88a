//! Signals and panics of this process, and the programs of this host.

pub mod panics;
pub mod programs;
pub mod signals;
