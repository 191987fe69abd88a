//! Where the workspace is, and cargo commands in it.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::sys::process::{self, NOT_IN_PATH};

/// The package at the root, which holds the suite and nothing else.
pub const SUITE: &str = "userns-suite";

/// The directories of this workspace.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Where the root Cargo.toml is.
    pub root: PathBuf,
    /// Where cargo builds.
    pub target: PathBuf,
}

impl Workspace {
    /// Asks cargo, so that it works from every directory and with CARGO_TARGET_DIR set.
    ///
    /// # Errors
    /// When `cargo metadata` fails; the message carries what it said.
    pub fn find() -> Result<Self, String> {
        // `cargo run` sets it. If the binary is called directly, the directory of the build is used.
        let here = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let mut command = Command::new(cargo());
        command.args(["metadata", "--no-deps", "--format-version=1", "--manifest-path"]);
        command.arg(Path::new(&here).join("Cargo.toml"));
        let output = process::capture(&mut command, Duration::from_secs(120)).map_err(in_path)?;
        if !output.status.success() {
            return Err(format!("`cargo metadata` failed ({}): {}", output.status, output.stderr.trim()));
        }
        let metadata: serde_json::Value = serde_json::from_str(&output.stdout)
            .map_err(|error| format!("`cargo metadata` did not print JSON: {error}"))?;
        let path = |key: &str| {
            let path = metadata.get(key).and_then(serde_json::Value::as_str).map(PathBuf::from);
            path.ok_or_else(|| format!("`cargo metadata` did not name the {key}"))
        };
        Ok(Self { root: path("workspace_root")?, target: path("target_directory")? })
    }

    /// Where runs of the suite leave their results.
    pub fn results(&self) -> PathBuf {
        self.target.join(SUITE)
    }

    /// The directory in which what was fetched or made is kept between runs: the one that is given, one of this name in
    /// $XDG_CACHE_HOME, or else one below the target directory.
    pub fn cache(&self, given: Option<&Path>, in_cache_home: &str, in_target: &str) -> PathBuf {
        let home = env::var_os("XDG_CACHE_HOME").filter(|dir| !dir.is_empty());
        let of_home = || home.map(|home| Path::new(&home).join(in_cache_home));
        given.map(Path::to_owned).or_else(of_home).unwrap_or_else(|| self.target.join(in_target))
    }

    /// A cargo command for this workspace, whatever the current directory.
    pub fn cargo<const N: usize>(&self, args: [&str; N]) -> Command {
        let mut command = Command::new(cargo());
        command.args(args).current_dir(&self.root);
        command
    }
}

/// sudo has a path of its own, in which a cargo of a home directory is not.
fn in_path(error: String) -> String {
    match error.ends_with(NOT_IN_PATH) {
        true => format!("{error}; with sudo: sudo env \"PATH=$PATH\" cargo ci ..."),
        false => error,
    }
}

fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
