//! `cargo ci kernels`: the suite on many kernels of one machine, side by side, and beside the programs of
//! distributions.

mod accelerator;
mod enter;
mod fetch;
mod image;
mod launch;
pub mod list;
pub mod options;
pub mod play;
mod rootfs;
pub mod setup;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::{AccessFlags, access};

use crate::catalogue::ask;
use crate::debian::apt::Mirror;
use crate::guests::bundle::Bundle;
use crate::guests::failure::RunFailure;
use crate::guests::follow::{Heard, Questions};
use crate::guests::outcome::{self, Outcome};
use crate::guests::part::Part;
use crate::guests::progress::Overall;
use crate::guests::start::Start;
use crate::guests::{expected_failures, json, junit, table};
use crate::kernels::accelerator::Choice;
use crate::kernels::fetch::Store;
use crate::kernels::launch::{Image, Machine};
use crate::kernels::list::{Row, Source};
use crate::kernels::options::KernelsOptions;
use crate::kernels::play::{Asking, Common};
use crate::matrix;
use crate::report::about::About;
use crate::report::record::Document;
use crate::sys::architecture::Architecture;
use crate::sys::tools::{self, Install};
use crate::sys::workspace::Workspace;
use crate::sys::{pool, signals};
use harness_program::ui::print::print;
use harness_program::ui::verdict::Verdict;

/// Does what the options ask for.
///
/// # Errors
/// When no kernel can be asked at all; what keeps one of them from it is in its row.
pub fn run(options: &KernelsOptions) -> Result<Verdict, String> {
    let rows = list::select(&list::all()?, &options.only, &options.kernel)?;
    if options.list {
        print(if options.elsewhere.json { list::json(&rows)? } else { list::text(&rows) });
        return Ok(Verdict::Good);
    }
    run_rows(&rows, options)
}

/// Asks these rows, and reports as the options say.
///
/// # Errors
/// When no row can be asked at all; what keeps one of them from it is in its row.
pub fn run_rows(rows: &[Row], options: &KernelsOptions) -> Result<Verdict, String> {
    let elsewhere = &options.elsewhere;
    reachable([&elsewhere.junit, &options.save, &options.pages.html, &options.pages.markdown])?;
    let differences = expected_failures::all(options.known.as_deref())?;
    if elsewhere.setup {
        setup::install(rows)?;
    }
    let workspace = Workspace::find()?;
    tools::nextest(Install::unless(elsewhere.skip_install))?;
    let cache = workspace.cache(elsewhere.cache.as_deref(), "userns-suite", "kernels");
    let architectures: BTreeSet<Architecture> = rows.iter().map(|row| row.architecture).collect();
    let bundle =
        Bundle::pack(&workspace, elsewhere.filter.as_deref(), elsewhere.exploration, &architectures)?;
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    expected_failures::fits(&differences, &names, &bundle.suite_tests)?;
    let limit = Duration::from_secs(elsewhere.limit);
    let users: usize = rows.iter().map(|row| play::users(row.start).len()).sum();
    let overall = Overall::new(users * bundle.tests.len());
    let common = Common {
        questions: Questions { differences, bundle, limit, overall },
        results: workspace.results(),
        machine: Machine { memory: options.memory, processors: options.processors },
        accelerator: Choice::new(options.accelerator, &cache),
    };
    let tests = ask::tests(&common.questions.bundle.binary, &workspace.root)?;
    let about = match elsewhere.json || options.save.is_some() || !options.pages.is_empty() {
        true => Some(About::of(&workspace.root, &tests, &common.questions.bundle.tests)?),
        false => None,
    };
    let mut outcomes = all(&common, rows, &cache, options)?;
    for outcome in &mut outcomes {
        outcome.users.iter_mut().for_each(|user| user.learn(&tests));
        outcome.coverage = outcome.users.iter().map(|user| user.coverage(&tests)).collect();
    }
    let document = about.map(|about| json::document(&outcomes, &about));
    report(&outcomes, document, &workspace, options)?;
    Ok(outcome::verdict(&outcomes))
}

