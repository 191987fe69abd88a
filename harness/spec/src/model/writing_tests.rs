//! The rule that a refusal names: the one that would have helped.

use crate::model::predict;
use harness_scenario::action::IdFile;
use harness_scenario::action::{Action, DENY, gid_map, uid_map, write_of};
use harness_scenario::actors::Actor;
use harness_scenario::caller::Caller;
use harness_scenario::caps::{Cap, CapSet};
use harness_scenario::ids::{CapSets, FsId, Ids};
use harness_scenario::missing::MissingFeatures;
use harness_scenario::outcome::Outcome;
use harness_scenario::release::Release;
use harness_scenario::scenario::{Scenario, caller, root};
use harness_scenario::start::Start;

/// Linux 7.3 with a caller of this id; root has all capabilities.
fn host(id: u32) -> Start {
    let ids = Ids { real: id, effective: id, saved: id, fs: FsId::Known(id) };
    let all = if id == 0 { CapSet(u64::MAX >> (63 - 40)) } else { CapSet::EMPTY };
    let caps = CapSets { effective: all, permitted: all, bounding: all, ..CapSets::default() };
    Start {
        caller: Caller { uid: ids, gid: ids, caps, ..Caller::default() },
        in_initial_userns: true,
        overflow: [65_534; 2],
        last_cap: 40,
        page: 4096,
        release: Some(Release { version: (7, 3), ..Release::NEWEST }),
        missing: MissingFeatures::default(),
    }
}

/// Whether the last step succeeds, or the rule that refuses it.
fn last(scenario: &Scenario, id: u32) -> Result<(), &'static str> {
    let prediction = predict(scenario, &host(id)).expect("the model applies");
    let step = prediction.steps.last().expect("a step");
    match &step.outcome {
        Some(Outcome::Done) => Ok(()),
        other => Err(step.rule.unwrap_or_else(|| panic!("no rule for {other:?}"))),
    }
}

#[test]
fn for_an_unprivileged_write_the_rule_that_alone_would_have_helped_is_named() {
    let needs_cap = Err("allow.writer-needs-setid");
    let table: [(&[Action], Result<(), &str>); 11] = [
        (&[uid_map("0 own 1")], Ok(())),
        (&[uid_map("0 1000 10")], needs_cap),
        (&[uid_map("0 0 65536")], needs_cap),
        (&[uid_map("0 own 1\n1 5 1")], needs_cap),
        (&[uid_map("0 5 1")], Err("allow.own-id")),
        // CAP_SETFCAP alone would not have helped.
        (&[uid_map("0 0 1")], Err("allow.own-id")),
        (&[gid_map("0 own 1")], Err("allow.own-gid-needs-deny")),
        (&[gid_map("0 5 1")], needs_cap),
        (&[DENY, gid_map("0 5 1")], Err("allow.own-id")),
        (&[DENY, gid_map("0 1000 10")], needs_cap),
        (&[DENY, gid_map("0 own 1")], Ok(())),
    ];
    for (steps, expected) in table {
        assert_eq!(last(&caller().inside(steps), 1000), expected, "{steps:?}");
    }
}

#[test]
fn for_root_without_a_capability_that_one_is_named() {
    let map = write_of(Actor::Inside, IdFile::UidMap, "0 0 10");
    let from_parent = |dropped: &'static [Cap]| {
        let drop = harness_scenario::action::drop_caps(dropped);
        last(&root().outside(&[]).inside(&[]).outside(&[drop, map.clone()]), 0)
    };

    assert_eq!(from_parent(&[Cap::Chown]), Ok(()));
    assert_eq!(from_parent(&[Cap::Setuid]), Err("allow.writer-needs-setid"));
    assert_eq!(from_parent(&[Cap::Setfcap]), Err("allow.uid-0-from-parent"));
    assert_eq!(from_parent(&[Cap::Setfcap, Cap::Setuid]), Err("allow.writer-needs-setid"));
}
