//! The model: predicts the trace of a scenario from the rules of user namespaces, in plain Rust and without a system
//! call.
//!
//! The model is the second opinion beside the reviewed snapshots, and the only one for scenarios that are drawn at
//! random. It is meant to be read as documentation: each function is one system call or one file, says from which
//! manual page and which function of the kernel its rules come, and names the rule by which it refuses. What
//! differs between kernels is decided by the [table of changes](crate::changes) alone.
//!
//! | where | what |
//! |---|---|
//! | `model/world.rs`, `map.rs`, `credentials.rs` | what there is: namespaces, maps, processes, open files, capabilities |
//! | `model/creating.rs` | unshare, clone, setns, prctl |
//! | `model/proc_files.rs` | who may open the files in /proc, and what they say |
//! | `model/writing.rs`, `text.rs` | writing a map or "deny" |
//! | `model/groups.rs`, `ids.rs` | setgroups and getgroups, setuid and its kin |
//! | `model/changes.rs` | the changes between releases on which the model depends |
//! | `model/start.rs`, `step.rs` | what a scenario begins with; a step of it, taken apart into those |
//! | `model/raw.rs`, `sockets.rs`, `observe.rs` | raw calls, credentials on sockets, what processes are in the end |
//! | `model/preconditions.rs` | which steps can be played at all |
//! | `model/compare.rs` | where a kernel and the model disagree |
//! | `model/difference.rs`, `wants.rs` | where a scenario goes another way for one caller than for another |
//!
//! It knows the initial namespace and those below it; a caller in a container is beyond it, since what lies
//! above cannot be read there. A step that it does not know it leaves open: either nothing is predicted for it, or,
//! where it may have changed anything, for nothing that follows.

mod asked;
mod changes;
mod compare;
mod creating;
mod credentials;
mod difference;
mod groups;
mod ids;
mod map;
mod observe;
mod preconditions;
mod proc_files;
mod raw;
mod sockets;
mod start;
mod step;
mod text;
mod wants;
mod world;
mod writing;

pub use compare::{Disagreement, Side, about, described, disagreements};
pub use difference::{Difference, difference};

use crate::changes::Release;
use crate::rules::Rule;
use changes::Changes;
use harness_scenario::action::IdFile;
use harness_scenario::actors::Actor;
use harness_scenario::ids::Names;
use harness_scenario::missing::MissingFeatures;
use harness_scenario::outcome::Outcome;
use harness_scenario::prediction::{Expected, Prediction};
use harness_scenario::scenario::Scenario;
use harness_scenario::start::Start;
use map::Kid;
use nix::errno::Errno;
use world::{Namespaces, NsId, OpenFile, Process};

/// Why a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The errno.
    errno: Errno,
    /// The rule, if the catalogue has one.
    rule: Option<&'static Rule>,
    /// The call of the step that fails. Empty for the call that gives the step its name.
    call: &'static str,
}

impl Refusal {
    const fn by(errno: Errno, rule: &'static Rule) -> Self {
        Self { errno, rule: Some(rule), call: "" }
    }

    const fn without_rule(errno: Errno) -> Self {
        Self { errno, rule: None, call: "" }
    }
}

/// Success without a value, or the refusal.
type Checked = Result<(), Refusal>;

fn refuse(errno: Errno) -> Checked {
    Err(Refusal::without_rule(errno))
}

fn refuse_by(errno: Errno, rule: &'static Rule) -> Checked {
    Err(Refusal::by(errno, rule))
}

/// What the model predicts for a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// The step has this outcome, by this rule.
    Is(Outcome, Option<&'static Rule>),
    /// The outcome is not known, but nothing changes.
    Unknown,
    /// Neither the outcome is known nor what it changes.
    Unmodelled,
}

impl From<Refusal> for Reply {
    fn from(Refusal { errno, rule, call }: Refusal) -> Self {
        Reply::Is(Outcome::Failed { call, errno }, rule)
    }
}

impl From<Checked> for Reply {
    fn from(ruled: Checked) -> Self {
        ruled.map_or_else(Reply::from, |()| done())
    }
}

fn done() -> Reply {
    Reply::Is(Outcome::Done, None)
}

/// Namespaces, processes and open files in the middle of a scenario: the model's whole state. Equal worlds have equal
/// futures.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct World {
    changes: Changes,
    names: Names,
    page: u64,
    missing: MissingFeatures,
    /// The credentials with which the processes outside start.
    origin: start::Origin,
    namespaces: Namespaces,
    files: Vec<OpenFile>,
    sockets: Vec<[sockets::End; 2]>,
    processes: Vec<(Actor, Process)>,
    /// Whether a step happened that the model does not know.
    unmodelled: bool,
}

impl World {
    /// The id as a namespace shows it: the mapped id, or the overflow id.
    /// Source: user_namespaces(7), "Unmapped user and group IDs"; kernel from_kuid_munged().
    fn shown(&self, ns: NsId, file: IdFile, id: Kid) -> u32 {
        self.namespaces.map(ns, file).up(id).unwrap_or(self.names.overflow(file))
    }
}

