//! The state of this process: credentials, namespace, root directory.

use std::collections::HashMap;
use std::fs;

use rustix::thread::{
    CapabilitySet, capabilities, capability_is_in_ambient_set, capability_is_in_bounding_set,
};
use serde::Serialize;

use super::fact::{self, Fact};
use super::ids::{gids, uids};
use super::root::{self, Chroot};
use super::system::System;
use harness_scenario::caps::{Cap, CapSet};
use harness_scenario::ids::{CapSets, FsId, Ids};
use harness_scenario::map;
use harness_scenario::missing::MissingFeatures;

/// The inode number of the initial user namespace, fixed since Linux 3.8.
///
/// Source: `PROC_USER_INIT_INO`, include/linux/proc_ns.h.
const INITIAL_USERNS: &str = "user:[4026531837]";

/// The seccomp mode of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Seccomp {
    /// No restriction.
    Off,
    /// Only read, write, exit and sigreturn are allowed.
    Strict,
    /// A filter decides, and its rules cannot be read.
    Filter,
}

/// This process. Ids and maps are as seen in its own user namespace.
#[derive(Clone, Debug, Serialize)]
pub struct Process {
    /// User ids.
    pub uids: Fact<Ids>,
    /// Group ids.
    pub gids: Fact<Ids>,
    /// Supplementary groups.
    pub groups: Fact<Vec<u32>>,
    /// Capabilities in the user namespace of the process.
    pub capabilities: Fact<CapSets>,
    /// Whether execve(2) ignores setuid bits and file capabilities.
    pub no_new_privs: Fact<bool>,
    /// Whether system calls are filtered.
    pub seccomp: Fact<Seccomp>,
    /// `/proc/self/uid_map`, one space between fields, extents separated by "; ".
    pub uid_map: Fact<String>,
    /// `/proc/self/gid_map`, likewise.
    pub gid_map: Fact<String>,
    /// `/proc/self/projid_map`, in the same form.
    pub projid_map: Fact<String>,
    /// `/proc/self/setgroups`: "allow" or "deny".
    pub setgroups: Fact<String>,
    /// Whether this is the initial user namespace.
    pub in_initial_userns: Fact<bool>,
    /// Whether the root directory is not that of the mount namespace.
    pub chroot: Chroot,
    /// The number of CPUs on which this process may run.
    pub processors: Fact<u64>,
    /// `PR_GET_SECUREBITS` of prctl(2).
    pub securebits: Fact<u32>,
    /// Why this process gave up being root of a small container, if it did; see
    /// [`crate::leave_a_small_container`].
    pub left_root: Option<String>,
}

impl Process {
    /// Reads the facts. Never fails. Uses system calls where possible, so that little is missing without `/proc`.
    pub fn gather() -> Process {
        let status = Status::read();
        let uid_map = fact::read("/proc/self/uid_map").map(|map| map::lines(map).join("; "));
        Process {
            uids: uids(),
            gids: gids(),
            groups: Fact::of(nix::unistd::getgroups().map_err(Into::into))
                .map(|groups| groups.iter().map(|gid| gid.as_raw()).collect()),
            capabilities: cap_sets(),
            no_new_privs: Fact::of(rustix::thread::no_new_privs().map_err(Into::into)),
            // A filter may kill a process that calls prctl(2), so without /proc the fact stays unknown.
            seccomp: status.field("Seccomp").map(|mode| seccomp(mode)),
            in_initial_userns: in_initial_userns(&uid_map, System::gather().is_gvisor()),
            uid_map,
            gid_map: fact::read("/proc/self/gid_map").map(|map| map::lines(map).join("; ")),
            projid_map: fact::read("/proc/self/projid_map").map(|map| map::lines(map).join("; ")),
            setgroups: fact::read("/proc/self/setgroups"),
            chroot: root::chroot(),
            processors: processors(),
            securebits: securebits(),
            left_root: crate::shed::left_root(),
        }
    }

    /// Whether `cap` is in the effective set, as far as that is known.
    pub fn has(&self, cap: Cap) -> bool {
        self.capabilities.known().is_some_and(|sets| sets.effective.contains(cap))
    }

    /// The parts of a process's state that the kernel did not report. A kernel other than Linux may have no call for
    /// them.
    pub(super) fn lacks(&self) -> MissingFeatures {
        let setgroups = self.setgroups == Fact::Absent;
        if self.seccomp != Fact::Known(Seccomp::Off) {
            return MissingFeatures { setgroups, ..MissingFeatures::default() };
        }
        let unknown = |ids: &Fact<Ids>| ids.known().is_some_and(|ids| ids.fs == FsId::Unknown);
        MissingFeatures {
            fs_ids: unknown(&self.uids) && unknown(&self.gids),
            securebits: self.securebits == Fact::Absent,
            setgroups,
        }
    }
}

