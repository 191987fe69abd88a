//! Facts of this host: the kernel, its policies, and the privileges of this process.
//!
//! Facts come from `/proc`, `/sys`, `/etc` and system calls that change nothing. No process is started and nothing is
//! tried out. A fact that cannot be read is a value and not an error. Facts can therefore be gathered without
//! `/proc`, in a chroot, and as a user without an account.

mod accounts;
mod cgroup;
mod config;
mod fact;
pub mod filter;
mod ids;
mod limits;
mod mounts;
mod nesting;
pub mod path;
mod places;
mod policy;
mod proc_fs;
mod process;
mod programs;
mod root;
mod statfs;
mod system;
mod text;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Serialize;

pub use accounts::{Accounts, SubidRange, account, sudo_has_rules};
pub use cgroup::PidsMax;
pub use config::kernel_config;
pub use fact::{Fact, errno_name, file_exists};
pub use harness_scenario::ids::{CapSets, FsId, Ids, UNKNOWN};
pub use harness_scenario::missing::MissingFeatures;
pub use limits::{Counted, MOST_GROUPS, Rlimit, raise_soft_limits};
pub use mounts::{Part, new_mount_refused, readable, writable};
pub use nesting::{Levels, nested_levels};
pub use places::{Place, Places};
pub use policy::Policy;
pub use proc_fs::ProcState;
pub use process::{Process, Seccomp};
pub use programs::{FileCaps, Program};
pub use root::Chroot;
pub use system::System;

/// The programs that a bug report lists.
const REPORTED_PROGRAMS: [&str; 4] = ["newgidmap", "newuidmap", "su", "sudo"];

/// All facts that decide which outcomes are expected and which tests can run.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    /// The kernel, the distribution, and the virtual machine or container.
    pub system: System,
    /// The state of `/proc`.
    #[serde(rename = "proc")]
    pub proc_state: ProcState,
    /// The parts of `/proc` that tests read or write, by path, and `/sys`. Runtimes hide some and write-protect others.
    pub parts: BTreeMap<&'static str, Part>,
    /// Why a new user namespace may not mount a new procfs or sysfs, by the type. `None` if it may.
    pub new_mounts: BTreeMap<&'static str, Option<String>>,
    /// Resource limits, by their names without RLIMIT_.
    pub limits: BTreeMap<&'static str, Rlimit>,
    /// The limit of processes that control groups set, where one does.
    pub pids_max: Fact<PidsMax>,
    /// The directories and devices that the suite needs outside of `/proc`.
    pub places: Places,
    /// Security modules and sysctls.
    pub policy: Policy,
    /// Credentials, namespace and root directory of this process.
    pub process: Process,
    /// The caller in the account files.
    pub accounts: Accounts,
    /// The programs that a bug report lists, by name. `None` if a program is not in the standard PATH that scenarios
    /// use.
    pub programs: BTreeMap<String, Option<Program>>,
    /// What only probes show. `None` until [`Facts::with_probes`].
    pub probed: Option<Probed>,
    /// Functions for facts that are not read in advance.
    #[serde(skip)]
    pub lookups: Lookups,
}

/// What bounded probes show. A bug report has it; a test asks only for what it needs.
#[derive(Clone, Debug, Serialize)]
pub struct Probed {
    /// The system calls that a seccomp filter refuses, of those that the suite makes, as sentences.
    pub refused_calls: Vec<String>,
    /// How many user namespaces can be created below one another, and why no more.
    pub nested_levels: Levels,
}

/// Facts that are looked up only when a need uses them. The functions are fields, so that tests can decide needs on
/// invented hosts.
#[derive(Clone, Copy, Debug)]
pub struct Lookups {
    /// A program by its name, as [`Program::find`].
    pub program: fn(&str) -> Option<Program>,
    /// Whether a file or directory exists, as [`file_exists`].
    pub file: fn(&str) -> Fact<()>,
    /// The uid of a user by name, as [`account`].
    pub account: fn(&str) -> Fact<u32>,
    /// Whether a file or directory takes writes, as [`writable`].
    pub writable: fn(&str) -> Result<(), String>,
    /// Whether a file or directory shows what the kernel put there, as [`readable`].
    pub readable: fn(&str) -> Result<(), String>,
    /// Why a system call of this number and with these arguments does not reach the kernel, as
    /// [`filter::refused_call`].
    pub refused_call: fn(i64, &[u64]) -> Option<String>,
    /// How many user namespaces can be created below one another, as [`nested_levels`].
    pub nested_levels: fn() -> Levels,
    /// An option of the kernel's configuration, as [`kernel_config`].
    pub config: fn(&str) -> Fact<String>,
    /// Probes whether a user namespace can be created and used. It is called only if a policy may deny user
    /// namespaces and no fact shows whether it does. `Err` is an errno with the refused step.
    pub probe: fn(Creator) -> Result<(), String>,
}

/// The creator of a user namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creator {
    /// This process, with all its privileges.
    Caller,
    /// An unprivileged user: the caller, or the user that a privileged caller becomes.
    OrdinaryUser,
}

impl Facts {
    /// Reads the facts anew; never fails. What else is asked for is found by these lookups.
    pub fn gather(lookups: Lookups) -> Facts {
        Self::around(System::gather(), Process::gather(), Policy::gather(), lookups)
    }

    /// As [`Facts::gather`], with [`system()`], [`process()`] and [`policy()`] as they were read before.
    pub fn of_this_process(lookups: Lookups) -> Facts {
        Self::around(system().clone(), process().clone(), policy().clone(), lookups)
    }

