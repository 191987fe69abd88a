//! `search`: generated scenarios, until the kernel and the model differ.

use std::collections::hash_map::RandomState;
use std::fmt::Write as _;
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use harness::model;
use harness::record;
use harness::suite::choose_actors;
use harness_explore::regressions::{self, KeptScenario};
use harness_explore::search::{Ends, Found, Plan, Report, search};
use harness_explore::{Mismatch, Watch};

use crate::explore::progress::watched;
use crate::explore::search_options::{Casts, SearchOptions};
use crate::sys::signals;
use crate::ui::print::print;
use crate::ui::verdict::Verdict;

/// Where disputed scenarios are, those of earlier runs and those of this one.
#[derive(Debug)]
pub struct Kept {
    /// Those of earlier runs.
    pub before: Vec<KeptScenario>,
    /// The directory of new ones.
    pub directory: PathBuf,
}

/// Plays what was kept, then searches, and tells what was found.
///
/// # Errors
/// When the model says nothing on this host, or a scenario cannot be played.
pub fn run(options: &SearchOptions, kept: &Kept) -> Result<Verdict, String> {
    choose_actors()?;
    model::decides(harness::here::start()).map_err(str::to_owned)?;
    let again = play_kept(&kept.before)?;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let plan = Plan {
        seed: options.seed.unwrap_or_else(|| RandomState::new().build_hasher().finish() >> 32),
        workers: options.workers.map_or(processors, |workers| workers as usize),
        casts: match options.casts {
            Casts::All => harness_explore::Casts::All,
            Casts::Ordinary => harness_explore::Casts::Ordinary,
        },
        scenarios: options.scenarios,
        ends: if options.all { Ends::Never } else { Ends::AtFirst },
    };
    print(format_args!(
        "searching for {} s: seed {}, workers {}\n",
        options.seconds, plan.seed, plan.workers
    ));
    let watch = Watch::default();
    let began = Instant::now();
    let until = began.checked_add(Duration::from_secs(options.seconds));
    let report = watched("search", &watch, until, || search(&plan, &watch))?;
    let took = began.elapsed();
    for found in &report.found {
        print(told(found, &plan));
        if !options.forget {
            saved(&kept.directory, found.dispute());
        }
    }
    let played = watch.played.load(Ordering::Relaxed);
    print(summary(&report, played, took));
    match (report.found.len() + again, played) {
        (0, _) if signals::interrupted() => {
            Err("interrupted; on what was played until then kernel and model agree".to_owned())
        }
        (0, 0) => Err("no scenario was played".to_owned()),
        (0, _) => Ok(Verdict::Good),
        (differing, _) => Ok(Verdict::Failed(format!("kernel and model differ on {differing} scenarios"))),
    }
}

/// The kept scenarios on which this kernel and the model still differ.
fn play_kept(kept: &[KeptScenario]) -> Result<usize, String> {
    let mut differing = 0;
    for kept in kept {
        let name = kept.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let disputed = harness_explore::play(&kept.scenario).map_err(|error| format!("{name}: {error}"))?;
        if let Some(dispute) = disputed {
            differing += 1;
            print(format_args!("{name}, kept before, is still disputed:\n{dispute}"));
        }
    }
    if !kept.is_empty() {
        print(format_args!("{} kept scenarios played, {differing} disputed\n", kept.len()));
    }
    Ok(differing)
}

/// A disagreement: how it was found, and what it shrank to.
fn told(found: &Found, plan: &Plan) -> String {
    let Found { worker, number, after, steps, shrunk, .. } = found;
    let mut text = format!(
        "\nkernel and model differ: found after {:.1} s, scenario {number} of worker {worker}, seed {}\n",
        after.as_secs_f64(),
        plan.seed
    );
    let _ = match shrunk {
        Some(shrunk) => {
            let now = shrunk.dispute.trace.scenario.steps.len();
            writeln!(text, "shrunk from {steps} steps to {now} in {} attempts", shrunk.tried)
        }
        None => writeln!(text, "played again it was not disputed: something races"),
    };
    let dispute = found.dispute();
    let name = format!("search {} {worker} {number}", plan.seed);
    let _ =
        writeln!(text, "\n{dispute}\n{}", dispute.reproduced(&name, &record::host(), &record::directory()));
    text
}

/// Keeps a disagreement for the searches and tests to come.
fn saved(directory: &Path, dispute: &Mismatch) {
    match regressions::keep(directory, dispute) {
        Ok(path) => print(format_args!("\nkept as {}\n", path.display())),
        Err(error) => print(format_args!("\nnot kept: {error}\n")),
    }
}

fn summary(report: &Report, played: u64, took: Duration) -> String {
    let seconds = took.as_secs_f64();
    let refused = report.rules.len();
    let mut text = format!(
        "\n{played} scenarios of {:.1} steps in {seconds:.1} s, {:.0} a second; {} disputed\n",
        report.steps as f64 / played.max(1) as f64,
        played as f64 / seconds,
        report.found.len(),
    );
    let _ = writeln!(text, "{refused} rules of the model refused something");
    text
}
