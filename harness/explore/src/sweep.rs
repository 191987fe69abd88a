//! Every sequence of steps up to a length, for every kind of user: kernel against model.
//!
//! If an earlier sequence that is not longer reached the same state, a sweep does not extend the later one, because
//! its continuations would repeat those of the earlier one. The state is the model's whole state. The sweep compared
//! it with the kernel's when it played the sequence.

use super::{Mismatch, Watch, beginning, play, together};
use harness_play::error::Error;
use harness_scenario::action::{
    ALLOW, Action, CapChange, DENY, DUMPABLE, IdFile, KEEP, SETGROUPS_EMPTY, SetId, UNSHARE, Via, drop_caps,
    gid_map, set_id, setgroups, setresgid, setresuid, uid_map, write, write_of,
};
use harness_scenario::actors::Actor;
use harness_scenario::caps::Cap;
use harness_scenario::scenario::{Scenario, Step, ordinary, root};
use harness_spec::model::World;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;
use std::sync::atomic::Ordering;

/// A field of a sweep: the actors and their possible steps.
#[derive(Debug, Clone)]
pub struct Field {
    /// The name by which the user selects it.
    pub name: &'static str,
    /// The setup before the first step.
    pub start: Scenario,
    /// The possible steps.
    pub vocabulary: Vec<Step>,
}

/// The capabilities that root lacks, in a field each.
const MISSING: [(&str, Cap); 6] = [
    ("root-without-setuid", Cap::Setuid),
    ("root-without-setgid", Cap::Setgid),
    ("root-without-setfcap", Cap::Setfcap),
    ("root-without-sys-admin", Cap::SysAdmin),
    ("root-without-dac-override", Cap::DacOverride),
    ("root-without-setpcap", Cap::Setpcap),
];

/// Maps of several shapes: only the own id, the own id and root's, ten other ids, and a malformed map.
const SHAPES: [&str; 4] = ["0 own 1", "5 own 1\n7 0 1", "0 1000 10", "0 own"];

/// Every field of the sweeps: an unprivileged user, root, root without one capability, and root's child between a
/// namespace above and one below.
pub fn fields() -> Vec<Field> {
    let from_parent = |start: Scenario| Field {
        name: "",
        start: start.inside(&[]),
        vocabulary: [by(Actor::Inside, inside()), by(Actor::Outside, upon(Actor::Inside))].concat(),
    };
    let mut all = vec![
        Field { name: "ordinary", ..from_parent(ordinary().outside(&[])) },
        Field { name: "root", ..from_parent(root().outside(&[])) },
    ];
    all.extend(MISSING.map(|(name, cap)| {
        let without = Action::Capset(CapChange::Drop(vec![cap].into()));
        Field { name, ..from_parent(root().outside(&[without])) }
    }));
    // In the namespace between, 0, 5 and 7 are three different ids, and 1000 has no mapping.
    let map = "0 2000 7\n7 0 1\n8 3000 10";
    let maps = [IdFile::UidMap, IdFile::GidMap].map(|file| write_of(Actor::Inside, file, map));
    all.push(Field {
        name: "nested",
        start: root()
            .outside(&[])
            .inside(&[])
            .outside(&maps)
            .inside(&[setresgid(0), setresuid(0)])
            .nested(&[]),
        vocabulary: [by(Actor::Nested, inside()), by(Actor::Inside, upon(Actor::Nested))].concat(),
    });
    all
}

fn by(actor: Actor, actions: Vec<Action>) -> Vec<Step> {
    actions.into_iter().map(|action| Step { actor, action }).collect()
}

/// The steps of a process in the namespace that it owns.
fn inside() -> Vec<Action> {
    let mut all: Vec<Action> = SHAPES.into_iter().flat_map(|text| [uid_map(text), gid_map(text)]).collect();
    all.extend([write(IdFile::ProjidMap, "0 5 1"), DENY, ALLOW]);
    all.extend([SETGROUPS_EMPTY, setgroups(&[0]), setgroups(&[5, 7])]);
    all.extend([0, 5, 7].into_iter().flat_map(|id| [setresuid(id), setresgid(id)]));
    all.extend([
        set_id(SetId::Setuid, &[5]),
        set_id(SetId::Setgid, &[5]),
        set_id(SetId::Setreuid, &[u32::MAX, 5]),
        set_id(SetId::Setfsuid, &[5]),
        Action::SetId(SetId::Setresuid, [KEEP; 3], Via::Raw),
        drop_caps(&[Cap::Setgid]),
        drop_caps(&[Cap::Setuid]),
        DUMPABLE,
        UNSHARE,
    ]);
    all
}

