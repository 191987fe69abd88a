//! What a skip shows about the host, for `cargo ci`: nothing, or a program that can be installed.

use crate::host::{Fact, Facts};
use crate::needs::Need;

/// Whether every host skips a test with these needs for this caller: the test needs something to be missing, or needs
/// root, and the caller is another user. Such a skip says nothing of the host.
pub(super) fn everywhere(needs: &[Need], facts: &Facts) -> bool {
    let of_root = |need: &Need| matches!(need, Need::Root | Need::Capability(_));
    let is_root = matches!(facts.process.uids.map(|ids| ids.effective), Fact::Known(0));
    let apart = |need: &&Need| need.is_a_lack() || (of_root(need) && !is_root);
    needs.iter().filter(apart).any(|need| need.unmet(facts).is_some())
}

/// The programs whose absence alone keeps a test with these needs from running; empty where something else does, too.
pub(super) fn missing_programs(needs: &[Need], facts: &Facts) -> Vec<String> {
    let unmet = needs.iter().filter(|need| need.unmet(facts).is_some());
    let programs: Option<Vec<Vec<String>>> = unmet.map(|need| programs(need, facts)).collect();
    let mut programs = programs.unwrap_or_default().concat();
    programs.sort_unstable();
    programs.dedup();
    programs
}

/// The missing programs of one unmet need; `None` where it lacks something else.
fn programs(need: &Need, facts: &Facts) -> Option<Vec<String>> {
    let wanted = match need {
        Need::Program(name) | Need::SetuidProgram(name) => vec![*name],
        Need::Subids if facts.accounts.name.known().is_some() => vec!["newuidmap", "newgidmap"],
        _ => return None,
    };
    let missing = wanted.into_iter().filter(|name| (facts.lookups.program)(name).is_none());
    let missing: Vec<String> = missing.map(str::to_owned).collect();
    (!missing.is_empty()).then_some(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts;

    /// This host, without a program and with this effective uid.
    fn host(euid: u32) -> Facts {
        let mut facts = facts().clone();
        facts.lookups.program = |_| None;
        facts.process.uids = facts.process.uids.map(|ids| crate::host::Ids { effective: euid, ..*ids });
        facts
    }

    #[test]
    fn a_test_for_another_caller_or_another_kernel_is_skipped_everywhere() {
        assert!(everywhere(&[Need::Root], &host(1000)));
        assert!(everywhere(&[Need::Program("sudo"), Need::Root], &host(1000)));
        assert!(!everywhere(&[Need::Program("sudo")], &host(1000)));
        assert!(everywhere(&[Need::NoConfig("CONFIG_USER_NS")], &host(0)));
        assert!(!everywhere(&[Need::Program("sudo"), Need::File("/nowhere")], &host(0)));
    }

    #[test]
    fn programs_are_named_where_nothing_else_is_missing() {
        let missing = |needs: &[Need]| missing_programs(needs, &host(0));

        assert_eq!(missing(&[Need::SetuidProgram("sudo"), Need::Program("id")]), ["id", "sudo"]);
        assert!(missing(&[Need::Program("sudo"), Need::File("/nowhere")]).is_empty());
        assert!(missing(&[]).is_empty());
    }
}
