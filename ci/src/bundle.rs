//! `cargo ci bundle`: the suite as one static program, for hosts without a compiler or a checkout.

pub mod options;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness_program::whole::{self, BUNDLED};

use crate::bundle::options::BundleOptions;
use crate::guests::bundle::{BUILD, PROGRAM, executable};
use crate::sys::architecture::Architecture;
use crate::sys::workspace::Workspace;
use crate::sys::{packages, process, tools};
use harness_program::ui::print::{note, print};
use harness_program::ui::verdict::Verdict;

/// The most that a program may have, in bytes.
const LARGEST: u64 = 16 << 20;
/// The profile of Cargo.toml by which it is built.
const PROFILE: &str = "bundle";
/// How long the program may take to print a rule, and sha256sum to read it.
const QUICK: Duration = Duration::from_secs(60);

/// Builds the programs that the options ask for, and prints where they are.
///
/// # Errors
/// When one cannot be built or written, is too large, or does not start.
pub fn run(options: &BundleOptions) -> Result<Verdict, String> {
    let workspace = Workspace::find()?;
    let directory = options.directory.clone().unwrap_or_else(|| workspace.results().join("bundle"));
    fs::create_dir_all(&directory)
        .map_err(|error| format!("cannot make {}: {error}", directory.display()))?;
    let targets =
        if options.target.is_empty() { vec![Architecture::of_host()?] } else { options.target.clone() };
    for architecture in targets {
        let built = build(&workspace, architecture)?;
        let program = directory.join(format!("userns-suite-{}", architecture.word()));
        let size = install(&built, &program)?;
        if architecture.is_of_host() {
            starts(&program)?;
        }
        sum(&directory, &program)?;
        print(format_args!("{}  {:.1} MB\n", program.display(), size as f64 / 1e6));
    }
    Ok(Verdict::Good)
}

/// Builds the program for an architecture. Returns where cargo put it. What cargo reports goes to standard error.
fn build(workspace: &Workspace, architecture: Architecture) -> Result<PathBuf, String> {
    let target = architecture.target();
    packages::target(architecture)?;
    note(format_args!("building for {target}; the first time this takes minutes\n"));
    let mut command =
        workspace.cargo(["build", "--profile", PROFILE, "--target", target, "--test", "userns"]);
    command.args(PROGRAM).args(["--message-format", "json-render-diagnostics"]).env(BUNDLED, "1");
    command.envs(architecture.linker());
    let output = process::capture_stdout(&mut command, BUILD)?;
    match output.status.success() {
        true => executable(&output.stdout).ok_or_else(|| "cargo names no program that it built".to_owned()),
        false => Err(format!("`{}` failed ({})", process::show(&command), output.status)),
    }
}

/// Copies a program to where it belongs, with a trailer by which it knows that it is whole. Returns its size in bytes.
fn install(built: &Path, program: &Path) -> Result<u64, String> {
    let fail = |error: std::io::Error| format!("cannot write {}: {error}", program.display());
    let mut bytes = fs::read(built).map_err(|error| format!("cannot read {}: {error}", built.display()))?;
    bytes.extend(whole::trailer(&bytes));
    let size = bytes.len() as u64;
    fs::write(program, bytes).map_err(fail)?;
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).map_err(fail)?;
    match size <= LARGEST {
        true => Ok(size),
        false => Err(format!("{} has {size} bytes, more than {LARGEST}", program.display())),
    }
}

/// Whether the program starts where there is nothing else.
fn starts(program: &Path) -> Result<(), String> {
    let mut command = Command::new(program);
    let asked = command.args(["rules", "groups.denied"]).env_clear().current_dir("/");
    let output = process::capture(asked, QUICK)?;
    match output.status.success() && output.stdout.contains("groups.denied") {
        true => Ok(()),
        false => Err(format!("{} does not start: {}", program.display(), output.stderr.trim())),
    }
}

/// Writes the program's SHA-256 beside it, as sha256sum(1) reads it with `--check`.
fn sum(directory: &Path, program: &Path) -> Result<(), String> {
    let name = program.file_name().unwrap_or_default();
    let Some(sha256sum) = tools::find("sha256sum") else {
        note("sha256sum is missing: no checksum is written\n");
        return Ok(());
    };
    let output = process::capture(Command::new(sha256sum).arg(name).current_dir(directory), QUICK)?;
    let to = program.with_extension("sha256");
    match output.status.success() {
        true => {
            fs::write(&to, output.stdout).map_err(|error| format!("cannot write {}: {error}", to.display()))
        }
        false => Err(format!("no checksum of {}: {}", program.display(), output.stderr.trim())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_too_large_or_does_not_start_is_refused() -> Result<(), Box<dyn std::error::Error>> {
        let directory = tempfile::tempdir()?;
        let (built, program) = (directory.path().join("built"), directory.path().join("program"));
        fs::write(&built, "#!/bin/sh\necho other 1\n")?;

        assert_eq!(install(&built, &program), Ok(39));
        assert!(starts(&program).is_err_and(|why| why.contains("does not start")));
        fs::File::options().write(true).open(&built)?.set_len(LARGEST + 1)?;
        assert!(install(&built, &program).is_err_and(|why| why.contains("more than 16777216")));
        Ok(())
    }

    #[test]
    fn the_checksum_is_that_of_the_program() -> Result<(), Box<dyn std::error::Error>> {
        let directory = tempfile::tempdir()?;
        let program = directory.path().join("p");
        fs::write(&program, "abc")?;

        sum(directory.path(), &program)?;

        // FIPS 180-2, the first example.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  p\n";
        assert_eq!(fs::read_to_string(directory.path().join("p.sha256"))?, expected);
        Ok(())
    }
}
