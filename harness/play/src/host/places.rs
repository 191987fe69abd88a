//! The directories and devices that the suite needs outside of `/proc`.

use std::env;
use std::fmt;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use serde::{Serialize, Serializer};

use super::fact::errno_name;
use super::mounts::writable;

/// The device number of /dev/null.
///
/// Source: null(4).
const NULL: u64 = 1 << 8 | 3;

/// Whether a directory or device can be used: `Err` has the reason, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(pub Result<(), String>);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(()) => f.write_str("usable"),
            Err(reason) => f.write_str(reason),
        }
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The places of this process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Places {
    /// The directory for temporary files: TMPDIR or `/tmp`. Whether files can be created there.
    pub temporary: Place,
    /// The working directory. Whether files can be created there, such as pending snapshots.
    pub working: Place,
    /// `/dev/null`: the device of that name, for reading and writing.
    pub dev_null: Place,
}

impl Places {
    /// Reads the facts. Never fails.
    pub fn gather() -> Places {
        let temporary = env::temp_dir();
        let working =
            env::current_dir().map_err(|error| format!("the working directory: {}", errno_name(&error)));
        Places {
            temporary: Place(writable(&temporary.to_string_lossy())),
            working: Place(working.and_then(|path| writable(&path.to_string_lossy()))),
            dev_null: Place(null("/dev/null")),
        }
    }
}

fn null(path: &str) -> Result<(), String> {
    let failed = |error| format!("{path}: {}", errno_name(&error));
    let found = fs::metadata(path).map_err(failed)?;
    if !found.file_type().is_char_device() || found.rdev() != NULL {
        return Err(format!("{path} is not the null device"));
    }
    fs::OpenOptions::new().read(true).write(true).open(path).map(|_| ()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_null_device_is_known_by_its_number() {
        assert_eq!(null("/dev/null"), Ok(()));
        assert_eq!(null("/dev/zero"), Err("/dev/zero is not the null device".to_owned()));
        assert_eq!(null("/proc/self/status"), Err("/proc/self/status is not the null device".to_owned()));
        assert_eq!(null("/no/such/file"), Err("/no/such/file: ENOENT".to_owned()));
    }

    #[test]
    fn a_directory_that_takes_files_is_usable() {
        let directory = tempfile::tempdir().expect("a directory");

        assert_eq!(writable(&directory.path().to_string_lossy()), Ok(()));
        assert_eq!(writable("/no/such/directory"), Err("/no/such/directory: ENOENT".to_owned()));
    }
}
