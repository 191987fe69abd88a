//! The needs of tests, decided by the facts of the host.
//!
//! # Facts decide, not probes
//! A need must not be decided by trying the operation that the test is about. A kernel that wrongly refuses
//! unshare(2) must turn the suite red, but a probe would turn the tests into skipped ones. A need is therefore a pure
//! function of [`Facts`]: a sysctl that denies, a chroot, a missing `/proc`.
//!
//! Some facts only name a policy that *may* deny user namespaces, but do not show whether it does: a seccomp filter,
//! a security module that confines this process, limits of namespaces above this one. Then, and only then, a probe
//! decides ([`Lookups::probe`]), and the reason of a skip names both the refusal and the policies that may cause it.
//! If no fact names such a policy, nothing is probed.
//!
//! An unprivileged user cannot see a BPF program that is attached as a security module. There the suite fails instead of
//! skipping tests.
//!
//! What a test needs beyond what its author wrote down follows from its scenarios, see `rehearsal.rs`.
//!
//! [`Lookups::probe`]: crate::host::Lookups::probe

mod privilege;
mod userns;

#[cfg(test)]
mod tests;

use crate::caps::Cap;
use crate::host::{Counted, Creator, Fact, Facts, ProcState, Seccomp};
use crate::release::Stable;
use crate::rules::changes::{ALL, Change, Variation};

