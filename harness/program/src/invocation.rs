//! The name by which people call these commands: they are part of `cargo ci`, and of the program `userns-suite`.

use std::sync::OnceLock;

/// The program's own name.
pub const PROGRAM: &str = "userns-suite";
/// The same commands in a checkout.
pub const CARGO: &str = "cargo ci";

static NAME: OnceLock<&str> = OnceLock::new();

/// From now on messages name the program.
pub fn is_program() {
    let _ = NAME.set(PROGRAM);
}

/// What messages name: "cargo ci", or "userns-suite".
pub fn name() -> &'static str {
    NAME.get().copied().unwrap_or(CARGO)
}

/// A text about `cargo ci` with the name that messages have.
pub fn named(text: &str) -> String {
    text.replace(CARGO, name())
}
