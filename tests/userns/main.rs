//! The table of contents of the suite.
fn main() {}
