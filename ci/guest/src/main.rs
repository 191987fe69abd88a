//! The program that a kernel under test starts: as its init, or with the path of a plan on a host.

mod init;
mod play;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use guest::{Event, PLAN, Plan};

/// Where events go.
pub struct Channel(File);

impl Channel {
    /// Says what happened.
    ///
    /// # Errors
    /// When the reader of the channel has ended.
    pub fn send(&mut self, event: &Event) -> Result<(), String> {
        let line = event.to_line()?;
        self.0.write_all(line.as_bytes()).map_err(|error| format!("nobody listens: {error}"))
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if std::process::id() == 1 && arguments.first().is_none_or(|first| first != "play") {
        init::run()
    }
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        // The facts depend on who asks: each user asks in a process of its own.
        ["facts"] => {
            let facts = serde_json::to_string(harness_play::facts());
            facts.map(|facts| println!("{facts}")).map_err(|error| format!("the facts are no JSON: {error}"))
        }
        ["play", plan] => standard_output().and_then(|mut channel| follow(Path::new(plan), &mut channel)),
        _ => Err("usage: guest play PLAN, or guest facts".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("guest: {error}");
            ExitCode::from(2)
        }
    }
}

/// Plays a plan to its end, and says so or what went wrong.
///
/// # Errors
/// When the reader of the channel has ended.
fn follow(plan: &Path, channel: &mut Channel) -> Result<(), String> {
    let release = nix::sys::utsname::uname()
        .map_or_else(|error| format!("unknown: {error}"), |uname| uname.release().to_string_lossy().into());
    channel.send(&Event::Ready { release })?;
    match read(plan).and_then(|plan| play::run(&plan, channel)) {
        Ok(()) => channel.send(&Event::Done),
        Err(what) => channel.send(&Event::Failure { what }),
    }
}

fn read(plan: &Path) -> Result<Plan, String> {
    let text = std::fs::read_to_string(plan)
        .map_err(|error| format!("cannot read the plan {}: {error}", plan.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{} is no plan: {error}", plan.display()))
}

fn standard_output() -> Result<Channel, String> {
    use std::os::fd::AsFd;
    let out = std::io::stdout().as_fd().try_clone_to_owned();
    out.map(|fd| Channel(File::from(fd))).map_err(|error| format!("no standard output: {error}"))
}

/// The plan of a guest, where it lies in its root.
fn plan_of_guest() -> &'static Path {
    Path::new(PLAN)
}
