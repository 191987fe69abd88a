//! `cargo ci runtimes`: runtimes that make user namespaces, what they write, and what a process in the container finds.

mod checks;
mod judge;
pub mod options;
mod page;
mod report;
mod rows;
mod seen;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::debian::apt::Mirror;
use crate::field::reviewed::keep;
use crate::field::root::{self, Root};
use crate::field::{junit, select, setup};
use crate::runtimes::judge::Judged;
use crate::runtimes::options::RuntimesOptions;
use crate::runtimes::rows::{RELEASES, Row};
use crate::runtimes::seen::Reviewed;
use crate::sys::workspace::Workspace;
use crate::sys::{pool, signals};
use harness_program::ui::pace::Steps;
use harness_program::ui::print::{note, print};
use harness_program::ui::verdict::Verdict;

/// Where the page is, below the workspace.
const PAGE: &str = "docs/runtimes.md";
/// Where the reviewed snapshots are.
const FOLDER: &str = "ci/runtimes";

/// Does what the options ask for.
///
/// # Errors
/// When no row can be run; what is wrong with one of them is in its line.
pub fn run(options: &RuntimesOptions) -> Result<Verdict, String> {
    let field = &options.field;
    let table = rows::all(field.rows.as_deref())?;
    checks::are_known(&table.rows)?;
    let rows = select::select(table.rows.clone(), |row| &row.name, &field.only, "cargo ci runtimes")?;
    if field.list {
        print(report::list(&rows));
        return Ok(Verdict::Good);
    }
    let workspace = Workspace::find()?;
    let reviewed = Reviewed::read(&workspace.root.join(FOLDER))?;
    if field.write {
        let file = workspace.root.join(PAGE);
        let written = fs::write(&file, page::render(&table, &reviewed));
        written.map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        note(format_args!("wrote {}\n", file.display()));
        return Ok(Verdict::Good);
    }
    setup::ready(field.setup, field.keyring.as_deref())?;
    let releases = select::releases(&RELEASES, &field.release)?;
    let judged = judge_all(&rows, &table.rows, &releases, options, &workspace, &reviewed)?;
    if field.accept {
        let kept = accept(&workspace, &judged)?;
        note(format_args!("wrote {kept} snapshots below {FOLDER}; read `git diff`\n"));
    }
    if let Some(file) = &field.markdown {
        let written = fs::write(file, report::markdown(&judged));
        written.map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    }
    if let Some(file) = &field.junit {
        let cases: Vec<junit::Case> = judged.iter().map(Judged::case).collect();
        junit::write("runtimes", &cases, file)?;
    }
    print(if field.json { report::json(&judged)? } else { report::text(&judged) });
    if signals::interrupted() {
        return Err("interrupted; what was found until then is above".to_owned());
    }
    Ok(report::verdict(&judged, field.accept))
}

/// Keeps what was seen as the reviewed snapshots, and returns how many were written.
fn accept(workspace: &Workspace, judged: &[Judged]) -> Result<usize, String> {
    let mut kept = 0;
    for (it, seen) in judged.iter().filter_map(|it| Some((it, it.seen.as_ref()?))) {
        let text = seen::text(&it.row.package, &it.version, &it.release, seen);
        let folder = workspace.root.join(FOLDER).join(&it.row.name);
        kept += usize::from(keep(&folder, &it.version, &it.release, &text)?);
    }
    Ok(kept)
}

/// Runs each row in each release that has it, several at a time.
fn judge_all(
    rows: &[Row],
    all: &[Row],
    releases: &[&str],
    options: &RuntimesOptions,
    workspace: &Workspace,
    reviewed: &Reviewed,
) -> Result<Vec<Judged>, String> {
    let field = &options.field;
    let in_release = |row: &&Row, release: &str| row.releases.iter().any(|name| name == release);
    let of_release =
        |release| rows.iter().filter(move |row| in_release(row, release)).map(move |row| (row, release));
    let work: Vec<(&Row, &str)> = releases.iter().flat_map(|release| of_release(*release)).collect();
    if work.is_empty() {
        return Err("none of these rows is in one of these releases".to_owned());
    }
    let mirror = Mirror::find(field.mirror.as_deref(), field.keyring.as_deref())?;
    let cache = workspace.cache(field.cache.as_deref(), "userns-suite/runtimes", "runtimes");
    let mut roots: BTreeMap<&str, Root> = BTreeMap::new();
    for release in work.iter().map(|(_, release)| *release).collect::<BTreeSet<&str>>() {
        // With the packages of all rows: it stays the same whatever rows are asked for.
        let packages = all.iter().filter(|row| in_release(row, release));
        let packages = packages.flat_map(|row| row.packages.iter().chain([&row.package]).cloned());
        let packages: BTreeSet<String> = packages.chain(PROBES.map(str::to_owned)).collect();
        let root = root::get(release, &packages, &cache, &mirror, field.refresh)?;
        roots.insert(release, root);
    }
    let jobs = field.jobs.map_or_else(|| pool::processors().map(|all| all.len()), Ok)?.max(1);
    let steps = Steps::new(work.len());
    Ok(pool::run_anywhere(&work, jobs, |(row, release)| {
        let root = &roots[*release];
        let judged = match signals::interrupted() {
            true => Judged::could_not_run(row, root, "interrupted"),
            false => judge::judge(row, root, reviewed, field),
        };
        note(format_args!("{} ({})\n", judged.in_one_line(), steps.done()));
        judged
    }))
}

/// What the probe needs, and what a user's runtime calls.
const PROBES: [&str; 3] = ["sudo", "passwd", "uidmap"];
