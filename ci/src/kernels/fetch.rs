//! A kernel out of a package: fetched once, kept in the cache, and only there when it is whole.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

use crate::debian::apt::{self, Archive, Mirror};
use crate::guests::progress::print;
use crate::guests::start::Start;
use crate::kernels::launch::Image;
use crate::kernels::list::{self, Row};
use crate::kernels::{image, rootfs, setup};
use crate::sys::{packages, process, tools};

/// Patching or unpacking one file.
const QUICK: Duration = Duration::from_secs(60);
/// What says that a directory is whole, and what is in it.
const ABOUT: &str = "about.json";

/// Where kernels of packages are had.
#[derive(Debug)]
pub struct Store {
    cache: PathBuf,
    /// Only a kernel that is not in the cache needs one.
    mirror: Result<Mirror, String>,
    refresh: bool,
    /// apt's directories are one fetcher's at a time.
    turn: Mutex<()>,
}

/// What is in a kernel's directory.
#[derive(Serialize, Deserialize)]
struct About {
    origin: String,
    release: Option<String>,
}

impl Store {
    /// A store in this directory, which may not exist yet. With `refresh` newer packages are looked for.
    pub fn new(cache: &Path, mirror: Result<Mirror, String>, refresh: bool) -> Self {
        // Programs of the cache are started from other directories, and refer to each other.
        let cache = std::path::absolute(cache).unwrap_or_else(|_| cache.to_owned());
        Self { cache, mirror, refresh, turn: Mutex::default() }
    }

    /// The kernel of a row, out of the cache or else out of a package.
    ///
    /// # Errors
    /// When it cannot be fetched, or is not what was promised.
    pub fn get(&self, row: &Row, package: &list::Package) -> Result<Image, String> {
        let dir = self.cache.join("kernels").join(&row.name);
        if let Some(image) = kept(&dir, row).filter(|_| !self.refresh) {
            return Ok(image);
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let _lock = self.lock()?;
        self.clear()?;
        self.fetch(row, package, &dir)?;
        kept(&dir, row).ok_or_else(|| format!("{} is not whole", dir.display()))
    }

    /// The root of a release of Debian, out of the cache or else made of its packages.
    ///
    /// # Errors
    /// When it cannot be made, or could not be entered.
    pub fn root(&self, release: &str) -> Result<Image, String> {
        if !nix::unistd::geteuid().is_root() {
            return Err("only root can make another root of a directory; run it with sudo".to_owned());
        }
        setup::roots()?;
        let mirror = self.mirror.as_ref().map_err(String::clone)?;
        rootfs::get(release, &self.cache.join("distros"), mirror, self.refresh)
    }

    /// Another process may fetch into the same cache.
    fn lock(&self) -> Result<Flock<File>, String> {
        let file = self.cache.join("lock");
        let fail = |error: &dyn std::fmt::Display| format!("cannot lock {}: {error}", file.display());
        fs::create_dir_all(&self.cache).map_err(|error| fail(&error))?;
        let opened = File::create(&file).map_err(|error| fail(&error))?;
        Flock::lock(opened, FlockArg::LockExclusive).map_err(|(_, error)| fail(&error))
    }

    /// The holder of the lock works alone. Everything that is already there is from a run that was killed.
    fn clear(&self) -> Result<(), String> {
        let at = self.cache.join("work");
        match fs::remove_dir_all(&at) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(format!("cannot remove what an earlier run left in {}: {error}", at.display()))
            }
            _ => Ok(()),
        }
    }

    fn fetch(&self, row: &Row, package: &list::Package, dir: &Path) -> Result<(), String> {
        let mirror = self.mirror.as_ref().map_err(String::clone)?;
        let archive = Archive::open(&self.cache, &package.suite, row.architecture, mirror)?;
        archive.update()?;
        let packages = archive.resolve(&package.name, belongs_to_kernel)?;
        let wanted = packages.last().unwrap_or(&packages[0]);
        let origin = format!("{} {}", wanted.name, wanted.version);
        if about(dir).is_some_and(|about| about.origin == origin) {
            return Ok(());
        }
        print(&row.name, format_args!("fetching {origin}, from Debian {}", package.suite));
        let work = self.work()?;
        for package in &packages {
            apt::unpack(&archive.fetch(package)?, work.path())?;
        }
        let whole = self.work()?;
        let release = match row.start {
            Start::Qemu => collect_image(work.path(), whole.path())?,
            Start::Uml => Some(self.collect_uml(&archive, work.path(), whole.path())?),
            Start::Gvisor | Start::Rootfs | Start::Host => {
                copy(&work.path().join("usr/bin/runsc"), &whole.path().join("kernel"), 0o755)?;
                None
            }
        };
        let about = serde_json::to_string(&About { origin, release }).map_err(|error| error.to_string())?;
        write(&whole.path().join(ABOUT), about.as_bytes())?;
        put(whole.path(), dir)
    }

    /// A directory beside those of kernels, so that it can be renamed into one. Removed when dropped.
    fn work(&self) -> Result<tempfile::TempDir, String> {
        let at = self.cache.join("work");
        fs::create_dir_all(&at)
            .and_then(|()| tempfile::tempdir_in(&at))
            .map_err(|error| format!("cannot make a directory in {}: {error}", at.display()))
    }

    /// User-Mode Linux is a program like others: an older host needs the C library of its release.
    fn collect_uml(&self, archive: &Archive, from: &Path, to: &Path) -> Result<String, String> {
        let kernel = to.join("kernel");
        copy(&from.join("usr/bin/linux.uml"), &kernel, 0o755)?;
        let first = image::of_uml(&kernel, String::new());
        let image = match first {
            Err(words) if words.contains("GLIBC_") => {
                let libc = self.c_library(archive)?;
                patch(&kernel, &libc)?;
                image::of_uml(&kernel, String::new())?
            }
            other => other?,
        };
        if let Some(config) = image.config {
            write(&to.join("config"), config.as_bytes())?;
        }
        image.release.ok_or_else(|| "it does not tell its release".to_owned())
    }

    /// The directory with the C library of a release.
    fn c_library(&self, archive: &Archive) -> Result<PathBuf, String> {
        let package = archive.resolve("libc6", |_| false)?.remove(0);
        let below = self.cache.join("libc").join(&package.version);
        let place = "usr/lib/x86_64-linux-gnu";
        if !below.is_dir() {
            let work = self.work()?;
            apt::unpack(&archive.fetch(&package)?, work.path())?;
            // Releases before /usr was merged.
            if !work.path().join(place).join("libc.so.6").exists() {
                return Err(format!("libc6 {} has no {place}/libc.so.6", package.version));
            }
            put(work.path(), &below)?;
        }
        Ok(below.join(place))
    }
}

