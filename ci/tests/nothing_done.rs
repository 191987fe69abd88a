//! No command reports success for having done nothing, or for a result that nobody can read.
mod support;

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use support::{READY, StandIn, ci};

/// A guest that passes what it is asked for.
const GUEST: &str = r#"user() {
    echo '{"user_started":{"uid":'$1',"facts":{}}}'
    for test in a b; do
        echo '{"started":{"test":"'$test'"}}'
        echo '{"ended":{"test":"'$test'","end":"passed","milliseconds":5,"output":""}}'
    done
    echo '{"user_ended":{"ran":2,"skipped":0}}'
}
[ "$(id -u)" != 0 ] || user 0; user 61234; echo '"done"'"#;

fn stand_in() -> io::Result<StandIn> {
    StandIn::new(&format!("{READY}\n{GUEST}"))
}

/// Standard error and the exit status.
fn ends(command: &mut Command) -> io::Result<(String, Option<i32>)> {
    let Output { status, stderr, .. } = command.output()?;
    Ok((String::from_utf8_lossy(&stderr).into_owned(), status.code()))
}

/// Every command that prints.
const PRINTING: [&[&str]; 10] = [
    &["--help"],
    &["suite", "--help"],
    &["facts"],
    &["facts", "--json"],
    &["kernels", "--list"],
    &["kernels", "--list", "--json"],
    &["distros", "--list"],
    &["distros", "--list", "--json"],
    &["sweep", "--list"],
    &["test", "--list"],
];

#[test]
fn what_could_not_be_printed_is_no_success() -> io::Result<()> {
    for arguments in PRINTING {
        let (errors, status) = ends(ci(arguments).stdout(File::create("/dev/full")?))?;

        assert_eq!(status, Some(2), "{arguments:?}: {errors}");
        let why = "cannot run: the result could not be written to standard output: No space left on device";
        assert!(errors.contains(why), "{arguments:?}: {errors}");
    }
    Ok(())
}

/// The nearby success: a reader that goes away, as `head -1` does, has read what it wanted.
#[test]
fn a_reader_that_goes_away_is_no_error() -> io::Result<()> {
    for arguments in PRINTING {
        let mut child = ci(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        drop(child.stdout.take());
        let ended = child.wait_with_output()?;

        let errors = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!((ended.status.code(), errors.as_str()), (Some(0), ""), "{arguments:?}");
    }
    Ok(())
}

#[test]
fn a_number_with_which_nothing_would_be_done_is_refused() -> io::Result<()> {
    let numbers: [&[&str]; 15] = [
        &["sweep", "--workers", "0"],
        &["sweep", "--workers", "99999"],
        &["sweep", "--depth", "0"],
        &["sweep", "--length", "99"],
        &["sweep", "--length", "18"],
        &["search", "--scenarios", "0"],
        &["search", "--seconds", "0"],
        &["search", "--workers", "0"],
        &["search", "--seed", "99999999999999999999"],
        &["kernels", "--jobs", "0"],
        &["kernels", "--limit", "0"],
        &["kernels", "--memory", "0"],
        &["distros", "--limit", "0"],
        &["suite", "--partial", "never"],
        &["test", "--only", "no-such-step"],
    ];
    for arguments in numbers {
        let (errors, status) = ends(&mut ci(arguments))?;

        assert_eq!(status, Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(arguments[1]), "{arguments:?}: {errors}");
    }
    Ok(())
}

#[test]
fn a_name_that_nothing_has_is_refused() -> io::Result<()> {
    let named: [&[&str]; 5] = [
        &["sweep", "--only", "no-such-field"],
        &["kernels", "--only", "no-such-kernel"],
        &["kernels", "--list", "--only", "no-such-kernel"],
        &["distros", "--only", "no-such-release"],
        &["matrix", "--html", "/dev/null", "/nowhere/no-such-file"],
    ];
    for arguments in named {
        let (errors, status) = ends(&mut ci(arguments))?;

        assert_eq!(status, Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains("no-such-"), "{arguments:?}: {errors}");
    }
    Ok(())
}

/// A file that cannot be written is found before the kernels run where that can be seen, and is no success elsewhere.
#[test]
fn a_result_that_cannot_be_written_is_no_success() -> io::Result<()> {
    let stand_in = stand_in()?;
    let directory = stand_in.dir.path().to_string_lossy().into_owned();
    for option in ["--save", "--junit", "--html", "--markdown"] {
        for file in ["/dev/full", directory.as_str(), "/nowhere/file"] {
            let (errors, status) = ends(&mut stand_in.command(&[option, file]))?;

            assert_eq!(status, Some(2), "{option} {file}: {errors}");
            assert!(errors.contains(&format!("cannot write {file}: ")), "{option} {file}: {errors}");
            assert_eq!(errors.contains(" is up after "), file == "/dev/full", "{option} {file}: {errors}");
        }
    }
    let mut full = stand_in.command(&["--json"]);
    let (errors, status) = ends(full.stdout(File::create("/dev/full")?))?;
    assert_eq!(status, Some(2), "{errors}");
    Ok(())
}

#[test]
fn a_page_that_cannot_be_written_is_no_success() -> io::Result<()> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/kernels-old.json");
    for option in ["--html", "--markdown"] {
        for file in ["/dev/full", "/nowhere/file", "/"] {
            let (errors, status) = ends(ci(&["matrix", option, file]).arg(&data))?;

            assert_eq!(status, Some(2), "{option} {file}: {errors}");
            assert!(errors.contains(&format!("cannot write {file}: ")), "{option} {file}: {errors}");
        }
    }
    Ok(())
}

/// One convention for all commands: a run that was interrupted could not be run to its end.
#[test]
fn an_interrupted_search_or_sweep_is_no_success() -> Result<(), Box<dyn std::error::Error>> {
    let search: &[&str] = &["search", "--seconds", "600", "--workers", "1", "--forget"];
    for arguments in [search, &["sweep", "--depth", "9", "--workers", "1", "--only", "ordinary"]] {
        let mut child = ci(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no pipe")?).lines();
        // In a container the model says nothing: then the command ends by itself, with the same status.
        let begun = lines.next().transpose()?.is_some();
        let since = Instant::now();
        if begun {
            kill(Pid::from_raw(i32::try_from(child.id())?), Signal::SIGINT)?;
        }
        let ended = child.wait_with_output()?;

        let errors = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}: {errors}");
        assert!(!begun || errors.contains("cannot run: interrupted"), "{arguments:?}: {errors}");
        assert!(since.elapsed() < Duration::from_secs(60), "{arguments:?}");
    }
    Ok(())
}

#[test]
fn the_help_names_the_status_of_an_interruption_and_of_a_partial_run() -> io::Result<()> {
    for (command, words) in [
        ("search", "2 could not run, or was interrupted"),
        ("sweep", "2 could not run, or was interrupted"),
        ("suite", "3 passed, but too little ran"),
        ("kernels", "3 all passed, but"),
        ("distros", "3 all passed, but"),
        ("test", "3 good, but"),
        ("rules", "3 none differs, but"),
    ] {
        let Output { stdout, .. } = ci(&[command, "--help"]).output()?;
        let text = String::from_utf8_lossy(&stdout).into_owned();
        assert!(text.contains(words), "no {words:?} in the help of {command}:\n{text}");
    }
    Ok(())
}
