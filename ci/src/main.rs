//! The commands behind `cargo ci`.
fn main() {}