/// The steps of a process in the parent, on a namespace and on itself.
fn upon(below: Actor) -> Vec<Action> {
    let of = |file| move |text: &&'static str| write_of(below, file, text);
    let mut all: Vec<Action> = SHAPES.iter().map(of(IdFile::UidMap)).collect();
    all.extend(SHAPES.iter().map(of(IdFile::GidMap)));
    all.extend(["deny", "allow"].iter().map(of(IdFile::Setgroups)));
    all.extend([setgroups(&[5]), setresgid(5), setresuid(5), DUMPABLE]);
    all
}

/// The result of a sweep.
#[derive(Debug, Default)]
pub struct Swept {
    /// The number of scenarios that were played.
    pub scenarios: u64,
    /// The number of sequences that these scenarios stand for, including those that only repeat. It counts every
    /// length that was played to its end.
    pub sequences: u128,
    /// The number of different final states.
    pub states: usize,
    /// The number of steps that the model could not predict.
    pub open: u64,
    /// The disagreements between kernel and model.
    pub disputes: Vec<Mismatch>,
    /// The greatest length of which all sequences were played.
    pub depth: usize,
}

/// A sequence of steps, as indices into the possible steps.
type Path = Vec<u8>;

/// A hash of a state. It has enough bits that two states do not collide.
type Key = (u64, u64);

/// The greatest number of disputes that are kept. The first one is the shortest.
const MOST: usize = 10;

/// Plays every sequence of up to `depth` steps, on so many threads. Ends early if the caller stops it, or after a
/// length with disputes.
///
/// # Errors
/// If the harness fails.
pub fn sweep(field: &Field, depth: usize, workers: usize, watch: &Watch) -> Result<Swept, Error> {
    let mut frontier: Vec<Path> = vec![Vec::new()];
    let seen = Mutex::new(HashSet::from([key(&lead(field, &[]))]));
    let mut swept = Swept { states: 1, sequences: 1, ..Swept::default() };
    for _ in 0..depth {
        if !watch.goes_on() || !swept.disputes.is_empty() || frontier.is_empty() {
            break;
        }
        let planned = frontier.len() * field.vocabulary.len();
        watch.planned.fetch_add(planned as u64, Ordering::Relaxed);
        let found = together(workers, watch, |worker| {
            level(field, frontier.iter().skip(worker).step_by(workers), &seen, watch)
        })?;
        frontier.clear();
        for level in found {
            frontier.extend(level.frontier);
            swept.scenarios += level.scenarios;
            swept.open += level.open;
            swept.disputes.extend(level.disputes);
        }
        // Threads finish in any order. Sorting makes the shortest dispute the same in each run.
        frontier.sort_unstable();
        swept.disputes.truncate(MOST);
        swept.states += frontier.len();
        if !watch.goes_on() {
            break;
        }
        swept.depth += 1;
        let longest = u32::try_from(swept.depth).unwrap_or(u32::MAX);
        let of_this_length = (field.vocabulary.len() as u128).saturating_pow(longest);
        swept.sequences = swept.sequences.saturating_add(of_this_length);
    }
    Ok(swept)
}

#[derive(Default)]
struct Level {
    frontier: Vec<Path>,
    scenarios: u64,
    open: u64,
    disputes: Vec<Mismatch>,
}

/// All sequences that are one step longer than these.
fn level<'a>(
    field: &Field,
    paths: impl Iterator<Item = &'a Path>,
    seen: &Mutex<HashSet<Key>>,
    watch: &Watch,
) -> Result<Level, Error> {
    let mut level = Level::default();
    for path in paths {
        for (index, step) in field.vocabulary.iter().enumerate() {
            if !watch.goes_on() || level.disputes.len() >= MOST {
                return Ok(level);
            }
            let longer: Path = path.iter().copied().chain(u8::try_from(index)).collect();
            let mut scenario = field.start.clone();
            scenario.steps.extend(longer.iter().map(|at| field.vocabulary[usize::from(*at)].clone()));
            level.disputes.extend(play(&scenario)?);
            level.scenarios += 1;
            watch.count();
            let mut world = lead(field, path);
            level.open += u64::from(world.expect(step).outcome.is_none());
            let new = !world.is_unmodelled()
                && seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(key(&world));
            level.frontier.extend(new.then_some(longer));
        }
    }
    Ok(level)
}

/// The model's state after a sequence.
fn lead(field: &Field, path: &[u8]) -> World {
    let mut world = beginning(&field.start);
    let steps = path.iter().map(|at| &field.vocabulary[usize::from(*at)]);
    for step in field.start.steps.iter().chain(steps) {
        world.expect(step);
    }
    world
}

fn key(world: &World) -> Key {
    let hash = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, world).hash(&mut hasher);
        hasher.finish()
    };
    (hash(0), hash(1))
}
