//! `cargo ci hosts`: the suite on restricted hosts, the rows of `ci/hosts.toml`.

mod answers;
mod asked;
mod calls;
mod filter;
mod host;
mod judge;
pub mod launch;
pub mod options;
mod place;
mod report;
mod rows;
mod running;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::RwLock;
use std::time::Instant;

use nix::unistd::geteuid;

use crate::hosts::answers::Answers;
use crate::hosts::asked::{Asked, Cases};
use crate::hosts::host::{Common, Host};
use crate::hosts::judge::{Finding, Reasons};
use crate::hosts::options::HostsOptions;
use crate::hosts::report::Judged;
use crate::hosts::rows::Row;
use crate::hosts::running::Running;
use crate::run::nextest;
use crate::sys::scratch::Scratch;
use crate::sys::tools::{self, Install};
use crate::sys::workspace::Workspace;
use crate::sys::{pool, signals};
use harness_program::ui::pace::Steps;
use harness_program::ui::print::{note, print};
use harness_program::ui::verdict::Verdict;

/// Does what the options ask for.
///
/// # Errors
/// When no host can be asked; what is wrong with one of them is in its row.
pub fn run(options: &HostsOptions) -> Result<Verdict, String> {
    let mut rows = rows::select(rows::all(options.rows.as_deref())?, &options.only, options.quick)?;
    if options.list {
        let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
        rows.iter().for_each(|row| print(format_args!("{:<width$}  {}\n", row.name, row.about)));
        return Ok(Verdict::Good);
    }
    if !geteuid().is_root() {
        return Err("only root can make these hosts; run it with sudo".to_owned());
    }
    let workspace = Workspace::find()?;
    tools::nextest(Install::unless(options.skip_install))?;
    let impossible = |row: &mut Row| !row.is_possible();
    for row in rows.extract_if(.., impossible) {
        note(format_args!("{}: left out, since this machine cannot make it\n", row.name));
    }
    let judged = judge_all(&rows, options, &workspace)?;
    if let Some(file) = &options.markdown {
        let written = fs::write(file, report::markdown(&judged));
        written.map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    }
    print(if options.json { report::json(&judged)? } else { report::text(&judged, options.verbose) });
    if signals::interrupted() {
        return Err("interrupted; what was found until then is above".to_owned());
    }
    Ok(report::verdict(&judged))
}

/// Makes each host and judges it, several at a time.
fn judge_all(rows: &[Row], options: &HostsOptions, workspace: &Workspace) -> Result<Vec<Judged>, String> {
    let common = common(options, workspace)?;
    let everything = rows::all(options.rows.as_deref())?;
    let needed = everything
        .iter()
        .filter(|row| row.plain || rows.iter().any(|asked| asked.like.as_ref() == Some(&row.name)));
    let mut reasons: BTreeMap<String, Reasons> = BTreeMap::new();
    for row in needed {
        let skipped = Host::new(row, &common).and_then(|host| host.reasons());
        reasons.insert(row.name.clone(), skipped.map_err(|why| format!("the host {}: {why}", row.name))?);
    }
    let is_plain = |name: &String| everything.iter().any(|row| row.plain && row.name == *name);
    let plain: BTreeSet<String> = reasons
        .iter()
        .filter(|(name, _)| is_plain(name))
        .flat_map(|(_, reasons)| reasons.values().cloned())
        .collect();
    // Tests wait for processes now and then, and the last host should not be alone on several processors.
    let few = pool::processors()?.len().div_ceil(2) * 3;
    let jobs = options.jobs.unwrap_or(few).max(1);
    let steps = Steps::new(rows.len());
    Ok(pool::run_anywhere(rows, jobs, |row| {
        let judged = one(row, &common, |answers| {
            judge::findings(row, answers, &plain, &reasons, options.brief || !options.tests.is_empty())
        });
        note(format_args!("{} ({})\n", judged.in_one_line(), steps.done()));
        judged
    }))
}

fn one(row: &Row, common: &Common, judge: impl Fn(&Answers) -> Vec<Finding>) -> Judged {
    let begun = Instant::now();
    let host = if signals::interrupted() { Err("interrupted".to_owned()) } else { Host::new(row, common) };
    let (answers, findings) = match host.and_then(|host| host.run()) {
        Ok(answers) => {
            let findings = judge(&answers);
            (answers, findings)
        }
        Err(why) => (Answers::default(), vec![Finding::NotMade { why }]),
    };
    Judged { row: row.clone(), answers, findings, took: begun.elapsed() }
}

fn common(options: &HostsOptions, workspace: &Workspace) -> Result<Common, String> {
    let scratch = Scratch::new()?;
    let suite = program(&nextest::build_suite(workspace)?, scratch.path().join("suite"))?;
    let own = program(Path::new("/proc/self/exe"), scratch.path().join("ci"))?;
    Ok(Common {
        suite,
        own,
        tests: workspace.root.join("tests"),
        cases: if options.brief { Cases::First } else { Cases::All },
        exploration: options.exploration,
        asked: Asked::read(&options.tests)?,
        processors: RwLock::new(()),
        running: Running::default(),
        scratch,
    })
}

/// Copies a program to where each user can execute it.
fn program(from: &Path, to: PathBuf) -> Result<PathBuf, String> {
    let copied = fs::copy(from, &to).and_then(|_| fs::set_permissions(&to, Permissions::from_mode(0o755)));
    copied.map_err(|error| format!("cannot copy {}: {error}", from.display()))?;
    Ok(to)
}
