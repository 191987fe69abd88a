//! The system: kernel, distribution, and virtual machine or container.

use std::fs;
use std::path::Path;

use serde::Serialize;

use super::fact::{self, Fact};
use harness_scenario::release::{Release, version};

/// The kernel, the distribution, and the virtual machine or container.
#[derive(Clone, Debug, Serialize)]
pub struct System {
    /// `uname -r`.
    pub kernel_release: String,
    /// `uname -v`: the build number, options and date.
    pub kernel_version: String,
    /// `/proc/version_signature`, in which Ubuntu's kernels name the release that they are made from.
    pub version_signature: Fact<String>,
    /// `uname -m`.
    pub architecture: String,
    /// `PRETTY_NAME` of os-release(5).
    pub distribution: Fact<String>,
    /// Each sign of a virtual machine, a container or a kernel in user space. Empty means that no sign was found, not
    /// that there is no such environment.
    pub surroundings: Vec<String>,
}

impl System {
    /// Reads the facts. Never fails.
    pub fn gather() -> System {
        let [kernel_release, kernel_version, architecture] = names();
        let mut system = System {
            kernel_release,
            kernel_version,
            version_signature: fact::read("/proc/version_signature"),
            architecture,
            distribution: distribution(),
            surroundings: surroundings(),
        };
        if system.is_gvisor() {
            system.surroundings.push("gVisor (uname(2))".to_owned());
        }
        system
    }

    /// Whether the kernel is gVisor, by the results of uname(2). For years all builds returned the same version.
    /// Later builds have their name in the release.
    ///
    /// Source: gVisor, pkg/sentry/syscalls/linux, LinuxRelease and LinuxVersion.
    pub fn is_gvisor(&self) -> bool {
        let constant =
            self.kernel_release == "4.4.0" && self.kernel_version == "#1 SMP Sun Jan 10 15:06:54 PST 2016";
        constant || self.kernel_release.contains("gvisor")
    }

    /// The major and minor version of the kernel. `None` if the release does not begin with them.
    pub fn kernel(&self) -> Option<(u32, u32)> {
        version(&self.kernel_release)
    }

    /// The release of the kernel, and what its names show of its stable series. One that is newer than any change if
    /// uname(2) does not report a version.
    pub fn release(&self) -> Release {
        let signature = self.version_signature.known().map(String::as_str);
        Release::told(&self.kernel_release, &self.kernel_version, signature)
    }
}

/// The release, the version and the machine that uname(2) tells, or that /proc and the build tell where a filter refuses
/// uname(2).
fn names() -> [String; 3] {
    match nix::sys::utsname::uname() {
        Ok(told) => {
            let [release, version, machine] = [told.release(), told.version(), told.machine()]
                .map(|name| name.to_string_lossy().into_owned());
            [real_release(release, &fact::read("/proc/sys/kernel/osrelease")), version, machine]
        }
        Err(_) => {
            let told = |name: &str| fact::read(&format!("/proc/sys/kernel/{name}"));
            let known = |fact: Fact<String>| fact.known().cloned().unwrap_or_default();
            [known(told("osrelease")), known(told("version")), std::env::consts::ARCH.to_owned()]
        }
    }
}

/// The release of the kernel, of what uname(2) and the sysctl report. For a process with the personality UNAME26 uname(2)
/// counts from 2.6.40 on, and the sysctl does not.
///
/// Source: setarch(8), --uname-2.6; kernel override_release().
fn real_release(told: String, sysctl: &Fact<String>) -> String {
    match sysctl.known().map(|release| release.trim()).filter(|release| !release.is_empty()) {
        Some(release) if told.starts_with("2.6.") => release.to_owned(),
        _ => told,
    }
}

fn distribution() -> Fact<String> {
    let text = match fact::read("/etc/os-release") {
        Fact::Known(text) => text,
        _ => match fact::read("/usr/lib/os-release") {
            Fact::Known(text) => text,
            missing => return missing,
        },
    };
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.map_or(Fact::Absent, |name| Fact::Known(name.trim_matches(['"', '\'']).to_owned()))
}

