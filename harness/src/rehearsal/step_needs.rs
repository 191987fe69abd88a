//! The needs that follow from a single step, and that facts decide.

use crate::host::Facts;
use crate::needs::Need;
use crate::show;
use harness_scenario::action::{Action, IdFile};
use harness_scenario::scenario::{Scenario, Step};

/// The first step that this host cannot play, with the reason; `None` if there is none.
pub(super) fn unmet(scenario: &Scenario, facts: &Facts) -> Option<String> {
    scenario.steps.iter().find_map(|step| of_step(step, facts))
}

fn of_step(step: &Step, facts: &Facts) -> Option<String> {
    let need = match &step.action {
        Action::Write { file: IdFile::ProjidMap, .. }
        | Action::Open { file: IdFile::ProjidMap, .. }
        | Action::WriteHeld { file: IdFile::ProjidMap, .. } => Need::ProjectIds,
        _ => return None,
    };
    let reason = need.unmet(facts)?;
    let action = show::action(step.actor, &step.action);
    Some(format!("{reason} ({}: {action})", step.actor))
}

/// Whether a part of /proc that a scenario may use is read-only or hidden.
pub(super) fn proc_is_restricted(_facts: &Facts) -> bool {
    false
}
