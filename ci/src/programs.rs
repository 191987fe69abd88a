//! `cargo ci programs`: programs that become another user, in five states of a user namespace.

mod calls;
mod finding;
mod json;
mod judge;
mod names;
pub mod options;
mod page;
mod predict;
mod report;
mod rows;
mod run;
mod seen;
mod snapshots;
mod states;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::debian::apt::Mirror;
use crate::field::reviewed::keep;
use crate::field::root::{self, Root};
use crate::field::{junit, select, setup};
use crate::programs::judge::Judged;
use crate::programs::options::ProgramsOptions;
use crate::programs::rows::{RELEASES, Row};
use crate::programs::snapshots::Reviewed;
use crate::sys::workspace::Workspace;
use crate::sys::{pool, signals};
use harness_program::ui::pace::Steps;
use harness_program::ui::print::{note, print};
use harness_program::ui::verdict::Verdict;

/// Where the page is, below the workspace.
pub const PAGE: &str = "docs/programs.md";

/// Does what the options ask for.
///
/// # Errors
/// When no row can be run; what is wrong with one of them is in its line.
pub fn run(options: &ProgramsOptions) -> Result<Verdict, String> {
    let table = rows::all(options.field.rows.as_deref())?;
    let field = &options.field;
    let rows = select::select(table.rows.clone(), |row| &row.name, &field.only, "cargo ci programs")?;
    if field.list {
        print(report::list(&rows));
        return Ok(Verdict::Good);
    }
    let workspace = Workspace::find()?;
    let reviewed = Reviewed::read(&workspace.root.join(snapshots::FOLDER))?;
    if field.write {
        let file = workspace.root.join(PAGE);
        let text = page::render(&table, &reviewed);
        fs::write(&file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        note(format_args!("wrote {}\n", file.display()));
        return Ok(Verdict::Good);
    }
    setup::ready(field.setup, field.keyring.as_deref())?;
    let releases = select::releases(&RELEASES, &field.release)?;
    let judged = judge_all(&rows, &table.rows, &releases, options, &workspace, &reviewed)?;
    if field.accept {
        let kept = accept(&workspace.root, &judged)?;
        note(format_args!("wrote {kept} snapshots below {}; read `git diff`\n", snapshots::FOLDER));
    }
    write_files(options, &judged)?;
    print(if field.json { json::text(&judged)? } else { report::text(&judged) });
    if signals::interrupted() {
        return Err("interrupted; what was found until then is above".to_owned());
    }
    Ok(report::verdict(&judged, field.accept))
}

fn write_files(options: &ProgramsOptions, judged: &[Judged]) -> Result<(), String> {
    if let Some(file) = &options.field.markdown {
        fs::write(file, report::markdown(judged))
            .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    }
    options.field.junit.as_ref().map_or(Ok(()), |file| {
        let cases: Vec<junit::Case> = judged.iter().map(Judged::case).collect();
        junit::write("programs", &cases, file)
    })
}

/// Keeps what was seen as the reviewed snapshots, and returns how many were written.
fn accept(workspace: &Path, judged: &[Judged]) -> Result<usize, String> {
    let mut kept = 0;
    for it in judged.iter().filter(|it| it.is_whole()) {
        let text = snapshots::text(&it.row.package, &it.version, &it.release, &it.seen);
        kept += usize::from(keep(
            &workspace.join(snapshots::FOLDER).join(&it.row.name),
            &it.version,
            &it.release,
            &text,
        )?);
    }
    Ok(kept)
}

/// Runs each row in each release that has it, several at a time.
fn judge_all(
    rows: &[Row],
    all: &[Row],
    releases: &[&str],
    options: &ProgramsOptions,
    workspace: &Workspace,
    reviewed: &Reviewed,
) -> Result<Vec<Judged>, String> {
    let asked = |row: &Row, release: &str| row.releases.iter().any(|name| name == release);
    let work: Vec<(&Row, &str)> = releases
        .iter()
        .flat_map(|release| rows.iter().map(move |row| (row, *release)))
        .filter(|(row, release)| asked(row, release))
        .collect();
    if work.is_empty() {
        return Err("none of these rows is in one of these releases".to_owned());
    }
    let roots = roots(&work, all, options, workspace)?;
    let jobs = options.field.jobs.map_or_else(|| pool::processors().map(|all| 2 * all.len()), Ok)?.max(1);
    let steps = Steps::new(work.len());
    Ok(pool::run_anywhere(&work, jobs, |(row, release)| {
        let root = &roots[*release];
        let judged = match signals::interrupted() {
            true => Judged::could_not_run(row, root, "interrupted"),
            false => judge::judge(row, root, reviewed, &options.field),
        };
        note(format_args!("{} ({})\n", judged.in_one_line(), steps.done()));
        judged
    }))
}

/// The root of each release, with the packages of all its rows: it stays the same whatever rows are asked for.
fn roots<'a>(
    work: &[(&Row, &'a str)],
    all: &[Row],
    options: &ProgramsOptions,
    workspace: &Workspace,
) -> Result<BTreeMap<&'a str, Root>, String> {
    let field = &options.field;
    let mirror = Mirror::find(field.mirror.as_deref(), field.keyring.as_deref())?;
    let cache = workspace.cache(field.cache.as_deref(), "userns-suite/programs", "programs");
    let releases: BTreeSet<&str> = work.iter().map(|(_, release)| *release).collect();
    releases
        .into_iter()
        .map(|release| {
            let root =
                root::get(release, &packages(all, release), Path::new(&cache), &mirror, field.refresh)?;
            Ok((release, root))
        })
        .collect()
}

/// The packages of all rows of a release.
fn packages(rows: &[Row], release: &str) -> BTreeSet<String> {
    let of_release = rows.iter().filter(|row| row.releases.iter().any(|name| name == release));
    of_release.flat_map(|row| row.packages.iter().chain([&row.package]).cloned()).collect()
}
