//! The needs that follow from a single step, and that facts decide.

use super::limits;
use crate::here;
use crate::host::filter::{programs_of, refused_call, refused_step};
use crate::host::{Fact, Facts, MOST_GROUPS, Part, sudo_has_rules};
use crate::needs::Need;
use crate::show;
use harness_scenario::action::{Access, Action, IdFile, RawArg, Syscall};
use harness_scenario::actors::{Actor, Namespace};
use harness_scenario::scenario::{Scenario, Step};
use std::path::Path;

/// The first step that this host cannot play, with the reason; `None` if there is none.
pub(super) fn unmet(scenario: &Scenario, facts: &Facts) -> Option<String> {
    let levels = depth(scenario);
    if let Err(reason) = facts.levels(levels) {
        return Some(format!("needs {levels} levels of user namespaces: {reason}"));
    }
    if let Some(reason) = limits::unmet(scenario, facts)
        .or_else(|| another_root(scenario, facts))
        .or_else(|| many_groups(scenario, facts))
    {
        return Some(reason);
    }
    let mounts: Vec<&str> = scenario.steps.iter().filter_map(|step| mounted_over(&step.action)).collect();
    scenario.steps.iter().find_map(|step| {
        let reason = credentials(scenario, step)
            .or_else(|| others_in_proc(scenario, step, facts))
            .or_else(|| of_step(step, &mounts, facts))?;
        Some(format!("{reason} ({}: {})", step.actor, show::action(step.actor, &step.action)))
    })
}

/// The programs that tests run without naming them as a need.
const PLAIN: [&str; 10] = ["sh", "cat", "id", "stat", "sleep", "cp", "chmod", "grep", "sed", "tr"];

/// Whether something about this host, and not about the caller, restricts what steps can do.
pub(super) fn host_is_restricted(facts: &Facts) -> bool {
    facts.parts.values().any(|part| matches!(part, Part::ReadOnly | Part::Hidden))
        || facts.new_mounts.values().any(Option::is_some)
        || facts.places.dev_null.0.is_err()
        || facts.has_low_limits()
        || PLAIN.iter().any(|name| (facts.lookups.program)(name).is_none())
        || sudo_has_rules() == Fact::Known(false)
        || facts.has_too_many_groups()
        || KINDS.iter().any(|(flag, _)| few_namespaces(&Action::Unshare(*flag), facts).is_some())
        || Need::VisibleProcesses.unmet(facts).is_some()
}

fn of_step(step: &Step, mounts: &[&str], facts: &Facts) -> Option<String> {
    let action = &step.action;
    project_ids(action, facts)
        .or_else(|| program(action, facts))
        .or_else(|| keeps_capabilities(action, facts))
        .or_else(|| file(action, mounts, facts))
        .or_else(|| new_mount(step, facts))
        .or_else(|| few_namespaces(action, facts))
        .or_else(|| Some(format!("needs a system call: {}", refused_step(step.actor, action)?)))
}

/// With hidepid, /proc shows a process to nobody who may not trace it. An actor that has given up capabilities or
/// changed its ids cannot find the others then. Unprivileged actors all have one uid, and find each other unless one makes
/// itself undumpable, or gives up capabilities over the namespace of another.
/// Source: proc(5), hidepid; kernel has_pid_permissions().
fn others_in_proc(scenario: &Scenario, step: &Step, facts: &Facts) -> Option<String> {
    let mut action = step.action.clone();
    let outside = matches!(step.actor, Actor::Outside | Actor::Privileged);
    let by_default = match &step.action {
        Action::Write { of, .. } | Action::Open { of, .. } | Action::Read { of, .. } => {
            outside && of.is_none()
        }
        _ => false,
    };
    let names_another = by_default || action.actors_mut().iter().any(|actor| **actor != step.actor);
    let is_root = facts.process.uids.known().is_some_and(|ids| ids.effective == 0);
    let cannot_trace =
        |step: &Step| matches!(step.action, Action::Capset(_) | Action::Prctl(_, libc::PR_SET_DUMPABLE, 0));
    if names_another && (is_root || scenario.steps.iter().any(cannot_trace)) {
        Need::VisibleProcesses.unmet(facts)
    } else {
        None
    }
}

