//! The suite on this host: nextest, what it leaves behind, and the summary.

pub mod caller;
pub mod collect;
pub mod coverage;
pub mod differs;
pub mod findings;
pub mod junit;
pub mod nextest;
pub mod properties;
pub mod selection;
pub mod snapshots;
pub mod summary;
mod told;
pub mod unprivileged;
pub mod user_run;
