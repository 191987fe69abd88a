//! Where the crates of the workspace begin.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// Returns the root of the workspace, and the root file of each library and program in it.
///
/// # Errors
/// When cargo cannot list the packages.
pub fn crates() -> Result<(PathBuf, Vec<PathBuf>), String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version=1", "--manifest-path", here])
        .output()
        .map_err(|error| format!("cannot run `cargo metadata`: {error}"))?;
    if !output.status.success() {
        return Err(format!("`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("`cargo metadata` did not print JSON: {error}"))?;
    let root = metadata["workspace_root"].as_str().ok_or("`cargo metadata` names no workspace_root")?;
    let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let targets = list(&metadata, "packages").into_iter().flat_map(|package| list(&package, "targets"));
    let built = targets.filter(|target| {
        let kinds = list(target, "kind");
        kinds.iter().any(|kind| ["lib", "bin", "proc-macro"].iter().any(|built| kind == built))
    });
    let files = built.filter_map(|target| target["src_path"].as_str().map(PathBuf::from)).collect();
    Ok((PathBuf::from(root), files))
}
