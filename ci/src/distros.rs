//! `cargo ci distros`: the suite beside the sudo, shadow and util-linux of several releases of Debian, on the
//! kernel that is running.

mod enter;
mod report;
mod rootfs;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::unistd::geteuid;

use crate::cli::DistrosOptions;
use crate::kernels::apt::Mirror;
use crate::kernels::luggage::{Luggage, User};
use crate::kernels::outcome::{self, Outcome};
use crate::kernels::play;
use crate::kernels::progress::Progress;
use crate::kernels::rows::Start;
use crate::kernels::tale::Tale;
use crate::kernels::trouble::Trouble;
use crate::kernels::watch::{self, Guest, Limits, Over};
use crate::say::say;
use crate::scratch::Scratch;
use crate::tools::{self, Install};
use crate::verdict::Verdict;
use crate::workspace::Workspace;
use crate::{kernels, packages, process};

use rootfs::{Rootfs, Versions};

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
        say(if options.elsewhere.json { report::list(&releases)? } else { releases.join("\n") + "\n" });
        return Ok(Verdict::Good);
    }
    if !geteuid().is_root() {
        return Err("only root can make another root of a directory; run it with sudo".to_owned());
    }
    needed(Install::unless(!options.elsewhere.setup))?;
    let workspace = Workspace::find()?;
    tools::nextest(Install::unless(options.elsewhere.skip_install))?;
    let mirror = Mirror::find(options.elsewhere.mirror.as_deref(), options.elsewhere.keyring.as_deref())?;
    let luggage = Luggage::pack(&workspace, options.elsewhere.filter.as_deref())?;
    let cache = cache(options, &workspace);
    let results = workspace.results().join("distros");
    let limit = Duration::from_secs(options.elsewhere.limit);
    let played: Vec<Played> = releases
        .iter()
        .map(|release| {
            let rootfs = made(release, &cache, &mirror, options.elsewhere.refresh);
            one(release, rootfs, &luggage, &results.join(release), limit)
        })
        .collect();
    say(match options.elsewhere.json {
        true => report::json(&played)?,
        false => report::render(&played, &workspace.root, options.elsewhere.verbose),
    });
    let outcomes: Vec<Outcome> = played.into_iter().map(|it| it.outcome).collect();
    if let Some(path) = &options.elsewhere.junit {
        kernels::report::junit(&outcomes, path)?;
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
    let typed = format!("apt-get install -y --no-install-recommends {}", missing.join(" "));
    match (missing.is_empty(), install) {
        (true, _) => Ok(()),
        (false, Install::Missing) => packages::install_packages(&missing)
            .map_err(|error| format!("{error}; try: apt-get update && {typed}")),
        (false, Install::Nothing) => {
            Err(format!("missing: {}; as root: {typed}, or `cargo ci distros --setup`", missing.join(", ")))
        }
    }
}

/// Where roots are kept between runs.
fn cache(options: &DistrosOptions, workspace: &Workspace) -> PathBuf {
    let home = || std::env::var_os("XDG_CACHE_HOME").filter(|dir| !dir.is_empty());
    let given =
        options.elsewhere.cache.clone().or_else(|| Some(Path::new(&home()?).join("userns-suite/distros")));
    given.unwrap_or_else(|| workspace.target.join("distros"))
}

fn made(release: &str, cache: &Path, mirror: &Mirror, refresh: bool) -> Result<Rootfs, Trouble> {
    if process::interrupted() {
        return Err(Trouble::Interrupted);
    }
    rootfs::get(release, cache, mirror, refresh).map_err(|error| match process::interrupted() {
        true => Trouble::Interrupted,
        false => Trouble::NotFetched(error),
    })
}

/// Plays the suite in one root, as root and as an ordinary user.
fn one(
    release: &str,
    rootfs: Result<Rootfs, Trouble>,
    luggage: &Luggage,
    results: &Path,
    limit: Duration,
) -> Played {
    let begun = Instant::now();
    let users = [User::Root, User::Ordinary];
    let mut tale = Tale::new(&luggage.tests, users.len(), "");
    let mut progress = Progress::new(release, luggage.tests.len());
    let versions = rootfs.as_ref().map(|rootfs| rootfs.versions.clone()).unwrap_or_default();
    let trouble = play::empty(results).and(rootfs).and_then(|rootfs| {
        let failed = |error: String| Trouble::NotStarted(error);
        let work = Scratch::new().map_err(failed)?;
        let command = enter::command(&rootfs, luggage, &users, work.path()).map_err(failed)?;
        let console = watch::console(results);
        progress.starts();
        let limits = Limits { boot: BOOT, silence: SILENCE, total: limit };
        let guest = Guest::start(&command, Over::Stdout, &console, work.path())?;
        guest.follow(&mut tale, limits, &console, |tale| progress.heard(tale)).map_or(Ok(()), Err)
    });
    let trouble = trouble.err().inspect(|trouble| progress.say(trouble));
    let mut outcome = Outcome {
        name: release.to_owned(),
        start: Start::Host,
        accelerator: None,
        origin: versions.in_words(),
        release: tale.release.clone(),
        boot: progress.ready,
        time: begun.elapsed(),
        legs: tale.legs,
        differences: Vec::new(),
        console: Vec::new(),
        trouble,
        results: results.to_owned(),
    };
    play::keep(&mut outcome);
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
