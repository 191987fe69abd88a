//! Resource limits, and what the suite needs of them.

use std::collections::BTreeMap;
use std::fs;

use rustix::process::{Resource, Rlimit as KernelLimit, getrlimit, setrlimit};
use serde::Serialize;

use super::fact::Fact;
use super::{Facts, Process, filter};
use harness_scenario::caps::Cap;

/// Every limit of getrlimit(2), by its name without RLIMIT_.
const ALL: [(&str, Resource); 16] = [
    ("AS", Resource::As),
    ("CORE", Resource::Core),
    ("CPU", Resource::Cpu),
    ("DATA", Resource::Data),
    ("FSIZE", Resource::Fsize),
    ("LOCKS", Resource::Locks),
    ("MEMLOCK", Resource::Memlock),
    ("MSGQUEUE", Resource::Msgqueue),
    ("NICE", Resource::Nice),
    ("NOFILE", Resource::Nofile),
    ("NPROC", Resource::Nproc),
    ("RSS", Resource::Rss),
    ("RTPRIO", Resource::Rtprio),
    ("RTTIME", Resource::Rttime),
    ("SIGPENDING", Resource::Sigpending),
    ("STACK", Resource::Stack),
];

/// What every test needs at least, in the units of setrlimit(2), as runs of the suite have shown: with these, only the
/// tests that nest most deeply need more processes. The suite starts threads, each of which reserves address space; a test
/// may write a snapshot or a reproducer of some kB.
const LEAST: [(&str, u64); 7] = [
    ("NPROC", 32),
    ("NOFILE", 32),
    ("FSIZE", 64 << 10),
    ("AS", 512 << 20),
    ("DATA", 128 << 20),
    ("STACK", 256 << 10),
    ("CPU", 60),
];

/// The processes that the deepest tests have at a time, two tests together. Where it may, the suite raises its limit to
/// this.
const DEEPEST: u64 = 128;

/// Above this soft limit of RLIMIT_NPROC, the number of the user's processes is not counted: counting reads a file of
/// every process.
const COUNTED: u64 = 4096;

/// A resource limit. `None` is "unlimited".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rlimit {
    /// The limit that the kernel enforces.
    pub soft: Option<u64>,
    /// The greatest soft limit that the process may set.
    pub hard: Option<u64>,
    /// What counts against the limit now, where that is known: threads of the user for NPROC, open files of the process
    /// for NOFILE, bytes for AS and MEMLOCK, queued signals of the user for SIGPENDING.
    pub used: Option<u64>,
}

impl Rlimit {
    /// What remains below the hard limit. `None` is "unlimited".
    pub fn room(self) -> Option<u64> {
        self.hard.map(|hard| hard.saturating_sub(self.used.unwrap_or(0)))
    }
}

/// All limits of this process, by name without RLIMIT_. Never fails.
pub(super) fn gather(process: &Process) -> BTreeMap<&'static str, Rlimit> {
    // Without the call nothing is known, and its wrapper would panic.
    if filter::refused_call(libc::SYS_prlimit64, &[]).is_some() {
        return BTreeMap::new();
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let limit = |(name, resource): (&'static str, Resource)| {
        let limit = getrlimit(resource);
        let used = used(name, limit.current, &status, process);
        (name, Rlimit { soft: limit.current, hard: limit.maximum, used })
    };
    ALL.into_iter().map(limit).collect()
}

fn used(name: &str, soft: Option<u64>, status: &str, process: &Process) -> Option<u64> {
    let kilobytes = |field| Some(number(status, field)? * 1024);
    match name {
        "AS" => kilobytes("VmSize:"),
        "MEMLOCK" => kilobytes("VmLck:"),
        "SIGPENDING" => number(status, "SigQ:"),
        "NOFILE" => Some(fs::read_dir("/proc/self/fd").ok()?.count() as u64),
        "NPROC" if soft.is_some_and(|soft| soft <= COUNTED) => {
            threads_of(process.uids.known().map(|uids| uids.real)?)
        }
        _ => None,
    }
}

