//! The state of `/proc`.

use std::fmt;
use std::fs;

use rustix::fs::{PROC_SUPER_MAGIC, StatVfsMountFlags, statfs, statvfs};
use serde::{Serialize, Serializer};

use super::fact::{Fact, errno_name};
use super::filter::refused_call;

/// The file system at `/proc`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProcState {
    /// No procfs. The text names what is there instead.
    Missing(String),
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
        match statfs("/proc") {
            // A filter refuses the call, and /proc shows what is mounted.
            Err(_) if refused_call(libc::SYS_statfs, &[]).is_some() => {
                let text = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
                return by_mountinfo(&text);
            }
            Err(errno) => return ProcState::Missing(errno_name(&errno.into())),
            Ok(found) if found.f_type != PROC_SUPER_MAGIC => {
                return ProcState::Missing("another file system is there".to_owned());
            }
            Ok(_) => {}
        }
        match statvfs("/proc") {
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

/// The line of the topmost mount at `/proc`, which is the last one listed.
fn topmost(mountinfo: &str) -> Option<&str> {
    mountinfo.lines().rfind(|line| line.split(' ').nth(4) == Some("/proc"))
}

/// What is mounted at `/proc` by `/proc/self/mountinfo`.
///
/// Source: proc_pid_mountinfo(5): the options of the mount are the sixth field, the type follows " - ".
fn by_mountinfo(mountinfo: &str) -> ProcState {
    let Some(line) = topmost(mountinfo) else {
        return ProcState::Missing("/proc/self/mountinfo has no mount there".to_owned());
    };
    let is_proc = line.split_once(" - ").is_some_and(|(_, rest)| rest.starts_with("proc "));
    let options = line.split(' ').nth(5).unwrap_or_default();
    match options.split(',').any(|option| option == "ro") {
        _ if !is_proc => ProcState::Missing("another file system is there".to_owned()),
        true => ProcState::ReadOnly,
        false => ProcState::Writable { hidepid: Fact::Known(hidepid(mountinfo)) },
    }
}

/// The option of the topmost mount at `/proc`.
fn hidepid(mountinfo: &str) -> String {
    let options = topmost(mountinfo).and_then(|line| line.rsplit(' ').next()).unwrap_or_default();
    let value = options.split(',').find_map(|option| option.strip_prefix("hidepid="));
    value.unwrap_or("0").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topmost_proc_counts() {
        let below = "22 27 0:21 / /proc rw - proc proc rw\n";
        let top = "90 22 0:50 / /proc rw,nosuid - proc proc rw,gid=4,hidepid=invisible\n";

        assert_eq!(hidepid(below), "0");
        assert_eq!(hidepid(&format!("{below}{top}")), "invisible");
        assert_eq!(hidepid(&format!("{top}{below}")), "0");
    }

    #[test]
    fn the_table_of_mounts_shows_the_same_as_the_call() {
        let text = fs::read_to_string("/proc/self/mountinfo").expect("a table");
        assert_eq!(by_mountinfo(&text), ProcState::gather());

        assert_eq!(by_mountinfo("22 27 0:21 / /proc ro,nosuid - proc proc rw\n"), ProcState::ReadOnly);
        let other = by_mountinfo("22 27 0:21 / /proc rw - tmpfs none rw\n");
        assert_eq!(other, ProcState::Missing("another file system is there".to_owned()));
    }
}
