//! The needs that follow from a single step, and that facts decide.

use crate::host::Facts;
use crate::host::filter::refused_step;
use crate::needs::Need;
use crate::show;
use harness_scenario::action::{Action, IdFile};
use harness_scenario::scenario::{Scenario, Step};

/// The first step that this host cannot play, with the reason; `None` if there is none.
pub(super) fn unmet(scenario: &Scenario, facts: &Facts) -> Option<String> {
    scenario.steps.iter().find_map(|step| {
        let reason = of_step(step, facts)?;
        Some(format!("{reason} ({}: {})", step.actor, show::action(step.actor, &step.action)))
    })
}

fn of_step(step: &Step, facts: &Facts) -> Option<String> {
    let filtered = || Some(format!("needs a system call: {}", refused_step(step.actor, &step.action)?));
    project_ids(&step.action, facts).or_else(filtered)
}

/// A map of project ids is written in terms of the caller's own.
fn project_ids(action: &Action, facts: &Facts) -> Option<String> {
    let writes = match action {
        Action::Write { file, .. } | Action::Open { file, .. } | Action::WriteHeld { file, .. } => {
            *file == IdFile::ProjidMap
        }
        _ => false,
    };
    if writes { Need::ProjectIds.unmet(facts) } else { None }
}

/// Whether a part of /proc that a scenario may use is read-only or hidden.
pub(super) fn proc_is_restricted(_facts: &Facts) -> bool {
    false
}
