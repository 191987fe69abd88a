//! Directories that exist as long as this process. If this process is killed, a later run finds and removes them.
//!
//! The process that uses a directory locks it (flock(2), which ends with the process). A directory of ours without a
//! lock was left by an earlier run.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};
use nix::unistd::geteuid;
use tempfile::TempDir;

/// How the names begin.
const PREFIX: &str = "userns-suite.";
/// How often a new directory may be taken for one that was left behind, by runs that begin just then.
const ATTEMPTS: u32 = 10;

/// A directory that every user can reach. Removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    // Dropped before the lock: until the directory is removed, no other process may remove it.
    dir: TempDir,
    _lock: Flock<File>,
}

impl Scratch {
    /// Makes an empty one, after it has removed what killed runs of the same user have left.
    ///
    /// TMPDIR may lie below a directory of root's: then it is in /tmp or /var/tmp.
    ///
    /// # Errors
    /// When no temporary directory can be reached by every user, or none can be made in it.
    pub fn new() -> Result<Self, String> {
        let base = reachable()?;
        remove_left_behind(&base);
        Self::below(&base)
    }

    fn below(base: &Path) -> Result<Self, String> {
        let fail =
            |error: &dyn std::fmt::Display| format!("cannot make a directory in {}: {error}", base.display());
        for _ in 0..ATTEMPTS {
            let dir = tempfile::Builder::new()
                .prefix(PREFIX)
                .permissions(Permissions::from_mode(0o755))
                .tempdir_in(base)
                .map_err(|error| fail(&error))?;
            let lock = match File::open(dir.path()).map(|file| Flock::lock(file, FlockArg::LockExclusive)) {
                Ok(Ok(lock)) => Some(lock),
                Ok(Err((_, error))) => return Err(fail(&error)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                Err(error) => return Err(fail(&error)),
            };
            // Before it was locked, another run may have taken it for one that was left behind.
            if let Some(lock) = lock.filter(|_| dir.path().is_dir()) {
                return Ok(Self { dir, _lock: lock });
            }
        }
        Err(fail(&"others remove it at once"))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }
}

/// A temporary directory whose parents may all be passed by everybody.
fn reachable() -> Result<PathBuf, String> {
    let candidates = [std::env::temp_dir(), "/tmp".into(), "/var/tmp".into()];
    let open = |dir: &Path| {
        fs::metadata(dir).is_ok_and(|meta| meta.is_dir() && meta.permissions().mode() & 0o001 != 0)
    };
    candidates
        .iter()
        .filter_map(|dir| dir.canonicalize().ok())
        .find(|dir| dir.ancestors().all(open))
        .ok_or_else(|| {
            "no temporary directory can be reached by an unprivileged user; set TMPDIR to one".to_owned()
        })
}

/// A directory that cannot be removed does no harm. It stays until the next run.
fn remove_left_behind(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        if !entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
            continue;
        }
        // Held until it is gone.
        if let Ok(_lock) = left_behind(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The lock of a directory of this user that no process uses. Links are not followed.
fn left_behind(path: &Path) -> Result<Flock<File>, Errno> {
    let flags = (OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW).bits();
    let opened = File::options().read(true).custom_flags(flags).open(path);
    let dir = opened.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or_default()))?;
    match dir.metadata() {
        Ok(meta) if meta.uid() == geteuid().as_raw() => {}
        _ => return Err(Errno::EPERM),
    }
    Flock::lock(dir, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| errno)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Done = Result<(), Box<dyn std::error::Error>>;

    #[test]
    fn what_a_killed_run_left_is_removed_and_what_is_used_is_not() -> Done {
        let base = tempfile::tempdir()?;
        let used = Scratch::below(base.path())?;
        let left = base.path().join("userns-suite.left");
        fs::create_dir_all(left.join("root/etc"))?;

        remove_left_behind(base.path());

        assert!(!left.exists());
        assert!(used.path().is_dir());
        assert_eq!(left_behind(used.path()).err(), Some(Errno::EWOULDBLOCK));
        let path = used.path().to_owned();
        drop(used);
        assert!(!path.exists());
        Ok(())
    }

    #[test]
    fn what_is_not_ours_is_left_alone() -> Done {
        let base = tempfile::tempdir()?;
        let elsewhere = tempfile::tempdir()?;
        let (link, file) = (base.path().join("userns-suite.link"), base.path().join("userns-suite.file"));
        std::os::unix::fs::symlink(elsewhere.path(), &link)?;
        fs::write(&file, "")?;
        let other = base.path().join("userns-suite-other");
        fs::create_dir(&other)?;

        remove_left_behind(base.path());

        assert!(elsewhere.path().is_dir() && link.is_symlink() && file.is_file() && other.is_dir());
        assert_eq!(left_behind(&link).err(), Some(Errno::ENOTDIR));
        Ok(())
    }

    #[test]
    fn another_users_is_left_alone() -> Done {
        let base = tempfile::tempdir()?;
        let others = base.path().join("userns-suite.others");
        fs::create_dir(&others)?;
        // Only root can give a directory away; of an unprivileged user everything in /tmp of root's is another's.
        let others = match geteuid().is_root() {
            true => {
                std::os::unix::fs::chown(&others, Some(harness::scenario::ORDINARY), None)?;
                others
            }
            false => PathBuf::from("/proc"),
        };

        assert_eq!(left_behind(&others).err(), Some(Errno::EPERM));
        Ok(())
    }
}