    fn around(system: System, process: Process, policy: Policy, lookups: Lookups) -> Facts {
        let program = |name: &str| (name.to_owned(), Program::find(name));
        Facts {
            system,
            proc_state: ProcState::gather(),
            parts: mounts::parts(),
            new_mounts: ["proc", "sysfs"].into_iter().map(|name| (name, new_mount_refused(name))).collect(),
            limits: limits::gather(&process),
            pids_max: cgroup::gather(),
            places: Places::gather(),
            policy,
            process,
            accounts: Accounts::gather(),
            programs: REPORTED_PROGRAMS.into_iter().map(program).collect(),
            probed: None,
            lookups,
        }
    }
}

impl Lookups {
    /// This host is asked, and user namespaces are tried out by this function.
    pub fn with_probe(probe: fn(Creator) -> Result<(), String>) -> Self {
        Self {
            program: Program::find,
            file: file_exists,
            writable,
            readable,
            refused_call: filter::refused_call,
            nested_levels,
            account,
            config: kernel_config,
            probe,
        }
    }
}

impl Facts {
    /// Whether a test can write to a file or create files in a directory, as far as mounts decide; see [`writable`].
    ///
    /// # Errors
    /// The reason, as a sentence that names the path.
    pub fn writable(&self, path: &str) -> Result<(), String> {
        (self.lookups.writable)(path)
    }

    /// Whether a path exists and, below /proc, is the kernel's own and not hidden by a mount; see [`readable`].
    ///
    /// # Errors
    /// The reason, as a sentence that names the path.
    pub fn readable(&self, path: &str) -> Result<(), String> {
        (self.lookups.readable)(path)
    }

    /// Whether a process in a new user and mount namespace may mount a new "proc" or "sysfs".
    ///
    /// # Errors
    /// The reason, as a sentence that names the mount that forbids it.
    pub fn new_mount(&self, fs_type: &str) -> Result<(), String> {
        self.new_mounts.get(fs_type).cloned().flatten().map_or(Ok(()), Err)
    }

    /// Whether as many user namespaces as `levels` can be created below one another. In the initial namespace nothing is
    /// probed: there are 33 levels, and no limit of a namespace above.
    ///
    /// # Errors
    /// The reason, as a sentence that names the probe.
    pub fn levels(&self, levels: u32) -> Result<(), String> {
        if self.process.in_initial_userns == Fact::Known(true) {
            return Ok(());
        }
        let found = (self.lookups.nested_levels)();
        if found.count >= levels { Ok(()) } else { Err(found.reason) }
    }

    /// The same facts with what only probes show, all of which are made now.
    pub fn with_probes(self) -> Self {
        let probed =
            Probed { refused_calls: filter::refused_calls(), nested_levels: (self.lookups.nested_levels)() };
        Self { probed: Some(probed), ..self }
    }

    /// The parts of a process's state that this kernel has no call to report. Linux has all these calls. On Linux, a
    /// call without an answer is a fault, and no test passes without it.
    pub fn lacks(&self) -> MissingFeatures {
        missing_of(&self.system, &self.process)
    }
}

/// The system, read once.
pub fn system() -> &'static System {
    static SYSTEM: OnceLock<System> = OnceLock::new();
    SYSTEM.get_or_init(System::gather)
}

/// This process as it was when first asked for, read once.
pub fn process() -> &'static Process {
    static PROCESS: OnceLock<Process> = OnceLock::new();
    PROCESS.get_or_init(Process::gather)
}

/// Security modules and sysctls, read once.
pub fn policy() -> &'static Policy {
    static POLICY: OnceLock<Policy> = OnceLock::new();
    POLICY.get_or_init(Policy::gather)
}

/// What of a process this kernel has no call to report, as [`Facts::lacks`].
pub fn missing() -> MissingFeatures {
    missing_of(system(), process())
}

fn missing_of(system: &System, process: &Process) -> MissingFeatures {
    if system.is_gvisor() { process.lacks() } else { MissingFeatures::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linux_lacks_nothing_whatever_it_answers() {
        let mut facts = Facts::gather(Lookups::with_probe(|_| Ok(())));
        facts.process.setgroups = Fact::Absent;
        facts.system.kernel_release = "7.3.4".to_owned();
        assert_eq!(facts.lacks(), MissingFeatures::default());

        facts.system.kernel_release = "4.19.0-gvisor".to_owned();
        assert_eq!(facts.lacks(), MissingFeatures { setgroups: true, ..MissingFeatures::default() });
    }

    #[test]
    fn facts_are_shown_as_text_and_as_json() {
        let facts = Facts::gather(Lookups::with_probe(|_| Ok(())));

        let text = facts.to_text();
        let json = serde_json::to_value(&facts).expect("facts are plain data");

        assert!(text.contains(&facts.system.kernel_release), "{text}");
        assert_eq!(json["system"]["kernel_release"], facts.system.kernel_release.as_str());
        assert!(json["process"]["uids"]["effective"].is_number(), "{json}");
        assert!(json.get("lookups").is_none());
        let apparmor = "kernel.apparmor_restrict_unprivileged_userns  ";
        assert!(text.lines().any(|line| line.starts_with(apparmor)), "{text}");
        for line in text.lines() {
            assert!(line.get(..46).is_some_and(|name| name.ends_with("  ")), "no gap after the name: {line}");
        }
    }
}
