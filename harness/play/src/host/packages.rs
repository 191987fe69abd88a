//! Which package brings a program.

/// The packages of Debian and Ubuntu, by the program.
const PACKAGES: [(&str, &str); 33] = [
    ("cat", "coreutils"),
    ("chroot", "coreutils"),
    ("cp", "coreutils"),
    ("capsh", "libcap2-bin"),
    ("ctr", "containerd"),
    ("gcc", "gcc"),
    ("grep", "grep"),
    ("getpcaps", "libcap2-bin"),
    ("id", "coreutils"),
    ("mmdebstrap", "mmdebstrap"),
    ("mount", "mount"),
    ("newgidmap", "uidmap"),
    ("newgrp", "login"),
    ("newuidmap", "uidmap"),
    ("nsenter", "util-linux"),
    ("ps", "procps"),
    ("qemu-system-aarch64", "qemu-system-arm"),
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("runuser", "util-linux"),
    ("setcap", "libcap2-bin"),
    ("sed", "sed"),
    ("setpriv", "util-linux"),
    ("sg", "login"),
    ("sh", "dash"),
    ("sleep", "coreutils"),
    ("start-stop-daemon", "dpkg"),
    ("stat", "coreutils"),
    ("strace", "strace"),
    ("su", "util-linux"),
    ("sudo", "sudo"),
    ("umount", "mount"),
    ("unshare", "util-linux"),
    ("apt-helper", "apt"),
];

/// The package of Debian and Ubuntu that has a program, by its name or its path: "uidmap" for "newuidmap". `None` for a
/// program that the suite does not run.
pub fn package_of(program: &str) -> Option<&'static str> {
    let name = program.rsplit('/').next()?;
    PACKAGES.iter().find(|(other, _)| *other == name).map(|(_, package)| *package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_known_by_name_and_by_path() {
        assert_eq!(package_of("newuidmap"), Some("uidmap"));
        assert_eq!(package_of("/usr/lib/apt/apt-helper"), Some("apt"));
        assert_eq!(package_of("no-such-program"), None);
    }
}