/// The first number of a field of /proc/PID/status.
fn number(status: &str, field: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix(field))?.trim_start();
    value.split(|end: char| !end.is_ascii_digit()).next()?.parse().ok()
}

/// The threads of all visible processes with this real uid, which RLIMIT_NPROC counts.
///
/// Source: getrlimit(2), RLIMIT_NPROC.
fn threads_of(uid: u32) -> Option<u64> {
    let processes = fs::read_dir("/proc").ok()?.filter_map(|entry| {
        let name = entry.ok()?.file_name();
        name.to_str().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))?;
        // A process may end meanwhile.
        fs::read_to_string(format!("/proc/{}/status", name.display())).ok()
    });
    let own = processes.filter(|status| number(status, "Uid:") == Some(uid.into()));
    Some(own.filter_map(|status| number(&status, "Threads:")).sum())
}

/// Raises every soft limit to its hard limit, which takes no privilege, and a hard limit to what every test needs, where
/// the caller may. The suite does this first. RLIMIT_STACK and RLIMIT_CORE stay as they are: the first changes the layout
/// of memory, and the second would leave core files behind.
///
/// Source: setrlimit(2): CAP_SYS_RESOURCE raises a hard limit.
pub fn raise_soft_limits() {
    if filter::refused_call(libc::SYS_prlimit64, &[]).is_some() {
        return;
    }
    for (name, resource) in ALL.into_iter().filter(|(name, _)| !["CORE", "STACK"].contains(name)) {
        let found = getrlimit(resource);
        let least = match name {
            "NPROC" => DEEPEST,
            _ => LEAST.iter().find(|(other, _)| *other == name).map_or(0, |(_, least)| *least),
        };
        let enough = found.maximum.map(|hard| hard.max(least));
        // What cannot be raised remains a fact, and is the reason of skips.
        if setrlimit(resource, KernelLimit { current: enough, maximum: enough }).is_err() {
            let _ = setrlimit(resource, KernelLimit { current: found.maximum, maximum: found.maximum });
        }
    }
}

impl Facts {
    /// A limit by its name without RLIMIT_, such as "NPROC". `None` if there is no such limit.
    pub fn rlimit(&self, name: &str) -> Option<Rlimit> {
        self.limits.get(name).copied()
    }

    /// Why no test can run: the first resource limit that is smaller than what every test needs. `None` if all are
    /// large enough. Hard limits count, because the suite raises the soft ones; see [`raise_soft_limits`].
    ///
    /// Source: getrlimit(2); kernel copy_process() for whom RLIMIT_NPROC does not bind.
    pub fn too_small_limits(&self) -> Option<String> {
        LEAST.iter().find_map(|(name, least)| {
            let limit = self.rlimit(name)?;
            let room = if *name == "NPROC" { self.processes()? } else { limit.hard? };
            (room < *least).then(|| self.too_small(name, limit, *least))
        })
    }

    /// How many more processes the user may have. `None` if there is no limit, or if it does not bind the caller. Hard limits
    /// count, because the suite raises the soft ones.
    pub fn processes(&self) -> Option<u64> {
        let limit = self.rlimit("NPROC").filter(|_| !self.is_exempt_from_nproc())?;
        limit.room()
    }

    fn too_small(&self, name: &str, limit: Rlimit, least: u64) -> String {
        let hard = limit.hard.unwrap_or(u64::MAX);
        match (name, limit.used) {
            ("NPROC", Some(used)) => format!(
                "RLIMIT_NPROC is {hard}, of which the user has {used}; the tests need {least} processes besides"
            ),
            _ => format!("RLIMIT_{name} is {hard}; the tests need {least}"),
        }
    }