/// The files of an undumpable process belong to root of the namespace in which its program was started. A caller that was
/// this root and became a user is still the owner.
/// Source: proc_pid(5); kernel task_dump_owner(): mm->user_ns.
fn another_root(scenario: &Scenario, facts: &Facts) -> Option<String> {
    let left = facts.process.left_root.as_ref()?;
    let undumpable = |step: &Step| matches!(step.action, Action::Prctl(_, libc::PR_SET_DUMPABLE, 0));
    let asks = scenario.steps.iter().any(undumpable);
    asks.then(|| format!("needs a user who is not root where the suite was started: {left}"))
}

/// An actor reports its groups in its final state, and those of the caller may be too many for it.
fn many_groups(scenario: &Scenario, facts: &Facts) -> Option<String> {
    let keeps =
        scenario.run_as.takes_on(&here::start().caller).is_none() || scenario.mentions(Actor::Privileged);
    let count = facts.process.groups.known()?.len();
    let too_many = keeps && facts.has_too_many_groups();
    too_many.then(|| format!("needs at most {MOST_GROUPS} supplementary groups: the caller has {count}"))
}

/// The calls by which the first actors take on the credentials of the scenario.
fn credentials(scenario: &Scenario, step: &Step) -> Option<String> {
    let begins = step.action == Action::Fork && step.actor != Actor::Privileged;
    scenario.run_as.takes_on(&here::start().caller).filter(|_| begins)?;
    let calls = [libc::SYS_setgroups, libc::SYS_setresgid, libc::SYS_setresuid];
    let reason = calls.into_iter().find_map(|number| refused_call(number, &[]))?;
    Some(format!("needs a system call: {reason}"))
}

/// The namespaces of a kind that a user may create, by the flag and the sysctl.
/// Source: namespaces(7), "/proc/sys/user".
const KINDS: [(i32, &str); 7] = [
    (libc::CLONE_NEWNS, "mnt"),
    (libc::CLONE_NEWUTS, "uts"),
    (libc::CLONE_NEWIPC, "ipc"),
    (libc::CLONE_NEWPID, "pid"),
    (libc::CLONE_NEWNET, "net"),
    (libc::CLONE_NEWCGROUP, "cgroup"),
    (libc::CLONE_NEWTIME, "time"),
];

/// So many namespaces of one kind two tests may have at a time.
const NAMESPACES: u64 = 16;