fn cap_sets() -> Fact<CapSets> {
    let collect = |is_in: &dyn Fn(CapabilitySet) -> rustix::io::Result<bool>| {
        let known = (0..64).map(|number| CapabilitySet::from_bits_retain(1 << number));
        // A number above the kernel's last capability is EINVAL. This is the end of the set.
        known.map_while(|one| is_in(one).ok().map(|yes| if yes { one.bits() } else { 0 })).sum()
    };
    Fact::of(capabilities(None).map_err(Into::into)).map(|sets| CapSets {
        inheritable: CapSet(sets.inheritable.bits()),
        permitted: CapSet(sets.permitted.bits()),
        effective: CapSet(sets.effective.bits()),
        bounding: CapSet(collect(&|one| capability_is_in_bounding_set(one))),
        ambient: CapSet(collect(&|one| capability_is_in_ambient_set(one))),
    })
}

/// prctl(2) returns EINVAL for an option that it does not support.
fn securebits() -> Fact<u32> {
    match rustix::thread::capabilities_secure_bits() {
        Err(rustix::io::Errno::INVAL) => Fact::Absent,
        told => Fact::of(told.map(|bits| bits.bits()).map_err(Into::into)),
    }
}

fn processors() -> Fact<u64> {
    let mask = rustix::thread::sched_getaffinity(None).map_err(Into::into);
    Fact::of(mask).map(|mask| mask.count().into())
}

fn seccomp(mode: &str) -> Seccomp {
    match mode {
        "0" => Seccomp::Off,
        "1" => Seccomp::Strict,
        _ => Seccomp::Filter,
    }
}

/// The inode decides if it can be read, because a nested namespace may have the same identity map. gVisor numbers its
/// namespaces differently.
fn in_initial_userns(uid_map: &Fact<String>, is_gvisor: bool) -> Fact<bool> {
    match fs::read_link("/proc/self/ns/user") {
        Ok(link) if !is_gvisor => Fact::Known(link.as_os_str() == INITIAL_USERNS),
        _ => uid_map.map(|map| map == "0 0 4294967295"),
    }
}

/// `/proc/self/status` by field.
struct Status(Fact<HashMap<String, String>>);

impl Status {
    fn read() -> Status {
        Status(fact::read("/proc/self/status").map(|text| {
            let fields = text.lines().filter_map(|line| line.split_once(':'));
            fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
        }))
    }

    fn field(&self, name: &str) -> Fact<String> {
        match self.0.map(|fields| fields.get(name).cloned()) {
            Fact::Known(Some(value)) => Fact::Known(value),
            Fact::Known(None) | Fact::Absent => Fact::Absent,
            Fact::Unreadable(why) => Fact::Unreadable(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_known_to_be_lacking_where_a_filter_may_have_answered() {
        let ids = Fact::Known(Ids { fs: FsId::Unknown, ..Ids::default() });
        let told = Process { seccomp: Fact::Known(Seccomp::Off), ..Process::gather() };
        let lacking = Process { uids: ids.clone(), gids: ids, securebits: Fact::Absent, ..told.clone() };
        let filtered = Process { seccomp: Fact::Known(Seccomp::Filter), ..lacking.clone() };

        assert_eq!(lacking.lacks(), MissingFeatures { fs_ids: true, securebits: true, setgroups: false });
        assert_eq!(filtered.lacks(), MissingFeatures::default());
        let half = Process { gids: told.gids, securebits: Fact::Unreadable("EPERM".into()), ..lacking };
        assert_eq!(half.lacks(), MissingFeatures::default());
    }

    #[test]
    fn system_calls_and_proc_agree() {
        let status = Status::read();
        let process = Process::gather();

        let effective = status.field("CapEff").known().and_then(|hex| CapSet::from_hex(hex));
        let bounding = status.field("CapBnd").known().and_then(|hex| CapSet::from_hex(hex));
        let sets = process.capabilities.known();
        assert_eq!(sets.map(|sets| sets.effective), effective);
        assert_eq!(sets.map(|sets| sets.bounding), bounding);

        let shown = process.uids.known().map(|ids| {
            let Ids { real, effective, saved, fs } = ids;
            format!("{real}\t{effective}\t{saved}\t{fs}")
        });
        assert_eq!(shown, status.field("Uid").known().cloned());
    }
}
