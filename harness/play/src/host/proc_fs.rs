//! The state of `/proc`.

use std::fmt;
use std::fs;
use std::path::Path;

use rustix::fs::{PROC_SUPER_MAGIC, StatVfsMountFlags};
use serde::{Serialize, Serializer};

use super::fact::Fact;
use super::statfs::{statfs, statvfs, why};

/// The file system at `/proc`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProcState {
    /// No procfs. The text names what is there instead.
    Missing(String),
    /// The procfs of another PID namespace: its numbers are those of other processes, if any.
    OfOthers {
        /// What /proc/self is there.
        itself: Fact<String>,
    },
    /// A procfs that refuses all writes with EROFS.
    ReadOnly,
    /// A writable procfs. `hidepid` is its mount option, or "0" if it has none.
    Writable {
        /// Which users see the processes of other users; see proc(5).
        hidepid: Fact<String>,
    },
}

impl ProcState {
    /// Reads the facts. Never fails.
    pub fn gather() -> ProcState {
        match statfs(Path::new("/proc")) {
            Err(errno) => return ProcState::Missing(why(errno)),
            Ok(found) if found.f_type != PROC_SUPER_MAGIC => {
                return ProcState::Missing("another file system is there".to_owned());
            }
            Ok(_) => {}
        }
        let itself = Fact::of(fs::read_link("/proc/self")).map(|link| link.display().to_string());
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        if !is_own(&itself, &status, std::process::id()) {
            return ProcState::OfOthers { itself };
        }
        match statvfs(Path::new("/proc")) {
            Ok(mount) if mount.f_flag.contains(StatVfsMountFlags::RDONLY) => ProcState::ReadOnly,
            _ => ProcState::Writable {
                hidepid: Fact::of(fs::read_to_string("/proc/self/mountinfo")).map(|text| hidepid(text)),
            },
        }
    }
}

impl fmt::Display for ProcState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProcState::Missing(why) => write!(f, "not mounted ({why})"),
            ProcState::OfOthers { itself } => {
                write!(f, "of another PID namespace (/proc/self is {itself} and not {})", std::process::id())
            }
            ProcState::ReadOnly => f.write_str("read-only"),
            ProcState::Writable { hidepid } => write!(f, "writable, hidepid {hidepid}"),
        }
    }
}

impl Serialize for ProcState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Whether a procfs is that of this process's PID namespace: it calls the process as the process calls itself, and knows no
/// other name of it.
///
/// Source: proc(5), /proc/self; proc_pid_status(5), NSpid; pid_namespaces(7), "/proc and PID namespaces".
fn is_own(itself: &Fact<String>, status: &str, pid: u32) -> bool {
    let names = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    let has_others = names.is_some_and(|names| names.split_whitespace().count() > 1);
    match itself {
        Fact::Known(name) => *name == pid.to_string() && !has_others,
        Fact::Absent => false,
        // What cannot be read is judged by the files that a test needs.
        Fact::Unreadable(_) => true,
    }
}

/// The option of the topmost mount at `/proc`, which is the last one listed.
fn hidepid(mountinfo: &str) -> String {
    let options = mountinfo
        .lines()
        .rfind(|line| line.split(' ').nth(4) == Some("/proc"))
        .and_then(|line| line.rsplit(' ').next())
        .unwrap_or_default();
    let value = options.split(',').find_map(|option| option.strip_prefix("hidepid="));
    value.unwrap_or("0").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proc_of_another_pid_namespace_is_not_the_own() {
        let known = |name: &str| Fact::Known(name.to_owned());

        assert!(is_own(&known("7"), "Name:\tx\nNSpid:\t7\n", 7));
        assert!(is_own(&known("7"), "", 7), "a kernel before 4.1");
        assert!(!is_own(&known("4711"), "NSpid:\t4711\t7\n", 7), "that of the namespace above");
        assert!(!is_own(&known("7"), "NSpid:\t7\t7\n", 7), "by chance the same number");
        assert!(!is_own(&Fact::Absent, "", 7), "that of a namespace below");
        assert!(!matches!(ProcState::gather(), ProcState::OfOthers { .. }));
    }

    #[test]
    fn the_topmost_proc_counts() {
        let below = "22 27 0:21 / /proc rw - proc proc rw\n";
        let top = "90 22 0:50 / /proc rw,nosuid - proc proc rw,gid=4,hidepid=invisible\n";

        assert_eq!(hidepid(below), "0");
        assert_eq!(hidepid(&format!("{below}{top}")), "invisible");
        assert_eq!(hidepid(&format!("{top}{below}")), "0");
    }
}