fn few_namespaces(action: &Action, facts: &Facts) -> Option<String> {
    let flags = limits::clone_flags(action)?;
    KINDS.iter().filter(|(flag, _)| flags & u64::from(flag.cast_unsigned()) != 0).find_map(|(_, kind)| {
        let most = *facts.policy.max_other_namespaces.get(kind)?.known()?;
        (most < NAMESPACES).then(|| format!("needs namespaces: user.max_{kind}_namespaces is {most}"))
    })
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

/// A program in the standard PATH, and /dev/null as its standard input. One with a path may be made by the scenario
/// itself.
fn program(action: &Action, facts: &Facts) -> Option<String> {
    let Action::Run(words) = action else { return None };
    if let Err(reason) = &facts.places.dev_null.0 {
        return Some(format!("needs /dev/null: {reason}"));
    }
    if words.iter().any(|word| *word == "sudo") && sudo_has_rules() == Fact::Known(false) {
        return Some("needs the program sudo: /etc/sudoers lets no user run a command".to_owned());
    }
    let first = words.first().filter(|name| !name.contains('/')).map(|name| name.to_string());
    let mut names = first.into_iter().chain(programs_of(words));
    let name = names.find(|name| (facts.lookups.program)(name).is_none())?;
    Some(format!("needs the program {name}: not in the standard PATH"))
}

/// SECBIT_KEEP_CAPS_LOCKED of capabilities(7).
const KEEP_CAPS_LOCKED: u32 = 1 << 5;

/// Programs that keep their capabilities when they become another user ask for PR_SET_KEEPCAPS, and end where it is locked.
/// Source: setpriv(1), newuidmap(1); PR_SET_KEEPCAPS(2const), EPERM.
fn keeps_capabilities(action: &Action, facts: &Facts) -> Option<String> {
    let Action::Run(words) = action else { return None };
    let asks = ["setpriv", "newuidmap", "newgidmap"];
    let program = asks.iter().find(|name| words.iter().any(|word| word.contains(**name)))?;
    let bits = facts.process.securebits.known().filter(|bits| **bits & KEEP_CAPS_LOCKED != 0)?;
    Some(format!("needs PR_SET_KEEPCAPS for the program {program}: the securebits are {bits:#x}"))
}

/// A file of /proc that the step names by its path, unless the scenario mounts something over it.
fn file(action: &Action, mounts: &[&str], facts: &Facts) -> Option<String> {
    if let Action::Run(words) = action {
        let mut paths = words.iter().filter(|word| word.starts_with("/proc/"));
        return paths.find_map(|path| of_proc(path, Access::Read, mounts, facts));
    }
    let (path, access) = opened(action)?;
    of_proc(path, access, mounts, facts)
}

fn of_proc(path: &str, access: Access, mounts: &[&str], facts: &Facts) -> Option<String> {
    let is_own = mounts.iter().any(|point| Path::new(path).starts_with(point));
    if is_own || !path.starts_with("/proc/") {
        return None;
    }
    // A kernel may lack the file, which is no restriction of the host. What hides it is mounted above.
    let found = Path::new(path).ancestors().find(|above| above.exists())?.to_str()?;
    let found = if found == "/proc" { path } else { found };
    let judged = if access == Access::Read { facts.readable(found) } else { facts.writable(found) };
    judged.err().map(|reason| format!("needs {path}: {reason}"))
}

fn opened(action: &Action) -> Option<(&str, Access)> {
    match action {
        Action::OpenFile(_, path, access) => Some((path.to_str()?, *access)),
        Action::Syscall(Syscall { number: libc::SYS_openat, args, .. }) => {
            let (RawArg::Bytes(path), RawArg::Number(flags)) = (args.get(1)?, args.get(2)?) else {
                return None;
            };
            let access = match flags & i64::from(libc::O_ACCMODE) {
                0 => Access::Read,
                _ => Access::Write,
            };
            Some((text(path)?, access))
        }
        _ => None,
    }
}

/// A new procfs or sysfs, mounted by a process in a new user namespace.
fn new_mount(step: &Step, facts: &Facts) -> Option<String> {
    let Action::Syscall(Syscall { number: libc::SYS_mount, args, .. }) = &step.action else { return None };
    let RawArg::Bytes(fs_type) = args.get(2)? else { return None };
    let fs_type = text(fs_type)?;
    if step.actor.namespace() == Namespace::Callers {
        return None;
    }
    facts.new_mount(fs_type).err().map(|reason| format!("needs a new {fs_type}: {reason}"))
}

fn mounted_over(action: &Action) -> Option<&str> {
    let Action::Syscall(Syscall { number: libc::SYS_mount, args, .. }) = action else { return None };
    let RawArg::Bytes(target) = args.get(1)? else { return None };
    text(target).filter(|target| *target != "/")
}

/// The most user namespaces below one another that the scenario creates, without those that it must be refused.
fn depth(scenario: &Scenario) -> u32 {
    let newuser = u64::from(libc::CLONE_NEWUSER.cast_unsigned());
    let creates = |step: &&Step| limits::clone_flags(&step.action).is_some_and(|flags| flags & newuser != 0);
    let of = |actor: Actor| -> u32 {
        let own = scenario.steps.iter().filter(creates).filter(|step| step.actor == actor).count();
        let begins = u32::from(actor.namespace() == Namespace::New);
        begins + u32::try_from(own).unwrap_or(u32::MAX)
    };
    let whole = |actor: Actor| -> u32 {
        let mut line = vec![actor];
        while let Some(parent) = line.last().and_then(|actor| actor.parent()) {
            line.push(parent);
        }
        line.into_iter().map(of).sum()
    };
    Actor::ALL.into_iter().filter(|actor| scenario.mentions(*actor)).map(whole).max().unwrap_or(0).min(33)
}

/// The text of a C string.
fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes.split(|byte| *byte == 0).next()?).ok()
}

#[cfg(test)]
mod tests;
