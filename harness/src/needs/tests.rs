//! Needs on hosts that do not exist: each differs in one fact from one where everything runs.

use std::collections::BTreeMap;

use rstest::rstest;

use super::*;
use crate::caps::CapSet;
use crate::host::{
    Accounts, CapSets, Chroot, FileCaps, Ids, Lookups, Policy, Process, Program, Seccomp, SubidRange, System,
};

const FULL_MAP: &str = "0 0 4294967295";

/// A change that makes a host hostile.
type Change = fn(&mut Facts);

/// An ordinary user of a distribution that allows user namespaces.
fn user() -> Facts {
    let ranges = vec![SubidRange { owner: "alice".into(), first: 100_000, count: 65536 }];
    Facts {
        system: System {
            kernel_release: "6.12.0-1-amd64".into(),
            kernel_version: "#1 SMP".into(),
            architecture: "x86_64".into(),
            distribution: Fact::Absent,
            surroundings: vec![],
        },
        proc_state: ProcState::Writable { hidepid: Fact::Known("0".into()) },
        policy: policy(),
        process: process(1000, CapSet::EMPTY),
        accounts: Accounts {
            name: Fact::Known("alice".into()),
            subuid: Fact::Known(ranges.clone()),
            subgid: Fact::Known(ranges),
        },
        programs: BTreeMap::new(),
        lookups: Lookups {
            program: |name| Some(setuid_root(name)),
            config: |_| Fact::Known("y".into()),
            trial: |_| panic!("no fact names anybody who may withhold user namespaces"),
        },
    }
}

/// Root of the same host.
fn root() -> Facts {
    Facts { process: process(0, CapSet::up_to(40)), ..user() }
}

fn policy() -> Policy {
    Policy {
        security_modules: Fact::Known("capability,apparmor".into()),
        confinement: Fact::Known("unconfined".into()),
        apparmor: Fact::Known(true),
        apparmor_restrict_unprivileged_userns: Fact::Absent,
        apparmor_restrict_unprivileged_unconfined: Fact::Absent,
        selinux_enforcing: Fact::Absent,
        unprivileged_userns_clone: Fact::Absent,
        max_user_namespaces: Fact::Known(63000),
        overflowuid: Fact::Known(65534),
        overflowgid: Fact::Known(65534),
        cap_last_cap: Fact::Known(40),
    }
}

fn process(id: u32, effective: CapSet) -> Process {
    let ids = Ids { real: id, effective: id, saved: id, fs: id };
    Process {
        uids: Fact::Known(ids),
        gids: Fact::Known(ids),
        groups: Fact::Known(vec![]),
        capabilities: Fact::Known(CapSets {
            inheritable: CapSet::EMPTY,
            permitted: effective,
            effective,
            bounding: CapSet::up_to(40),
            ambient: CapSet::EMPTY,
        }),
        no_new_privs: Fact::Known(false),
        seccomp: Fact::Known(Seccomp::Off),
        uid_map: Fact::Known(FULL_MAP.into()),
        gid_map: Fact::Known(FULL_MAP.into()),
        setgroups: Fact::Known("allow".into()),
        in_initial_userns: Fact::Known(true),
        chroot: Chroot::No,
    }
}

fn setuid_root(name: &str) -> Program {
    Program {
        path: format!("/usr/bin/{name}").into(),
        mode: "4755".into(),
        setuid: true,
        setgid: false,
        owner: 0,
        capabilities: Fact::Absent,
        nosuid: false,
    }
}

fn set_caps(facts: &mut Facts, change: fn(&mut CapSets)) {
    if let Fact::Known(sets) = &mut facts.process.capabilities {
        change(sets);
    }
}

fn without_proc(facts: &mut Facts) {
    facts.proc_state = ProcState::Missing("ENOENT".into());
    let missing = || Fact::Unreadable("ENOENT".to_owned());
    (facts.process.uid_map, facts.process.gid_map) = (missing(), missing());
    facts.process.setgroups = missing();
    facts.process.seccomp = Fact::Unreadable("ENOENT".into());
    facts.process.in_initial_userns = Fact::Unreadable("ENOENT".into());
    facts.policy.max_user_namespaces = Fact::Unreadable("ENOENT".into());
}