/// A need: one thing without which a test cannot run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Effective uid 0 that can become any unprivileged user: CAP_SETUID and CAP_SETGID, the ids 0 to 65535 mapped,
    /// setgroups allowed. Root may lack everything else. Name other capabilities with [`Need::Capability`].
    Root,
    /// A user without privileges over ids or namespaces: the caller, or a user that the caller can become by
    /// [`Need::Root`].
    OrdinaryUser,
    /// A capability in the effective set, in the caller's user namespace.
    Capability(Cap),
    /// The caller is in the initial user namespace, so its capabilities apply everywhere.
    InitialUserns,
    /// The project ids 0 to 65535 have a mapping in the caller's namespace, so that a namespace below may map them.
    /// Many container runtimes do not write projid_map.
    ProjectIds,
    /// The caller, with the privileges it has, can create a user namespace and map its own uid.
    Userns,
    /// An unprivileged user can create a user namespace, map its own uid and use capabilities there.
    UnprivilegedUserns,
    /// A writable procfs at `/proc`.
    Proc,
    /// `/proc` shows the processes of other users: no hidepid.
    VisibleProcesses,
    /// The caller has subordinate uids and gids, and newuidmap and newgidmap can map them.
    Subids,
    /// no_new_privs is not set, so that execve(2) may add privileges and a test may set it itself.
    NewPrivileges,
    /// A program that the caller may execute, in the standard PATH that scenarios use (`bin` and `sbin` in `/`,
    /// `/usr` and `/usr/local`), or at a path.
    Program(&'static str),
    /// Like [`Need::Program`], and the program runs with the privileges of root.
    SetuidProgram(&'static str),
    /// A file or directory that exists, by its path. Tests mount over it.
    File(&'static str),
    /// A user of this name in the host's account files or directory services.
    Account(&'static str),
    /// An option of the kernel's configuration, by its full name (`CONFIG_SQUASHFS`), built in or as a module.
    Config(&'static str),
    /// So many CPUs that the caller may run on. On fewer, calls do not run at the same time.
    Processors(u64),
    /// So many more processes that the caller's user may have.
    Processes(u64),
    /// An option that the kernel's configuration does not have.
    NoConfig(&'static str),
    /// No seccomp filter. A filter may refuse any system call, such as keyctl(2) in many containers.
    NoSeccomp,
    /// The sysctl kernel.unprivileged_userns_clone, which some distributions have, is 0.
    UnprivilegedWithheld,
    /// A kernel release, or a later one, for a call or a file that older releases do not have at all. A rule that
    /// changed is not a need, because its expected outcome differs.
    Kernel {
        /// The first number of the release.
        major: u32,
        /// The second number of the release.
        minor: u32,
        /// What that release added: "setns with a pidfd".
        why: &'static str,
    },
    /// A change of the kernel, from the table of changes: a release that has it, or a stable series that received it.
    Change(&'static Change),
    /// A kernel whose release shows whether it has the change, because the test expects one of two answers. The kernels of
    /// some distributions do not show it.
    Decided(&'static Change),
    /// A kernel whose release shows whether it has every change that the model knows, because the model alone decides.
    DecidedModel,
}

impl Need {
    /// Why a host with these facts does not meet the need, as a sentence that names the fact: "needs root: euid is
    /// 1000". `None` if it meets the need.
    pub fn unmet(&self, facts: &Facts) -> Option<String> {
        let lack = match self {
            Need::Root => privilege::root(facts),
            Need::OrdinaryUser => privilege::ordinary_user(facts),
            Need::Capability(cap) => privilege::capability(facts, *cap),
            Need::InitialUserns => privilege::initial_userns(facts),
            Need::ProjectIds => privilege::project_ids(facts),
            Need::Userns => userns::usable(facts, Creator::Caller),
            // Without /proc no map is known, and the reason has to name this.
            Need::UnprivilegedUserns => proc(facts)
                .and_then(|()| privilege::ordinary_user(facts))
                .and_then(|()| userns::usable(facts, Creator::OrdinaryUser)),
            Need::Proc => proc(facts),
            Need::VisibleProcesses => visible_processes(facts),
            Need::Subids => privilege::subids(facts),
            Need::NewPrivileges => privilege::new_privileges(facts),
            Need::Program(name) => program(facts, name),
            Need::SetuidProgram(name) => privilege::setuid_program(facts, name),
            Need::File(path) => file(facts, path),
            Need::Account(name) => account(facts, name),
            Need::Config(option) => config(facts, option),
            Need::Processors(count) => processors(facts, *count),
            Need::Processes(count) => processes(facts, *count),
            Need::NoConfig(option) => no_config(facts, option),
            Need::NoSeccomp => no_seccomp(facts),
            Need::UnprivilegedWithheld => userns::withheld(facts),
            Need::Kernel { major, minor, .. } => kernel(facts, (*major, *minor)),
            Need::Change(change) => has(facts, change),
            Need::Decided(change) => decided(facts, change).map(|_| ()),
            Need::DecidedModel => ALL.iter().try_for_each(|change| decided(facts, change).map(|_| ())),
        };
        lack.err().map(|fact| format!("needs {}: {fact}", self.in_words()))
    }

    /// Why a test that has two snapshots, with a change and without, cannot be judged on a host with these facts: the
    /// release of its kernel does not show whether it has the change. `None` if it does.
    pub(crate) fn undecided(varies: &dyn Variation, facts: &Facts) -> Option<String> {
        let change = varies.of_the_kernel()?;
        let why = decided(facts, change).err()?;
        Some(format!("needs to know whether the kernel has the change of {}: {why}", releases(change)))
    }

    /// Whether the need requires that something is missing, so that no host meets it together with all other needs: a
    /// kernel without user namespaces, a distribution that denies them.
    pub fn is_a_lack(&self) -> bool {
        matches!(self, Need::NoConfig(_) | Need::UnprivilegedWithheld)
    }

    fn in_words(&self) -> String {
        match self {
            Need::Root => "root".to_owned(),
            Need::OrdinaryUser => "an ordinary user".to_owned(),
            Need::Capability(cap) => cap.to_string(),
            Need::InitialUserns => "the initial user namespace".to_owned(),
            Need::ProjectIds => "project ids".to_owned(),
            Need::Userns => "user namespaces".to_owned(),
            Need::UnprivilegedUserns => "unprivileged user namespaces".to_owned(),
            Need::Proc => "a writable /proc".to_owned(),
            Need::VisibleProcesses => "a /proc that shows all processes".to_owned(),
            Need::Subids => "subordinate ids".to_owned(),
            Need::NewPrivileges => "new privileges by execve(2)".to_owned(),
            Need::Program(name) => format!("the program {name}"),
            Need::SetuidProgram(name) => format!("the setuid program {name}"),
            Need::File(path) => path.to_string(),
            Need::Account(name) => format!("the account {name}"),
            Need::Config(option) => option.to_string(),
            Need::Processors(count) => format!("{count} processors to run on at a time"),
            Need::Processes(count) => format!("{count} processes"),
            Need::NoConfig(option) => format!("a kernel without {option}"),
            Need::NoSeccomp => "no seccomp filter".to_owned(),
            Need::UnprivilegedWithheld => "kernel.unprivileged_userns_clone to be 0".to_owned(),
            Need::Kernel { major, minor, why } => format!("Linux {major}.{minor} ({why})"),
            Need::Change(change) => format!("Linux {} ({})", releases(change), change.what),
            Need::DecidedModel => "to know which changes the kernel has".to_owned(),
            Need::Decided(change) => {
                format!("to know whether the kernel has the change of {}", releases(change))
            }
        }
    }
}

/// The fact about a program that does not exist.
const NOT_FOUND: &str = "not in the standard PATH";

/// `Ok` if a need is met, otherwise the fact against it.
type Judged = Result<(), String>;

fn proc(facts: &Facts) -> Judged {
    match &facts.proc_state {
        ProcState::Writable { .. } => Ok(()),
        ProcState::OfOthers { .. } => Err(format!("/proc is {}", facts.proc_state)),
        ProcState::ReadOnly => Err("/proc is mounted read-only".to_owned()),
        ProcState::Missing(why) => Err(format!("no procfs is mounted at /proc ({why})")),
    }
}

fn visible_processes(facts: &Facts) -> Judged {
    proc(facts)?;
    match &facts.proc_state {
        ProcState::Writable { hidepid: Fact::Known(hidepid) } if hidepid != "0" && hidepid != "off" => {
            Err(format!("/proc is mounted with hidepid={hidepid}"))
        }
        _ => Ok(()),
    }
}

fn program(facts: &Facts, name: &str) -> Judged {
    let lack = if name.contains('/') { "no such executable file" } else { NOT_FOUND };
    (facts.lookups.program)(name).map(|_| ()).ok_or_else(|| lack.to_owned())
}

fn file(facts: &Facts, path: &str) -> Judged {
    match (facts.lookups.file)(path) {
        Fact::Known(()) => Ok(()),
        Fact::Absent => Err("no such file".to_owned()),
        Fact::Unreadable(why) => Err(why),
    }
}

fn account(facts: &Facts, name: &str) -> Judged {
    match (facts.lookups.account)(name) {
        Fact::Known(_) => Ok(()),
        Fact::Absent => Err("no such user".to_owned()),
        Fact::Unreadable(why) => Err(format!("the users are unreadable: {why}")),
    }
}

fn config(facts: &Facts, option: &str) -> Judged {
    match (facts.lookups.config)(option) {
        Fact::Known(value) if value == "y" || value == "m" => Ok(()),
        Fact::Known(value) => Err(format!("the kernel was built with {value}")),
        Fact::Absent => Err("the kernel was built without it".to_owned()),
        Fact::Unreadable(why) => Err(format!("the kernel's configuration is unreadable: {why}")),
    }
}

fn no_config(facts: &Facts, option: &str) -> Judged {
    match (facts.lookups.config)(option) {
        Fact::Absent => Ok(()),
        Fact::Known(value) => Err(format!("the kernel was built with {value}")),
        Fact::Unreadable(why) => Err(format!("the kernel's configuration is unreadable: {why}")),
    }
}

fn no_seccomp(facts: &Facts) -> Judged {
    match &facts.process.seccomp {
        Fact::Known(Seccomp::Off) | Fact::Absent => Ok(()),
        Fact::Known(_) => Err("one is active".to_owned()),
        Fact::Unreadable(why) => Err(format!("the seccomp mode is unreadable ({why})")),
    }
}

fn processes(facts: &Facts, count: u64) -> Judged {
    if let Some(limit) = facts.pids_max.known().filter(|limit| limit.room() < count) {
        return Err(limit.to_string());
    }
    match facts.processes(Counted::Callers) {
        Some(room) if room < count => Err(format!("RLIMIT_NPROC leaves room for {room}")),
        _ => Ok(()),
    }
}

fn processors(facts: &Facts, count: u64) -> Judged {
    match &facts.process.processors {
        Fact::Known(processors) if *processors >= count => Ok(()),
        processors => Err(format!("sched_getaffinity(2) tells of {processors}")),
    }
}

/// A release that has a call or a file at all: no stable series receives one.
fn kernel(facts: &Facts, first: (u32, u32)) -> Judged {
    match facts.system.kernel() {
        Some(running) if running >= first => Ok(()),
        _ => Err(format!("the kernel is {}", facts.system.kernel_release)),
    }
}

fn has(facts: &Facts, change: &Change) -> Judged {
    match (facts.system.kernel(), decided(facts, change)?) {
        (Some(_), true) => Ok(()),
        _ => Err(format!("the kernel is {}", facts.system.kernel_release)),
    }
}

/// Whether the kernel has the change. `Err` if its release does not show it.
fn decided(facts: &Facts, change: &Change) -> Result<bool, String> {
    let release = facts.system.release();
    change.has(release).ok_or_else(|| {
        let why = match release.stable {
            Stable::OfVendor => "whose distribution takes changes of later releases",
            Stable::Hidden | Stable::Number(_) => "which does not show its release of the stable series",
        };
        format!("the kernel is {}, {why}", facts.system.kernel_release)
    })
}

/// The first releases with the change: "6.3, 6.1.26 or 5.15.110".
fn releases(change: &Change) -> String {
    let (major, minor) = change.release;
    let of_series = |(major, minor, third): &(u32, u32, u32)| format!("{major}.{minor}.{third}");
    let mut all = vec![format!("{major}.{minor}")];
    all.extend(change.stable.iter().rev().map(of_series));
    match all.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => all.concat(),
    }
}
