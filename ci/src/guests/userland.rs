//! The programs that tests run in a guest: this host's, with their libraries, and accounts of our own.
//!
//! The suite itself needs none of them. A test that needs a program which is not there is skipped, and says so.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::guests::initramfs::Tree;
use crate::sys::process;

/// What a scenario may run: the programs of `harness/scenario/src/reach/programs.rs`.
const PROGRAMS: [&str; 47] = [
    "cat",
    "chmod",
    "chroot",
    "cp",
    "cut",
    "echo",
    "env",
    "false",
    "getent",
    "grep",
    "head",
    "id",
    "kill",
    "ls",
    "mkdir",
    "mkfifo",
    "mount",
    "newgidmap",
    "newgrp",
    "newuidmap",
    "printf",
    "readlink",
    "rm",
    "runuser",
    "sed",
    "setpriv",
    "setsid",
    "sg",
    "sh",
    "sleep",
    "sort",
    "start-stop-daemon",
    "stat",
    "strace",
    "su",
    "sudo",
    "tail",
    "tee",
    "test",
    "touch",
    "tr",
    "true",
    "uname",
    "uniq",
    "unshare",
    "wc",
    "whoami",
];
/// Whole directories of this host that those programs read, and that anybody may read.
const DIRECTORIES: [&str; 3] = ["/etc/pam.d", "/etc/security", "/usr/share/dpkg"];
/// The same for files.
const FILES: [&str; 11] = [
    "/etc/login.defs",
    "/etc/os-release",
    "/etc/environment",
    "/etc/sudo.conf",
    "/etc/shells",
    "/usr/lib/apt/apt-helper",
    // The only method for which a test asks apt.
    "/usr/lib/apt/methods/file",
    // What sudo loads when it runs; its libraries lie beside it.
    "/usr/libexec/sudo/sudoers.so",
    "/usr/lib/sudo/sudoers.so",
    "/usr/libexec/sudo/sudo_noexec.so",
    "/usr/lib/sudo/sudo_noexec.so",
];
/// The directories of PAM's services, which name the modules that they load.
const SERVICES: &str = "/etc/pam.d";
/// Directories that an ordinary root has.
const PLACES: [(&str, u32); 18] = [
    ("/boot", 0o755),
    ("/dev", 0o755),
    ("/etc", 0o755),
    ("/home", 0o755),
    ("/media", 0o755),
    ("/mnt", 0o755),
    ("/opt", 0o755),
    ("/proc", 0o555),
    ("/root", 0o700),
    ("/run", 0o755),
    ("/srv", 0o755),
    ("/sys", 0o555),
    ("/tmp", 0o1777),
    ("/var/tmp", 0o1777),
    ("/var/lib/dpkg", 0o755),
    ("/var/cache/apt/archives/partial", 0o755),
    ("/var/lib/apt/lists/partial", 0o755),
    ("/etc/apt/apt.conf.d", 0o755),
];
/// Asking the loader about a hundred files.
const LOADER: Duration = Duration::from_secs(60);
/// The accounts, each with a group of its name: those that the tests name, and those that Debian always has.
const ACCOUNTS: [(&str, u32, &str); 6] = [
    ("root", 0, "/bin/sh"),
    ("daemon", 1, "/usr/sbin/nologin"),
    ("bin", 2, "/usr/sbin/nologin"),
    ("_apt", 42, "/usr/sbin/nologin"),
    ("user", 1000, "/bin/sh"),
    ("nobody", 65534, "/usr/sbin/nologin"),
];

/// A root with directories and accounts, and without programs: for a guest that cannot run those of this host.
pub fn bare() -> Tree {
    let mut tree = places();
    accounts(&mut tree);
    tree
}

fn places() -> Tree {
    let mut tree = Tree::default();
    for directory in ["bin", "sbin", "lib", "lib64"] {
        tree.directory(&format!("/usr/{directory}"), 0o755);
        tree.link(&format!("/{directory}"), &format!("usr/{directory}"));
    }
    PLACES.iter().for_each(|(path, mode)| tree.directory(path, *mode));
    tree.link("/var/run", "/run");
    tree.device("/dev/console", 0o600, (5, 1));
    tree
}

