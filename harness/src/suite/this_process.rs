//! What the suite does to its own process before it reads any facts, and what no test can do without.

use crate::host::ProcState;
use crate::{facts, host};
use harness_scenario::exploration::{EXPLORATION, Exploration};
use std::sync::OnceLock;

/// The variable that chooses how the processes of scenarios are made: "cheap" (the default), "forked", or "both", which
/// plays a scenario in both ways and compares the traces.
pub const ACTORS: &str = "USERNS_SUITE_ACTORS";

/// What [`explore`] chose.
static CHOSEN: OnceLock<Exploration> = OnceLock::new();

/// How much of the generated scenarios is to be played: what [`explore`] chose, or else the word of [`EXPLORATION`]. A word
/// that there is not is told when the suite starts.
pub fn exploration() -> Exploration {
    CHOSEN.get().copied().unwrap_or_else(|| named_exploration().unwrap_or_default())
}

/// Chooses how much of the generated scenarios is played, whatever [`EXPLORATION`] says. The first choice counts.
pub fn explore(choice: Exploration) {
    let _ = CHOSEN.set(choice);
}

fn named_exploration() -> Result<Exploration, String> {
    match std::env::var_os(EXPLORATION).filter(|word| !word.is_empty()) {
        None => Ok(Exploration::Full),
        Some(word) => word.to_string_lossy().parse().map_err(|error| format!("{EXPLORATION}: {error}")),
    }
}

/// Chooses how processes are made by [`ACTORS`].
///
/// # Errors
/// A sentence with the words that there are.
pub fn choose_actors() -> Result<(), String> {
    let Some(word) = std::env::var_os(ACTORS).filter(|word| !word.is_empty()) else { return Ok(()) };
    let choice = word.to_string_lossy().parse().map_err(|error| format!("{ACTORS}: {error}"))?;
    harness_play::choose_actors(choice).map_err(|made| format!("{ACTORS}: processes are already {made:?}"))
}

/// Undoes what a parent may have left to this process: a directory that was removed, real ids of another user, ignored signals, ambient and inheritable capabilities, soft limits
/// below the hard ones. Root of a container that lacks ids becomes a user. None of it takes a privilege.
///
/// # Errors
/// A sentence about the capabilities, which prctl(2) or capset(2) did not give up, or about a variable with a word that there
/// is not. Where a filter refuses these calls the caller keeps its capabilities, and each test is judged with them.
pub(super) fn settle() -> Result<(), String> {
    harness_play::leave_page_zero();
    harness_play::reset_signals();
    harness_play::keep_effective_ids();
    harness_play::become_dumpable();
    // Programs that start in a directory that was removed complain.
    if std::env::current_dir().is_err() {
        let _ = std::env::set_current_dir("/");
    }
    // Where this is refused, root stays what it is, and each test names what it lacks.
    let _ = harness_play::leave_a_small_container();
    if let Err(error) = harness_play::shed_privileges()
        && !filter_keeps_capabilities()
    {
        return Err(format!("cannot give up inheritable and ambient capabilities: {error}"));
    }
    host::raise_soft_limits();
    named_exploration()?;
    choose_actors()
}

/// Whether a filter refuses the calls that give up capabilities.
fn filter_keeps_capabilities() -> bool {
    let calls = [libc::SYS_capget, libc::SYS_capset, libc::SYS_prctl];
    let ambient = u64::from(libc::PR_CAP_AMBIENT.cast_unsigned());
    calls.into_iter().any(|number| host::filter::refused_call(number, &[ambient]).is_some())
}

/// What no test can do without, looked up once: the system calls that every scenario makes, resource limits that leave room
/// for its processes, and a /proc that does not take other processes for them.
pub(super) fn can_run_anything() -> Result<(), String> {
    static FOUND: OnceLock<Option<String>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let refused = host::filter::harness_calls().map(|reason| format!("needs a system call: {reason}"));
        let refused =
            refused.or_else(|| foreign_proc().map(|why| format!("needs a /proc of its own: {why}")));
        refused.or_else(|| facts().too_small_limits().map(|limit| format!("needs larger limits: {limit}")))
    });
    found.clone().map_or(Ok(()), Err)
}

/// Why a file of a process in /proc would be that of another one, if it would.
fn foreign_proc() -> Option<String> {
    let state = &facts().proc_state;
    matches!(state, ProcState::OfOthers { .. }).then(|| format!("/proc is {state}"))
}
