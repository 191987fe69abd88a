//! The suite on this host: nextest, what it leaves behind, and the summary.

pub mod caller;
pub mod collect;
pub mod findings;
pub mod junit;
pub mod nextest;
pub mod selection;
pub mod snapshots;
mod told;
pub mod unprivileged;

pub use harness_program::report::{coverage, differs, properties, summary, user_run};
