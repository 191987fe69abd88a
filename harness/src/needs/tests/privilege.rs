//! Privileges that a caller has, or that one fact denies.

use rstest::rstest;

use super::hosts::{Change, one_id, process, root, set_caps, setuid_root, user, without_proc};
use crate::caps::{Cap, CapSet};
use crate::host::{Fact, Facts, FileCaps, Program};
use crate::needs::Need;

#[rstest]
#[case::ordinary(|facts: &mut Facts| facts.process = process(1000, CapSet::EMPTY), "euid is 1000")]
#[case::unshare_r(one_id, "the ids 0 to 65535 are not all mapped: uid_map is \"0 1000 1\"")]
#[case::no_proc(without_proc, "the ids 0 to 65535 are not all mapped: uid_map is \"unreadable: ENOENT\"")]
#[case::setgroups_denied(|facts: &mut Facts| facts.process.setgroups = Fact::Known("deny".into()), "/proc/self/setgroups is \"deny\"")]
#[case::dropped_capability(
    |facts: &mut Facts| set_caps(facts, |sets| sets.effective = sets.effective.without(Cap::Setgid)),
    "CAP_SETGID is missing: the effective set is all but CAP_SETGID"
)]
fn nobody_is_root_with(#[case] change: Change, #[case] reason: &str) {
    let mut facts = root();
    change(&mut facts);

    assert_eq!(Need::Root.unmet(&facts), Some(format!("needs root: {reason}")));
}

/// Root still counts as root without the capabilities that no need here uses.
#[test]
fn root_may_lack_capabilities() {
    let mut facts = root();
    set_caps(&mut facts, |sets| sets.effective = sets.effective.without(Cap::SysResource));

    assert_eq!(Need::Root.unmet(&facts), None);
    let unmet = Need::Capability(Cap::SysResource).unmet(&facts);
    let reason = "needs CAP_SYS_RESOURCE: the effective set is all but CAP_SYS_RESOURCE";
    assert_eq!(unmet.as_deref(), Some(reason));
}

#[rstest]
#[case::no_account(|facts: &mut Facts| facts.accounts.name = Fact::Absent, "the caller's uid has no passwd entry, which newuidmap asks for")]
#[case::no_line(|facts: &mut Facts| facts.accounts.subgid = Fact::Known(vec![]), "/etc/subgid has no line for alice")]
#[case::no_file(|facts: &mut Facts| facts.accounts.subuid = Fact::Absent, "/etc/subuid is absent")]
#[case::no_helper(|facts: &mut Facts| facts.lookups.program = |_| None, "newuidmap is not in the standard PATH")]
#[case::no_new_privs(|facts: &mut Facts| facts.process.no_new_privs = Fact::Known(true), "no_new_privs is set, so /usr/bin/newuidmap gains nothing")]
#[case::nosuid(
    |facts: &mut Facts| facts.lookups.program = |name| Some(Program { nosuid: true, ..setuid_root(name) }),
    "/usr/bin/newuidmap is on a file system mounted nosuid"
)]
#[case::plain_file(
    |facts: &mut Facts| facts.lookups.program = |name| Some(Program { setuid: false, mode: "0755".into(), ..setuid_root(name) }),
    "/usr/bin/newuidmap (mode 0755, owner 0) is not setuid root and has no file capabilities, such as CAP_SETUID"
)]
#[case::foreign_owner(
    |facts: &mut Facts| facts.lookups.program = |name| Some(Program { owner: 65534, ..setuid_root(name) }),
    "/usr/bin/newuidmap (mode 4755, owner 65534) is not setuid root and has no file capabilities, such as CAP_SETUID"
)]
#[case::unmapped(
    |facts: &mut Facts| facts.process.uid_map = Fact::Known("0 0 65536".into()),
    "the ids of alice in /etc/subuid are not mapped here: the map is \"0 0 65536\""
)]
#[case::bounding(
    |facts: &mut Facts| set_caps(facts, |sets| sets.bounding = sets.bounding.without(Cap::Setgid)),
    "/usr/bin/newgidmap cannot gain CAP_SETGID: the bounding set is all but CAP_SETGID"
)]
fn subids_are_withheld_by(#[case] change: Change, #[case] reason: &str) {
    let mut facts = user();
    change(&mut facts);

    assert_eq!(Need::Subids.unmet(&facts), Some(format!("needs subordinate ids: {reason}")));
}

/// Some distributions use file capabilities for newuidmap instead of the setuid bit.
#[test]
fn file_capabilities_serve_newuidmap_but_not_sudo() {
    let mut facts = user();
    facts.lookups.program = |name| {
        let permitted = CapSet::EMPTY.with(Cap::Setuid).with(Cap::Setgid);
        let caps = FileCaps { permitted, inheritable: CapSet::EMPTY, effective: true, root: None };
        Some(Program { setuid: false, capabilities: Fact::Known(caps), ..setuid_root(name) })
    };

    assert_eq!(Need::Subids.unmet(&facts), None);
    assert_eq!(Need::SetuidProgram("newuidmap").unmet(&facts), None);
    assert_eq!(Need::SetuidProgram("newgidmap").unmet(&facts), None);
    let sudo = Need::SetuidProgram("sudo").unmet(&facts);
    let reason = "needs the setuid program sudo: /usr/bin/sudo (mode 4755, owner 0) is not setuid root";
    assert_eq!(sudo.as_deref(), Some(reason));
}

/// Capabilities for the root of another namespace are not given, and the reason shows them.
#[test]
fn capabilities_of_another_root_do_not_count() {
    let mut facts = user();
    facts.lookups.program = |name| {
        let permitted = CapSet::EMPTY.with(Cap::Setuid);
        let caps = FileCaps { permitted, inheritable: CapSet::EMPTY, effective: true, root: Some(1000) };
        Some(Program {
            setuid: false,
            mode: "0755".into(),
            capabilities: Fact::Known(caps),
            ..setuid_root(name)
        })
    };

    let reason = "needs the setuid program newuidmap: /usr/bin/newuidmap (mode 0755, owner 0) is not setuid root \
                  and its file capabilities (CAP_SETUID, effective, for the root 1000) do not give it CAP_SETUID";
    assert_eq!(Need::SetuidProgram("newuidmap").unmet(&facts).as_deref(), Some(reason));
}
