//! Processes, programs and directories of this host.

pub mod architecture;
pub mod browsers;
pub mod packages;
pub mod pool;
pub mod process;
pub mod programs;
pub mod scratch;
pub mod supervisor;
pub mod supervisor_options;
pub mod tools;
pub mod workspace;

pub use harness_program::sys::{panics, signals};
