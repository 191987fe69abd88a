//! The reviewed snapshots of programs, below `ci/programs`.

use serde::Deserialize;

use crate::field::reviewed::{self, Versioned, entry, list};
use crate::programs::seen::Seen;

/// Where they are, below the workspace.
pub const FOLDER: &str = "ci/programs";

/// What a person reviewed of a row and a version of its package.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// The package.
    pub package: String,
    /// Its version.
    pub version: String,
    /// The release: the same program may call other libraries in another one.
    pub release: String,
    /// What was seen, for each state.
    #[serde(rename = "state")]
    pub seen: Vec<Seen>,
}

impl Versioned for Snapshot {
    fn version(&self) -> &str {
        &self.version
    }

    fn release(&self) -> &str {
        &self.release
    }
}

/// All snapshots.
pub type Reviewed = reviewed::Reviewed<Snapshot>;

/// The text of a snapshot.
pub fn text(package: &str, version: &str, release: &str, seen: &[Seen]) -> String {
    let states: String = seen.iter().map(|seen| format!("\n[[state]]\n{}", state(seen))).collect();
    entry("package", package) + &entry("version", version) + &entry("release", release) + &states
}

fn state(seen: &Seen) -> String {
    let mut text = entry("state", &seen.state) + &entry("end", &seen.end);
    for (name, lines) in [("ran", &seen.ran), ("says", &seen.says), ("calls", &seen.calls)] {
        text.push_str(&list(name, lines));
    }
    text
}

/// The lines in which a state differs, as a diff; empty if it does not.
pub fn difference(reviewed: &Seen, seen: &Seen) -> String {
    reviewed::difference(&state(reviewed), &state(seen))
}
