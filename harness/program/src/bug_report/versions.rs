//! The versions of the programs that matter for user namespaces, as they tell them.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use harness::host::path::{PATH, find};

/// A program, and the argument that has it tell its version. Where a package has several programs, one of them.
const PROGRAMS: [(&str, &str); 14] = [
    ("sudo", "--version"),
    ("sudo-rs", "--version"),
    ("su", "--version"),
    ("setpriv", "--version"),
    ("unshare", "--version"),
    ("runc", "--version"),
    ("crun", "--version"),
    ("containerd", "--version"),
    ("podman", "--version"),
    ("docker", "--version"),
    ("bwrap", "--version"),
    ("systemctl", "--version"),
    ("apt-get", "--version"),
    ("busybox", "--help"),
];

/// The package of these programs tells no version of itself; dpkg knows it.
const SHADOW: [&str; 2] = ["newuidmap", "newgidmap"];

/// How long a program may take.
const LIMIT: Duration = Duration::from_secs(5);

/// The programs that there are, each with the first line that it prints.
pub fn all() -> Vec<(String, String)> {
    let of = |(name, argument): (&str, &str)| {
        let path = find(name)?;
        let line = first_line(Command::new(path).arg(argument));
        Some((name.to_owned(), line.unwrap_or_else(|| "there, and tells no version".to_owned())))
    };
    PROGRAMS.into_iter().filter_map(of).chain(shadow()).collect()
}

fn shadow() -> Vec<(String, String)> {
    let there = SHADOW.into_iter().filter(|name| find(name).is_some());
    let version = || {
        let dpkg = find("dpkg-query")?;
        first_line(Command::new(dpkg).args(["-W", "-f", "${Package} ${Version}\n", "uidmap"]))
    };
    there.map(|name| (name.to_owned(), version().unwrap_or_else(|| "there".to_owned()))).collect()
}

/// The first line that a program prints within the limit.
fn first_line(command: &mut Command) -> Option<String> {
    let command = command.env_clear().env("PATH", PATH).env("LC_ALL", "C").stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let until = Instant::now() + LIMIT;
    while child.try_wait().ok()?.is_none() {
        if Instant::now() >= until {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().find(|line| !line.trim().is_empty()).map(|line| line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_tells_its_first_line_and_one_without_words_nothing() {
        let line = |script: &str| first_line(Command::new("/bin/sh").args(["-c", script]));

        assert_eq!(line("echo; echo 'sudo 1.9'; echo more").as_deref(), Some("sudo 1.9"));
        assert_eq!(line("true"), None);
        assert_eq!(first_line(&mut Command::new("/nowhere/program")), None);
    }
}
