//! Whether user namespaces are usable and not only created: the own uid can be mapped, and capabilities work inside.

use super::privilege::root;
use super::{Judged, proc};
use crate::caps::Cap;
use crate::host::{Chroot, Creator, Fact, Facts, Seccomp};
use crate::map::IdMap;

/// The smallest limit of namespaces that the suite needs. The deepest nesting of the suite is 33 levels, two test
/// processes run at a time, and the kernel frees a namespace some time after its last process.
const NAMESPACES: u64 = 256;

/// The fewest levels of namespaces below the caller's with which tests are run. Fewer are a limit of a namespace above,
/// which also counts namespaces that the kernel has not freed yet.
const LEVELS: u32 = 6;

/// Judges by the facts, and by a probe if they leave a doubt.
pub(super) fn usable(facts: &Facts, creator: Creator) -> Judged {
    // Without /proc no map can be written, and the facts below are unknown.
    proc(facts)?;
    kernel_rules(facts, creator)?;
    sysctls(facts, creator)?;
    // A filter answers before the kernel does.
    let newuser = u64::from(nix::libc::CLONE_NEWUSER.cast_unsigned());
    if let Some(reason) = (facts.lookups.refused_call)(nix::libc::SYS_unshare, &[newuser]) {
        return Err(reason);
    }
    let doubts = doubts(facts, creator);
    if doubts.is_empty() {
        return Ok(());
    }
    let Err(refusal) = (facts.lookups.probe)(creator) else {
        return facts.levels(LEVELS);
    };
    // A refusal that no doubt explains is the kernel's, and the tests have to show it.
    let causes: Vec<String> = doubts.into_iter().filter_map(|doubt| doubt.explains(&refusal)).collect();
    match causes.is_empty() {
        true => Ok(()),
        false => Err(format!("{refusal}; {}", causes.join(", "))),
    }
}

/// A policy that may deny user namespaces without a readable fact that shows it.
enum Doubt {
    /// It may answer with any errno.
    Policy(String),
    /// The limits of the namespaces above, and whatever else applies to them.
    NamespacesAbove,
    /// A chroot into a mount point, which only a privileged user can see.
    Chroot,
}

impl Doubt {
    /// The doubt in words, if it can be the cause of this refusal. A limit is ENOSPC, before Linux 4.9 EUSERS; a chroot
    /// is EPERM.
    fn explains(self, refusal: &str) -> Option<String> {
        let of_the_creation = |errno: &str| refusal == format!("unshare(CLONE_NEWUSER): {errno}");
        match self {
            Doubt::Policy(policy) => Some(policy),
            Doubt::NamespacesAbove if of_the_creation("ENOSPC") || of_the_creation("EUSERS") => {
                Some("the limits of the user namespaces above this one are invisible".to_owned())
            }
            Doubt::NamespacesAbove => Some("the policies for the user namespaces above are invisible".to_owned()),
            Doubt::Chroot => of_the_creation("EPERM").then(|| {
                "the caller is in a chroot into a mount point, as far as a probe shows: no policy denies it, and \
                 the root of the mount namespace is hidden"
                    .to_owned()
            }),
        }
    }
}

/// Refusals of the kernel itself, by its documented rules.
///
/// Source: unshare(2) and user_namespaces(7); `create_user_ns()`, kernel/user_namespace.c.
fn kernel_rules(facts: &Facts, creator: Creator) -> Judged {
    let process = &facts.process;
    if let Chroot::Yes(evidence) = &process.chroot {
        return Err(format!("the caller is in a chroot ({evidence})"));
    }
    let maps = [("uid", &process.uids, &process.uid_map), ("gid", &process.gids, &process.gid_map)];
    for (kind, ids, map) in maps {
        // An unprivileged user that root becomes has one of the ids that Need::Root requires to be mapped. Any other
        // unprivileged user is the caller.
        let Some((id, map)) = ids.known().map(|ids| ids.effective).zip(map.known()) else {
            return Err(format!("/proc/self/{kind}_map is {map}"));
        };
        let is_caller = creator == Creator::Caller || root(facts).is_err();
        if is_caller && !IdMap::parse(map).covers(id, 1) {
            return Err(format!("the effective {kind} {id} has no mapping: {kind}_map is \"{map}\""));
        }
    }
    Ok(())
}

