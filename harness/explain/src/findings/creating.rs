//! Why this process cannot create a user namespace.

use harness_play::host::{self, Chroot, Fact, Policy};
use harness_scenario::caps::Cap;
use harness_scenario::map::IdMap;
use harness_spec::rules::{Rule, named};

use super::{Finding, Responsible};
use crate::named::RuleName;
use crate::process::Process;

/// The findings about unshare(2) and clone(2) with CLONE_NEWUSER. The facts are those of this process.
pub(super) fn all(process: &Process) -> Vec<Finding> {
    if process.pid.is_some() {
        return Vec::new();
    }
    found(process, &host::process().chroot, host::policy())
}

fn found(process: &Process, chroot: &Chroot, policy: &Policy) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut add = |rule, responsible, because: String| {
        found.push(Finding {
            what: "The process cannot create a user namespace, or cannot use it.".to_owned(),
            rule: Some(RuleName(rule)),
            responsible,
            because,
            excluded: Vec::new(),
            decides: vec!["unshare(CLONE_NEWUSER)".to_owned()],
            likely: Vec::new(),
        });
    };
    if let Chroot::Yes(evidence) = chroot {
        let because = format!("the process is in a chroot: {evidence}");
        add(const { named("create.chrooted") }, Responsible::Credentials, because);
    }
    if policy.max_user_namespaces == Fact::Known(0) {
        let because = "user.max_user_namespaces is 0 in this namespace".to_owned();
        add(const { named("limit.count") }, Responsible::Policy, because);
    }
    let has = |cap| process.capabilities.known().is_some_and(|sets| sets.effective.contains(cap));
    if policy.unprivileged_userns_clone == Fact::Known(0) && !has(Cap::SysAdmin) {
        let because = "kernel.unprivileged_userns_clone is 0, and the process lacks CAP_SYS_ADMIN".to_owned();
        add(const { named("create.distribution-sysctl") }, Responsible::Policy, because);
    }
    if policy.apparmor_restrict_unprivileged_userns == Fact::Known(1) && !has(Cap::SysAdmin) {
        let because = "kernel.apparmor_restrict_unprivileged_userns is 1: unless a profile allows it, AppArmor refuses the \
                       namespace or every capability in it"
            .to_owned();
        add(const { named("create.security-module") }, Responsible::Policy, because);
    }
    for (words, rule) in lacks_mapping(process) {
        add(rule, Responsible::Map, format!("{words} of the process has no mapping"));
    }
    found
}

/// The effective ids that certainly have no mapping, with the rule of each.
fn lacks_mapping(process: &Process) -> Vec<(&'static str, &'static Rule)> {
    let namespace = &process.namespace;
    if namespace.is_initial != Fact::Known(false) {
        return Vec::new();
    }
    let (uid, gid) = (const { named("create.unmapped-uid") }, const { named("create.unmapped-gid") });
    let kinds = [
        ("the effective uid", uid, &process.uids, &namespace.uid_map),
        ("the effective gid", gid, &process.gids, &namespace.gid_map),
    ];
    let lacks = kinds.into_iter().filter(|(_, _, ids, map)| match (ids.known(), map.known()) {
        (Some(ids), Some(map)) => !IdMap::parse(map).covers(ids.effective, 1),
        _ => false,
    });
    lacks.map(|(words, rule, ..)| (words, rule)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Which;

    fn rules(change: impl Fn(&mut Process, &mut Chroot, &mut Policy)) -> Vec<&'static str> {
        let mut process = Process::look(Which::Own).expect("this process");
        let (mut chroot, mut policy) = (Chroot::No, host::policy().clone());
        policy.max_user_namespaces = Fact::Known(100);
        policy.unprivileged_userns_clone = Fact::Absent;
        policy.apparmor_restrict_unprivileged_userns = Fact::Absent;
        process.namespace.is_initial = Fact::Known(true);
        change(&mut process, &mut chroot, &mut policy);
        found(&process, &chroot, &policy)
            .iter()
            .filter_map(|finding| finding.rule)
            .map(|rule| rule.0.name)
            .collect()
    }

    #[test]
    fn each_obstacle_has_its_rule() {
        assert_eq!(rules(|_, _, _| {}), Vec::<&str>::new());
        assert_eq!(rules(|_, chroot, _| *chroot = Chroot::Yes("x".to_owned())), ["create.chrooted"]);
        assert_eq!(rules(|_, _, policy| policy.max_user_namespaces = Fact::Known(0)), ["limit.count"]);
        let sysctl = |process: &mut Process, _: &mut Chroot, policy: &mut Policy| {
            process.capabilities = Fact::Known(Default::default());
            policy.unprivileged_userns_clone = Fact::Known(0);
        };
        assert_eq!(rules(sysctl), ["create.distribution-sysctl"]);
        let apparmor = |process: &mut Process, _: &mut Chroot, policy: &mut Policy| {
            process.capabilities = Fact::Known(Default::default());
            policy.apparmor_restrict_unprivileged_userns = Fact::Known(1);
        };
        assert_eq!(rules(apparmor), ["create.security-module"]);
        let unmapped = |process: &mut Process, _: &mut Chroot, _: &mut Policy| {
            process.namespace.is_initial = Fact::Known(false);
            process.namespace.uid_map = Fact::Known(String::new());
            process.namespace.gid_map = Fact::Known(String::new());
        };
        assert_eq!(rules(unmapped), ["create.unmapped-uid", "create.unmapped-gid"]);
    }
}