/// Prints the outcomes, and writes the files that were asked for.
fn report(
    outcomes: &[Outcome],
    document: Option<Document>,
    workspace: &Workspace,
    options: &KernelsOptions,
) -> Result<(), String> {
    let elsewhere = &options.elsewhere;
    if let Some(path) = &elsewhere.junit {
        junit::write(outcomes, path)?;
    }
    let json = document.as_ref().map(json::text).transpose()?;
    print(match json.as_ref().filter(|_| elsewhere.json) {
        Some(json) => json.clone(),
        None => table::render(outcomes, &workspace.root, elsewhere.verbose),
    });
    if let (Some(path), Some(json)) = (&options.save, &json) {
        std::fs::write(path, json).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    document.map_or(Ok(()), |document| matrix::write_run(document, &options.pages))
}

/// What cannot be written is found before the kernels run, not after. A file that is there is opened and left as it is.
fn reachable(files: [&Option<PathBuf>; 4]) -> Result<(), String> {
    files.into_iter().flatten().try_for_each(|file| {
        let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let done = match file.symlink_metadata() {
            Ok(_) => std::fs::OpenOptions::new().append(true).open(file).map(drop),
            Err(_) => std::fs::read_dir(parent)
                .and_then(|_| access(parent, AccessFlags::W_OK).map_err(std::io::Error::from)),
        };
        done.map_err(|error| format!("cannot write {}: {error}", file.display()))
    })
}

/// Asks all rows. What runs on the host's kernel comes first and alone: its tests need all processors.
fn all(
    common: &Common,
    rows: &[Row],
    cache: &Path,
    options: &KernelsOptions,
) -> Result<Vec<Outcome>, String> {
    let mut processors = pool::processors()?;
    processors.truncate(options.jobs.map_or(usize::MAX, |jobs| jobs as usize));
    let mirror = Mirror::find(options.elsewhere.mirror.as_deref(), options.elsewhere.keyring.as_deref());
    let store = Store::new(cache, mirror, options.elsewhere.refresh);
    let here = |row: &&Row| matches!(row.start, Start::Host | Start::Rootfs);
    let (here, mut guests): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(here);
    // What takes longest begins first, so that nothing runs alone at the end for long.
    guests.sort_by_key(|row| row.start != Start::Qemu);
    let mut outcomes: Vec<Outcome> = Vec::new();
    let fetch = |row: &Row| image(&store, row);
    for row in here {
        let asking = Asking::new(common, row);
        let heard = asking.play(common, Part::WHOLE, fetch);
        outcomes.push(asking.judge(common, vec![heard]));
    }
    let guests = guests.into_iter().map(|row| Asking::new(common, row)).collect();
    outcomes.extend(play_guests(common, guests, (&processors, options.processors), fetch));
    let place = |outcome: &Outcome| rows.iter().position(|row| row.name == outcome.name);
    outcomes.sort_by_key(place);
    Ok(outcomes)
}

/// Plays kernels on these processors. Where there are fewer kernels than processors, each kernel runs in several guests that
/// share its tests.
fn play_guests(
    common: &Common,
    kernels: Vec<Asking>,
    (processors, of_guest): (&[usize], u32),
    fetch: impl Fn(&Row) -> Result<Image, RunFailure> + Sync,
) -> Vec<Outcome> {
    // A guest with several processors is not kept on one of the host's.
    let (at_once, anywhere) = match of_guest as usize {
        0 | 1 => (processors.len(), false),
        several => ((processors.len() / several).max(1), true),
    };
    let parts = at_once.div_ceil(kernels.len().max(1));
    let parts = parts.clamp(1, common.questions.bundle.tests.len().max(1));
    let guests: Vec<(usize, Part)> =
        (0..kernels.len()).flat_map(|kernel| Part::all(parts).map(move |part| (kernel, part))).collect();
    let play = |(kernel, part): &(usize, Part)| (*kernel, kernels[*kernel].play(common, *part, &fetch));
    let heard = match anywhere {
        false => pool::run(&guests, processors, play),
        true => pool::run_anywhere(&guests, at_once, play),
    };
    let mut by_kernel: Vec<Vec<Heard>> = kernels.iter().map(|_| Vec::new()).collect();
    heard.into_iter().for_each(|(kernel, heard)| by_kernel[kernel].push(heard));
    kernels.into_iter().zip(by_kernel).map(|(kernel, heard)| kernel.judge(common, heard)).collect()
}

fn image(store: &Store, row: &Row) -> Result<Image, RunFailure> {
    if signals::interrupted() {
        return Err(RunFailure::Interrupted);
    }
    match &row.source {
        Source::Here => Ok(Image::default()),
        Source::File(file) => image::of_file(file, row.start).map_err(RunFailure::NotStarted),
        Source::Package(package) => store.get(row, package).map_err(RunFailure::NotFetched),
        Source::Release(release) => store.root(release).map_err(|error| match signals::interrupted() {
            true => RunFailure::Interrupted,
            false => RunFailure::NotFetched(error),
        }),
    }
}
