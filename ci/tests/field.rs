//! `cargo ci programs` and `cargo ci runtimes` as a caller sees them. The root of the programs is a copy of this host's, so that
//! nothing has to be fetched.

use std::error::Error;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

use nix::unistd::geteuid;
use serde_json::Value;

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

/// What a place needs, of which only strace and iproute2 are missing on a small host.
const NEEDED: [&str; 2] = ["/usr/bin/strace", "/usr/sbin/ip"];

/// Whether a copy of this host's root can be a place: it is Debian, and the caller is root.
fn can_run() -> bool {
    let has = |file: &&str| Path::new(file).exists() || Path::new(&file.replace("/usr", "")).exists();
    geteuid().is_root() && Path::new("/var/lib/dpkg/status").exists() && NEEDED.iter().all(has)
}

/// Runs these commands as a row of `cargo ci programs`.
fn program(run: &str, more: &[&str]) -> Result<Output, Box<dyn Error>> {
    let cache = tempfile::tempdir()?;
    symlink("/", cache.path().join("sid"))?;
    let rows = cache.path().join("rows.toml");
    let row = "name = \"stand-in\"\nfamily = \"x\"\npackage = \"util-linux\"\nreleases = [\"sid\"]\n";
    fs::write(&rows, format!("[[program]]\n{row}run = '''{run}'''\n"))?;
    let mut command = ci(&["programs", "--json", "--mirror", "file:/nowhere", "--keyring", "/etc/passwd"]);
    command.arg("--cache").arg(cache.path()).arg("--rows").arg(&rows).args(more);
    Ok(command.output()?)
}

fn findings(output: &Output) -> Result<Vec<String>, Box<dyn Error>> {
    let said = String::from_utf8_lossy(&output.stderr);
    let result: Value = serde_json::from_slice(&output.stdout).map_err(|error| format!("{error}: {said}"))?;
    let findings = result[0]["findings"].as_array().ok_or("no findings")?;
    Ok(findings.iter().map(ToString::to_string).collect())
}

#[test]
fn a_program_is_run_in_each_state_and_judged() -> Done {
    if !can_run() {
        return Ok(());
    }
    let output = program("setpriv --reuid 1 --regid 1 --clear-groups showid", &[])?;

    // It is run as it should be, and only the review is missing.
    assert_eq!(findings(&output)?, [r#"{"finding":"not-reviewed"}"#]);
    assert_eq!(output.status.code(), Some(1));
    let result: Value = serde_json::from_slice(&output.stdout)?;
    let states = result[0]["states"].as_array().ok_or("no states")?;
    let verdicts: Vec<&str> = states.iter().filter_map(|state| state["verdict"].as_str()).collect();
    assert_eq!(verdicts, ["works", "refuses", "refuses", "refuses", "refuses"]);
    assert_eq!(states[0]["ran"][0], "1:1 {}");
    Ok(())
}

#[test]
fn a_program_that_asks_only_where_it_may_is_unpredicted() -> Done {
    if !can_run() {
        return Ok(());
    }
    let run = "grep -q deny /proc/self/setgroups && exec showid; exec unshare --setgid 1 --setuid 1 showid";
    let output = program(run, &[])?;

    let findings = findings(&output)?;
    let expected = r#""predicted":"setgroups EPERM","seen":"no refused call","state":"deny""#;
    assert!(findings.iter().any(|it| it.contains(expected)), "{findings:?}");
    Ok(())
}

#[test]
fn a_program_that_hangs_is_ended_with_all_that_it_started() -> Done {
    if !can_run() {
        return Ok(());
    }
    let output = program("setsid sleep 86423 & exec sleep 86423; showid", &["--limit", "1"])?;

    let findings = findings(&output)?;
    assert!(findings[0].contains("did not end within"), "{findings:?}");
    assert_eq!(output.status.code(), Some(2));
    let left = Command::new("pgrep").args(["-f", "^sleep 86423"]).output()?;
    assert_eq!(String::from_utf8(left.stdout)?, "");
    Ok(())
}
