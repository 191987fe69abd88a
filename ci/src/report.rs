//! The document that `cargo ci kernels --json` prints, and that pages are made from.

pub mod about;
pub mod record;

pub use harness_program::report::document;
