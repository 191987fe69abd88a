//! The one way to start a guest and follow it, and to judge what the guests of a kernel said.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::guests::bundle::Bundle;
use crate::guests::expected_failures::{self, ExpectedFailure};
use crate::guests::failure::RunFailure;
use crate::guests::guest::{Guest, Limits, Over};
use crate::guests::outcome::{Outcome, Programs};
use crate::guests::part::{self, Part};
use crate::guests::progress::{Overall, Progress};
use crate::guests::results;
use crate::guests::start::Start;
use crate::guests::transcript::{Transcript, UserTranscript};
use crate::sys::scratch::Scratch;

/// A single test is killed before that, by the guest.
const SILENCE: Duration = Duration::from_secs(240);

/// What is asked, of every guest the same.
#[derive(Debug)]
pub struct Questions {
    /// The failures that are expected.
    pub differences: Vec<ExpectedFailure>,
    /// The suite and what it needs.
    pub bundle: Bundle,
    /// How long a guest may take altogether.
    pub limit: Duration,
    /// How far all guests are together.
    pub overall: Overall,
}

/// A kernel before its start.
#[derive(Clone, Debug)]
pub struct Target<'a> {
    /// What it is called.
    pub name: &'a str,
    /// How it is started.
    pub start: Start,
    /// What its release has to begin with; empty if that is open.
    pub release: &'a str,
    /// As how many users it plays the suite.
    pub users: usize,
    /// How long it may take until its first event.
    pub boot: Duration,
    /// The directory of its results, which is empty.
    pub results: PathBuf,
    /// Where it comes from: a package and its version, or a file.
    pub origin: String,
    /// The versions of its programs, where the row is about these.
    pub programs: Programs,
}

/// What starts a guest.
#[derive(Debug)]
pub struct Launch {
    /// The command.
    pub command: Command,
    /// Where its events come out.
    pub over: Over,
    /// What makes it run, as far as there is a choice.
    pub accelerator: Option<&'static str>,
}

/// What was heard of one guest.
#[derive(Debug)]
pub struct Heard {
    accelerator: Option<&'static str>,
    release: Option<String>,
    /// From the start until the first word.
    boot: Option<Duration>,
    time: Duration,
    users: Vec<UserTranscript>,
    failure: Option<RunFailure>,
    console: PathBuf,
}

/// Starts a guest, follows it to its end, and returns what was heard of it. `launch` is given an empty directory and
/// the file of the console; why it fails is in the result.
pub fn follow(
    questions: &Questions,
    target: &Target,
    part: Part,
    launch: impl FnOnce(&Path, &Path) -> Result<Launch, RunFailure>,
) -> Heard {
    let begun = Instant::now();
    let tests = part.tests(&questions.bundle.tests);
    let mut transcript = Transcript::new(&tests, target.users, target.release);
    let name = part.name(target.name);
    let mut progress = Progress::new(&name, target.users * tests.len(), &questions.overall);
    let mut accelerator = None;
    let console = part.console(&target.results);
    let run = || {
        let work = Scratch::new().map_err(RunFailure::NotStarted)?;
        let launch = launch(work.path(), &console)?;
        accelerator = launch.accelerator;
        progress.starts();
        let limits = Limits { boot: target.boot, silence: SILENCE, total: questions.limit };
        let guest = Guest::start(&launch.command, launch.over, &console, work.path())?;
        let failure = guest.follow(&mut transcript, limits, &console, |so_far| progress.received(so_far));
        failure.map_or(Ok(()), Err)
    };
    let failure = run().err().inspect(|failure| progress.print(failure));
    Heard {
        accelerator,
        release: transcript.release,
        boot: progress.ready,
        time: begun.elapsed(),
        users: transcript.users,
        failure,
        console,
    }
}

/// Judges what was heard of all guests of a kernel, of which there is at least one, and keeps it in the directory of its
/// results.
pub fn judge(questions: &Questions, target: Target, guests: Vec<Heard>) -> Outcome {
    // The console of a guest that failed shows why.
    let failed = guests.iter().find(|guest| guest.failure.is_some());
    let console = failed.or(guests.first()).map(|guest| guest.console.clone()).unwrap_or_default();
    let mut outcome = Outcome {
        name: target.name.to_owned(),
        start: target.start,
        accelerator: guests.iter().find_map(|guest| guest.accelerator),
        origin: target.origin,
        programs: target.programs,
        release: guests.iter().find_map(|guest| guest.release.clone()),
        exploration: questions.bundle.exploration,
        boot: guests.iter().filter_map(|guest| guest.boot).max(),
        time: guests.iter().map(|guest| guest.time).max().unwrap_or_default(),
        failure: failed.and_then(|guest| guest.failure.clone()),
        users: part::together(guests.into_iter().map(|guest| guest.users).collect()),
        coverage: Vec::new(),
        differences: Vec::new(),
        console: Vec::new(),
        results: target.results,
    };
    outcome.differences = expected_failures::judge(
        &questions.differences,
        target.name,
        &mut outcome.users,
        outcome.failure.is_none(),
    );
    results::keep(&mut outcome, &console);
    outcome
}