/// Inside `unshare --map-root-user`, all capabilities included.
fn one_id(facts: &mut Facts) {
    facts.process = process(0, CapSet::up_to(40));
    facts.process.uid_map = Fact::Known("0 1000 1".into());
    facts.process.gid_map = Fact::Known("0 1000 1".into());
    facts.process.setgroups = Fact::Known("deny".into());
    facts.process.in_initial_userns = Fact::Known(false);
    facts.lookups.trial = |_| Ok(());
}

fn seccomp_refuses(facts: &mut Facts) {
    facts.process.seccomp = Fact::Known(Seccomp::Filter);
    facts.lookups.trial = |_| Err("unshare: EPERM".into());
}

#[rstest]
#[case::ordinary_user(user(), Need::OrdinaryUser)]
#[case::unprivileged_userns(user(), Need::UnprivilegedUserns)]
#[case::userns(user(), Need::Userns)]
#[case::subids(user(), Need::Subids)]
#[case::proc(user(), Need::Proc)]
#[case::visible_processes(user(), Need::VisibleProcesses)]
#[case::program(user(), Need::Program("sudo"))]
#[case::setuid_program(user(), Need::SetuidProgram("sudo"))]
#[case::config(user(), Need::Config("CONFIG_SQUASHFS"))]
#[case::kernel(user(), Need::Kernel { major: 6, minor: 12, why: "itself" })]
#[case::initial_userns(user(), Need::InitialUserns)]
#[case::root(root(), Need::Root)]
#[case::root_becomes_a_user(root(), Need::UnprivilegedUserns)]
#[case::root_has_capabilities(root(), Need::Capability(Cap::Setfcap))]
fn a_friendly_host_meets(#[case] facts: Facts, #[case] need: Need) {
    assert_eq!(need.unmet(&facts), None);
}

const UNPRIVILEGED: &str = "needs unprivileged user namespaces: ";

#[rstest]
#[case::no_namespaces_left(|facts| facts.policy.max_user_namespaces = Fact::Known(0), "user.max_user_namespaces is 0")]
#[case::no_proc(without_proc, "no procfs is mounted at /proc (ENOENT)")]
#[case::read_only_proc(|facts| facts.proc_state = ProcState::ReadOnly, "/proc is mounted read-only")]
#[case::debian_sysctl(|facts| facts.policy.unprivileged_userns_clone = Fact::Known(0), "kernel.unprivileged_userns_clone is 0")]
#[case::ubuntu_sysctl(
    |facts| facts.policy.apparmor_restrict_unprivileged_userns = Fact::Known(1),
    "kernel.apparmor_restrict_unprivileged_userns is 1 and no AppArmor profile allows it to this process"
)]
#[case::chroot(|facts| facts.process.chroot = Chroot::Yes("/ is not the root of a mount".into()), "the caller is in a chroot (/ is not the root of a mount)")]
#[case::seccomp(seccomp_refuses, "unshare: EPERM; a seccomp filter is active")]
#[case::single_id(
    one_id,
    "the caller is uid 0 and cannot become one: the ids 0 to 65535 are not all mapped: uid_map is \"0 1000 1\""
)]
fn unprivileged_namespaces_are_withheld_by(#[case] change: Change, #[case] reason: &str) {
    for mut facts in [user(), root()] {
        change(&mut facts);

        let unmet = Need::UnprivilegedUserns.unmet(&facts);

        assert_eq!(unmet, Some(format!("{UNPRIVILEGED}{reason}")));
    }
}

