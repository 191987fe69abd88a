//! Scenarios that are drawn at random, on which kernel and model must agree: `cargo ci search` in short, and those on
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

/// How many scenarios are drawn here.
fn how_many() -> u64 {
    match exploration() {
        Exploration::Full => MANY,
        Exploration::Brief => FEW,
    }
}

/// Plays scenarios that are the same every time: how many were played, and the first on which kernel and model differ.
fn searched(casts: Casts) -> (u64, Option<String>) {
    let plan = Plan { seed: 1, workers: 1, casts, scenarios: Some(how_many()), ends: Ends::AtFirst };

    let watch = Watch::default();
    let report = search(&plan, &watch).unwrap_or_else(|unplayed| panic!("{unplayed}"));

    (watch.played.into_inner(), report.found.first().map(|found| found.dispute().to_string()))
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
fn scenarios_drawn_for_all_come_out_as_the_model_says() {
    let (played, disputed) = searched(Casts::All);

    let shown = disputed.as_deref().unwrap_or_default();
    assert!(disputed.is_none(), "kernel and model differ:\n{shown}");
    // A search that plays nothing finds nothing.
    assert_eq!(played, how_many());
}

/// Namespaces, processes, files, ids and capabilities of an ordinary user in any order come out as the model says.
/// Source: what each function of the model names.
#[harness::test(
    OrdinaryUser,
    UnprivilegedUserns,
    InitialUserns,
    DecidedModel,
    VisibleProcesses,
    NoSeccomp,
    pins("allow.own-id", "allow.one-id", "id.unmapped", "join.own", "groups.needs-gid-map")
)]
fn scenarios_drawn_for_an_ordinary_user_come_out_as_the_model_says() {
    let (played, disputed) = searched(Casts::Ordinary);

    let shown = disputed.as_deref().unwrap_or_default();
    assert!(disputed.is_none(), "kernel and model differ:\n{shown}");
    // A search that plays nothing finds nothing.
    assert_eq!(played, how_many());
}

/// Kernel and model agree now on each scenario on which they once differed.
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
fn kept_scenarios_are_disputed_no_more() {
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
