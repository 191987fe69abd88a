//! Files that a scenario names. A reproducer has the files of the host, but not those that a test creates.

use super::text::quote;
use super::{Host, NotPossible};
use std::borrow::Cow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A path as a literal.
pub fn path(host: &Host, path: &Path) -> Result<String, NotPossible> {
    let bytes = path.as_os_str().as_bytes();
    known(host, bytes)?;
    Ok(quote(bytes))
}

/// Whether some bytes do not name a file that only a test creates.
pub fn known(host: &Host, bytes: &[u8]) -> Result<(), NotPossible> {
    let text = String::from_utf8_lossy(bytes);
    match host.private.iter().any(|directory| text.contains(directory)) {
        true => Err(NotPossible(format!("only a test has the file {}", text.trim_end_matches('\0')))),
        false => Ok(()),
    }
}

/// A program that runs to its end. It is the one that the director would find, by its whole path.
pub fn run(host: &Host, words: &[Cow<'static, str>]) -> Result<String, NotPossible> {
    words.iter().try_for_each(|word| known(host, word.as_bytes()))?;
    let name = words.first().map(AsRef::as_ref).unwrap_or_default();
    let path = (host.find)(name).unwrap_or_else(|| name.into());
    let first = quote(path.as_os_str().as_bytes());
    let all: Vec<String> =
        std::iter::once(first).chain(words.iter().skip(1).map(|word| quote(word.as_bytes()))).collect();
    Ok(format!("run((char *[]){{ {}, NULL }})", all.join(", ")))
}
