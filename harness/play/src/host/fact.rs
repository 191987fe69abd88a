//! A fact that may be unreadable, and the functions that read facts.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use nix::errno::Errno;
use serde::{Serialize, Serializer};

/// One fact of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact<T> {
    /// The fact is known.
    Known(T),
    /// The kernel or the system does not have it, such as a sysctl of another distribution.
    Absent,
    /// It could not be read. The text has the reason, usually the name of an errno.
    Unreadable(String),
}

impl<T> Fact<T> {
    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Fact::Known(value) => Some(value),
            Fact::Absent | Fact::Unreadable(_) => None,
        }
    }

    /// The fact that `derive` computes from the value. An unknown fact stays unknown.
    pub fn map<U>(&self, derive: impl FnOnce(&T) -> U) -> Fact<U> {
        match self {
            Fact::Known(value) => Fact::Known(derive(value)),
            Fact::Absent => Fact::Absent,
            Fact::Unreadable(why) => Fact::Unreadable(why.clone()),
        }
    }

    /// The fact that results from an input or output operation.
    pub fn of(result: io::Result<T>) -> Fact<T> {
        match result {
            Ok(value) => Fact::Known(value),
            Err(error) => Fact::Unreadable(errno_name(&error)),
        }
    }
}

impl<T: fmt::Display> fmt::Display for Fact<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fact::Known(value) => value.fmt(f),
            Fact::Absent => f.write_str("absent"),
            Fact::Unreadable(why) => write!(f, "unreadable: {why}"),
        }
    }
}

/// A known value as itself, anything else as the text of [`fmt::Display`].
impl<T: Serialize> Serialize for Fact<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Fact::Known(value) => value.serialize(serializer),
            Fact::Absent => serializer.serialize_str("absent"),
            Fact::Unreadable(why) => serializer.serialize_str(&format!("unreadable: {why}")),
        }
    }
}

/// The errno's name, such as "ENOENT", or the error's text if it has no errno.
pub fn errno_name(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => format!("{:?}", Errno::from_raw(number)),
        None => error.to_string(),
    }
}

/// The text of a file without white space and NUL at its end. If the file is missing and its directory exists, the
/// fact is absent. If the directory is missing, the fact is unknown.
pub fn read(path: &str) -> Fact<String> {
    let directory = Path::new(path).parent().unwrap_or(Path::new("/"));
    read_below(directory, path)
}

/// Whether this path exists. Links are followed.
pub fn file_exists(path: &str) -> Fact<()> {
    match fs::metadata(path) {
        Ok(_) => Fact::Known(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Fact::Absent,
        Err(error) => Fact::Unreadable(errno_name(&error)),
    }
}

/// Like [`read`], for a file that is absent together with the directories below `base`.
pub fn read_below(base: impl AsRef<Path>, path: &str) -> Fact<String> {
    match fs::read(path) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            Fact::Known(text.trim_end_matches(['\0', '\n', ' ']).to_owned())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && base.as_ref().is_dir() => Fact::Absent,
        Err(error) => Fact::Unreadable(errno_name(&error)),
    }
}

/// Like [`read`], for a file that contains one number.
pub fn read_number(path: &str) -> Fact<u64> {
    number(read(path))
}

/// The number that a file's text is.
pub fn number(text: Fact<String>) -> Fact<u64> {
    match text {
        Fact::Known(text) => match text.trim().parse() {
            Ok(number) => Fact::Known(number),
            Err(_) => Fact::Unreadable(format!("not a number: {text:?}")),
        },
        Fact::Absent => Fact::Absent,
        Fact::Unreadable(why) => Fact::Unreadable(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_absent_and_a_missing_directory_hides_it() {
        assert_eq!(read("/etc/no-such-file-here"), Fact::Absent);
        assert_eq!(file_exists("/etc/no-such-file-here"), Fact::Absent);
        assert_eq!(file_exists("/etc"), Fact::Known(()));
        let hidden = read("/etc/no-such-directory/file");
        assert_eq!(hidden.to_string(), "unreadable: ENOENT");
    }

    #[test]
    fn a_known_fact_is_serialized_as_its_value() {
        let json = |fact: Fact<u64>| serde_json::to_string(&fact).unwrap_or_default();

        assert_eq!(json(Fact::Known(7)), "7");
        assert_eq!(json(Fact::Absent), "\"absent\"");
        assert_eq!(json(Fact::Unreadable("EACCES".into())), "\"unreadable: EACCES\"");
    }
}
