//! How scenarios are drawn: groups of a few steps, one after the other.
//!
//! A group has steps that belong together: opening a file, passing it on and writing it; mapping a namespace; reading
//! a map. If steps were drawn singly, these would rarely meet. A step that is impossible at its place is left out
//! when the groups are [put together](super::repair).

mod ids;
mod maps;
mod processes;
mod sequences;

use super::repair::{Missing, Repaired};
use harness_scenario::action::{Access, Action, At, IdFile, Room};
use harness_scenario::actors::{Actor, RunAs};
use harness_scenario::scenario::{Scenario, Step};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The credentials that the process outside may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Casts {
    /// Those of every user that the caller can become.
    All,
    /// Those of an unprivileged user.
    Ordinary,
}

/// The most groups of a scenario.
const GROUPS: usize = 12;

/// A scenario, and the rules by which the model refuses a step of it.
pub type Drawn = (Scenario, BTreeSet<&'static str>);

/// Draws scenarios of every shape that the model knows.
pub fn scenarios(casts: Casts) -> impl Strategy<Value = Drawn> {
    (cast(casts), vec(step_group(), 1..=GROUPS))
        .prop_map(|(cast, groups)| Repaired::of(cast, groups.into_iter().flatten(), Missing::Begin).done())
}

fn cast(casts: Casts) -> BoxedStrategy<RunAs> {
    if casts == Casts::Ordinary {
        return Just(RunAs::Ordinary).boxed();
    }
    let groups = vec(0..12_u32, 0..4).prop_map(|groups| RunAs::OrdinaryInGroups(Cow::Owned(groups)));
    match harness_play::here::start().caller.uid.effective {
        0 => prop_oneof![
            4 => Just(RunAs::Ordinary),
            4 => Just(RunAs::Root),
            1 => groups,
            1 => Just(RunAs::Caller),
        ]
        .boxed(),
        _ => prop_oneof![3 => Just(RunAs::Ordinary), 1 => Just(RunAs::Caller)].boxed(),
    }
}

/// Draws the actor of the next group.
fn actor() -> impl Strategy<Value = Actor> + Clone {
    prop_oneof![
        6 => Just(Actor::Inside),
        3 => Just(Actor::Outside),
        3 => Just(Actor::Nested),
        2 => Just(Actor::Privileged),
        2 => Just(Actor::Second),
        1 => Just(Actor::Sibling),
        1 => Just(Actor::Deepest),
    ]
}

fn two_actors() -> impl Strategy<Value = (Actor, Actor)> {
    // A strategy that filters too much fails to draw. None of these filters.
    (actor(), actor()).prop_map(|(one, other)| match one {
        Actor::Inside if other == one => (one, Actor::Outside),
        _ if other == one => (one, Actor::Inside),
        _ => (one, other),
    })
}

fn file() -> impl Strategy<Value = IdFile> + Clone {
    prop_oneof![
        4 => Just(IdFile::UidMap),
        4 => Just(IdFile::GidMap),
        3 => Just(IdFile::Setgroups),
        1 => Just(IdFile::ProjidMap),
    ]
}

fn whose() -> impl Strategy<Value = Option<Actor>> + Clone {
    prop_oneof![1 => Just(None), 2 => actor().prop_map(Some)]
}

fn access() -> impl Strategy<Value = Access> + Clone {
    prop_oneof![4 => Just(Access::Write), 2 => Just(Access::ReadWrite), 1 => Just(Access::Read)]
}

fn at() -> impl Strategy<Value = At> + Clone {
    let offset = || select(vec![0_i64, 1, 3, -1, 4096, i64::MAX]);
    prop_oneof![
        8 => Just(At::Position),
        2 => offset().prop_map(At::Seek),
        1 => offset().prop_map(At::Offset),
    ]
}

fn step_group() -> impl Strategy<Value = Vec<Step>> {
    let alone = (actor(), action()).prop_map(|(actor, action)| vec![Step { actor, action }]);
    let cloned = actor().prop_map(|actor| vec![Step { actor, action: Action::ForkCloned }]);
    // The strategies are boxed. Otherwise each value would have the size of all its alternatives, which is megabytes.
    prop_oneof![
        16 => alone.boxed(),
        5 => mapped().boxed(),
        4 => own_ids().boxed(),
        5 => passed_on().boxed(),
        4 => another_user().boxed(),
        4 => sequences::sequence().boxed(),
        1 => cloned.boxed(),
        1 => processes::sockets().boxed(),
    ]
}

/// Draws one group of steps of an actor.
fn action() -> impl Strategy<Value = Action> {
    let sizes = select(vec![0_i64, 1, 2, 33, 16_384, -1, 1 << 32]);
    let room = prop_oneof![3 => Just(Room::Good), 1 => Just(Room::Bad)];
    prop_oneof![
        8 => (file(), whose()).prop_flat_map(|(file, of)| {
            maps::text(file).prop_map(move |text| Action::Write { file, of, text })
        }),
        6 => ids::set_id(),
        4 => processes::namespaces(),
        3 => processes::capabilities(),
        3 => (file(), whose()).prop_map(|(file, of)| Action::Read { file, of }),
        3 => ids::groups().prop_flat_map(|groups| {
            let via = prop_oneof![4 => Just(harness_scenario::action::Via::Raw), 1 => Just(harness_scenario::action::Via::Libc)];
            via.prop_map(move |via| Action::Setgroups(groups.clone(), via))
        }),
        2 => processes::settings(),
        2 => (file(), whose(), access()).prop_map(|(file, of, access)| Action::Open { file, of, access }),
        2 => written_open(),
        1 => actor().prop_map(Action::PassFd),
        2 => processes::children(),
        1 => Just(Action::GetCredentials),
        1 => actor().prop_map(Action::ProcOwner),
        1 => (sizes, room).prop_map(|(size, room)| Action::Getgroups { size, room }),
        1 => (0..3_u32).prop_map(|step| Action::CountGroups { size: 65_536, first: 0, step }),
        1 => (file(), select(vec![1_u64, 7, 100, 8192]), at())
            .prop_map(|(_, size, at)| Action::ReadHeld { size, at }),
        1 => file().prop_map(Action::ReadToEnd),
    ]
}

fn written_open() -> impl Strategy<Value = Action> {
    (file(), at()).prop_flat_map(|(file, at)| {
        maps::text(file).prop_map(move |text| Action::WriteHeld { text, file, at })
    })
}

/// Both maps of a process, written by another process or by itself, as a privileged writer does it.
fn mapped() -> impl Strategy<Value = Vec<Step>> {
    let of = actor().prop_map(Some);
    (actor(), of, maps::good_map(), maps::good_map(), any::<bool>()).prop_map(
        |(actor, of, uid, gid, alike)| {
            let gid = if alike { uid.clone() } else { gid };
            let write = |file, text| Step { actor, action: Action::Write { file, of, text } };
            vec![write(IdFile::UidMap, uid), write(IdFile::GidMap, gid)]
        },
    )
}

/// The actor's own ids, as an unprivileged process maps them.
fn own_ids() -> impl Strategy<Value = Vec<Step>> {
    let files = select(vec![
        vec![IdFile::Setgroups, IdFile::UidMap, IdFile::GidMap],
        vec![IdFile::GidMap, IdFile::UidMap],
        vec![IdFile::UidMap, IdFile::Setgroups, IdFile::GidMap],
        vec![IdFile::UidMap],
    ]);
    let first = select(vec!["0 own 1", "own own 1", "5 own 1"]);
    (actor(), whose(), files, first).prop_map(|(actor, of, files, map)| {
        let text = |file| if file == IdFile::Setgroups { "deny" } else { map };
        let write = |file| {
            let text = harness_scenario::action::Text::Words(Cow::Borrowed(text(file)));
            Step { actor, action: Action::Write { file, of, text } }
        };
        files.into_iter().map(write).collect()
    })
}

/// One actor opens a file and perhaps changes its credentials. Another actor reads or writes the file.
fn passed_on() -> impl Strategy<Value = Vec<Step>> {
    let between = prop_oneof![
        2 => Just(None),
        1 => ids::set_id().prop_map(Some),
        1 => processes::capabilities().prop_map(Some),
        1 => processes::namespaces().prop_map(Some),
    ];
    let then = prop_oneof![1 => Just(None), 1 => (actor(), written_open()).prop_map(Some)];
    let opened = file().prop_flat_map(|file| {
        let texts = vec((at(), maps::text(file)), 1..3);
        (Just(file), whose(), access(), texts)
    });
    (two_actors(), opened, between, then).prop_map(
        |((from, to), (file, of, access, texts), between, then)| {
            let by = |actor, action| Step { actor, action };
            let mut steps = vec![by(from, Action::Open { file, of, access })];
            steps.extend(between.map(|action| by(from, action)));
            steps.push(by(from, Action::PassFd(to)));
            for (at, text) in texts {
                steps.push(by(to, Action::WriteHeld { text, file, at }));
            }
            steps.push(by(to, Action::ReadToEnd(file)));
            steps.extend(then.map(|(actor, action)| by(actor, action)));
            steps
        },
    )
}

/// A process that becomes another user, as programs do it, with or without keeping its capabilities.
fn another_user() -> impl Strategy<Value = Vec<Step>> {
    let before = prop_oneof![
        3 => processes::settings().prop_map(|action| vec![action]),
        1 => Just(processes::ambient().to_vec()),
        1 => ids::groups().prop_map(|groups| vec![Action::Setgroups(groups, harness_scenario::action::Via::Raw)]),
    ];
    let after = prop_oneof![
        2 => Just(harness_scenario::action::DUMPABLE),
        1 => Just(Action::GetCredentials),
        1 => processes::capabilities(),
        1 => processes::namespaces(),
    ];
    (actor(), before, vec(ids::set_id(), 1..4), after).prop_map(|(actor, mut actions, ids, after)| {
        actions.extend(ids);
        actions.push(after);
        actions.into_iter().map(|action| Step { actor, action }).collect()
    })
}
