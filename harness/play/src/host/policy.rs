//! Policies besides the kernel's own rules: security modules and sysctls.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use harness_scenario::caps::Cap;
use serde::Serialize;

use super::fact::{self, Fact};

/// The kinds of namespaces beside user namespaces, as their sysctls name them.
///
/// Source: namespaces(7), "The /proc/sys/user directory".
const OTHER_KINDS: [&str; 7] = ["cgroup", "ipc", "mnt", "net", "pid", "time", "uts"];

/// Security modules, their settings, and the sysctls that limit user namespaces. The sysctls are those that this
/// process's namespaces see.
#[derive(Clone, Debug, Serialize)]
pub struct Policy {
    /// The active security modules, comma separated: `/sys/kernel/security/lsm`.
    pub security_modules: Fact<String>,
    /// The confinement of this process: `/proc/self/attr/current`, an AppArmor profile with its mode or an SELinux
    /// context.
    pub confinement: Fact<String>,
    /// Whether AppArmor is enabled.
    pub apparmor: Fact<bool>,
    /// `kernel.apparmor_restrict_unprivileged_userns` (Ubuntu).
    pub apparmor_restrict_unprivileged_userns: Fact<u64>,
    /// `kernel.apparmor_restrict_unprivileged_unconfined` (Ubuntu).
    pub apparmor_restrict_unprivileged_unconfined: Fact<u64>,
    /// Whether SELinux is enforcing: `/sys/fs/selinux/enforce`.
    pub selinux_enforcing: Fact<bool>,
    /// `kernel.unprivileged_userns_clone` (Debian, Arch, linux-hardened).
    pub unprivileged_userns_clone: Fact<u64>,
    /// `user.max_user_namespaces`: the number that each user may create in this namespace.
    pub max_user_namespaces: Fact<u64>,
    /// The same for namespaces of another kind, by the word in the name of its sysctl: "mnt" for
    /// `user.max_mnt_namespaces`.
    pub max_other_namespaces: BTreeMap<&'static str, Fact<u64>>,
    /// `fs.suid_dumpable`: whether a process that changed its ids is dumpable. If it is not, its `/proc/PID` belongs
    /// to root.
    pub suid_dumpable: Fact<u64>,
    /// `kernel.yama.ptrace_scope`: the processes that an unprivileged user may trace. Absent without Yama.
    pub ptrace_scope: Fact<u64>,
    /// `kernel.overflowuid`: the value for an unmapped uid.
    pub overflowuid: Fact<u64>,
    /// `kernel.overflowgid`: the value for an unmapped gid.
    pub overflowgid: Fact<u64>,
    /// `kernel.cap_last_cap`: the highest capability number of this kernel.
    pub cap_last_cap: Fact<u64>,
}

impl Policy {
    /// The highest capability number of this kernel, or of those that the harness knows.
    pub fn last_cap(&self) -> u8 {
        let known = self.cap_last_cap.known();
        known.and_then(|last| u8::try_from(*last).ok()).unwrap_or(Cap::LAST.number())
    }

    /// Reads the facts. Never fails.
    pub fn gather() -> Policy {
        let sysctl = |name: &str| fact::read_number(&format!("/proc/sys/{name}"));
        let apparmor = |name: &str| sysctl(&format!("kernel/apparmor_restrict_unprivileged_{name}"));
        Policy {
            security_modules: security_modules(),
            confinement: confinement(),
            apparmor: fact::read_below("/sys/module", "/sys/module/apparmor/parameters/enabled")
                .map(|enabled| enabled == "Y"),
            apparmor_restrict_unprivileged_userns: apparmor("userns"),
            apparmor_restrict_unprivileged_unconfined: apparmor("unconfined"),
            selinux_enforcing: fact::read_below("/sys/fs", "/sys/fs/selinux/enforce").map(|mode| mode != "0"),
            unprivileged_userns_clone: sysctl("kernel/unprivileged_userns_clone"),
            max_user_namespaces: sysctl("user/max_user_namespaces"),
            max_other_namespaces: OTHER_KINDS
                .map(|kind| (kind, sysctl(&format!("user/max_{kind}_namespaces"))))
                .into(),
            suid_dumpable: sysctl("fs/suid_dumpable"),
            ptrace_scope: fact::number(fact::read_below(
                "/proc/sys/kernel",
                "/proc/sys/kernel/yama/ptrace_scope",
            )),
            overflowuid: sysctl("kernel/overflowuid"),
            overflowgid: sysctl("kernel/overflowgid"),
            cap_last_cap: sysctl("kernel/cap_last_cap"),
        }
    }
}

fn security_modules() -> Fact<String> {
    const LIST: &str = "/sys/kernel/security/lsm";
    match fact::read(LIST) {
        Fact::Known(list) => Fact::Known(list),
        Fact::Unreadable(why) => Fact::Unreadable(why),
        // The mount point always exists, but only a mounted securityfs has the list.
        Fact::Absent => Fact::Unreadable(format!("ENOENT; securityfs is not mounted{}", evidence())),
    }
}

/// Signs of a security module, for a host without securityfs.
fn evidence() -> &'static str {
    let apparmor = Path::new("/sys/module/apparmor").is_dir();
    let selinux = Path::new("/sys/fs/selinux").is_dir();
    match (apparmor, selinux) {
        (true, true) => "; apparmor and selinux are built in",
        (true, false) => "; apparmor is built in",
        (false, true) => "; selinux is active",
        (false, false) => "",
    }
}

/// Reading the file is EINVAL if no security module is active, which is a fact as well.
fn confinement() -> Fact<String> {
    const EINVAL: i32 = nix::errno::Errno::EINVAL as i32;
    match fs::read("/proc/self/attr/apparmor/current").or_else(|_| fs::read("/proc/self/attr/current")) {
        Ok(label) => {
            let label = String::from_utf8_lossy(&label);
            Fact::Known(label.trim_end_matches(['\0', '\n']).to_owned())
        }
        Err(error) if error.raw_os_error() == Some(EINVAL) => Fact::Absent,
        Err(error) => Fact::of(Err(error)),
    }
}
