//! Playing a plan: each test in a process of its own, as each user.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use guest::limit::{ProcessEnd, wait};
use guest::server::{Server, end};
use guest::{End, Event, Plan};
use harness_scenario::exploration::EXPLORATION;
use harness_scenario::findings::{FINDINGS, Findings};
use harness_scenario::listing::{ListedTest, Listing};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, geteuid};

use crate::Channel;

/// How much of a failed test's output is kept: the diff of the largest snapshot fits.
const OUTPUT: usize = 64 << 10;
/// Where programs are.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Listing skips plays a few probes.
const LISTING: Duration = Duration::from_secs(120);

/// Plays all legs of a plan.
///
/// # Errors
/// When a leg cannot be played to its end; the message says what could not be done.
pub fn run(plan: &Plan, channel: &mut Channel) -> Result<(), String> {
    if plan.tests.is_empty() {
        return Ok(());
    }
    plan.users.iter().try_for_each(|user| UserRun::of(plan, *user)?.run(channel))
}

/// One user with a directory of its own.
struct UserRun<'a> {
    plan: &'a Plan,
    user: Option<u32>,
    home: PathBuf,
}

impl<'a> UserRun<'a> {
    fn of(plan: &'a Plan, user: Option<u32>) -> Result<Self, String> {
        let home = plan.scratch.join(user.map_or("caller".to_owned(), |uid| format!("uid-{uid}")));
        let run = Self { plan, user, home };
        for dir in [run.home.clone(), run.temporary(), run.pending(), run.reproducers(), run.findings()] {
            let made = fs::create_dir_all(&dir)
                .and_then(|()| fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)))
                .and_then(|()| user.map_or(Ok(()), |uid| chown(&dir, Some(uid), Some(uid))));
            made.map_err(|error| format!("cannot make {}: {error}", dir.display()))?;
        }
        Ok(run)
    }

    fn temporary(&self) -> PathBuf {
        self.home.join("tmp")
    }

    fn pending(&self) -> PathBuf {
        self.home.join("snapshots")
    }

    fn reproducers(&self) -> PathBuf {
        self.home.join("reproducers")
    }

    fn findings(&self) -> PathBuf {
        self.home.join("findings")
    }

    fn run(&self, channel: &mut Channel) -> Result<(), String> {
        let own = std::env::current_exe().map_err(|error| format!("no program of my own: {error}"))?;
        let facts = serde_json::from_str(&self.printed(&own, &["facts"])?)
            .map_err(|error| format!("the facts of this host are no JSON: {error}"))?;
        channel.send(&Event::UserStarted { uid: self.user.unwrap_or(geteuid().as_raw()), facts })?;
        let listing = Listing::read(&self.printed(&self.plan.suite, &["--list", "--format", "json"])?)?;
        let skip = |it: ListedTest| Some((it.test.name, (it.skipped?, it.skipped_everywhere)));
        let skips: BTreeMap<String, (String, bool)> = listing.tests.into_iter().filter_map(skip).collect();
        let (mut ran, mut skipped) = (0, 0);
        let mut server = None;
        for test in &self.plan.tests {
            if let Some((reason, everywhere)) = skips.get(test).cloned() {
                skipped += 1;
                channel.send(&Event::Skipped { test: test.clone(), reason, everywhere })?;
                continue;
            }
            ran += 1;
            channel.send(&Event::Started { test: test.clone() })?;
            channel.send(&self.play(&mut server, test)?)?;
            reap();
        }
        sent(&self.pending(), channel, |path, text| Event::Snapshot { path, text })?;
        sent(&self.reproducers(), channel, |name, text| Event::Reproducer { name, text })?;
        channel.send(&Event::UserEnded { ran, skipped })
    }

    /// A program with this user's ids and nothing of our environment.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", PATH).env("LC_ALL", "C").env("TERM", "dumb");
        command.env("HOME", &self.home).env("TMPDIR", self.temporary());
        command.env("INSTA_WORKSPACE_ROOT", &self.plan.workspace);
        command.env("INSTA_UPDATE", "new").env("INSTA_PENDING_DIR", self.pending());
        command.env(EXPLORATION, self.plan.exploration.to_string());
        command.env("USERNS_SUITE_REPRODUCERS", self.reproducers()).env(FINDINGS, self.findings());
        // The standard library drops supplementary groups when it changes the uid as root.
        if let Some(uid) = self.user.filter(|uid| *uid != geteuid().as_raw()) {
            command.uid(uid).gid(uid);
        }
        command.current_dir(&self.plan.workspace).process_group(0).stdin(Stdio::null());
        command
    }

    /// What a program prints for these arguments.
    fn printed(&self, program: &Path, arguments: &[&str]) -> Result<String, String> {
        let shown = || format!("`{} {}`", program.display(), arguments.join(" "));
        let (end, output) = self.output(self.command(program).args(arguments), LISTING)?;
        match end {
            ProcessEnd::ByItself(status) if status.success() => Ok(output),
            ProcessEnd::ByItself(status) => Err(format!("{} failed ({status}): {output}", shown())),
            ProcessEnd::TooLate => Err(format!("{} hangs", shown())),
        }
    }

    fn output(&self, command: &mut Command, limit: Duration) -> Result<(ProcessEnd, String), String> {
        let shown = command.get_program().display().to_string();
        let fail = |error: std::io::Error| format!("cannot run {shown}: {error}");
        let mut file = self.output_file()?;
        let copies = (file.try_clone().map_err(fail)?, file.try_clone().map_err(fail)?);
        let child = command.stdout(copies.0).stderr(copies.1).spawn();
        let ended = wait(&mut child.map_err(fail)?, limit)?;
        let mut bytes = Vec::new();
        file.rewind().and_then(|()| file.read_to_end(&mut bytes)).map_err(fail)?;
        Ok((ended, String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Plays a test; without a server it starts one first. A suite that ends with a test is that test's crash.
    fn play(&self, server: &mut Option<Server>, test: &str) -> Result<Event, String> {
        let start = Instant::now();
        let mut serving = match server.take() {
            Some(server) => server,
            None => Server::start(self.command(&self.plan.suite), self.output_file()?)?,
        };
        let limit = Duration::from_secs(self.plan.limit);
        let (end, said) = match serving.play(test, limit) {
            Ok((ended, said)) => {
                *server = Some(serving);
                (end(&ended, &said), said)
            }
            Err(why) => (End::Crashed(why), serving.last_words()),
        };
        let milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let findings = if end == End::Passed { Ok(Findings::default()) } else { self.found(test) };
        let (findings, lost) =
            findings.map_or_else(|why| (Findings::default(), why), |it| (it, String::new()));
        let said = said + &lost;
        let output = if end == End::Passed { String::new() } else { last(&said, OUTPUT).to_owned() };
        let end = judged(end, findings.too_slow);
        Ok(Event::Ended {
            test: test.to_owned(),
            end,
            milliseconds,
            output,
            differences: findings.differences,
        })
    }

    /// What a test left that failed: nothing, if it failed before it compared anything.
    fn found(&self, test: &str) -> Result<Findings, String> {
        match fs::read_to_string(self.findings().join(Findings::file_name(test))) {
            Ok(text) => Findings::read(test, &text).map_err(|why| format!("\n{why}\n")),
            Err(_) => Ok(Findings::default()),
        }
    }

    /// A file, not a pipe: a process that a test left behind would keep us waiting.
    fn output_file(&self) -> Result<File, String> {
        let path = self.plan.scratch.join("output");
        let file = File::options().read(true).append(true).create(true).open(&path);
        let file = file.and_then(|file| file.set_len(0).map(|()| file));
        file.map_err(|error| format!("cannot write {}: {error}", path.display()))
    }
}

/// Tells of each file below a directory: its path in there, and its text.
fn sent(dir: &Path, channel: &mut Channel, event: impl Fn(PathBuf, String) -> Event) -> Result<(), String> {
    for file in files(dir)? {
        let text = fs::read(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        let path = file.strip_prefix(dir).unwrap_or(&file).to_owned();
        channel.send(&event(path, String::from_utf8_lossy(&text).into_owned()))?;
    }
    Ok(())
}

/// All files below a directory, in order.
fn files(dir: &Path) -> Result<Vec<PathBuf>, String> {
    let fail = |error: std::io::Error| format!("cannot read {}: {error}", dir.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        match path.is_dir() {
            true => found.extend(files(&path)?),
            false => found.push(path),
        }
    }
    found.sort();
    Ok(found)
}

/// A test that failed because this machine is too slow for it breaks no rule.
fn judged(end: End, too_slow: Option<String>) -> End {
    match (end, too_slow) {
        (End::Failed(_), Some(why)) => End::TooSlow(why),
        (end, _) => end,
    }
}

/// The last `most` bytes at most, where a character begins.
fn last(text: &str, most: usize) -> &str {
    let from = (text.len().saturating_sub(most)..=text.len()).find(|at| text.is_char_boundary(*at));
    &text[from.unwrap_or(0)..]
}

/// As init, takes leave of processes whose parents have ended.
fn reap() {
    if std::process::id() != 1 {
        return;
    }
    while let Ok(status) = waitpid(Pid::from_raw(-1), Some(WaitPidFlag::WNOHANG)) {
        if status == WaitStatus::StillAlive {
            break;
        }
    }
}

#[cfg(test)]
#[path = "play_tests.rs"]
mod tests;
