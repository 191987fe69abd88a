//! Asking the suite.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::catalogue::listing::{Listed, parse};
use crate::sys::process;

/// Listing names asks the host nothing; this is a hang.
const LIST_LIMIT: Duration = Duration::from_secs(60);

/// Asks a binary of the suite which test pins what.
///
/// # Errors
/// When it cannot be run, or does not tell.
pub fn told_by(suite: &Path, root: &Path) -> Result<Vec<Listed>, String> {
    let mut command = Command::new(suite);
    let output = process::capture(command.arg("--rules").current_dir(root), LIST_LIMIT)?;
    if !output.status.success() {
        return Err(format!(
            "`{}` failed ({}): {}",
            process::show(&command),
            output.status,
            output.stderr.trim()
        ));
    }
    parse(&output.stdout)
}
