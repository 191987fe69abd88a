//! Guests that panic, hang, end early and lie, played by shell scripts without a supervisor.

use super::*;

const READY: &str = r#"echo '{"ready":{"release":"7.2.7"}}'"#;
const SHORT: Limits = Limits {
    boot: Duration::from_secs(20),
    silence: Duration::from_millis(300),
    total: Duration::from_secs(20),
};

/// What becomes of a guest with this script, asked for one test; descriptor 3 is its console.
fn play(script: &str, limits: Limits) -> Result<Option<RunFailure>, Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let console = console_file(dir.path());
    let mut command = Command::new("sh");
    command.args(["-c", &format!("exec 3>>'{}'; {script}", console.display())]);
    let guest = Guest::spawn(command, Over::Stdout, &console).map_err(|failure| failure.to_string())?;
    let mut transcript = Transcript::new(&["a".to_owned()], 1, "");
    Ok(guest.follow(&mut transcript, limits, &console, |_| {}))
}

fn said(script: &str, limits: Limits) -> Result<String, Box<dyn std::error::Error>> {
    Ok(play(script, limits)?.map(|failure| failure.to_string()).unwrap_or_default())
}

#[test]
fn a_guest_that_reports_everything_has_not_failed() -> Result<(), Box<dyn std::error::Error>> {
    let lines = r#"echo SeaBIOS; echo; echo '{"ready":{"release":"7.2.7"}}'
        echo '{"user_started":{"uid":0,"facts":""}}'; echo '{"started":{"test":"a"}}'
        echo '{"ended":{"test":"a","end":"passed","milliseconds":1,"output":""}}'
        echo '{"user_ended":{"ran":1,"skipped":0}}'; echo '"done"'"#;

    assert_eq!(play(lines, SHORT)?, None);
    // That it does not switch itself off changes nothing, nor that another holds its stream open.
    assert_eq!(play(&format!("sleep 600 & {lines}"), SHORT)?, None);
    Ok(())
}

#[test]
fn a_kernel_that_panics_is_reported() -> Result<(), Box<dyn std::error::Error>> {
    let panic = "echo '[ 1.0] Kernel panic - not syncing: Attempted to kill init!' >&3";

    let words = "panicked: Kernel panic - not syncing: Attempted to kill init!";
    assert_eq!(said(&format!("{panic}; exit 1"), SHORT)?, words);
    assert_eq!(said(&format!("{READY}; {panic}; sleep 600"), SHORT)?, words);
    Ok(())
}

#[test]
fn a_guest_that_runs_out_of_memory_is_reported() -> Result<(), Box<dyn std::error::Error>> {
    let words = "Out of memory: Killed process 1 (init)";

    assert_eq!(said(&format!("echo '{words}' >&3; exit 1"), SHORT)?, format!("ran out of memory: {words}"));
    Ok(())
}

#[test]
fn a_guest_that_hangs_is_ended_and_reported() -> Result<(), Box<dyn std::error::Error>> {
    let boot = Limits { boot: Duration::from_millis(300), ..SHORT };
    let total = Limits { total: Duration::from_millis(300), silence: Duration::from_secs(20), ..SHORT };

    assert_eq!(said("sleep 600", boot)?, "hung: nothing for 0 s; the last was: the kernel was started");
    let begun = format!(
        r#"{READY}; echo '{{"user_started":{{"uid":0,"facts":""}}}}'; echo '{{"started":{{"test":"a"}}}}'"#
    );
    let words = "the last was: a began, as uid 0";
    assert_eq!(said(&format!("{begun}; sleep 600"), SHORT)?, format!("hung: nothing for 0 s; {words}"));
    assert_eq!(said(&format!("{begun}; sleep 600"), total)?, format!("did not end within 0 s; {words}"));
    Ok(())
}

#[test]
fn a_guest_that_answers_short_is_reported() -> Result<(), Box<dyn std::error::Error>> {
    let early = said(&format!("{READY}; exit 3"), SHORT)?;
    assert_eq!(
        early,
        "answered short: it ended before it was done; the last was: Linux 7.2.7 is up (exit status: 3)"
    );
    let cut = said(&format!("{READY}; printf '{{\"user\":{{\"uid\":0,'"), SHORT)?;
    assert!(cut.starts_with("answered short: no event: "), "{cut}");
    Ok(())
}

#[test]
fn a_guest_that_cannot_be_started_is_named() {
    let linux = Command::new("/nowhere/linux");
    let started = Guest::start(&linux, Over::Stdin, Path::new("/dev/null"), Path::new("/nowhere"));

    let words = started.err().map(|failure| failure.to_string()).unwrap_or_default();
    assert!(words.starts_with("could not be started: `linux`: "), "{words}");
}

#[test]
fn nothing_of_a_guest_is_left() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let pid = dir.path().join("pid");
    play(&format!("sleep 600 & echo $! >'{}'; {READY}; sleep 600", pid.display()), SHORT)?;

    let pid: i32 = std::fs::read_to_string(pid)?.trim().parse()?;
    // The process that adopts it may take a moment to reap it.
    let state = || std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let gone = || state().is_empty() || state().contains(") Z ") || state().contains(") X ");
    let begun = Instant::now();
    while !gone() && begun.elapsed() < Duration::from_secs(5) {
        thread::sleep(TICK);
    }
    assert!(gone(), "still there: {}", state());
    Ok(())
}
