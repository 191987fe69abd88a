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
    fn the_topmost_proc_counts() {
        let below = "22 27 0:21 / /proc rw - proc proc rw\n";
        let top = "90 22 0:50 / /proc rw,nosuid - proc proc rw,gid=4,hidepid=invisible\n";

        assert_eq!(hidepid(below), "0");
        assert_eq!(hidepid(&format!("{below}{top}")), "invisible");
        assert_eq!(hidepid(&format!("{top}{below}")), "0");
    }
}
