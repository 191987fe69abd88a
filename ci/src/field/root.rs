//! The roots of releases of Debian, with the programs of all rows, made by mmdebstrap and kept in the cache.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use walkdir::WalkDir;

use crate::debian::apt::Mirror;
use crate::sys::scratch::Scratch;
use crate::sys::{process, supervisor};
use harness_program::ui::print::note;

/// What every place needs: the programs that trace, enter namespaces and set up a network.
const ALWAYS: [&str; 6] = ["strace", "util-linux", "mount", "procps", "iproute2", "login"];
/// The file in a root that dpkg keeps.
const STATUS: &str = "var/lib/dpkg/status";
/// Reading the configuration of apt.
const QUICK: Duration = Duration::from_secs(60);

/// A root that is kept.
#[derive(Clone, Debug)]
pub struct Root {
    /// The release.
    pub release: String,
    /// Where it is.
    pub dir: PathBuf,
    /// The version of each package that is installed in it.
    pub versions: BTreeMap<String, String>,
}

/// The root of a release with these packages: the one that is kept, or a new one.
///
/// # Errors
/// When it cannot be made, such as because of a signature that is not one of the keyring's.
pub fn get(
    release: &str,
    packages: &BTreeSet<String>,
    kept_in: &Path,
    mirror: &Mirror,
    refresh: bool,
) -> Result<Root, String> {
    fs::create_dir_all(kept_in).map_err(|error| format!("cannot make {}: {error}", kept_in.display()))?;
    let kept_in = kept_in.canonicalize().map_err(|error| format!("no {}: {error}", kept_in.display()))?;
    let dir = kept_in.join(release);
    let packages: BTreeSet<String> =
        packages.iter().cloned().chain(ALWAYS.iter().map(|name| (*name).to_owned())).collect();
    let whole = |dir: &Path| {
        let versions = installed(&fs::read_to_string(dir.join(STATUS)).unwrap_or_default());
        let missing = packages.iter().find(|name| !versions.contains_key(*name)).cloned();
        missing.map_or(Ok(versions), Err)
    };
    // One that was made for other packages is made anew.
    if !refresh && let Ok(versions) = whole(&dir) {
        return Ok(Root { release: release.to_owned(), dir, versions });
    }
    note(format_args!("{release}: making a root with {} packages and what they need\n", packages.len()));
    let part = kept_in.join(format!("{release}.part"));
    remove(&part)?;
    make(release, &packages, &part, mirror)?;
    let versions = whole(&part).map_err(|name| format!("the root of {release} does not have {name}"))?;
    remove(&dir)?;
    // Only what is whole gets its name.
    fs::rename(&part, &dir).map_err(|error| format!("cannot keep {}: {error}", dir.display()))?;
    note(format_args!("{release}: a root of {} MB\n", megabytes(&dir)));
    Ok(Root { release: release.to_owned(), dir, versions })
}

/// The size of the files of a root.
fn megabytes(dir: &Path) -> u64 {
    let files = WalkDir::new(dir).into_iter().flatten();
    let sizes = files.filter_map(|entry| entry.metadata().ok()).filter(fs::Metadata::is_file);
    sizes.map(|meta| meta.len()).sum::<u64>() / 1_000_000
}

fn remove(dir: &Path) -> Result<(), String> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("cannot remove {}: {error}", dir.display()))
        }
        _ => Ok(()),
    }
}

fn make(release: &str, packages: &BTreeSet<String>, dir: &Path, mirror: &Mirror) -> Result<(), String> {
    let work = Scratch::new()?;
    let settings = work.path().join("apt.conf");
    fs::write(&settings, settings_of_host()?)
        .map_err(|error| format!("cannot write {}: {error}", settings.display()))?;
    let keyring = mirror.keyring.display();
    let mut command = Command::new("unshare");
    // What the packages' scripts mount or start goes with these namespaces, however the command ends.
    command.args(["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    command.args(["mmdebstrap", "--mode=root", "--variant=essential", "--format=directory"]);
    let names: Vec<&str> = packages.iter().map(String::as_str).collect();
    command.arg(format!("--include={}", names.join(",")));
    command.arg(format!("--aptopt={}", settings.display())).arg(release).arg(dir);
    command.arg(format!("deb [signed-by={keyring}] {} {release} main", mirror.address));
    command.env("TMPDIR", work.path()).stdin(Stdio::null()).stdout(Stdio::null());
    let mut command = supervisor::supervised(&command, work.path());
    command.env("TMPDIR", work.path()).stdin(Stdio::null()).stdout(Stdio::null());
    match process::stream(&mut command)? {
        status if status.success() => Ok(()),
        status => Err(format!("mmdebstrap failed for {release} ({status}): see its messages above")),
    }
}

/// How this host's apt reaches its mirrors, which mmdebstrap does not ask.
fn settings_of_host() -> Result<String, String> {
    let mut command = Command::new("apt-config");
    let settings = ["Acquire::http", "Acquire::https", "Acquire::Retries", "Acquire::Check-Valid-Until"];
    let output = process::capture(command.arg("dump").args(settings), QUICK)?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(format!("`{}` failed: {}", process::show(&command), output.stderr.trim())),
    }
}

/// The packages that dpkg has installed, with their versions.
fn installed(status: &str) -> BTreeMap<String, String> {
    let package = |record: &str| {
        let field = |name: &str| record.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let installed = field("Status") == Some("install ok installed");
        installed.then(|| Some((field("Package")?.to_owned(), field("Version")?.to_owned()))).flatten()
    };
    status.split("\n\n").filter_map(package).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDS: &str = "Package: sudo\nStatus: install ok installed\nVersion: 1.9\n\n\
                           Package: half\nStatus: install ok unpacked\nVersion: 2\n\n";

    fn packages(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn only_what_is_installed_has_a_version() {
        assert_eq!(installed(RECORDS), [("sudo".to_owned(), "1.9".to_owned())].into());
    }

    #[test]
    fn a_root_that_lacks_a_package_is_made_anew() -> Result<(), Box<dyn std::error::Error>> {
        let cache = tempfile::tempdir()?;
        let dir = cache.path().join("sid");
        fs::create_dir_all(dir.join("var/lib/dpkg"))?;
        let all: String = ALWAYS
            .iter()
            .map(|name| format!("Package: {name}\nStatus: install ok installed\nVersion: 1\n\n"))
            .collect();
        fs::write(dir.join(STATUS), format!("{RECORDS}{all}"))?;
        // No mirror can be reached: a root is given only if nothing is asked of one.
        let mirror = Mirror { address: "file:/nowhere".into(), keyring: "/nowhere".into() };

        let root = get("sid", &packages(&["sudo"]), cache.path(), &mirror, false)?;
        assert_eq!(root.versions.get("sudo").map(String::as_str), Some("1.9"));
        let refused =
            get("sid", &packages(&["half"]), cache.path(), &mirror, false).err().unwrap_or_default();
        assert!(refused.contains("mmdebstrap"), "{refused}");
        Ok(())
    }
}