/// A root with all of it. What this host lacks, or keeps from the caller, the root lacks as well.
pub fn tree() -> Tree {
    let mut programs = Programs { tree: places(), linked: Vec::new() };
    DIRECTORIES.iter().for_each(|directory| programs.directory(Path::new(directory)));
    PROGRAMS.iter().for_each(|name| programs.program(name));
    FILES.iter().for_each(|file| programs.file(Path::new(file)));
    // Modules of PAM and of the name service are found at run time, beside the libraries that want them.
    for library in programs.libraries() {
        let called =
            |name: &str| library.file_name().is_some_and(|it| it.to_string_lossy().starts_with(name));
        let beside = library.parent().unwrap_or(Path::new("/"));
        if called("libpam.so") {
            modules().iter().for_each(|it| programs.file(&beside.join("security").join(it)));
        }
        if called("libc.so") {
            ["libnss_files.so.2", "libnss_compat.so.2"].iter().for_each(|it| programs.file(&beside.join(it)));
        }
    }
    programs.libraries().iter().for_each(|library| programs.file(library));
    let mut tree = programs.tree;
    accounts(&mut tree);
    tree
}

/// The modules that this host's services of PAM name. A host may have many more.
fn modules() -> BTreeSet<String> {
    let services = fs::read_dir(SERVICES).into_iter().flatten().flatten();
    let texts = services.filter_map(|service| fs::read_to_string(service.path()).ok());
    texts.flat_map(|text| modules_in(&text)).collect()
}

/// The modules in the text of a service, without their directory.
fn modules_in(service: &str) -> BTreeSet<String> {
    let lines = service.lines().filter(|line| !line.trim_start().starts_with('#'));
    let words = lines.flat_map(str::split_whitespace).filter(|word| word.ends_with(".so"));
    words.map(|word| word.rsplit('/').next().unwrap_or(word).to_owned()).collect()
}

struct Programs {
    tree: Tree,
    /// Programs and modules, whose libraries have to come along.
    linked: Vec<PathBuf>,
}

impl Programs {
    fn program(&mut self, name: &str) {
        let places = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];
        let found = places.iter().map(|place| Path::new(place).join(name)).find(|file| file.is_file());
        found.iter().for_each(|file| self.file(file));
    }

    fn directory(&mut self, directory: &Path) {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        for entry in entries.map(|entry| entry.path()) {
            if entry.is_dir() { self.directory(&entry) } else { self.file(&entry) }
        }
    }

    /// A file by this name, with the content that a link leads to.
    fn file(&mut self, file: &Path) {
        let (Ok(content), Ok(meta)) = (fs::read(file), fs::metadata(file)) else { return };
        if content.starts_with(b"\x7fELF") {
            self.linked.push(file.to_owned());
        }
        self.tree.file(&merged(file), meta.permissions().mode() & 0o7777, content);
    }

    /// The libraries that the loader would load for all of them, those of libraries included.
    fn libraries(&self) -> BTreeSet<PathBuf> {
        let said = process::capture(Command::new("ldd").args(&self.linked), LOADER);
        said.map_or(BTreeSet::new(), |said| paths(&said.stdout))
    }
}

/// Where a file is in a root whose /bin, /sbin, /lib and /lib64 are links into /usr.
fn merged(file: &Path) -> String {
    let path = file.to_string_lossy().into_owned();
    let old = ["/bin/", "/sbin/", "/lib/", "/lib64/"].iter().any(|directory| path.starts_with(directory));
    if old { format!("/usr{path}") } else { path }
}

/// The absolute paths in what ldd prints: `libc.so.6 => /lib/libc.so.6 (0x...)`, `/lib64/ld.so (0x...)`.
/// For more than one program a line `/bin/true:` parts them.
fn paths(said: &str) -> BTreeSet<PathBuf> {
    let words = said.split_whitespace().filter(|word| word.starts_with('/') && !word.ends_with(':'));
    words.map(PathBuf::from).collect()
}