/// The parts of a kernel are packages of their own since 7.2; the rest is how a system installs one.
fn belongs_to_kernel(name: &str) -> bool {
    let parts = ["linux-image-", "linux-binary-", "linux-modules-", "linux-base-"];
    let rest = parts.iter().find_map(|part| name.strip_prefix(part));
    // A metapackage has no release there, and only keeps a system up to date.
    rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Makes the program use another C library than the host's.
fn patch(program: &Path, libraries: &Path) -> Result<(), String> {
    let patchelf = tools::find("patchelf").ok_or_else(|| {
        format!("patchelf is missing, this host's C library is too old; {}", packages::advice("patchelf"))
    })?;
    let mut command = Command::new(patchelf);
    command.arg("--set-interpreter").arg(libraries.join("ld-linux-x86-64.so.2"));
    command.arg("--set-rpath").arg(libraries).arg(program);
    let output = process::capture(&mut command, QUICK)?;
    match output.status.success() {
        true => Ok(()),
        false => {
            Err(format!("`{}` failed ({}): {}", process::show(&command), output.status, output.stderr.trim()))
        }
    }
}

/// Takes kernel, configuration and one module out of unpacked packages; the release is in their paths.
fn collect_image(from: &Path, to: &Path) -> Result<Option<String>, String> {
    let files: Vec<PathBuf> = WalkDir::new(from)
        .into_iter()
        .flatten()
        .map(|entry| entry.into_path())
        .filter(|it| it.is_file())
        .collect();
    let called = |name: &str| {
        let is = |file: &&PathBuf| {
            let file = file.file_name().unwrap_or_default().to_string_lossy();
            file == name || file.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'))
        };
        files.iter().find(is)
    };
    let kernel = called("vmlinuz").ok_or("the package holds no vmlinuz")?;
    copy(kernel, &to.join("kernel"), 0o644)?;
    if let Some(config) = called("config") {
        copy(config, &to.join("config"), 0o644)?;
    }
    if let Some(tun) = called("tun.ko") {
        copy(tun, &to.join("tun.ko"), 0o644)?;
    } else if let Some(packed) = called("tun.ko.xz") {
        let output = Command::new("xz").arg("-dc").arg(packed).output();
        let output = output.map_err(|error| format!("cannot run `xz`, which unpacks a module: {error}"))?;
        write(&to.join("tun.ko"), &output.stdout)?;
    }
    // Only a bzImage tells its release itself.
    let tells = image::of_file(&to.join("kernel"), Start::Qemu)?.release;
    let name = kernel.file_name().unwrap_or_default().to_string_lossy();
    Ok(tells.or_else(|| name.strip_prefix("vmlinuz-").map(str::to_owned)))
}

fn about(dir: &Path) -> Option<About> {
    serde_json::from_str(&fs::read_to_string(dir.join(ABOUT)).ok()?).ok()
}

fn kept(dir: &Path, row: &Row) -> Option<Image> {
    let About { origin, release } = about(dir)?;
    let kernel = dir.join("kernel");
    let tun = fs::read(dir.join("tun.ko")).ok().filter(|_| row.start == Start::Qemu);
    let architecture = row.architecture;
    let config = fs::read_to_string(dir.join("config")).ok();
    kernel.is_file().then_some(Image {
        kernel,
        release,
        config,
        tun,
        origin,
        architecture,
        ..Image::default()
    })
}

/// Moves a whole directory to its place; what was there goes.
fn put(from: &Path, to: &Path) -> Result<(), String> {
    let fail = |error: std::io::Error| format!("cannot keep {}: {error}", to.display());
    fs::create_dir_all(to.parent().unwrap_or(to)).map_err(fail)?;
    if to.exists() {
        fs::remove_dir_all(to).map_err(fail)?;
    }
    fs::set_permissions(from, Permissions::from_mode(0o755)).map_err(fail)?;
    fs::rename(from, to).map_err(fail)
}

fn copy(from: &Path, to: &Path, mode: u32) -> Result<(), String> {
    let copied = fs::copy(from, to).and_then(|_| fs::set_permissions(to, Permissions::from_mode(mode)));
    copied.map_err(|error| format!("the package holds no {}: {error}", from.display()))
}

fn write(to: &Path, content: &[u8]) -> Result<(), String> {
    fs::write(to, content).map_err(|error| format!("cannot write {}: {error}", to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_parts_of_a_kernel_are_fetched() {
        for part in [
            "linux-image-5.10.0-32-cloud-amd64",
            "linux-binary-7.3.4+deb13-cloud-amd64",
            "linux-modules-7.3-cloud-amd64",
            "linux-base-7.2.13+deb14-cloud-amd64",
        ] {
            assert!(belongs_to_kernel(part), "{part} was left out");
        }
        for other in ["linux-base", "linux-modules-cloud-amd64", "linux-initramfs-tool", "libc6", "kmod"] {
            assert!(!belongs_to_kernel(other), "{other} was taken");
        }
    }

    #[test]
    fn a_directory_that_is_not_whole_is_no_kernel() -> Result<(), Box<dyn std::error::Error>> {
        let uml = list::select(&list::all()?, &["uml-7.2".to_owned()], &[])?.remove(0);
        let dir = tempfile::tempdir()?;
        fs::write(dir.path().join("kernel"), "")?;
        assert_eq!(kept(dir.path(), &uml), None);

        fs::write(dir.path().join(ABOUT), r#"{"origin":"linux 1","release":"7.2"}"#)?;
        let image = kept(dir.path(), &uml);
        assert_eq!(image.map(|image| image.origin).as_deref(), Some("linux 1"));
        fs::write(dir.path().join(ABOUT), r#"{"origin":"linux 1","#)?;
        assert_eq!(kept(dir.path(), &uml), None);
        Ok(())
    }
}
