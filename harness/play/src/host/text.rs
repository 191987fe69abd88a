//! Facts as text for a terminal and a bug report: one a line, names in one column.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

use super::accounts::SubidRange;
use super::programs::{FileCaps, Program};
use super::{Fact, Facts, Rlimit};
use harness_scenario::caps::CapSet;
use harness_scenario::ids::{FsId, Ids};
use harness_scenario::release::Stable;

/// The width of the longest name and two blanks.
const COLUMN: usize = 46;

impl Facts {
    /// The facts as lines "name   value", each ended by a newline. They contain no secrets, but the name and the ids
    /// of the caller.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let rows = [
            self.system_rows(),
            self.policy_rows(),
            self.process_rows(),
            self.limit_rows(),
            self.mount_rows(),
            self.account_rows(),
            self.probed_rows(),
        ];
        for (name, value) in rows.concat() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name:COLUMN$}{value}");
        }
        text
    }

    fn system_rows(&self) -> Vec<(String, String)> {
        let system = &self.system;
        let surroundings = match system.surroundings.is_empty() {
            true => "no sign of a container or virtual machine".to_owned(),
            false => system.surroundings.join(", "),
        };
        vec![
            row("kernel", format!("{} {}", system.kernel_release, system.architecture)),
            row("kernel version", &system.kernel_version),
            row("kernel's version signature", &system.version_signature),
            row("release of the stable series", stable(system.release().stable)),
            row("distribution", &system.distribution),
            row("surroundings", surroundings),
            row("/proc", &self.proc_state),
        ]
    }

    fn policy_rows(&self) -> Vec<(String, String)> {
        let policy = &self.policy;
        vec![
            row("security modules", &policy.security_modules),
            row("confinement", &policy.confinement),
            row("AppArmor enabled", &policy.apparmor),
            row("SELinux enforcing", &policy.selinux_enforcing),
            row(
                "kernel.apparmor_restrict_unprivileged_userns",
                &policy.apparmor_restrict_unprivileged_userns,
            ),
            row("  ..._restrict_unprivileged_unconfined", &policy.apparmor_restrict_unprivileged_unconfined),
            row("kernel.unprivileged_userns_clone", &policy.unprivileged_userns_clone),
            row("user.max_user_namespaces", &policy.max_user_namespaces),
            row("the same for other kinds", others(&policy.max_other_namespaces)),
            row("fs.suid_dumpable", &policy.suid_dumpable),
            row("kernel.yama.ptrace_scope", &policy.ptrace_scope),
            row("kernel.overflowuid", &policy.overflowuid),
            row("kernel.overflowgid", &policy.overflowgid),
            row("kernel.cap_last_cap", &policy.cap_last_cap),
        ]
    }

    fn process_rows(&self) -> Vec<(String, String)> {
        let process = &self.process;
        let last = self.last_cap();
        let caps = |pick: fn(&super::CapSets) -> CapSet| {
            process.capabilities.map(|sets| pick(sets).relative_to(last))
        };
        vec![
            row("uids", process.uids.map(ids)),
            row("gids", process.gids.map(ids)),
            row("supplementary groups", process.groups.map(|groups| listed(groups))),
            row("capabilities, effective", caps(|sets| sets.effective)),
            row("capabilities, permitted", caps(|sets| sets.permitted)),
            row("capabilities, inheritable", caps(|sets| sets.inheritable)),
            row("capabilities, bounding", caps(|sets| sets.bounding)),
            row("capabilities, ambient", caps(|sets| sets.ambient)),
            row("processors", &process.processors),
            row("no_new_privs", &process.no_new_privs),
            row("securebits", process.securebits.map(|bits| securebits(*bits))),
            row("seccomp", process.seccomp.map(|mode| format!("{mode:?}").to_lowercase())),
            row("in the initial user namespace", &process.in_initial_userns),
            row("uid_map", &process.uid_map),
            row("gid_map", &process.gid_map),
            row("projid_map", &process.projid_map),
            row("setgroups", &process.setgroups),
            row("chroot", &process.chroot),
        ]
    }

    fn limit_rows(&self) -> Vec<(String, String)> {
        let limits = self.limits.iter().map(|(name, limit)| row(&format!("RLIMIT_{name}"), rlimit(*limit)));
        let group = match &self.pids_max {
            Fact::Absent => "no limit that can be seen".to_owned(),
            limit => limit.to_string(),
        };
        limits.chain([row("processes of the control group", group)]).collect()
    }

    fn mount_rows(&self) -> Vec<(String, String)> {
        let parts = self.parts.iter().map(|(path, part)| row(path, part));
        let new = |(fs_type, refused): (&&str, &Option<String>)| {
            let verdict = refused.as_deref().unwrap_or("allowed as far as mounts decide");
            row(&format!("a new {fs_type} in a user namespace"), verdict)
        };
        let places = [
            row("directory for temporary files", &self.places.temporary),
            row("working directory", &self.places.working),
            row("/dev/null", &self.places.dev_null),
        ];
        parts.chain(self.new_mounts.iter().map(new)).chain(places).collect()
    }

    fn account_rows(&self) -> Vec<(String, String)> {
        let accounts = &self.accounts;
        let mut rows = vec![
            row("caller", &accounts.name),
            row("/etc/subuid", accounts.subuid.map(|ranges| subids(ranges))),
            row("/etc/subgid", accounts.subgid.map(|ranges| subids(ranges))),
        ];
        for (name, program) in &self.programs {
            rows.push(row(name, program.as_ref().map_or("not in the standard PATH".to_owned(), described)));
        }
        rows
    }

    fn probed_rows(&self) -> Vec<(String, String)> {
        let Some(probed) = &self.probed else { return Vec::new() };
        let mut rows: Vec<_> =
            probed.refused_calls.iter().map(|reason| row("refused call", reason)).collect();
        if probed.refused_calls.is_empty() {
            rows.push(row("refused call", "none"));
        }
        rows.push(row("nested user namespaces", &probed.nested_levels.reason));
        rows
    }

    /// The highest capability number of this kernel, or of those that the harness knows.
    pub fn last_cap(&self) -> u8 {
        self.policy.last_cap()
    }
}

