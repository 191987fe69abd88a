//! `cargo ci kernels`: the suite on many kernels of one machine, side by side.

mod accelerator;
pub mod apt;
pub mod compare;
mod fetch;
mod image;
pub mod known;
pub mod luggage;
pub mod outcome;
pub mod play;
mod pool;
pub mod progress;
pub mod report;
pub mod rows;
mod setup;
mod start;
pub mod table;
pub mod tale;
mod tree;
pub mod trouble;
mod userland;
pub mod watch;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::KernelsOptions;
use crate::matrix::{self, About};
use crate::process;
use crate::say::say;
use crate::tools::{self, Install};
use crate::verdict::Verdict;
use crate::workspace::Workspace;

use accelerator::Choice;
use apt::Mirror;
use fetch::Store;
use luggage::Luggage;
use outcome::Outcome;
use play::Common;
use rows::{Row, Source, Start};
use start::Image;
use trouble::Trouble;

/// Does what the options ask for.
///
/// # Errors
/// When no kernel can be asked at all; what keeps one of them from it is in its row.
pub fn run(options: &KernelsOptions) -> Result<Verdict, String> {
    let rows = rows::select(&rows::all()?, &options.only, &options.kernel)?;
    if options.list {
        say(if options.elsewhere.json { report::rows(&rows)? } else { table::rows(&rows) });
        return Ok(Verdict::Good);
    }
    let elsewhere = &options.elsewhere;
    reachable([&elsewhere.junit, &options.save, &options.pages.html, &options.pages.markdown])?;
    let differences = known::all(options.known.as_deref())?;
    if elsewhere.setup {
        setup::install(&rows)?;
    }
    setup::target()?;
    let workspace = Workspace::find()?;
    tools::nextest(Install::unless(elsewhere.skip_install))?;
    let cache = cache(options, &workspace);
    let luggage = Luggage::pack(&workspace, elsewhere.filter.as_deref())?;
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    known::fits(&differences, &names, &luggage.suite_tests)?;
    let common = Common {
        differences,
        luggage,
        results: workspace.results().join("kernels"),
        memory: options.memory,
        limit: Duration::from_secs(elsewhere.limit),
        accelerator: Choice::new(options.accelerator, &cache),
    };
    let about = match elsewhere.json || options.save.is_some() || !options.pages.is_empty() {
        true => Some(About::of(&workspace.root, &common.luggage.binary, &common.luggage.tests)?),
        false => None,
    };
    let outcomes = all(&common, &rows, &cache, options)?;
    let json = about.map(|about| report::json(&outcomes, &about)).transpose()?;
    tell(&outcomes, json.as_deref(), &workspace, options)?;
    Ok(outcome::verdict(&outcomes))
}

/// Prints the outcomes, and writes the files that were asked for.
fn tell(
    outcomes: &[Outcome],
    json: Option<&str>,
    workspace: &Workspace,
    options: &KernelsOptions,
) -> Result<(), String> {
    let elsewhere = &options.elsewhere;
    if let Some(path) = &elsewhere.junit {
        report::junit(outcomes, path)?;
    }
    say(match json.filter(|_| elsewhere.json) {
        Some(json) => json.to_owned(),
        None => table::render(outcomes, &workspace.root, elsewhere.verbose),
    });
    let Some(json) = json else { return Ok(()) };
    if let Some(path) = &options.save {
        std::fs::write(path, json).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    matrix::write_run(json, &options.pages)
}

/// What cannot be written is found before the kernels run, not after.
fn reachable(files: [&Option<PathBuf>; 4]) -> Result<(), String> {
    files.into_iter().flatten().try_for_each(|file| {
        let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::read_dir(parent)
            .map(drop)
            .map_err(|error| format!("cannot write {}: {error}", file.display()))
    })
}

/// Asks all kernels. The host comes first and alone: its tests need all of its processors.
fn all(
    common: &Common,
    rows: &[Row],
    cache: &Path,
    options: &KernelsOptions,
) -> Result<Vec<Outcome>, String> {
    let mut processors = pool::processors()?;
    processors.truncate(options.jobs.unwrap_or(usize::MAX).max(1));
    let mirror = Mirror::find(options.elsewhere.mirror.as_deref(), options.elsewhere.keyring.as_deref());
    let store = Store::new(cache, mirror, options.elsewhere.refresh);
    let one = |row: &Row| play::play(common, row, image(&store, row));
    let (here, mut guests): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.start == Start::Host);
    // What takes longest begins first, so that nothing runs alone at the end for long.
    guests.sort_by_key(|row| row.start != Start::Qemu);
    let mut outcomes: Vec<Outcome> = here.into_iter().map(one).collect();
    outcomes.extend(pool::run(&guests, &processors, |row| one(row)));
    let place = |outcome: &Outcome| rows.iter().position(|row| row.name == outcome.name);
    outcomes.sort_by_key(place);
    Ok(outcomes)
}

fn image(store: &Store, row: &Row) -> Result<Image, Trouble> {
    if process::interrupted() {
        return Err(Trouble::Interrupted);
    }
    match &row.source {
        Source::Here => Ok(Image::default()),
        Source::File(file) => image::of_file(file, row.start).map_err(Trouble::NotStarted),
        Source::Package(package) => store.get(row, package).map_err(Trouble::NotFetched),
    }
}

/// Where packages and kernels are kept between runs.
fn cache(options: &KernelsOptions, workspace: &Workspace) -> PathBuf {
    let home = || std::env::var_os("XDG_CACHE_HOME").filter(|dir| !dir.is_empty());
    let given = options.elsewhere.cache.clone().or_else(|| Some(Path::new(&home()?).join("userns-suite")));
    given.unwrap_or_else(|| workspace.target.join("kernels"))
}
