//! `cargo ci distros`: the suite beside the sudo, shadow and util-linux of several releases of Debian, on the
//! kernel that is running.

mod enter;
pub mod options;
mod report;
mod rootfs;

use std::path::Path;
use std::time::{Duration, Instant};

use nix::unistd::geteuid;
use rootfs::{Rootfs, Versions};

use crate::debian::apt::Mirror;
use crate::distros::options::DistrosOptions;
use crate::guests::bundle::{Bundle, User};
use crate::guests::failure::RunFailure;
use crate::guests::guest::{Guest, Limits, Over, console_file};
use crate::guests::outcome::{self, Outcome};
use crate::guests::progress::Progress;
use crate::guests::start::Start;
use crate::guests::transcript::Transcript;
use crate::guests::{junit, results};
use crate::sys::scratch::Scratch;
use crate::sys::tools::{self, Install};
use crate::sys::workspace::Workspace;
use crate::sys::{packages, signals};
use crate::ui::print::print;
use crate::ui::verdict::Verdict;

/// The releases, oldest first.
const RELEASES: [&str; 4] = ["bullseye", "bookworm", "trixie", "sid"];
/// Unpacking a root, and starting a program in it.
const BOOT: Duration = Duration::from_secs(120);
/// A single test is killed before that.
const SILENCE: Duration = Duration::from_secs(240);

/// What became of one release.
#[derive(Debug)]
pub struct Played {
    /// What its programs are.
    versions: Versions,
    /// What the tests said.
    outcome: Outcome,
}

/// Does what the options ask for.
///
/// # Errors
/// When no release can be asked at all; what keeps one of them from it is in its row.
pub fn run(options: &DistrosOptions) -> Result<Verdict, String> {
    let releases = select(&options.only)?;
    if options.list {
        print(if options.elsewhere.json { report::list(&releases)? } else { releases.join("\n") + "\n" });
        return Ok(Verdict::Good);
    }
    if !geteuid().is_root() {
        return Err("only root can make another root of a directory; run it with sudo".to_owned());
    }
    needed(Install::unless(!options.elsewhere.setup))?;
    let workspace = Workspace::find()?;
    tools::nextest(Install::unless(options.elsewhere.skip_install))?;
    let mirror = Mirror::find(options.elsewhere.mirror.as_deref(), options.elsewhere.keyring.as_deref())?;
    let bundle = Bundle::pack(&workspace, options.elsewhere.filter.as_deref())?;
    let cache = workspace.cache(options.elsewhere.cache.as_deref(), "userns-suite/distros", "distros");
    let results = workspace.results().join("distros");
    let limit = Duration::from_secs(options.elsewhere.limit);
    let played: Vec<Played> = releases
        .iter()
        .map(|release| {
            let rootfs = made(release, &cache, &mirror, options.elsewhere.refresh);
            one(release, rootfs, &bundle, &results.join(release), limit)
        })
        .collect();
    print(match options.elsewhere.json {
        true => report::json(&played)?,
        false => report::render(&played, &workspace.root, options.elsewhere.verbose),
    });
    let outcomes: Vec<Outcome> = played.into_iter().map(|it| it.outcome).collect();
    if let Some(path) = &options.elsewhere.junit {
        junit::write(&outcomes, path)?;
    }
    Ok(outcome::verdict(&outcomes))
}

fn select(only: &[String]) -> Result<Vec<&'static str>, String> {
    if let Some(unknown) = only.iter().find(|name| !RELEASES.contains(&name.as_str())) {
        return Err(format!("no distribution is called {unknown:?}; there are {}", RELEASES.join(", ")));
    }
    let asked = |release: &&str| only.is_empty() || only.iter().any(|name| name == release);
    Ok(RELEASES.into_iter().filter(asked).collect())
}

/// The host's programs, and the packages that bring them.
fn needed(install: Install) -> Result<(), String> {
    let programs = [
        ("mmdebstrap", "mmdebstrap"),
        ("unshare", "util-linux"),
        ("pivot_root", "util-linux"),
        ("mount", "mount"),
        ("tar", "tar"),
    ];
    let missing: Vec<&str> =
        programs.iter().filter(|it| tools::find(it.0).is_none()).map(|it| it.1).collect();
    let typed = packages::install_command(&missing);
    match (missing.is_empty(), install) {
        (true, _) => Ok(()),
        (false, Install::Missing) => packages::install_packages(&missing)
            .map_err(|error| format!("{error}; try: apt-get update && {typed}")),
        (false, Install::Nothing) => {
            Err(format!("missing: {}; as root: {typed}, or `cargo ci distros --setup`", missing.join(", ")))
        }
    }
}

fn made(release: &str, cache: &Path, mirror: &Mirror, refresh: bool) -> Result<Rootfs, RunFailure> {
    if signals::interrupted() {
        return Err(RunFailure::Interrupted);
    }
    rootfs::get(release, cache, mirror, refresh).map_err(|error| match signals::interrupted() {
        true => RunFailure::Interrupted,
        false => RunFailure::NotFetched(error),
    })
}

/// Plays the suite in one root, as root and as an unprivileged user.
fn one(
    release: &str,
    rootfs: Result<Rootfs, RunFailure>,
    bundle: &Bundle,
    results: &Path,
    limit: Duration,
) -> Played {
    let begun = Instant::now();
    let users = [User::Root, User::Unprivileged];
    let mut transcript = Transcript::new(&bundle.tests, users.len(), "");
    let mut progress = Progress::new(release, bundle.tests.len());
    let versions = rootfs.as_ref().map(|rootfs| rootfs.versions.clone()).unwrap_or_default();
    let failure = results::empty(results).and(rootfs).and_then(|rootfs| {
        let failed = |error: String| RunFailure::NotStarted(error);
        let work = Scratch::new().map_err(failed)?;
        let command = enter::command(&rootfs, bundle, &users, work.path()).map_err(failed)?;
        let console = console_file(results);
        progress.starts();
        let limits = Limits { boot: BOOT, silence: SILENCE, total: limit };
        let guest = Guest::start(&command, Over::Stdout, &console, work.path())?;
        guest
            .follow(&mut transcript, limits, &console, |transcript| progress.received(transcript))
            .map_or(Ok(()), Err)
    });
    let failure = failure.err().inspect(|failure| progress.print(failure));
    let mut outcome = Outcome {
        name: release.to_owned(),
        start: Start::Host,
        accelerator: None,
        origin: versions.in_words(),
        release: transcript.release.clone(),
        boot: progress.ready,
        time: begun.elapsed(),
        users: transcript.users,
        differences: Vec::new(),
        console: Vec::new(),
        failure,
        results: results.to_owned(),
    };
    results::keep(&mut outcome);
    Played { versions, outcome }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_selected_by_name_in_their_order() {
        assert_eq!(select(&[]), Ok(RELEASES.to_vec()));
        assert_eq!(select(&["sid".into(), "bullseye".into()]), Ok(vec!["bullseye", "sid"]));
        let message = select(&["buster".into()]).err().unwrap_or_default();
        assert!(message.contains("\"buster\"") && message.contains("bullseye, bookworm"), "{message}");
    }
}
