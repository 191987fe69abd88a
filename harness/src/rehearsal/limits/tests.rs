//! What scenarios take of resource limits, and who may raise them.

use super::*;
use crate::facts;
use crate::host::{PidsMax, Rlimit};
use crate::ids::Ids;
use crate::prelude::*;

/// This host with one limit, of which nothing is used.
fn host(name: &'static str, hard: u64) -> Facts {
    let mut facts = facts().clone();
    facts.limits = [(name, Rlimit { soft: Some(hard), hard: Some(hard), used: Some(0) })].into();
    facts.process.capabilities = Fact::Known(crate::ids::CapSets::default());
    facts.process.processors = Fact::Known(2);
    facts.pids_max = Fact::Absent;
    facts
}

#[track_caller]
fn reason(scenario: &Scenario, facts: &Facts) -> String {
    unmet(scenario, facts).unwrap_or_default()
}

#[test]
fn a_scenario_needs_as_many_processes_as_it_has_actors() {
    let mut host = host("NPROC", 10);
    host.process.in_initial_userns = Fact::Known(false);
    let few = caller().inside(&[DENY]);
    let many = caller().outside(&[]).inside(&[]).second(&[]).nested(&[DENY]);

    assert_eq!(unmet(&few, &host), None);
    let expected =
        "needs larger limits: RLIMIT_NPROC is 10 and leaves room for 10; the test needs 16 processes";
    assert_eq!(reason(&many, &host), expected);
    // Each processor may have another test.
    host.process.processors = Fact::Known(8);
    assert!(reason(&few, &host).ends_with("the test needs 28 processes"), "{}", reason(&few, &host));
}

/// A control group binds root as well.
#[test]
fn a_control_group_has_room_for_the_processes_of_a_scenario() {
    let mut host = host("NOFILE", 256);
    host.process.in_initial_userns = Fact::Known(true);
    host.process.uids = host.process.uids.map(|ids| Ids { real: 0, effective: 0, ..*ids });
    let limit = PidsMax { cgroup: "/sys/fs/cgroup/pod".into(), most: 30, used: 20 };
    let many = root().outside(&[]).inside(&[DENY]);

    host.pids_max = Fact::Known(PidsMax { used: 18, ..limit.clone() });
    assert_eq!(unmet(&many, &host), None);
    host.pids_max = Fact::Known(limit);
    assert_eq!(
        reason(&many, &host),
        "needs larger limits: pids.max of /sys/fs/cgroup/pod is 30, of which 20 are used; the test needs 12 processes besides"
    );
}

/// Root of the initial namespace has as many users as it likes, each with the whole limit: in namespaces below each
/// other as well.
#[test]
fn processes_in_namespaces_of_initial_root_are_counted_on_their_own() {
    let mut host = host("NPROC", 40);
    host.process.in_initial_userns = Fact::Known(true);
    host.process.uids = host.process.uids.map(|ids| Ids { real: 0, effective: 0, ..*ids });
    host.limits.insert("NPROC", Rlimit { soft: Some(40), hard: Some(40), used: Some(200) });
    let nested = root().outside(&[]).inside(&[]).nested(&[setresuid(5)]);

    assert_eq!(unmet(&nested, &host), None);
    // One that is another user by its real uid and root by its effective one is bound, and counts as root.
    let parted = root().outside(&[set_id(SetId::Setresuid, &[5, 0, 0])]).inside(&[DENY]);
    assert!(reason(&parted, &host).contains("RLIMIT_NPROC is 40 and leaves room for 0"));
    host.process.in_initial_userns = Fact::Known(false);
    assert!(reason(&nested, &host).contains("RLIMIT_NPROC is 40 and leaves room for 0"));
}

#[test]
fn only_a_process_that_is_capable_everywhere_raises_a_hard_limit() {
    let mut host = host("NPROC", 40);
    host.process.in_initial_userns = Fact::Known(true);
    host.process.uids = host.process.uids.map(|ids| Ids { real: 0, effective: 0, ..*ids });
    let effective = crate::caps::CapSet::EMPTY.with(Cap::SysResource);
    host.process.capabilities = Fact::Known(crate::ids::CapSets { effective, ..Default::default() });
    let limit = |most: u64| {
        let limits = [most.to_ne_bytes(), most.to_ne_bytes()].concat();
        let args =
            vec![RawArg::Number(0), RawArg::Number(6), RawArg::Bytes(limits.into()), RawArg::Number(0)];
        syscall("prlimit64", libc::SYS_prlimit64, args)
    };

    assert_eq!(unmet(&root().outside(&[limit(100)]), &host), None);
    assert_eq!(unmet(&root().inside(&[limit(40)]), &host), None);
    for refused in [root().inside(&[limit(100)]), root().outside(&[setresuid(5), limit(100)])] {
        assert!(reason(&refused, &host).contains("over the initial namespace: RLIMIT_NPROC is 40"));
    }
    host.process.in_initial_userns = Fact::Known(false);
    assert!(reason(&root().outside(&[limit(100)]), &host).contains("RLIMIT_NPROC is 40"));
}

#[test]
fn a_descriptor_that_is_named_needs_a_limit_above_it() {
    let copy = |to| {
        let args = vec![RawArg::Held, RawArg::Number(to), RawArg::Number(0)];
        root().outside(&[syscall_for_fd("dup3", libc::SYS_dup3, args)])
    };

    assert_eq!(unmet(&copy(50), &host("NOFILE", 64)), None);
    assert_eq!(
        reason(&copy(200), &host("NOFILE", 64)),
        "needs larger limits: RLIMIT_NOFILE is 64; the test needs 201"
    );
    assert!(reason(&copy(2), &host("NOFILE", 10)).contains("RLIMIT_NOFILE is 10"));
}

#[test]
fn a_queued_signal_needs_room_and_others_do_not() {
    let kill = |signal| {
        let args = vec![RawArg::Pid, RawArg::Number(signal)];
        root().outside(&[syscall("kill", libc::SYS_kill, args)])
    };

    assert_eq!(unmet(&kill(15), &host("SIGPENDING", 0)), None);
    assert!(
        reason(&kill(40), &host("SIGPENDING", 0)).starts_with("needs larger limits: RLIMIT_SIGPENDING is 0")
    );
    assert_eq!(unmet(&kill(40), &host("SIGPENDING", 1)), None);
}

#[test]
fn a_program_that_makes_a_file_needs_a_size() {
    let command = |script: &str| root().outside(&[run(&["sh", "-c", script])]);

    assert_eq!(unmet(&command("id -u; cat /proc/self/uid_map"), &host("FSIZE", 0)), None);
    assert!(reason(&command("cp /bin/id /tmp/id"), &host("FSIZE", 0)).contains("RLIMIT_FSIZE is 0"));
}
