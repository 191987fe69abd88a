//! `cargo ci programs` and `cargo ci runtimes` as a caller sees them, without a root of Debian.

use std::error::Error;
use std::fs;
use std::process::Command;

fn ci(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ci"));
    command.args(arguments);
    command
}

type Done = Result<(), Box<dyn Error>>;

#[test]
fn the_rows_are_listed_without_a_run() -> Done {
    for (command, row) in [("programs", "sudo-preserve-groups"), ("runtimes", "runc-joins-deny")] {
        let output = ci(&[command, "--list", "--only", "*e*"]).output()?;

        let text = String::from_utf8(output.stdout)?;
        assert!(output.status.success() && text.lines().any(|line| line.starts_with(row)), "{text}");
    }
    Ok(())
}

#[test]
fn a_pattern_that_fits_no_row_runs_nothing_and_reports_so() -> Done {
    for command in ["programs", "runtimes"] {
        let output = ci(&[command, "--only", "nothing-like-it"]).output()?;

        let text = String::from_utf8(output.stderr)?;
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(&format!("`cargo ci {command} --list` prints their names")), "{text}");
    }
    Ok(())
}

#[test]
fn a_row_that_is_written_wrongly_is_named() -> Done {
    let file = tempfile::NamedTempFile::new()?;
    for (command, table) in [("programs", "program"), ("runtimes", "runtime")] {
        let row = "name = \"x\"\nfamily = \"x\"\npackage = \"x\"\nuser = \"root\"\nrun = \"showid\"\n";
        fs::write(file.path(), format!("[[{table}]]\n{row}releases = [\"buster\"]\n"))?;
        let output = ci(&[command, "--list", "--rows", &file.path().to_string_lossy()]).output()?;

        let text = String::from_utf8(output.stderr)?;
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(&format!("ci/{command}.toml")), "{text}");
    }
    Ok(())
}
