//! One kernel from its start to its outcome.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use nix::unistd::geteuid;

use super::accelerator::Choice;
use super::known::{self, Difference};
use super::luggage::{Luggage, User};
use super::outcome::Outcome;
use super::progress::Progress;
use super::rows::{Row, Start};
use super::start::{self, Image};
use super::tale::Tale;
use super::trouble::{Trouble, end_of_console};
use super::watch::{self, Guest, Limits, Over};
use crate::cli::Accelerator;
use crate::scratch::Scratch;

/// Lines of a console that are shown where there is trouble.
const CONSOLE_LINES: usize = 20;
/// The slowest kernel here needs ten seconds to boot.
const BOOT: Duration = Duration::from_secs(90);
/// A single test is killed before that, by the guest.
const SILENCE: Duration = Duration::from_secs(240);

/// What all kernels have in common.
#[derive(Debug)]
pub struct Common {
    /// What is known of kernels.
    pub differences: Vec<Difference>,
    /// What travels.
    pub luggage: Luggage,
    /// The directory with a directory of results for each kernel.
    pub results: PathBuf,
    /// How long a kernel may take altogether.
    pub limit: Duration,
    /// How many MiB of memory a guest has.
    pub memory: u32,
    /// What makes qemu run.
    pub accelerator: Choice,
}

/// Starts a kernel, listens to it, and says what became of it.
pub fn play(common: &Common, row: &Row, image: Result<Image, Trouble>) -> Outcome {
    let begun = Instant::now();
    let results = common.results.join(&row.name);
    let users = users(row.start);
    let mut tale = Tale::new(&common.luggage.tests, users.len(), &row.release);
    let mut progress = Progress::new(&row.name, common.luggage.tests.len());
    let origin = image.as_ref().map(|image| image.origin.clone()).unwrap_or_default();
    let mut accelerator = None;
    let trouble = empty(&results).and(image).and_then(|image| {
        let work = Scratch::new().map_err(|error| not_started(&error))?;
        if row.start == Start::Qemu {
            accelerator =
                Some(common.accelerator.decide(&image, &common.luggage).map_err(|e| not_started(&e))?);
        }
        let console = watch::console(&results);
        let command = command(common, row, &users, &image, (work.path(), &console), accelerator);
        let (command, over) = command.map_err(|error| not_started(&error))?;
        progress.starts();
        let limits = Limits { boot: BOOT, silence: SILENCE, total: common.limit };
        let guest = Guest::start(&command, over, &console, work.path())?;
        guest.follow(&mut tale, limits, &console, |tale| progress.heard(tale)).map_or(Ok(()), Err)
    });
    let trouble = trouble.err().inspect(|trouble| progress.say(trouble));
    let mut outcome = Outcome {
        name: row.name.clone(),
        start: row.start,
        accelerator: accelerator.map(Accelerator::word),
        origin,
        release: tale.release.clone(),
        boot: progress.ready,
        time: begun.elapsed(),
        legs: tale.legs,
        differences: Vec::new(),
        console: Vec::new(),
        trouble,
        results,
    };
    outcome.differences =
        known::judge(&common.differences, &row.name, &mut outcome.legs, outcome.trouble.is_none());
    keep(&mut outcome);
    outcome
}

/// The command that starts a kernel, with all that it refers to in the working directory.
fn command(
    common: &Common,
    row: &Row,
    users: &[User],
    image: &Image,
    (work, console): (&Path, &Path),
    accelerator: Option<Accelerator>,
) -> Result<(Command, Over), String> {
    let luggage = &common.luggage;
    let root = work.join("root");
    match row.start {
        Start::Uml => {
            start::root(luggage, users, image, &root)?;
            Ok(start::uml(image, &root, work, common.memory))
        }
        Start::Qemu => {
            start::root(luggage, users, image, &root)?;
            start::qemu(image, &root, console, accelerator.unwrap_or(Accelerator::Tcg), common.memory)
        }
        Start::Gvisor => {
            fs::create_dir(&root).map_err(|error| format!("cannot make {}: {error}", root.display()))?;
            luggage.tree().unpack(&root)?;
            start::extras(luggage, users, image)?.unpack(&root)?;
            Ok(start::gvisor(image, &root, work))
        }
        Start::Host => start::host(luggage, users, work),
    }
}

/// What an earlier run left must not pass for a result.
pub fn empty(results: &Path) -> Result<(), Trouble> {
    let gone = match fs::remove_dir_all(results) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => fs::create_dir_all(results),
    };
    gone.map_err(|error| not_started(&format!("{} cannot be emptied: {error}", results.display())))
}

/// Root and an ordinary user; on a host only those that the caller can be.
fn users(start: Start) -> Vec<User> {
    match (start, geteuid().is_root()) {
        (Start::Host | Start::Gvisor, false) => vec![User::Caller],
        _ => vec![User::Root, User::Ordinary],
    }
}

fn not_started(why: &str) -> Trouble {
    Trouble::NotStarted(why.to_owned())
}

/// Leaves snapshots that differ, reproducers, and the outputs of failed tests, where they can be looked at.
pub fn keep(outcome: &mut Outcome) {
    let console = fs::read(watch::console(&outcome.results)).unwrap_or_default();
    // Before a kernel started there is no console, and it does not tell why somebody interrupted it.
    if !matches!(outcome.trouble, None | Some(Trouble::Interrupted)) {
        outcome.console = end_of_console(&String::from_utf8_lossy(&console), CONSOLE_LINES);
    }
    let mut lost = Vec::new();
    for leg in &outcome.legs {
        let below = outcome.results.join(format!("uid-{}", leg.uid));
        let snapshots = leg.snapshots.iter().map(|(path, text)| (below.join("snapshots").join(path), text));
        let outputs = leg.ended.iter().filter(|(_, ended)| !ended.output.is_empty()).map(|(test, ended)| {
            (below.join("output").join(test.replace("::", "__") + ".txt"), &ended.output)
        });
        let reproducers =
            leg.reproducers.iter().map(|(name, text)| (below.join("reproducers").join(name), text));
        for (path, text) in snapshots.chain(reproducers).chain(outputs) {
            let parent = path.parent().unwrap_or(&below);
            if let Err(error) = fs::create_dir_all(parent).and_then(|()| fs::write(&path, text)) {
                lost.push(format!("{}: {error}", path.display()));
            }
        }
    }
    if outcome.trouble.is_none() && !lost.is_empty() {
        outcome.trouble = Some(Trouble::Stopped(format!("results cannot be kept: {}", lost.join(", "))));
    }
}