#[rstest]
#[case::seccomp(|facts| facts.process.seccomp = Fact::Known(Seccomp::Filter), "a seccomp filter is active")]
#[case::profile(
    |facts| facts.policy.confinement = Fact::Known("docker-default (enforce)".into()),
    "AppArmor confines the process by docker-default (enforce)"
)]
#[case::selinux(
    |facts| {
        facts.policy.selinux_enforcing = Fact::Known(true);
        facts.policy.confinement = Fact::Known("u:r:t:s0".into());
    },
    "SELinux is enforcing, with the context u:r:t:s0"
)]
#[case::nested(
    |facts| facts.process.in_initial_userns = Fact::Known(false),
    "the limits of the user namespaces above this one are invisible"
)]
#[case::ubuntu_profile(
    |facts| {
        facts.policy.apparmor_restrict_unprivileged_userns = Fact::Known(1);
        facts.policy.confinement = Fact::Known("browser (unconfined)".into());
    },
    "AppArmor confines the process by browser (unconfined)"
)]
fn a_trial_decides_only_for(#[case] change: Change, #[case] doubt: &str) {
    let mut facts = user();
    change(&mut facts);

    facts.lookups.trial = |_| Ok(());
    assert_eq!(Need::UnprivilegedUserns.unmet(&facts), None);

    facts.lookups.trial = |_| Err("unshare: EPERM".into());
    let unmet = Need::UnprivilegedUserns.unmet(&facts);
    assert_eq!(unmet, Some(format!("{UNPRIVILEGED}unshare: EPERM; {doubt}")));
}

/// What one cannot have for oneself, root may still have.
#[rstest]
#[case::debian_sysctl(|facts| facts.policy.unprivileged_userns_clone = Fact::Known(0))]
#[case::ubuntu_sysctl(|facts| facts.policy.apparmor_restrict_unprivileged_userns = Fact::Known(1))]
fn root_is_exempt_from(#[case] change: Change) {
    let mut facts = root();
    change(&mut facts);

    assert_eq!(Need::Userns.unmet(&facts), None);
    assert!(Need::UnprivilegedUserns.unmet(&facts).is_some());
}

#[rstest]
#[case::limit(|facts| facts.policy.max_user_namespaces = Fact::Known(0), "needs user namespaces: user.max_user_namespaces is 0")]
#[case::chroot(|facts| facts.process.chroot = Chroot::Yes("x".into()), "needs user namespaces: the caller is in a chroot (x)")]
#[case::seccomp(seccomp_refuses, "needs user namespaces: unshare: EPERM; a seccomp filter is active")]
#[case::unmapped(
    |facts| facts.process.uid_map = Fact::Known("1000 1000 1".into()),
    "needs user namespaces: the effective uid 0 has no mapping: uid_map is \"1000 1000 1\""
)]
fn root_is_not_exempt_from(#[case] change: Change, #[case] reason: &str) {
    let mut facts = root();
    change(&mut facts);

    assert_eq!(Need::Userns.unmet(&facts).as_deref(), Some(reason));
}

#[rstest]
#[case::ordinary(|facts| facts.process = process(1000, CapSet::EMPTY), "euid is 1000")]
#[case::unshare_r(one_id, "the ids 0 to 65535 are not all mapped: uid_map is \"0 1000 1\"")]
#[case::no_proc(without_proc, "the ids 0 to 65535 are not all mapped: uid_map is \"unreadable: ENOENT\"")]
#[case::setgroups_denied(|facts| facts.process.setgroups = Fact::Known("deny".into()), "/proc/self/setgroups is \"deny\"")]
#[case::dropped_capability(
    |facts| set_caps(facts, |sets| sets.effective = sets.effective.without(Cap::Setgid)),
    "CAP_SETGID is missing: the effective set is all but CAP_SETGID"
)]
fn nobody_is_root_with(#[case] change: Change, #[case] reason: &str) {
    let mut facts = root();
    change(&mut facts);

    assert_eq!(Need::Root.unmet(&facts), Some(format!("needs root: {reason}")));
}