fn sysctls(facts: &Facts, creator: Creator) -> Judged {
    let policy = &facts.policy;
    if let Some(most) = policy.max_user_namespaces.known().filter(|most| **most < NAMESPACES) {
        return Err(format!(
            "user.max_user_namespaces is {most}, fewer than the {NAMESPACES} that the tests may have at a time"
        ));
    }
    // Debian's patch requires CAP_SYS_ADMIN in the initial namespace.
    let exempt = creator == Creator::Caller
        && facts.process.has(Cap::SysAdmin)
        && facts.process.in_initial_userns == Fact::Known(true);
    if policy.unprivileged_userns_clone == Fact::Known(0) && !exempt {
        return Err("kernel.unprivileged_userns_clone is 0".to_owned());
    }
    if apparmor_restricts(facts, creator) && label(facts) == Some("unconfined") {
        return Err("kernel.apparmor_restrict_unprivileged_userns is 1 and no AppArmor profile \
                    allows it to this process"
            .to_owned());
    }
    Ok(())
}

/// Whether a distribution's patch denies user namespaces to unprivileged users.
pub(super) fn withheld(facts: &Facts) -> Judged {
    match &facts.policy.unprivileged_userns_clone {
        Fact::Known(0) => Ok(()),
        other => Err(format!("it is {other}")),
    }
}

/// Ubuntu's patch exempts CAP_SYS_ADMIN in the caller's own namespace.
fn apparmor_restricts(facts: &Facts, creator: Creator) -> bool {
    let set = facts.policy.apparmor_restrict_unprivileged_userns.known().is_some_and(|value| *value != 0);
    let enabled = facts.policy.apparmor != Fact::Known(false);
    let exempt = creator == Creator::Caller && facts.process.has(Cap::SysAdmin);
    set && enabled && !exempt
}

fn label(facts: &Facts) -> Option<&str> {
    facts.policy.confinement.known().map(String::as_str)
}

/// All doubts about whether user namespaces are denied.
fn doubts(facts: &Facts, creator: Creator) -> Vec<Doubt> {
    let (policy, process) = (&facts.policy, &facts.process);
    let mut doubts = Vec::new();
    match &process.seccomp {
        Fact::Known(Seccomp::Off) | Fact::Absent => {}
        Fact::Known(_) => doubts.push("a seccomp filter is active".to_owned()),
        Fact::Unreadable(why) => doubts.push(format!("the seccomp mode is unreadable ({why})")),
    }
    match label(facts) {
        // AppArmor shows a profile as "name (mode)"; SELinux contexts have no such end.
        Some(label) if label.ends_with(')') => {
            doubts.push(format!("AppArmor confines the process by {label}"))
        }
        Some(_) => {}
        None if apparmor_restricts(facts, creator) => {
            doubts.push(
                "kernel.apparmor_restrict_unprivileged_userns is 1 and the profile is unknown".to_owned(),
            );
        }
        None => {}
    }
    if policy.selinux_enforcing == Fact::Known(true) {
        let context = label(facts).unwrap_or("unknown");
        doubts.push(format!("SELinux is enforcing, with the context {context}"));
    }
    let is_nested = process.in_initial_userns != Fact::Known(true);
    let may_be_chroot = process.chroot == Chroot::NoSign && doubts.is_empty();
    let mut doubts: Vec<Doubt> = doubts.into_iter().map(Doubt::Policy).collect();
    doubts.extend(may_be_chroot.then_some(Doubt::Chroot));
    doubts.extend(is_nested.then_some(Doubt::NamespacesAbove));
    doubts
}
