//! Resource limits, and what counts against them.

mod room;

use room::ENOUGH_PROCESSES;
pub use room::{Counted, MOST_GROUPS};

use std::collections::BTreeMap;
use std::fs;
use std::thread;

use rustix::process::{Resource, Rlimit as KernelLimit, getrlimit, setrlimit};
use serde::Serialize;

use super::{Process, filter};

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

/// What the suite raises its hard limits to, where it may: enough for every test. Of processes it is [`ENOUGH_PROCESSES`] for each
/// test that may run at a time.
const ENOUGH: [(&str, u64); 8] = [
    ("NOFILE", 256),
    ("FSIZE", 64 << 20),
    ("AS", 1 << 30),
    ("DATA", 256 << 20),
    ("CPU", 600),
    ("SIGPENDING", 1024),
    ("MSGQUEUE", 1 << 20),
    ("MEMLOCK", 8 << 20),
];

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
    /// for NOFILE, bytes for AS, DATA and MEMLOCK, queued signals of the user for SIGPENDING.
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
        "DATA" => kilobytes("VmData:"),
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

/// Raises every soft limit to its hard limit, which takes no privilege, and a hard limit to what is enough for every test,
/// where the caller may. The suite does this first. RLIMIT_STACK and RLIMIT_CORE stay as they are: the first changes the layout
/// of memory, and the second would leave core files behind.
///
/// Source: setrlimit(2): CAP_SYS_RESOURCE raises a hard limit.
pub fn raise_soft_limits() {
    if filter::refused_call(libc::SYS_prlimit64, &[]).is_some() {
        return;
    }
    let processes =
        ENOUGH_PROCESSES * thread::available_parallelism().map_or(2, |count| count.get().max(2) as u64);
    for (name, resource) in ALL.into_iter().filter(|(name, _)| !["CORE", "STACK"].contains(name)) {
        let found = getrlimit(resource);
        let enough = |name| ENOUGH.iter().find(|(other, _)| *other == name).map_or(0, |(_, enough)| *enough);
        let least = if name == "NPROC" { processes } else { enough(name) };
        let enough = found.maximum.map(|hard| hard.max(least));
        // What cannot be raised remains a fact, and is the reason of skips.
        if setrlimit(resource, KernelLimit { current: enough, maximum: enough }).is_err() {
            let _ = setrlimit(resource, KernelLimit { current: found.maximum, maximum: found.maximum });
        }
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
