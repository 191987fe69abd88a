//! Needs on invented hosts. Each host differs in one fact from a host on which everything runs.

mod hosts;
mod privilege;
mod userns;

use hosts::{Change, one_id, process, root, user};
use rstest::rstest;

use super::*;
use crate::caps::CapSet;

#[rstest]
#[case::ordinary_user(user(), Need::OrdinaryUser)]
#[case::unprivileged_userns(user(), Need::UnprivilegedUserns)]
#[case::userns(user(), Need::Userns)]
#[case::subids(user(), Need::Subids)]
#[case::proc(user(), Need::Proc)]
#[case::visible_processes(user(), Need::VisibleProcesses)]
#[case::program(user(), Need::Program("sudo"))]
#[case::setuid_program(user(), Need::SetuidProgram("sudo"))]
#[case::new_privileges(user(), Need::NewPrivileges)]
#[case::file(user(), Need::File("/etc/subuid"))]
#[case::account(user(), Need::Account("daemon"))]
#[case::config(user(), Need::Config("CONFIG_SQUASHFS"))]
#[case::no_seccomp(user(), Need::NoSeccomp)]
#[case::kernel(user(), Need::Kernel { major: 6, minor: 12, why: "itself" })]
#[case::initial_userns(user(), Need::InitialUserns)]
#[case::processors(user(), Need::Processors(2))]
#[case::processes(user(), Need::Processes(80))]
#[case::root(root(), Need::Root)]
#[case::root_becomes_a_user(root(), Need::UnprivilegedUserns)]
#[case::root_has_capabilities(root(), Need::Capability(Cap::Setfcap))]
fn a_friendly_host_meets(#[case] facts: Facts, #[case] need: Need) {
    assert_eq!(need.unmet(&facts), None);
}

/// A change that two stable series received.
static BACKPORTED: crate::rules::changes::Change = crate::rules::changes::Change {
    name: "x",
    rule: "id.nothing-to-change",
    what: "x",
    release: (6, 3),
    stable: &[(5, 15, 210), (6, 1, 27)],
    commit: "x",
};

#[test]
fn a_stable_release_meets_what_came_to_it() {
    let mut facts = user();
    facts.system.kernel_release = "6.1.27".into();
    let need = Need::Change(&BACKPORTED);

    assert_eq!(need.unmet(&facts), None);
    assert_eq!(Need::Decided(&BACKPORTED).unmet(&facts), None);
}

/// Ubuntu's kernels name their stable release in a file.
#[test]
fn a_signature_meets_what_came_to_its_release() {
    let mut facts = user();
    facts.system.kernel_release = "5.15.0-300-generic".into();
    facts.system.version_signature = Fact::Known("Ubuntu 5.15.0-300.310-generic 5.15.210".into());

    assert_eq!(Need::Change(&BACKPORTED).unmet(&facts), None);
}

#[rstest]
#[case::option(|facts: &mut Facts| facts.lookups.config = |_| Fact::Absent, Need::NoConfig("CONFIG_USER_NS"))]
#[case::sysctl(
    |facts: &mut Facts| facts.policy.unprivileged_userns_clone = Fact::Known(0),
    Need::UnprivilegedWithheld
)]
fn a_hostile_host_meets(#[case] change: Change, #[case] need: Need) {
    let mut facts = user();
    change(&mut facts);

    assert_eq!(need.unmet(&facts), None);
    assert!(need.is_a_lack());
}