/// Root stays root without the capabilities that nothing here is about.
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
#[case::no_account(|facts| facts.accounts.name = Fact::Absent, "the caller's uid has no passwd entry, which newuidmap asks for")]
#[case::no_line(|facts| facts.accounts.subgid = Fact::Known(vec![]), "/etc/subgid has no line for alice")]
#[case::no_file(|facts| facts.accounts.subuid = Fact::Absent, "/etc/subuid is absent")]
#[case::no_helper(|facts| facts.lookups.program = |_| None, "newuidmap is not in PATH")]
#[case::no_new_privs(|facts| facts.process.no_new_privs = Fact::Known(true), "no_new_privs is set, so /usr/bin/newuidmap gains nothing")]
#[case::nosuid(
    |facts| facts.lookups.program = |name| Some(Program { nosuid: true, ..setuid_root(name) }),
    "/usr/bin/newuidmap is on a file system mounted nosuid"
)]
#[case::plain_file(
    |facts| facts.lookups.program = |name| Some(Program { setuid: false, mode: "0755".into(), ..setuid_root(name) }),
    "/usr/bin/newuidmap (mode 0755, owner 0) is not setuid root and has no file capabilities for it"
)]
#[case::foreign_owner(
    |facts| facts.lookups.program = |name| Some(Program { owner: 65534, ..setuid_root(name) }),
    "/usr/bin/newuidmap (mode 4755, owner 65534) is not setuid root and has no file capabilities for it"
)]
#[case::unmapped(
    |facts| facts.process.uid_map = Fact::Known("0 0 65536".into()),
    "the ids of alice in /etc/subuid are not mapped here: the map is \"0 0 65536\""
)]
#[case::bounding(
    |facts| set_caps(facts, |sets| sets.bounding = sets.bounding.without(Cap::Setgid)),
    "/usr/bin/newgidmap cannot gain CAP_SETGID: the bounding set is all but CAP_SETGID"
)]
fn subids_are_withheld_by(#[case] change: Change, #[case] reason: &str) {
    let mut facts = user();
    change(&mut facts);

    assert_eq!(Need::Subids.unmet(&facts), Some(format!("needs subordinate ids: {reason}")));
}

/// Some distributions give newuidmap file capabilities instead of the setuid bit.
#[test]
fn file_capabilities_serve_newuidmap_but_not_sudo() {
    let mut facts = user();
    facts.lookups.program = |name| {
        let permitted = CapSet::EMPTY.with(Cap::Setuid).with(Cap::Setgid);
        let caps = FileCaps { permitted, inheritable: CapSet::EMPTY, effective: true, root: None };
        Some(Program { setuid: false, capabilities: Fact::Known(caps), ..setuid_root(name) })
    };

    assert_eq!(Need::Subids.unmet(&facts), None);
    assert!(Need::SetuidProgram("sudo").unmet(&facts).is_some());
}

#[rstest]
#[case::program(|facts| facts.lookups.program = |_| None, Need::Program("newuidmap"), "needs the program newuidmap: not in PATH")]
#[case::sudo(|facts| facts.process.no_new_privs = Fact::Known(true), Need::SetuidProgram("sudo"), "needs the setuid program sudo: no_new_privs is set, so /usr/bin/sudo gains nothing")]
#[case::option(|facts| facts.lookups.config = |_| Fact::Absent, Need::Config("CONFIG_SMACK"), "needs CONFIG_SMACK: the kernel was built without it")]
#[case::kernel(
    |facts| facts.system.kernel_release = "5.4.0".into(),
    Need::Kernel { major: 5, minor: 8, why: "setns with a pidfd" },
    "needs Linux 5.8 (setns with a pidfd): the kernel is 5.4.0"
)]
#[case::hidepid(
    |facts| facts.proc_state = ProcState::Writable { hidepid: Fact::Known("2".into()) },
    Need::VisibleProcesses,
    "needs a /proc that shows all processes: /proc is mounted with hidepid=2"
)]
#[case::privileged_user(
    |facts| facts.process = process(1000, CapSet::EMPTY.with(Cap::Setgid)),
    Need::OrdinaryUser,
    "needs an ordinary user: the caller, uid 1000, has CAP_SETGID"
)]
#[case::nested(one_id, Need::InitialUserns, "needs the initial user namespace: uid_map is \"0 1000 1\"")]
fn a_reason_names_the_fact(#[case] change: Change, #[case] need: Need, #[case] reason: &str) {
    let mut facts = user();
    change(&mut facts);

    assert_eq!(need.unmet(&facts).as_deref(), Some(reason));
}
