//! One host: the suite in it, from the list of its tests to what it leaves behind.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use harness::listing;
use harness::suite::{EXPLORATION, Exploration};
use harness_program::protocol::End;
use harness_program::run::server::{Groups, Server, end};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::hosts::answers::{self, Answers, Ran};
use crate::hosts::asked::{Asked, Cases};
use crate::hosts::place::{self, Place};
use crate::hosts::rows::Row;
use crate::hosts::running::Running;
use crate::sys::scratch::Scratch;
use crate::sys::supervisor::supervised_with_report;
use crate::sys::{process, signals};

/// How long the suite may take to list its tests.
const LISTING: Duration = Duration::from_secs(300);
/// How long a test may take, on a machine with a host on each processor.
const TEST: Duration = Duration::from_secs(120);
/// Where programs are.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The tests that need two processors at the same time.
const RACES: &str = "races::";

/// What all hosts share.
#[derive(Debug)]
pub struct Common {
    /// The directory in which each host gets its own.
    pub scratch: Scratch,
    /// The suite's binary, where each user can execute it.
    pub suite: PathBuf,
    /// A copy of this program, likewise.
    pub own: PathBuf,
    /// The checkout's tests and snapshots.
    pub tests: PathBuf,
    /// Which cases of a test of many.
    pub cases: Cases,
    /// How much of the generated scenarios is played.
    pub exploration: Exploration,
    /// The tests that are asked for.
    pub asked: Asked,
    /// A test holds it for reading, a race for writing: two races at a time would wait for each other's processors.
    pub processors: RwLock<()>,
    /// The tests that run just now. The kernel counts processes, messages and keys by uid: a test beside itself would be
    /// refused what it may have.
    pub running: Running,
}

/// A host while it exists.
pub struct Host<'a> {
    row: &'a Row,
    common: &'a Common,
    place: Place,
}

impl<'a> Host<'a> {
    /// Makes the directories of a host.
    ///
    /// # Errors
    /// When they cannot be made.
    pub fn new(row: &'a Row, common: &'a Common) -> Result<Self, String> {
        let place = Place::new(common.scratch.path().join(row.name.replace('/', "_")), &common.tests)?;
        Ok(Self { row, common, place })
    }

    /// Lists the tests and runs those that this host can run.
    ///
    /// # Errors
    /// When the host cannot be made, or the suite does not list its tests there.
    pub fn run(&self) -> Result<Answers, String> {
        let (files, state) = (self.place.listing()?, place::state()?);
        let listing = self.list()?;
        let skips = |test: &listing::ListedTest| Some((test.test.name.clone(), test.skipped.clone()?));
        let skipped: BTreeMap<String, String> = listing.tests.iter().filter_map(skips).collect();
        let all = listing.tests.len();
        let mut functions = BTreeSet::new();
        let mut asked = Vec::new();
        for test in listing.tests.into_iter().map(|test| test.test) {
            let again = self.common.cases == Cases::First
                && functions.contains(&(test.file.clone(), test.function.clone()));
            if !again && self.is_asked(&test.name, &skipped) {
                functions.insert((test.file, test.function));
                asked.push(test.name);
            }
        }
        let mut answers = Answers { skipped, ..Answers::default() };
        if asked.is_empty() && answers.skipped.len() == all {
            answers.success_without_a_test = self.reports_success()?;
        }
        self.serve(&asked, &mut answers)?;
        answers.residue.extend(files.residue(&self.place.listing()?));
        answers.residue.extend(place::changed(&state, &place::state()?));
        Ok(answers)
    }

    /// The reasons for which tests are skipped here, without a run.
    ///
    /// # Errors
    /// As for [`Host::run`].
    pub fn reasons(&self) -> Result<BTreeMap<String, String>, String> {
        let skips = |test: listing::ListedTest| Some((test.test.name, test.skipped?));
        Ok(self.list()?.tests.into_iter().filter_map(skips).collect())
    }

    fn is_asked(&self, name: &String, skipped: &BTreeMap<String, String>) -> bool {
        let asked = self.common.asked.contains(name);
        let of_row =
            if self.row.only.is_empty() { !skipped.contains_key(name) } else { self.row.only.contains(name) };
        asked && of_row
    }