/// Accounts that do not depend on this host, so that a guest is the same on every host. No account has a password.
fn accounts(tree: &mut Tree) {
    let lines = |line: &dyn Fn(&str, u32, &str) -> String| -> String {
        ACCOUNTS.iter().map(|(name, id, shell)| line(name, *id, shell)).collect()
    };
    let home = |name: &str| if name == "root" { "/root" } else { "/tmp" }.to_owned();
    let files = [
        ("passwd", 0o644, lines(&|name, id, shell| format!("{name}:x:{id}:{id}::{}:{shell}\n", home(name)))),
        ("group", 0o644, lines(&|name, id, _| format!("{name}:x:{id}:\n"))),
        ("shadow", 0o640, lines(&|name, _, _| format!("{name}:*:20000:0:99999:7:::\n"))),
        ("gshadow", 0o640, lines(&|name, _, _| format!("{name}:*::\n"))),
        ("subuid", 0o644, "user:100000:65536\n".to_owned()),
        ("subgid", 0o644, "user:100000:65536\n".to_owned()),
        ("sudoers", 0o440, "root ALL=(ALL:ALL) ALL\n".to_owned()),
        ("nsswitch.conf", 0o644, "passwd: files\ngroup: files\nshadow: files\nhosts: files\n".to_owned()),
        ("hosts", 0o644, "127.0.0.1 localhost guest\n".to_owned()),
        ("hostname", 0o644, "guest\n".to_owned()),
    ];
    for (name, mode, text) in files {
        tree.file(&format!("/etc/{name}"), mode, text);
    }
    tree.file("/var/lib/dpkg/status", 0o644, "");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_loader_names_is_found() {
        let said =
            "\tlinux-vdso.so.1 (0x7ffe)\n\tlibc.so.6 => /lib/x/libc.so.6 (0x7f)\n\t/lib64/ld.so.2 (0x7f)\n";

        let found = paths(&format!("/bin/true:\n{said}"));
        assert_eq!(found, ["/lib/x/libc.so.6", "/lib64/ld.so.2"].map(PathBuf::from).into());
        assert!(paths("\tnot a dynamic executable\n").is_empty());
        assert_eq!(merged(Path::new("/lib64/ld.so.2")), "/usr/lib64/ld.so.2");
        assert_eq!(merged(Path::new("/usr/bin/su")), "/usr/bin/su");
    }

    #[test]
    fn the_modules_of_a_service_are_those_of_its_lines() {
        let service = "# pam_old.so\nauth [success=1 default=ignore] pam_unix.so nullok\n\
                       session optional /lib/security/pam_x.so\n@include common-auth\n";

        assert_eq!(modules_in(service), ["pam_unix.so", "pam_x.so"].map(str::to_owned).into());
    }

    /// The tests name their programs by words such as `Program("sudo")`.
    #[test]
    fn each_program_that_a_test_needs_comes_along() -> Result<(), Box<dyn std::error::Error>> {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/userns");
        let mut needed = BTreeSet::new();
        for file in fs::read_dir(tests)?.flatten().map(|entry| entry.path()).filter(|path| path.is_file()) {
            let text = fs::read_to_string(file)?;
            let after = text.split("rogram(\"").skip(1);
            needed.extend(after.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        }

        let here = |name: &String| PROGRAMS.contains(&name.as_str()) || FILES.contains(&name.as_str());
        assert!(needed.contains("sudo") && needed.contains("newuidmap"), "{needed:?}");
        assert!(needed.iter().all(here), "{needed:?}");
        Ok(())
    }

    #[test]
    fn a_root_has_a_shell_and_the_accounts_of_the_tests() {
        let tree = tree();

        assert!(["/usr/bin/sh", "/etc/passwd", "/dev/console", "/tmp"].iter().all(|path| tree.has(path)));
    }
}
