//! One kernel from its start to its outcome.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use nix::unistd::geteuid;

use crate::guests::bundle::{Bundle, User};
use crate::guests::expected_failures::{self, ExpectedFailure};
use crate::guests::failure::RunFailure;
use crate::guests::guest::{Guest, Limits, Over, console_file};
use crate::guests::outcome::Outcome;
use crate::guests::progress::Progress;
use crate::guests::results;
use crate::guests::start::Start;
use crate::guests::transcript::Transcript;
use crate::kernels::accelerator::Choice;
use crate::kernels::launch::{self, Image};
use crate::kernels::list::Row;
use crate::kernels::options::Accelerator;
use crate::sys::scratch::Scratch;

/// The slowest kernel here needs ten seconds to boot.
const BOOT: Duration = Duration::from_secs(90);
/// A single test is killed before that, by the guest.
const SILENCE: Duration = Duration::from_secs(240);

/// What all kernels have in common.
#[derive(Debug)]
pub struct Common {
    /// What is known of kernels.
    pub differences: Vec<ExpectedFailure>,
    /// What travels.
    pub bundle: Bundle,
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
pub fn play(common: &Common, row: &Row, image: Result<Image, RunFailure>) -> Outcome {
    let begun = Instant::now();
    let dir = common.results.join(&row.name);
    let users = users(row.start);
    let mut transcript = Transcript::new(&common.bundle.tests, users.len(), &row.release);
    let mut progress = Progress::new(&row.name, common.bundle.tests.len());
    let origin = image.as_ref().map(|image| image.origin.clone()).unwrap_or_default();
    let mut accelerator = None;
    let failure = results::empty(&dir).and(image).and_then(|image| {
        let work = Scratch::new().map_err(|error| not_started(&error))?;
        if row.start == Start::Qemu {
            accelerator =
                Some(common.accelerator.decide(&image, &common.bundle).map_err(|e| not_started(&e))?);
        }
        let console = console_file(&dir);
        let command = command(common, row, &users, &image, (work.path(), &console), accelerator);
        let (command, over) = command.map_err(|error| not_started(&error))?;
        progress.starts();
        let limits = Limits { boot: BOOT, silence: SILENCE, total: common.limit };
        let guest = Guest::start(&command, over, &console, work.path())?;
        guest
            .follow(&mut transcript, limits, &console, |transcript| progress.received(transcript))
            .map_or(Ok(()), Err)
    });
    let failure = failure.err().inspect(|failure| progress.print(failure));
    let mut outcome = Outcome {
        name: row.name.clone(),
        start: row.start,
        accelerator: accelerator.map(Accelerator::word),
        origin,
        release: transcript.release.clone(),
        boot: progress.ready,
        time: begun.elapsed(),
        users: transcript.users,
        differences: Vec::new(),
        console: Vec::new(),
        failure,
        results: dir,
    };
    outcome.differences = expected_failures::judge(
        &common.differences,
        &row.name,
        &mut outcome.users,
        outcome.failure.is_none(),
    );
    results::keep(&mut outcome);
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
    let bundle = &common.bundle;
    let root = work.join("root");
    match row.start {
        Start::Uml => {
            launch::root(bundle, users, image, &root)?;
            Ok(launch::uml(image, &root, work, common.memory))
        }
        Start::Qemu => {
            launch::root(bundle, users, image, &root)?;
            launch::qemu(image, &root, console, accelerator.unwrap_or(Accelerator::Tcg), common.memory)
        }
        Start::Gvisor => {
            fs::create_dir(&root).map_err(|error| format!("cannot make {}: {error}", root.display()))?;
            bundle.tree().unpack(&root)?;
            launch::extras(bundle, users, image)?.unpack(&root)?;
            Ok(launch::gvisor(image, &root, work))
        }
        Start::Host => launch::host(bundle, users, work),
    }
}

/// Root and an unprivileged user; on a host only those that the caller can be.
fn users(start: Start) -> Vec<User> {
    match (start, geteuid().is_root()) {
        (Start::Host | Start::Gvisor, false) => vec![User::Caller],
        _ => vec![User::Root, User::Unprivileged],
    }
}

fn not_started(why: &str) -> RunFailure {
    RunFailure::NotStarted(why.to_owned())
}
