//! The root of a release, made by mmdebstrap and kept as an archive.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::debian::apt::Mirror;
use crate::guests::outcome::Programs;
use crate::guests::progress;
use crate::kernels::launch::Image;
use crate::sys::scratch::Scratch;
use crate::sys::{process, supervisor};

/// What the suite runs, on top of what is essential: sudo, su, newuidmap, setpriv, and mount for those who
/// enter.
const PACKAGES: [&str; 6] = ["sudo", "login", "passwd", "uidmap", "util-linux", "mount"];
/// Where newgrp and sg are after trixie. Source: Debian's changelog of util-linux 2.41.1-4.
const SINCE_FORKY: [&str; 1] = ["util-linux-extra"];
/// The releases that have them in login.
const BEFORE_FORKY: [&str; 3] = ["bullseye", "bookworm", "trixie"];
/// Reading one small file of a large archive.
const QUICK: Duration = Duration::from_secs(60);

/// The versions of the packages that the suite is about, for people.
fn in_words(programs: &Programs) -> String {
    let words: Vec<String> = programs.iter().map(|(name, version)| format!("{name} {version}")).collect();
    words.join(", ")
}

/// The packages of a release's root.
fn packages(release: &str) -> Vec<&'static str> {
    let more = if BEFORE_FORKY.contains(&release) { &[][..] } else { &SINCE_FORKY };
    [&PACKAGES, more].concat()
}

/// The root of a release: the one that is kept, or a new one.
///
/// # Errors
/// When it cannot be made, such as because of a signature that is not one of the keyring's.
pub fn get(release: &str, cache: &Path, mirror: &Mirror, refresh: bool) -> Result<Image, String> {
    fs::create_dir_all(cache).map_err(|error| format!("cannot make {}: {error}", cache.display()))?;
    // What is started here works elsewhere.
    let cache = &whole(cache)?;
    let archive = cache.join(format!("{release}.tar"));
    if !refresh && archive.is_file() {
        // One that was made for other packages, or is damaged, is made anew.
        if let Ok(programs) = programs(release, &archive) {
            return Ok(image(archive, programs));
        }
    }
    progress::print(release, "making a root");
    let part = cache.join(format!("{release}.part"));
    let made = make(release, &part, mirror).and_then(|()| programs(release, &part));
    let programs = made.inspect_err(|_| drop(fs::remove_file(&part)))?;
    // Only what is whole gets its name.
    fs::rename(&part, &archive).map_err(|error| format!("cannot keep {}: {error}", archive.display()))?;
    Ok(image(archive, programs))
}

fn image(archive: PathBuf, programs: Programs) -> Image {
    Image { kernel: archive, origin: in_words(&programs), programs, ..Image::default() }
}

fn whole(path: &Path) -> Result<PathBuf, String> {
    path.canonicalize().map_err(|error| format!("cannot reach {}: {error}", path.display()))
}

fn make(release: &str, archive: &Path, mirror: &Mirror) -> Result<(), String> {
    // apt lets a user of its own fetch, who has to reach the directory.
    let work = Scratch::new()?;
    let (address, keyring) = (&mirror.address, whole(&mirror.keyring)?);
    let settings = work.path().join("apt.conf");
    fs::write(&settings, settings_of_host()?)
        .map_err(|error| format!("cannot write {}: {error}", settings.display()))?;
    let mut command = Command::new("unshare");
    // What it mounts in the new root goes with its namespace, however it ends.
    command.args(["--mount", "--propagation", "private", "mmdebstrap", "--mode=root"]);
    command
        .args(["--variant=essential", "--format=tar"])
        .arg(format!("--include={}", packages(release).join(",")));
    command.arg(format!("--aptopt={}", settings.display())).arg(release).arg(archive);
    command.arg(format!("deb [signed-by={}] {address} {release} main", keyring.display()));
    command.env("TMPDIR", work.path()).stdin(Stdio::null()).stdout(Stdio::null());
    match process::stream(&mut supervisor::supervised(&command, work.path()))? {
        status if status.success() => Ok(()),
        status => Err(format!("mmdebstrap failed ({status}): see its messages above")),
    }
}