fn row(name: &str, value: impl Display) -> (String, String) {
    (name.to_owned(), value.to_string())
}

fn stable(stable: Stable) -> String {
    match stable {
        Stable::Number(number) => number.to_string(),
        Stable::Hidden => "unknown: the kernel's name does not show it".to_owned(),
        Stable::OfVendor => "none: the distribution takes changes of later releases".to_owned(),
    }
}

fn others(limits: &BTreeMap<&str, Fact<u64>>) -> String {
    limits.iter().map(|(kind, most)| format!("{kind} {most}")).collect::<Vec<_>>().join(", ")
}

/// One number if all four ids are equal, as they usually are.
fn ids(ids: &Ids) -> String {
    let Ids { real, effective, saved, fs } = *ids;
    match [real, saved].iter().all(|id| *id == effective) && fs == FsId::Known(effective) {
        true => effective.to_string(),
        false => format!("real {real}, effective {effective}, saved {saved}, fs {fs}"),
    }
}

fn listed(groups: &[u32]) -> String {
    match groups {
        [] => "none".to_owned(),
        _ => groups.iter().map(u32::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// The bits of capabilities(7), "The securebits flags"; each flag has a lock above it.
fn securebits(bits: u32) -> String {
    const FLAGS: [&str; 6] = [
        "noroot",
        "no_setuid_fixup",
        "keep_caps",
        "no_cap_ambient_raise",
        "exec_restrict_file",
        "exec_deny_interactive",
    ];
    let each = FLAGS.iter().enumerate();
    let set: Vec<String> = each.filter_map(|(at, name)| flag(name, bits >> (2 * at) & 3)).collect();
    if set.is_empty() { format!("{bits:#x}") } else { format!("{bits:#x}: {}", set.join(", ")) }
}

fn flag(name: &str, bits: u32) -> Option<String> {
    match bits {
        0 => None,
        1 => Some(name.to_owned()),
        2 => Some(format!("{name} cleared and locked")),
        _ => Some(format!("{name} locked")),
    }
}

fn rlimit(limit: Rlimit) -> String {
    let shown = |limit: Option<u64>| limit.map_or("unlimited".to_owned(), |limit| limit.to_string());
    let used = limit.used.map_or(String::new(), |used| format!(", used {used}"));
    match limit.soft == limit.hard {
        true => format!("{}{used}", shown(limit.hard)),
        false => format!("soft {}, hard {}{used}", shown(limit.soft), shown(limit.hard)),
    }
}

fn subids(ranges: &[SubidRange]) -> String {
    let line = |range: &SubidRange| format!("{}:{}:{}", range.owner, range.first, range.count);
    match ranges {
        [] => "no line for the caller".to_owned(),
        _ => ranges.iter().map(line).collect::<Vec<_>>().join(", "),
    }
}

fn described(program: &Program) -> String {
    let mut text = format!("{} mode {} owner {}", program.path.display(), program.mode, program.owner);
    match &program.capabilities {
        Fact::Absent => {}
        caps => text.push_str(&format!(" capabilities {}", caps.map(file_caps))),
    }
    if program.nosuid {
        text.push_str(" on a nosuid mount");
    }
    text
}

fn file_caps(caps: &FileCaps) -> String {
    let effective = if caps.effective { "effective" } else { "not effective" };
    let root = caps.root.map_or(String::new(), |root| format!(", for the root {root}"));
    format!("{} ({effective}{root})", caps.permitted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn securebits_are_shown_with_their_locks() {
        assert_eq!(securebits(0), "0x0");
        assert_eq!(
            securebits(0x2f),
            "0x2f: noroot locked, no_setuid_fixup locked, keep_caps cleared and locked"
        );
    }

    #[test]
    fn a_limit_is_shown_with_its_use() {
        let limit = Rlimit { soft: Some(40), hard: Some(40), used: Some(3) };

        assert_eq!(rlimit(limit), "40, used 3");
        assert_eq!(rlimit(Rlimit { hard: None, ..limit }), "soft 40, hard unlimited, used 3");
    }
}
