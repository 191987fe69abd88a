//! Asking the suite.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use harness::listing::{Listing, TestDescription};
use harness::suite::LIST;

use crate::catalogue::listing;
use crate::sys::process;

/// Listing plays a few probes; this is a hang.
const LIMIT: Duration = Duration::from_secs(60);

/// What the suite lists that this command runs, as the user that the command names.
///
/// # Errors
/// When it cannot be run, fails, or prints something else or only a part.
pub fn listing(suite: &mut Command) -> Result<Listing, String> {
    let output = process::capture(suite.args(["--list", "--format", "json"]), LIMIT)?;
    if output.status.success() {
        return Listing::read(&output.stdout);
    }
    Err(format!("`{}` failed ({}): {}", process::show(suite), output.status, output.stderr.trim()))
}

/// The tests of a binary of the suite.
///
/// # Errors
/// As [`listing()`], and when it names a rule or a change that this program does not know, or no test.
pub fn tests(suite: &Path, root: &Path) -> Result<Vec<TestDescription>, String> {
    let listing = listing(Command::new(suite).current_dir(root).env(LIST, "names"))?;
    let tests: Vec<TestDescription> = listing.tests.into_iter().map(|listed| listed.test).collect();
    if tests.is_empty() {
        return Err("the suite lists no test".to_owned());
    }
    listing::known(&tests)?;
    Ok(tests)
}
