//! `cargo ci facts`: what this host is.

use crate::say::say;

/// Prints the facts of this host.
///
/// # Errors
/// When they cannot be written as JSON.
pub fn print(_json: bool) -> Result<(), String> {
    say(text()?);
    Ok(())
}

/// The facts of this host as text.
///
/// # Errors
/// When the kernel does not say its release.
pub fn text() -> Result<String, String> {
    let name = nix::sys::utsname::uname().map_err(|error| format!("uname failed: {error}"))?;
    Ok(format!("kernel {}\n", name.release().to_string_lossy()))
}
