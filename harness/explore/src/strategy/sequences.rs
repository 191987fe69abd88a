//! Groups of steps about rules that steps drawn one by one would seldom meet: each needs several things at a time.

use super::{actor, ids, processes};
use harness_scenario::action::{
    Action, CapChange, DUMPABLE, IdFile, KEEP, KEEPCAPS, NO_FIXUP, SetId, Text, UNSHARE, Via,
};
use harness_scenario::actors::Actor;
use harness_scenario::caps::Cap;
use harness_scenario::scenario::Step;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::borrow::Cow;

/// Draws one of these sequences.
pub(super) fn sequence() -> impl Strategy<Value = Vec<Step>> {
    prop_oneof![
        3 => two_levels().boxed(),
        4 => another_process_maps().boxed(),
        2 => a_creator_with_less().boxed(),
        1 => nothing_to_change().boxed(),
        1 => capabilities_kept().boxed(),
        1 => not_alone().boxed(),
        1 => with_another_root().boxed(),
    ]
}

fn by(actor: Actor, action: Action) -> Step {
    Step { actor, action }
}

fn write(actor: Actor, file: IdFile, of: Option<Actor>, text: String) -> Step {
    by(actor, Action::Write { file, of, text: Text::Words(Cow::Owned(text)) })
}

/// A process, and another one below it.
fn levels() -> impl Strategy<Value = (Actor, Actor)> {
    select(vec![
        (Actor::Outside, Actor::Inside),
        (Actor::Privileged, Actor::Inside),
        (Actor::Inside, Actor::Nested),
        (Actor::Second, Actor::Nested),
        (Actor::Nested, Actor::Deepest),
        (Actor::Outside, Actor::Sibling),
    ])
}

/// A namespace with several extents, and a namespace below that maps its ids, within one extent or across two.
fn two_levels() -> impl Strategy<Value = Vec<Step>> {
    let files = select(vec![IdFile::UidMap, IdFile::GidMap]);
    let below = vec((0..10_u32, 1..6_u32), 1..3);
    let above = select(vec![Actor::Privileged, Actor::Outside]);
    (above, files, vec(1..4_u32, 2..8), below).prop_map(|(above, file, counts, below)| {
        let mut first = 0;
        let mut lines = Vec::new();
        for count in counts {
            // The lower ids have gaps, so adjacent ids inside are not adjacent outside.
            lines.push(format!("{first} {} {count}", first * 2));
            first += count;
        }
        let below =
            below.iter().enumerate().map(|(at, (lower, count))| format!("{} {lower} {count}", at * 10));
        let below: Vec<String> = below.collect();
        vec![
            write(above, file, Some(Actor::Inside), lines.join("\n")),
            write(Actor::Inside, file, Some(Actor::Nested), below.join("\n")),
        ]
    })
}

/// A process whose effective uid differs from the owner's, but that can still open the files of the namespace, maps
/// its own id there.
fn another_process_maps() -> impl Strategy<Value = Vec<Step>> {
    let keeps = any::<bool>();
    let goes_back = any::<bool>();
    let drops = option::of(select(vec![Cap::Setuid, Cap::Setgid, Cap::SysAdmin, Cap::DacOverride]));
    (levels(), ids::number(), keeps, goes_back, drops).prop_map(|((above, below), id, keeps, back, drops)| {
        let effective = [KEEP, harness_scenario::action::Id::Of(id), KEEP];
        let mut steps = vec![];
        steps.extend(keeps.then(|| by(above, NO_FIXUP)));
        steps.push(by(above, Action::SetId(SetId::Setresuid, effective, Via::Raw)));
        let own = [harness_scenario::action::Id::Own; 3];
        steps.extend(back.then(|| by(above, Action::SetId(SetId::Setfsuid, own, Via::Raw))));
        let drop = |cap| by(above, Action::Capset(CapChange::Drop(Cow::Owned(vec![cap]))));
        steps.extend(drops.map(drop));
        steps.push(write(above, IdFile::UidMap, Some(below), format!("0 {id} 1")));
        steps
    })
}

