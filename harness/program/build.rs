//! Lists the reviewed snapshots and the scenarios of `tests/regressions` for the compiler, if the program is to bring them.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// What the program brings, below the workspace.
const BROUGHT: [&str; 2] = ["tests/userns/snapshots", "tests/regressions"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    // Whether the program expects a trailer.
    println!("cargo::rerun-if-env-changed=USERNS_SUITE_BUNDLED");
    if std::env::var_os("CARGO_FEATURE_EMBEDDED").is_none() {
        return Ok(());
    }
    let workspace = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../..");
    let mut files = BTreeMap::new();
    for directory in BROUGHT {
        println!("cargo::rerun-if-changed={}", workspace.join(directory).display());
        add(&workspace, Path::new(directory), &mut files)?;
    }
    let mut source = String::from("&[\n");
    for (name, path) in files {
        writeln!(source, "    ({name:?}, include_str!({path:?})),")?;
    }
    source.push_str("]\n");
    fs::write(PathBuf::from(std::env::var("OUT_DIR")?).join("files.rs"), source)?;
    Ok(())
}

/// Adds all files below a directory, by their paths relative to the workspace.
fn add(
    workspace: &Path,
    directory: &Path,
    files: &mut BTreeMap<String, PathBuf>,
) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(workspace.join(directory))? {
        let entry = entry?;
        let path = directory.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => add(workspace, &path, files)?,
            false => {
                let name = path.to_str().ok_or("the name of a file is no text")?.to_owned();
                files.insert(name, fs::canonicalize(entry.path())?);
            }
        }
    }
    Ok(())
}
