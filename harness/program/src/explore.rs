//! Kernel against model: `sweep` and `search`.

pub mod progress;
pub mod search;
pub mod search_options;
pub mod sweep;
pub mod sweep_options;
