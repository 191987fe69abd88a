//! Whether user namespaces can be used here, found out by using one: asked only where a fact names
//! a policy that may withhold them and cannot be read.

use crate::director::Play;
use crate::error::Error;
use crate::host::filter::refused_step;
use crate::host::{self, Creator, Facts, Lookups};
use harness_scenario::action::{Action, DENY, gid_map, setresuid, uid_map};
use harness_scenario::actors::Actor;
use harness_scenario::outcome::Outcome;
use harness_scenario::scenario::{Scenario, caller, ordinary};
use std::sync::OnceLock;

/// Creates a user namespace, maps the own ids and uses a capability that it gives.
///
/// # Errors
/// The refused step and its errno.
pub fn probe_userns(creator: Creator) -> Result<(), String> {
    static CALLER: OnceLock<Result<(), String>> = OnceLock::new();
    static ORDINARY: OnceLock<Result<(), String>> = OnceLock::new();
    let (kept, cast) = match creator {
        Creator::Caller => (&CALLER, caller as fn() -> Scenario),
        Creator::OrdinaryUser => (&ORDINARY, ordinary as fn() -> Scenario),
    };
    kept.get_or_init(|| played(&cast())).clone()
}

fn played(cast: &Scenario) -> Result<(), String> {
    // Each needs a capability in the namespace and no other id: CAP_SYS_CHROOT, CAP_SYS_ADMIN. One that a filter refuses
    // shows nothing.
    let capable = [Action::Chroot("/", "/".into()), Action::Unshare(libc::CLONE_NEWUTS)];
    let capable = capable.into_iter().find(|action| refused_step(Actor::Inside, action).is_none());
    let become_root = Some(setresuid(0)).filter(|action| refused_step(Actor::Inside, action).is_none());
    // A kernel without the file does not need "deny".
    let deny = if host::missing().setgroups { &[][..] } else { &[DENY] };
    let maps = [uid_map("0 own 1"), gid_map("0 own 1")];
    let steps: Vec<Action> = deny.iter().cloned().chain(maps).chain(become_root).chain(capable).collect();
    let trace = cast.clone().inside(&steps).try_play().map_err(|error| match error {
        Error::Namespace { errno, .. } => format!("unshare(CLONE_NEWUSER): {errno:?}"),
        other => other.to_string(),
    })?;
    for ((step, outcome), shown) in trace.steps().zip(trace.outcomes_shown()) {
        if *outcome != Outcome::Done {
            return Err(format!("{}: {shown}", harness_scenario::show::action(step.actor, &step.action)));
        }
    }
    Ok(())
}

/// The facts of this process, gathered when first asked for, with everything that can be looked up besides. A
/// process that changes its credentials afterwards is not described by them.
pub fn facts() -> &'static Facts {
    static FACTS: OnceLock<Facts> = OnceLock::new();
    FACTS.get_or_init(|| Facts::of_this_process(lookups()))
}

/// Where this host is asked for what [`Facts`] do not hold.
pub fn lookups() -> Lookups {
    Lookups::with_probe(probe_userns)
}