    /// The suite with these arguments on this host, below a supervisor.
    fn command(&self, arguments: &[&str], left: &Path) -> Command {
        let place = &self.place;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", &format!("{}\n{} \"$@\"", self.row.prelude, self.row.make), "sh"])
            .arg(&self.common.suite);
        command.args(arguments).current_dir(&place.checkout).env_clear();
        command.env("PATH", PATH).env("LC_ALL", "C").env("CI", "1").env("RUST_BACKTRACE", "0");
        command.env("HOME", &place.temporary).env("TMPDIR", &place.temporary);
        command.env("INSTA_WORKSPACE_ROOT", &place.checkout).env("INSTA_UPDATE", "no");
        command.env("USERNS_SUITE_REPRODUCERS", &place.reproducers);
        command.env(EXPLORATION, self.common.exploration.to_string());
        command.env("PRELUDE", &self.row.prelude);
        command.env("FILTER", format!("{} filter", self.common.own.display()));
        // With this program the other hosts end as well, so that the directory of all of them is removed then.
        let mut supervised = supervised_with_report(&command, self.common.scratch.path(), Some(left));
        supervised.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        supervised.process_group(0);
        supervised
    }

    fn list(&self) -> Result<listing::Listing, String> {
        let fail = |error: &dyn std::fmt::Display| format!("the suite does not list its tests here: {error}");
        let (ended, text, said) = self.to_its_end(&["--list", "--format", "json"]).map_err(|it| fail(&it))?;
        match ended {
            Ended::TooLate => Err(fail(&format!("it takes longer than {} s: {said}", LISTING.as_secs()))),
            Ended::With(status) if status.success() => {
                listing::Listing::read(&text).map_err(|why| fail(&format!("{why}: {text}{said}")))
            }
            Ended::With(status) => Err(fail(&format!("{status}: {said}"))),
        }
    }

    /// Whether the whole suite reports success here.
    fn reports_success(&self) -> Result<bool, String> {
        let (ended, ..) =
            self.to_its_end(&[]).map_err(|error| format!("the suite does not run here: {error}"))?;
        Ok(matches!(ended, Ended::With(status) if status.success()))
    }

    /// Runs the suite to its end: how it ended, its standard output and its standard error.
    fn to_its_end(&self, arguments: &[&str]) -> std::io::Result<(Ended, String, String)> {
        let mut command = self.command(arguments, &self.place.all.join("left"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let readers = (read(child.stdout.take()), read(child.stderr.take()));
        let ended = wait(child, LISTING)?;
        // The supervisor has ended all that could hold the pipes.
        Ok((ended, readers.0.join().unwrap_or_default(), readers.1.join().unwrap_or_default()))
    }

    /// Runs the tests, each in a process of its own.
    fn serve(&self, tests: &[String], answers: &mut Answers) -> Result<(), String> {
        let mut server = None;
        for test in tests {
            if signals::interrupted() {
                return Err("interrupted".to_owned());
            }
            let (end, output) = self.play(&mut server, test, answers)?;
            let output = if end == End::Passed { String::new() } else { output };
            answers.ran.push(Ran { test: test.clone(), end, output });
        }
        if let Some(server) = server {
            let status = server.finish()?;
            if !status.success() {
                answers.residue.push(format!("the suite itself ended with {status}"));
            }
            self.left_behind(answers);
        }
        Ok(())
    }

    /// Plays a test; without a server it starts one first. A suite that ends with a test is that test's crash.
    fn play(
        &self,
        server: &mut Option<Server>,
        test: &str,
        answers: &mut Answers,
    ) -> Result<(End, String), String> {
        let mut serving = match server.take() {
            Some(serving) => serving,
            None => {
                let groups = if self.row.own_pids { Groups::Hidden } else { Groups::Seen };
                let command = self.command(&[], &self.place.all.join("left"));
                Server::start_with_pipe(command)?.with_groups(groups)
            }
        };
        let _taken = self.common.running.take(test);
        let lock = &self.common.processors;
        let (alone, beside) = match test.starts_with(RACES) {
            true => (Some(lock.write().unwrap_or_else(PoisonError::into_inner)), None),
            false => (None, Some(lock.read().unwrap_or_else(PoisonError::into_inner))),
        };
        let played = serving.play(test, TEST);
        drop((alone, beside));
        match played {
            Ok((ended, said)) => {
                *server = Some(serving);
                Ok((answers::judged(end(&ended, &said), &said), said))
            }
            Err(why) => {
                let said = serving.last_words();
                self.left_behind(answers);
                Ok((End::Crashed(why), said))
            }
        }
    }

    /// The processes that the supervisor found after the end of the suite.
    fn left_behind(&self, answers: &mut Answers) {
        let left = fs::read_to_string(self.place.all.join("left")).unwrap_or_default();
        answers.residue.extend(left.lines().map(|line| format!("process {line}")));
    }
}

impl Drop for Host<'_> {
    /// What is in memory or on disk of a host is not kept beside that of the next one.
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.place.all);
    }
}

/// Reads a stream to its end, in a thread.
fn read(stream: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What cannot be read is missed by the reader of the list.
        let _ = stream.map(|mut stream| stream.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

enum Ended {
    With(std::process::ExitStatus),
    TooLate,
}

/// Waits for a supervisor. One that takes too long is asked to end what is below it.
fn wait(mut child: Child, limit: Duration) -> std::io::Result<Ended> {
    let begun = Instant::now();
    let stop = |_: &Child| begun.elapsed() > limit || signals::interrupted();
    if let Some(status) = process::wait_unless(&mut child, stop)? {
        return Ok(Ended::With(status));
    }
    if let Ok(pid) = i32::try_from(child.id()) {
        let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
    }
    child.wait().map(|_| Ended::TooLate)
}
