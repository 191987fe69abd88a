//! The document that `cargo ci kernels --json` prints, and that pages are made from.

pub mod about;
pub mod document;
pub mod record;
mod verdict;
