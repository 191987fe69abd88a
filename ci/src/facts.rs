//! `cargo ci facts`: what this host is.

use harness::host::facts;

use crate::ui::print::say;

/// Prints the facts of this host, for people or as JSON.
///
/// # Errors
/// When they cannot be written as JSON.
pub fn print(json: bool) -> Result<(), String> {
    if !json {
        say(text());
        return Ok(());
    }
    let json = serde_json::to_string_pretty(facts())
        .map_err(|error| format!("the facts of this host are no JSON: {error}"))?;
    say(format_args!("{json}\n"));
    Ok(())
}

/// The facts of this host as text that can be pasted into a bug report.
pub fn text() -> String {
    facts().to_text()
}
