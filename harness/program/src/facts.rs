//! `facts`: what this host is.

use harness::facts;

use crate::ui::print::print;

/// Prints the facts of this host, for people or as JSON.
///
/// # Errors
/// When they cannot be written as JSON.
pub fn run(json: bool) -> Result<(), String> {
    if !json {
        print(text());
        return Ok(());
    }
    let json = serde_json::to_string_pretty(&facts().clone().with_probes())
        .map_err(|error| format!("the facts of this host are no JSON: {error}"))?;
    print(format_args!("{json}\n"));
    Ok(())
}

/// The facts of this host as text that can be pasted into a bug report.
pub fn text() -> String {
    facts().clone().with_probes().to_text()
}
