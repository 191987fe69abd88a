//! A run of the suite as people and programs read it.

pub mod coverage;
pub mod differs;
pub mod document;
pub mod properties;
pub mod summary;
pub mod test_report;
pub mod user_run;
pub mod verdict_report;