/// How this host's apt reaches its mirrors, which mmdebstrap does not ask: proxies, certificates, and whether a
/// mirror that stands still is good enough.
fn settings_of_host() -> Result<String, String> {
    let mut command = Command::new("apt-config");
    command.args([
        "dump",
        "Acquire::http",
        "Acquire::https",
        "Acquire::Retries",
        "Acquire::Check-Valid-Until",
    ]);
    let output = process::capture(&mut command, QUICK)?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(format!("`{}` failed: {}", process::show(&command), output.stderr.trim())),
    }
}

/// What dpkg in the root says about its packages.
fn programs(release: &str, archive: &Path) -> Result<Programs, String> {
    let mut command = Command::new("tar");
    command.args(["--extract", "--to-stdout", "--file"]).arg(archive).arg("./var/lib/dpkg/status");
    let output = process::capture(&mut command, QUICK)?;
    match output.status.success() {
        true => read(&packages(release), &output.stdout),
        false => Err(format!("`{}` failed: {}", process::show(&command), output.stderr.trim())),
    }
}

fn read(packages: &[&str], status: &str) -> Result<Programs, String> {
    let record = |record: &str| {
        let field = |name: &str| record.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let installed = field("Status") == Some("install ok installed");
        installed.then(|| Some((field("Package")?.to_owned(), field("Version")?.to_owned()))).flatten()
    };
    let found: BTreeMap<String, String> = status.split("\n\n").filter_map(record).collect();
    if let Some(missing) = packages.iter().find(|name| !found.contains_key(**name)) {
        return Err(format!("the root does not have {missing} installed"));
    }
    // newuidmap, newgidmap and login's files come from shadow; su, setpriv, unshare and nsenter from util-linux.
    let sources = [("sudo", "sudo"), ("shadow", "passwd"), ("util-linux", "util-linux")];
    Ok(sources.map(|(name, package)| (name.to_owned(), found[package].clone())).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(last: &str) -> String {
        let record = |name: &str| {
            format!("Package: {name}\nStatus: install ok installed\nDepends: x\nVersion: 1:{name}\n\n")
        };
        PACKAGES.map(record).concat() + &format!("Package: zlib\nStatus: {last}\nVersion: 1\n")
    }

    #[test]
    fn versions_are_those_of_installed_packages() {
        let programs = read(&PACKAGES, &status("install ok installed"));

        let words = "shadow 1:passwd, sudo 1:sudo, util-linux 1:util-linux";
        assert_eq!(programs.map(|it| in_words(&it)), Ok(words.to_owned()));
    }

    #[test]
    fn a_root_without_a_package_is_not_one() {
        let half = status("x").replace(
            "Package: uidmap\nStatus: install ok installed",
            "Package: uidmap\nStatus: install ok unpacked",
        );

        assert_eq!(read(&PACKAGES, &half), Err("the root does not have uidmap installed".to_owned()));
        let whole = status("install ok installed");
        let lacks_sg = Err("the root does not have util-linux-extra installed".to_owned());
        assert_eq!(read(&packages("sid"), &whole), lacks_sg);
        let words = read(&packages("trixie"), &whole).map(|it| in_words(&it));
        assert_eq!(words, Ok("shadow 1:passwd, sudo 1:sudo, util-linux 1:util-linux".to_owned()));
        let refused = programs("sid", Path::new("/nowhere.tar")).err().unwrap_or_default();
        assert!(refused.contains("/nowhere.tar"), "{refused}");
    }

    #[test]
    fn a_root_that_was_cut_short_is_made_anew() -> std::io::Result<()> {
        let cache = tempfile::tempdir()?;
        fs::write(cache.path().join("sid.tar"), "half an archive")?;
        let mirror = Mirror { address: "file:/nowhere".into(), keyring: "/nowhere".into() };

        // Were half an archive taken for a root, nothing would be asked of the mirror.
        let refused = get("sid", cache.path(), &mirror, false).err().unwrap_or_default();
        assert!(refused.starts_with("cannot reach /nowhere"), "{refused}");
        Ok(())
    }
}
