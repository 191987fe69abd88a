//! Kernel against model: `cargo ci sweep` and `cargo ci search`.

pub mod progress;
pub mod search;
pub mod search_options;
pub mod sweep;
pub mod sweep_options;
