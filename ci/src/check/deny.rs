//! Dependency checks with cargo-deny; `deny.toml` holds the policies.

use std::process::Command;
use std::time::Duration;

use crate::check::context::Context;
use crate::check::steps::Outcome;
use crate::sys::{process, tools};
use harness_program::ui::print::print;

/// The advisory database is a few megabytes; more than this is a network that drops packets.
const FETCH_LIMIT: Duration = Duration::from_secs(120);

/// Licences, duplicates and sources: decided by Cargo.lock and deny.toml.
pub fn policies(context: &Context) -> Outcome {
    check(context, &["licenses", "bans", "sources"])
}

/// Advisories: needs the database, which is fetched over the network.
pub fn advisories(context: &Context) -> Outcome {
    if let Err(error) = tools::deny(context.install) {
        return Outcome::NotRun(error);
    }
    let mut fetch = deny(context, &["fetch", "db"]);
    print("fetching the advisory database\n");
    let fetched = process::capture(&mut fetch, FETCH_LIMIT)
        .and_then(|output| if output.status.success() { Ok(()) } else { Err(last_words(&output.stderr)) });
    match fetched {
        Ok(()) => check(context, &["--disable-fetch", "advisories"]),
        Err(error) => Outcome::NotRun(format!("the advisory database cannot be fetched: {error}")),
    }
}

fn check(context: &Context, what: &[&str]) -> Outcome {
    if let Err(error) = tools::deny(context.install) {
        return Outcome::NotRun(error);
    }
    match process::stream(&mut deny(context, &[&["check"], what].concat())) {
        Ok(status) if status.success() => Outcome::Passed(String::new()),
        Ok(_) => Outcome::Failed("see cargo-deny's findings above".to_owned()),
        Err(error) => Outcome::CouldNotRun(error),
    }
}

fn deny(context: &Context, arguments: &[&str]) -> Command {
    let mut command = context.workspace.cargo(["deny", "--workspace", "--all-features", "--locked"]);
    command.args(arguments);
    command
}

/// The line that says most: git and cargo-deny put the cause last.
fn last_words(stderr: &str) -> String {
    let line = stderr.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it gave no reason");
    anstream::adapter::strip_str(line).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_that_says_something_is_the_reason() {
        assert_eq!(last_words("one\n  two \n\n"), "two");
        assert_eq!(last_words(""), "it gave no reason");
    }
}
