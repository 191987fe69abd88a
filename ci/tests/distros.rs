//! `cargo ci distros` as a script sees it, as far as nothing has to be fetched.

use std::io;
use std::process::{Command, Output};

fn distros(arguments: &[&str]) -> io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_ci")).arg("distros").args(arguments).output()
}

#[test]
fn releases_can_be_listed_for_people_and_for_scripts() -> io::Result<()> {
    let plain = distros(&["--list", "--only", "sid", "--only", "trixie"])?;
    let json = distros(&["--list", "--json"])?;

    assert_eq!(String::from_utf8_lossy(&plain.stdout), "trixie\nsid\n");
    let names: Vec<String> = serde_json::from_slice(&json.stdout)?;
    assert_eq!(names, ["bullseye", "bookworm", "trixie", "sid"]);
    Ok(())
}

#[test]
fn an_unknown_release_could_not_be_run() -> io::Result<()> {
    let ended = distros(&["--only", "buster"])?;

    assert_eq!(ended.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("no distribution is called \"buster\""));
    Ok(())
}