#[rstest]
#[case::program(|facts: &mut Facts| facts.lookups.program = |_| None, Need::Program("newuidmap"), "needs the program newuidmap: not in the standard PATH")]
#[case::program_at_a_path(
    |facts: &mut Facts| facts.lookups.program = |_| None,
    Need::Program("/usr/lib/apt/apt-helper"),
    "needs the program /usr/lib/apt/apt-helper: no such executable file"
)]
#[case::sudo(|facts: &mut Facts| facts.process.no_new_privs = Fact::Known(true), Need::SetuidProgram("sudo"), "needs the setuid program sudo: no_new_privs is set, so /usr/bin/sudo gains nothing")]
#[case::new_privileges(
    |facts: &mut Facts| facts.process.no_new_privs = Fact::Known(true),
    Need::NewPrivileges,
    "needs new privileges by execve(2): no_new_privs is set"
)]
#[case::file(|facts: &mut Facts| facts.lookups.file = |_| Fact::Absent, Need::File("/etc/subuid"), "needs /etc/subuid: no such file")]
#[case::hidden_file(
    |facts: &mut Facts| facts.lookups.file = |_| Fact::Unreadable("EACCES".into()),
    Need::File("/etc/subuid"),
    "needs /etc/subuid: EACCES"
)]
#[case::account(|facts: &mut Facts| facts.lookups.account = |_| Fact::Absent, Need::Account("daemon"), "needs the account daemon: no such user")]
#[case::option(|facts: &mut Facts| facts.lookups.config = |_| Fact::Absent, Need::Config("CONFIG_SMACK"), "needs CONFIG_SMACK: the kernel was built without it")]
#[case::no_option(|_: &mut Facts| {}, Need::NoConfig("CONFIG_USER_NS"), "needs a kernel without CONFIG_USER_NS: the kernel was built with y")]
#[case::unknown_option(
    |facts: &mut Facts| facts.lookups.config = |_| Fact::Unreadable("EACCES".into()),
    Need::NoConfig("CONFIG_USER_NS"),
    "needs a kernel without CONFIG_USER_NS: the kernel's configuration is unreadable: EACCES"
)]
#[case::seccomp(
    |facts: &mut Facts| facts.process.seccomp = Fact::Known(Seccomp::Filter),
    Need::NoSeccomp,
    "needs no seccomp filter: one is active"
)]
#[case::no_such_sysctl(|_: &mut Facts| {}, Need::UnprivilegedWithheld, "needs kernel.unprivileged_userns_clone to be 0: it is absent")]
#[case::sysctl_is_1(
    |facts: &mut Facts| facts.policy.unprivileged_userns_clone = Fact::Known(1),
    Need::UnprivilegedWithheld,
    "needs kernel.unprivileged_userns_clone to be 0: it is 1"
)]
#[case::kernel(
    |facts: &mut Facts| facts.system.kernel_release = "5.4.0".into(),
    Need::Kernel { major: 5, minor: 8, why: "setns with a pidfd" },
    "needs Linux 5.8 (setns with a pidfd): the kernel is 5.4.0"
)]
#[case::stable_release(
    |facts: &mut Facts| facts.system.kernel_release = "6.1.26".into(),
    Need::Change(&BACKPORTED),
    "needs Linux 6.3, 6.1.27 or 5.15.210 (x): the kernel is 6.1.26"
)]
#[case::another_series(
    |facts: &mut Facts| facts.system.kernel_release = "5.15.200".into(),
    Need::Change(&BACKPORTED),
    "needs Linux 6.3, 6.1.27 or 5.15.210 (x): the kernel is 5.15.200"
)]
#[case::no_number(
    |facts: &mut Facts| facts.system.kernel_release = "5.15.0-126-generic".into(),
    Need::Change(&BACKPORTED),
    "needs Linux 6.3, 6.1.27 or 5.15.210 (x): the kernel is 5.15.0-126-generic, which does not show its release of the stable series"
)]
#[case::red_hat(
    |facts: &mut Facts| facts.system.kernel_release = "5.14.0-427.el9.x86_64".into(),
    Need::Decided(&BACKPORTED),
    "needs to know whether the kernel has the change of 6.3, 6.1.27 or 5.15.210: the kernel is 5.14.0-427.el9.x86_64, whose distribution takes changes of later releases"
)]
#[case::red_hat_and_the_model(
    |facts: &mut Facts| facts.system.kernel_release = "4.18.0-553.el8_10.x86_64".into(),
    Need::DecidedModel,
    "needs to know which changes the kernel has: the kernel is 4.18.0-553.el8_10.x86_64, whose distribution takes changes of later releases"
)]
#[case::processors(
    |facts: &mut Facts| facts.process.processors = Fact::Known(1),
    Need::Processors(2),
    "needs 2 processors to run on at a time: sched_getaffinity(2) tells of 1"
)]
#[case::processes(
    |facts: &mut Facts| {
        let limit = crate::host::Rlimit { soft: Some(40), hard: Some(40), used: Some(3) };
        facts.limits.insert("NPROC", limit);
    },
    Need::Processes(80),
    "needs 80 processes: RLIMIT_NPROC leaves room for 37"
)]
#[case::processes_of_a_control_group(
    |facts: &mut Facts| {
        let cgroup = "/sys/fs/cgroup/pod".into();
        facts.pids_max = Fact::Known(crate::host::PidsMax { cgroup, most: 100, used: 21 });
    },
    Need::Processes(80),
    "needs 80 processes: pids.max of /sys/fs/cgroup/pod is 100, of which 21 are used"
)]
#[case::hidepid(
    |facts: &mut Facts| facts.proc_state = ProcState::Writable { hidepid: Fact::Known("2".into()) },
    Need::VisibleProcesses,
    "needs a /proc that shows all processes: /proc is mounted with hidepid=2"
)]
#[case::privileged_user(
    |facts: &mut Facts| facts.process = process(1000, CapSet::EMPTY.with(Cap::Setgid)),
    Need::OrdinaryUser,
    "needs an ordinary user: the caller, uid 1000, has CAP_SETGID"
)]
#[case::nested(one_id, Need::InitialUserns, "needs the initial user namespace: uid_map is \"0 1000 1\"")]
fn a_reason_names_the_fact(#[case] change: Change, #[case] need: Need, #[case] reason: &str) {
    let mut facts = user();
    change(&mut facts);

    assert_eq!(need.unmet(&facts).as_deref(), Some(reason));
}
