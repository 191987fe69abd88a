//! Plays scenarios of processes in user namespaces and records what the kernel answers.

pub mod caps;
pub mod host;
pub mod needs;
pub mod suite;

pub use harness_macros::test;
#[doc(hidden)]
pub use linkme;