fn surroundings() -> Vec<String> {
    let mut signs = Vec::new();
    if let Fact::Known(manager) = fact::read("/run/systemd/container") {
        signs.push(format!("container ({manager}, /run/systemd/container)"));
    }
    for marker in ["/.dockerenv", "/run/.containerenv"] {
        if Path::new(marker).exists() {
            signs.push(format!("container ({marker})"));
        }
    }
    // Only root can read it, and another user's process shows nothing about this one.
    if let Some(manager) = fs::read("/proc/1/environ").ok().and_then(|env| container_of(&env)) {
        signs.push(format!("container ({manager}, environment of process 1)"));
    }
    if let Fact::Known(version) = fact::read("/proc/version")
        && (version.contains("Microsoft") || version.contains("microsoft"))
    {
        signs.push("Windows Subsystem for Linux (/proc/version)".to_owned());
    }
    if let Some(sign) = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| machine(&text)) {
        signs.push(sign.to_owned());
    }
    if let Fact::Known(product) = fact::read("/sys/class/dmi/id/product_name") {
        signs.push(format!("machine \"{product}\" (DMI)"));
    }
    signs
}

fn container_of(environment: &[u8]) -> Option<String> {
    let value =
        environment.split(|byte| *byte == 0).find_map(|variable| variable.strip_prefix(b"container="))?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// Reads only the first CPU, because the list is long on large machines.
fn machine(cpuinfo: &str) -> Option<&'static str> {
    let first = cpuinfo.split("\n\n").next()?;
    if first.contains("User Mode Linux") {
        return Some("User-Mode Linux (/proc/cpuinfo)");
    }
    first
        .lines()
        .find(|line| line.starts_with("flags"))?
        .split_whitespace()
        .any(|flag| flag == "hypervisor")
        .then_some("virtual machine (/proc/cpuinfo)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_personality_does_not_make_a_kernel_older() {
        let real = |told: &str, sysctl| real_release(told.to_owned(), &sysctl);
        let known = |release: &str| Fact::Known(release.to_owned());

        assert_eq!(real("2.6.78-fc", known("6.18.44-fc\n")), "6.18.44-fc");
        assert_eq!(real("2.6.32", known("2.6.32")), "2.6.32");
        assert_eq!(real("2.6.78", Fact::Unreadable("EACCES".into())), "2.6.78");
        assert_eq!(real("6.18.44", known("")), "6.18.44", "masked by /dev/null");
    }

    #[test]
    fn gvisor_is_told_by_what_uname_says() {
        let is = |release: &str, version: &str| {
            let system = System::gather();
            System { kernel_release: release.to_owned(), kernel_version: version.to_owned(), ..system }
                .is_gvisor()
        };

        assert!(is("4.4.0", "#1 SMP Sun Jan 10 15:06:54 PST 2016"));
        assert!(is("4.19.0-gvisor", "#1 SMP Sun Jan 10 15:06:54 PST 2016"));
        assert!(!is("4.4.0", "#1 SMP Sun Jan 10 15:06:54 PST 2017"));
        assert!(!is("4.4.302", "#1 SMP Sun Jan 10 15:06:54 PST 2016"));
    }

    #[test]
    fn signs_of_a_machine_are_read() {
        let uml = "processor\t: 0\nvendor_id\t: User Mode Linux\n";
        let guest = "processor\t: 0\nflags\t\t: fpu hypervisor lahf_lm\n\nprocessor\t: 1\n";

        assert_eq!(machine(uml), Some("User-Mode Linux (/proc/cpuinfo)"));
        assert_eq!(machine(guest), Some("virtual machine (/proc/cpuinfo)"));
        assert_eq!(machine("processor\t: 0\nflags\t\t: fpu\n"), None);
        assert_eq!(container_of(b"PATH=/bin\0container=lxc\0").as_deref(), Some("lxc"));
    }
}
