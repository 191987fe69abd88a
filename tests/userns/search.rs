//! Scenarios that nobody wrote, of which kernel and model must think alike: `cargo ci search` in short, and those on
//! which they differed once.

use harness::embedded;
use harness::suite::{Exploration, exploration};
use harness_explore::search::{Ends, Plan, search};
use harness_explore::{Casts, Watch, play, regressions};
use std::path::PathBuf;

/// How many scenarios are drawn: so many that each rule that is pinned here comes up in a few dozen of them.
const MANY: u64 = 250;
/// How many are enough where the exploration is brief.
const FEW: u64 = 50;

/// Plays scenarios that are the same every time.
fn searched(casts: Casts) {
    let many = match exploration() {
        Exploration::Full => MANY,
        Exploration::Brief => FEW,
    };
    let plan = Plan { seed: 1, workers: 1, casts, scenarios: Some(many), ends: Ends::AtFirst };

    let watch = Watch::default();
    let report = search(&plan, &watch).unwrap_or_else(|unplayed| panic!("{unplayed}"));

    let found = report.found.first().map(|found| found.dispute().to_string());
    assert!(found.is_none(), "kernel and model differ:\n{}", found.unwrap_or_default());
    // A search that plays nothing finds nothing.
    assert_eq!(watch.played.into_inner(), many);
}

/// Namespaces, processes, files, ids and capabilities in any order come out as the model says.
/// Source: what each function of the model names.
#[harness::test(
    Root,
    Userns,
    UnprivilegedUserns,
    InitialUserns,
    DecidedModel,
    VisibleProcesses,
    NoSeccomp,
    pins("open.not-owner", "map.written-once", "allow.own-id", "id.unmapped", "groups.needs-gid-map")
)]
fn drawn_for_all() {
    searched(Casts::All);
}

/// The same where an ordinary user began it.
/// Source: as above.
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    InitialUserns,
    DecidedModel,
    VisibleProcesses,
    NoSeccomp,
    pins("allow.own-id", "allow.one-id", "id.unmapped", "join.own", "groups.needs-gid-map")
)]
fn drawn_for_an_ordinary_user() {
    searched(Casts::Ordinary);
}

/// What kernel and model once differed on they agree on now.
/// Source: the comments in the files.
#[harness::test(
    Root,
    Userns,
    UnprivilegedUserns,
    InitialUserns,
    DecidedModel,
    VisibleProcesses,
    NoSeccomp,
    pins("map.initial-namespace", "change.locked-bits")
)]
fn kept() {
    let kept = match embedded::files() {
        Some(files) => regressions::among(files),
        None => {
            let root = std::env::var_os("INSTA_WORKSPACE_ROOT").map_or_else(PathBuf::default, PathBuf::from);
            regressions::kept(&root.join(regressions::DIRECTORY))
        }
    };
    let kept = kept.unwrap_or_else(|error| panic!("{error}"));
    assert!(!kept.is_empty(), "no scenario is kept");
    assert_eq!(harness::model::decides(harness::here::start()), Ok(()));

    for kept in kept {
        let disputed = play(&kept.scenario).unwrap_or_else(|error| panic!("{error}"));
        let shown = disputed.as_ref().map(ToString::to_string).unwrap_or_default();
        assert!(disputed.is_none(), "{} is disputed:\n{shown}", kept.path.display());
    }
}