/// Whether the model applies to a host.
///
/// # Errors
/// Why it does not, as a sentence.
pub fn applies(start: &Start) -> Result<(), &'static str> {
    if !start.in_initial_userns {
        return Err(
            "the model knows the initial user namespace and those below it, and the caller is in another",
        );
    }
    if start.release.is_none() {
        return Err("the model asks for the release of the kernel, and uname(2) does not report it");
    }
    Ok(())
}

/// Whether the model decides every answer that it knows. The release of some distributions' kernels does not show which
/// changes they have; what these change is left open.
///
/// # Errors
/// Why it does not, as a sentence.
pub fn decides(start: &Start) -> Result<(), &'static str> {
    applies(start)?;
    match Changes::possible(start.release.unwrap_or(Release::NEWEST)).len() {
        1 => Ok(()),
        _ => Err("the model asks which changes the kernel has, and its release does not show it"),
    }
}

/// What should come of a scenario on a host; `None` where the model does not [apply](applies). What depends on a change that
/// the kernel may have or not is left open.
pub fn predict(scenario: &Scenario, start: &Start) -> Option<Prediction> {
    applies(start).ok()?;
    let possible = Changes::possible(start.release.unwrap_or(Release::NEWEST));
    possible.into_iter().map(|changes| predicted(scenario, start, changes)).reduce(common)
}

fn predicted(scenario: &Scenario, start: &Start, changes: Changes) -> Prediction {
    let mut world = World { changes, ..World::new(&scenario.run_as, start) };
    let steps = scenario.steps.iter().map(|step| world.expect(step)).collect();
    Prediction { steps, states: world.states(), names: start.names(&scenario.run_as) }
}

/// What two predictions agree on.
fn common(one: Prediction, other: Prediction) -> Prediction {
    let step = |(one, other): (Expected, Expected)| if one == other { one } else { Expected::default() };
    let steps = one.steps.into_iter().zip(other.steps).map(step).collect();
    let states = one.states.into_iter().filter(|state| other.states.contains(state)).collect();
    Prediction { steps, states, names: one.names }
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness_scenario::action::{DENY, gid_map, uid_map};
    use harness_scenario::caller::Caller;
    use harness_scenario::ids::{CapSets, FsId, Ids};
    use harness_scenario::scenario::{Scenario, caller};

    const NEW: Release = Release::of(7, 3, 0);

    /// A host on which a process with these ids has scenarios played.
    fn host(id: u32, release: Release) -> Start {
        let ids = Ids { real: id, effective: id, saved: id, fs: FsId::Known(id) };
        let caps = CapSets::default();
        Start {
            caller: Caller { uid: ids, gid: ids, groups: Vec::new(), caps, ..Caller::default() },
            in_initial_userns: true,
            overflow: [65_534; 2],
            last_cap: 40,
            page: 4096,
            release: Some(release),
            missing: MissingFeatures::default(),
        }
    }

    fn last(scenario: &Scenario, start: &Start) -> (Option<Outcome>, Option<&'static str>) {
        let prediction = predict(scenario, start).expect("the model applies");
        let last = prediction.steps.last().expect("a step").clone();
        (last.outcome, last.rule)
    }

    #[test]
    fn a_refusal_names_its_rule() {
        let start = host(1000, NEW);
        let refused = last(&caller().inside(&[gid_map("0 own 1")]), &start);
        let allowed = last(&caller().inside(&[DENY, gid_map("0 own 1")]), &start);

        let eperm = Outcome::Failed { call: "", errno: Errno::EPERM };
        assert_eq!(refused, (Some(eperm), Some("allow.own-gid-needs-deny")));
        assert_eq!(allowed, (Some(Outcome::Done), None));
    }

    #[test]
    fn the_release_decides_where_kernels_differ() {
        let scenario = caller().inside(&[uid_map("0 own 18446744073709551617")]);
        let old = Release::of(7, 1, 0);

        assert_eq!(last(&scenario, &host(1000, old)), (Some(Outcome::Done), None));
        assert_ne!(last(&scenario, &host(1000, NEW)).0, Some(Outcome::Done));
    }

    /// What a change alters is open on a kernel that may have the change; everything else is predicted.
    #[test]
    fn an_unknown_release_leaves_open_what_differs() {
        let long = caller().inside(&[uid_map("0 own 18446744073709551617")]);
        let plain = caller().inside(&[DENY, gid_map("0 own 1")]);
        let red_hat = host(1000, Release::told("5.14.0-427.el9.x86_64", "#1 SMP", None));

        assert_eq!(last(&long, &red_hat), (None, None));
        assert_eq!(last(&plain, &red_hat), (Some(Outcome::Done), None));
        let error = decides(&red_hat).expect_err("a vendor's kernel");
        assert!(error.contains("release"), "{error}");
        assert_eq!(decides(&host(1000, NEW)), Ok(()));
    }

    #[test]
    fn a_host_that_the_model_does_not_know_is_left_alone_with_a_reason() {
        let known = host(1000, NEW);
        for (start, reason) in [
            (Start { in_initial_userns: false, ..known.clone() }, "the caller is in another"),
            (Start { release: None, ..known }, "uname(2) does not report"),
        ] {
            let error = applies(&start).expect_err("not known");
            assert!(error.contains(reason), "{error}");
            assert_eq!(predict(&caller().inside(&[DENY]), &start), None);
        }
    }
}