/// A namespace whose creator lacked a capability. A process in it maps ids of the parent, including 0.
fn a_creator_with_less() -> impl Strategy<Value = Vec<Step>> {
    let maps = select(vec!["0 0 1", "0 own 1", "0 0 10", "5 0 1"]);
    let caps = select(vec![Cap::Setfcap, Cap::Setuid, Cap::SysAdmin]);
    (levels(), caps, maps, any::<bool>()).prop_map(|((above, below), cap, map, itself)| {
        let drop = by(above, Action::Capset(CapChange::Drop(Cow::Owned(vec![cap]))));
        if itself {
            return vec![drop, by(above, UNSHARE), write(above, IdFile::UidMap, None, map.to_owned())];
        }
        vec![
            drop,
            by(below, Action::ForkCloned),
            write(below, IdFile::UidMap, Some(below), map.to_owned()),
            write(above, IdFile::UidMap, Some(below), map.to_owned()),
        ]
    })
}

/// Ids are set to their current values, after the filesystem id was set to another value.
fn nothing_to_change() -> impl Strategy<Value = Vec<Step>> {
    let calls = select(vec![(SetId::Setfsuid, SetId::Setresuid), (SetId::Setfsgid, SetId::Setresgid)]);
    let same = || prop_oneof![1 => Just(KEEP), 1 => Just(harness_scenario::action::Id::Own)];
    (actor(), calls, ids::number(), [same(), same(), same()]).prop_map(|(actor, (fs, all), id, same)| {
        let fs = Action::SetId(fs, [harness_scenario::action::Id::Of(id); 3], Via::Raw);
        vec![by(actor, fs), by(actor, Action::SetId(all, same, Via::Raw))]
    })
}

/// Capabilities that survive a change from uid 0, and what they allow then.
fn capabilities_kept() -> impl Strategy<Value = Vec<Step>> {
    let how = select(vec![vec![KEEPCAPS], vec![NO_FIXUP], processes::ambient().to_vec()]);
    let then = vec(processes::capabilities(), 0..3);
    (actor(), how, ids::number(), then).prop_map(|(actor, how, id, then)| {
        let ids = [harness_scenario::action::Id::Of(id); 3];
        let mut actions = how;
        actions.extend([Action::SetId(SetId::Setresuid, ids, Via::Raw), DUMPABLE]);
        actions.extend(then);
        actions.into_iter().map(|action| by(actor, action)).collect()
    })
}

/// A process that shares its directories or its memory enters a namespace that it may enter, or creates one.
fn not_alone() -> impl Strategy<Value = Vec<Step>> {
    let enters = |(_, below): (Actor, Actor), nstype| Action::Setns {
        of: below,
        file: harness_scenario::action::NsFile::User,
        nstype,
    };
    let nstype = select(vec![0, libc::CLONE_NEWUSER]);
    let unshares = option::of(processes::namespaces());
    let goes_on = Just(Action::Child(harness_scenario::action::Child::GoesOn(libc::CLONE_FS)));
    let beside = prop_oneof![4 => processes::companion(), 1 => goes_on];
    (levels(), beside, unshares, nstype).prop_map(move |(levels, companion, unshares, nstype)| {
        let mut steps = vec![by(levels.0, companion)];
        steps.extend(unshares.map(|action| by(levels.0, action)));
        steps.push(by(levels.0, enters(levels, nstype)));
        steps
    })
}

/// A process changes its root directory, perhaps twice, and creates a namespace.
fn with_another_root() -> impl Strategy<Value = Vec<Step>> {
    let roots = vec(select(vec!["/", "/proc"]), 1..3);
    (actor(), roots).prop_map(|(actor, roots)| {
        let chroot = |root: &'static str| by(actor, Action::Chroot(root, root.into()));
        roots.into_iter().map(chroot).chain([by(actor, UNSHARE)]).collect()
    })
}
