//! Signals and panics of this process, the programs of this host, and /proc.

pub mod panics;
pub mod proc;
pub mod programs;
pub mod signals;
