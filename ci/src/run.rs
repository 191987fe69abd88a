//! The suite on this host: nextest, what it leaves behind, and the summary.

pub mod caller;
pub mod junit;
pub mod nextest;
pub mod snapshots;
pub mod summary;
pub mod unprivileged;
pub mod user_run;
