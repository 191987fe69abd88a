//! The line that shows how far a run is: on a terminal it is replaced and removed, in a file there is none.

use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;

use nix::pty::openpty;

type Done = Result<(), Box<dyn std::error::Error>>;

/// Back to the beginning of the line, and nothing behind it.
const ERASE: &str = "\r\u{1b}[K";

fn sweep() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ci"));
    command.args(["sweep", "--only", "ordinary", "--depth", "2"]).stdout(Stdio::piped());
    command
}

/// What a command writes to a terminal as its standard error.
fn on_a_terminal(mut command: Command) -> Result<String, Box<dyn std::error::Error>> {
    let terminal = openpty(None, None)?;
    command.stderr(Stdio::from(terminal.slave));
    let mut child = command.spawn()?;
    // The command holds our copy of the terminal, which ends when nothing has it open.
    drop(command);
    let mut reader = File::from(terminal.master);
    let reading = thread::spawn(move || {
        let mut bytes = Vec::new();
        // A terminal that has been closed is an error (EIO), and its end.
        let _ = reader.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let status = child.wait()?;
    let text = reading.join().map_err(|_| "the reader panicked")?;
    if status.success() { Ok(text) } else { Err(format!("{status}: {text}").into()) }
}

#[test]
fn a_terminal_gets_a_line_that_is_replaced_and_removed() -> Done {
    let text = on_a_terminal(sweep())?;

    let lines: Vec<&str> = text.split(ERASE).collect();
    let shown: Vec<&&str> = lines.iter().filter(|line| line.starts_with("ordinary: ")).collect();
    assert!(!shown.is_empty() && shown.iter().all(|line| line.contains(" a second")), "{text:?}");
    assert!(shown.iter().all(|line| line.len() < 80 && !line.contains('\n')), "{text:?}");
    assert_eq!(lines.last(), Some(&""), "the line stays: {text:?}");
    Ok(())
}

#[test]
fn a_short_run_writes_nothing_to_a_log() -> Done {
    let output = sweep().output()?;

    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    Ok(())
}