    /// Root of the initial namespace by its real uid, and processes with one of two capabilities there, have as many
    /// processes as they want. Tests that run as another user are not exempt, so a limit that leaves no room for that
    /// user's processes binds them.
    fn is_exempt_from_nproc(&self) -> bool {
        let process = &self.process;
        let is_privileged = process.uids.known().is_some_and(|uids| uids.real == 0)
            || process.has(Cap::SysResource)
            || process.has(Cap::SysAdmin);
        let hard = self.rlimit("NPROC").and_then(|limit| limit.hard);
        process.in_initial_userns == Fact::Known(true)
            && is_privileged
            && hard.is_none_or(|hard| hard >= DEEPEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_of_proc_is_read() {
        let process = Process::gather();
        let limits = gather(&process);
        let text = fs::read_to_string("/proc/self/limits").expect("proc(5)");

        assert_eq!(text.lines().count() - 1, limits.len(), "{text}");
        let line = text.lines().find(|line| line.starts_with("Max open files")).expect("a line");
        let soft = line.split_whitespace().nth(3).and_then(|soft| soft.parse().ok());
        assert_eq!(limits["NOFILE"].soft, soft);
        assert!(limits["NOFILE"].used > Some(2), "{:?}", limits["NOFILE"]);
        assert!(limits["AS"].used > Some(1 << 20), "{:?}", limits["AS"]);
    }

    /// An ordinary user with this limit, of which nothing else is small.
    fn host(name: &'static str, limit: Rlimit) -> Facts {
        let mut facts = Facts::gather(crate::lookups());
        facts.limits = BTreeMap::from([(name, limit)]);
        facts.process.uids = Fact::Known(harness_scenario::ids::Ids {
            real: 1000,
            effective: 1000,
            saved: 1000,
            fs: harness_scenario::ids::FsId::Known(1000),
        });
        facts.process.capabilities = Fact::Known(harness_scenario::ids::CapSets::default());
        facts
    }

    #[test]
    fn a_limit_that_no_test_can_do_with_is_named() {
        let small = |hard, used| Rlimit { soft: Some(hard), hard: Some(hard), used };

        for (name, limit, reason) in [
            (
                "NPROC",
                small(40, Some(9)),
                Some("RLIMIT_NPROC is 40, of which the user has 9; the tests need 32 processes besides"),
            ),
            ("NPROC", small(41, Some(9)), None),
            ("NOFILE", small(31, None), Some("RLIMIT_NOFILE is 31; the tests need 32")),
            ("AS", small(1 << 20, None), Some("RLIMIT_AS is 1048576; the tests need 536870912")),
            ("CORE", small(0, None), None),
            ("CPU", Rlimit { soft: Some(1), hard: None, used: None }, None),
        ] {
            assert_eq!(host(name, limit).too_small_limits().as_deref(), reason, "{name} {limit:?}");
        }
    }

    /// Root of the initial namespace is bound only by a limit that its unprivileged users would hit.
    #[test]
    fn the_limit_of_processes_does_not_bind_root() {
        let limit = Rlimit { soft: Some(200), hard: Some(200), used: Some(190) };
        let mut facts = host("NPROC", limit);
        assert_eq!(facts.processes(), Some(10));

        facts.process.in_initial_userns = Fact::Known(true);
        facts.process.uids = facts.process.uids.map(|ids| harness_scenario::ids::Ids { real: 0, ..*ids });
        assert_eq!(facts.processes(), None);
        facts.process.in_initial_userns = Fact::Known(false);
        assert_eq!(facts.processes(), Some(10));
    }

    #[test]
    fn this_process_is_among_those_of_its_user() {
        let uid = nix::unistd::getuid().as_raw();

        assert!(threads_of(uid).is_some_and(|count| count >= 1));
        assert_eq!(threads_of(4_000_000_000), Some(0));
    }

    #[test]
    fn a_field_is_read_up_to_its_first_number() {
        assert_eq!(number("SigQ:\t3/95\nUid:\t1000\t0\t0\t0\n", "SigQ:"), Some(3));
        assert_eq!(number("Uid:\t1000\t0\t0\t0\n", "Uid:"), Some(1000));
        assert_eq!(number("", "Uid:"), None);
    }
}
