//! Reviewed snapshots: a file for each row and each version of its package.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;
use similar::TextDiff;

use crate::run::snapshots::files;

/// A snapshot of a version.
pub trait Versioned {
    /// The version of the package.
    fn version(&self) -> &str;
    /// The release that it was run in.
    fn release(&self) -> &str;
}

/// All snapshots of a folder, by the name of the row; those of a row by their versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewed<T>(pub BTreeMap<String, Vec<T>>);

impl<T> Default for Reviewed<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: DeserializeOwned + Versioned> Reviewed<T> {
    /// Reads the files `ROW/VERSION@RELEASE.toml` below a folder.
    ///
    /// # Errors
    /// When a file cannot be read; the message names it.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let mut all: BTreeMap<String, Vec<T>> = BTreeMap::new();
        for file in files(folder, ".toml")? {
            let fail = |why: String| format!("{}: {why}", folder.join(&file).display());
            let text = fs::read_to_string(folder.join(&file)).map_err(|error| fail(error.to_string()))?;
            let snapshot = toml::from_str(&text).map_err(|error| fail(error.to_string()))?;
            let row = file.parent().unwrap_or(Path::new("")).to_string_lossy().into_owned();
            all.entry(row).or_default().push(snapshot);
        }
        let order = |one: &T, other: &T| by_version(one.version(), other.version());
        all.values_mut().for_each(|of_row| of_row.sort_by(order));
        Ok(Self(all))
    }
}

impl<T: Versioned> Reviewed<T> {
    /// The snapshot that a version has to be like: its own, or the one of the version before it, or else the oldest. Of
    /// two releases that have the same version, each has its own.
    pub fn of(&self, row: &str, version: &str, release: &str) -> Option<&T> {
        let all = self.0.get(row)?;
        if let Some(own) = all.iter().find(|it| it.version() == version && it.release() == release) {
            return Some(own);
        }
        let not_newer = |it: &&T| by_version(it.version(), version) != Ordering::Greater;
        all.iter().rfind(not_newer).or(all.first())
    }
}

/// The order of two versions: numbers by their value, and a tilde before everything.
/// Source: deb-version(7), "Sorting algorithm".
fn by_version(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one, other);
    loop {
        let rank = |text: &str| match text.chars().next() {
            None => 1,
            Some('~') => 0,
            Some(it) if it.is_ascii_digit() => 2,
            Some(it) if it.is_ascii_alphabetic() => 3 + u32::from(it),
            Some(it) => 300 + u32::from(it),
        };
        let digits = |text: &str| text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
        let (mine, theirs) = (digits(one), digits(other));
        let order = match mine > 0 && theirs > 0 {
            true => one[..mine].parse::<u64>().ok().cmp(&other[..theirs].parse().ok()),
            false => rank(one).cmp(&rank(other)),
        };
        if order != Ordering::Equal || one.is_empty() || other.is_empty() {
            return order;
        }
        let next = |text: &str, digits: usize| digits.max(text.chars().next().map_or(0, char::len_utf8));
        (one, other) = (&one[next(one, mine)..], &other[next(other, theirs)..]);
    }
}

/// `name = TEXT` as TOML writes it: literally where that is possible.
pub fn entry(name: &str, text: &str) -> String {
    format!("{name} = {}\n", word(text))
}

/// `name = [...]`, a line for each text.
pub fn list(name: &str, texts: &[String]) -> String {
    if texts.is_empty() {
        return format!("{name} = []\n");
    }
    let mut list = format!("{name} = [\n");
    for text in texts {
        let _ = writeln!(list, "    {},", word(text));
    }
    list + "]\n"
}

fn word(text: &str) -> String {
    match text.contains(|it: char| it == '\'' || it.is_control()) {
        false => format!("'{text}'"),
        // What JSON escapes, TOML's basic strings escape alike.
        true => serde_json::Value::from(text).to_string(),
    }
}

/// The lines in which two texts differ, as a diff; empty if they do not.
pub fn difference(reviewed: &str, seen: &str) -> String {
    match reviewed == seen {
        true => String::new(),
        false => TextDiff::from_lines(reviewed, seen).unified_diff().context_radius(1).to_string(),
    }
}

/// Keeps the text of a snapshot in the folder of its row. Returns whether it is another one than before.
///
/// # Errors
/// When the file cannot be written.
pub fn keep(folder: &Path, version: &str, release: &str, text: &str) -> Result<bool, String> {
    // A colon is written as in the file names of packages.
    let file = folder.join(format!("{}@{release}.toml", version.replace(':', "%3a")));
    if fs::read_to_string(&file).ok().as_deref() == Some(text) {
        return Ok(false);
    }
    let made = fs::create_dir_all(folder).and_then(|()| fs::write(&file, text));
    made.map(|()| true).map_err(|error| format!("cannot write {}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Kept {
        version: String,
        says: Vec<String>,
    }

    impl Versioned for Kept {
        fn version(&self) -> &str {
            &self.version
        }

        fn release(&self) -> &str {
            "sid"
        }
    }

    #[test]
    fn versions_have_the_order_of_dpkg() {
        let mut versions = ["1.9.16p2", "1.9.9", "1:0.1", "1.9.16p2~rc1", "1.9.16p2-1", "1.10"];
        versions.sort_by(|one, other| by_version(one, other));

        assert_eq!(versions, ["1.9.9", "1.9.16p2~rc1", "1.9.16p2", "1.9.16p2-1", "1.10", "1:0.1"]);
    }

    #[test]
    fn a_snapshot_is_read_as_it_was_written() -> Result<(), Box<dyn std::error::Error>> {
        let says = ["it's \"no\"", "\\ back", "tab\t"].map(str::to_owned);
        let folder = tempfile::tempdir()?;
        for version in ["1:2.38", "1:2.42"] {
            let text = entry("version", version) + &list("says", &says);
            assert!(keep(&folder.path().join("su"), version, "sid", &text)?);
            assert!(!keep(&folder.path().join("su"), version, "sid", &text)?);
        }

        let reviewed: Reviewed<Kept> = Reviewed::read(folder.path())?;
        let of = |version| reviewed.of("su", version, "sid").map(|it| it.version.as_str());
        assert_eq!(reviewed.of("su", "1:2.38", "sid").map(|it| it.says.as_slice()), Some(&says[..]));
        // A version without a snapshot has to be like the one before it.
        assert_eq!(
            [of("1:2.41"), of("1:2.43"), of("1:2.0")],
            [Some("1:2.38"), Some("1:2.42"), Some("1:2.38")]
        );
        assert!(reviewed.of("sudo", "1", "sid").is_none());
        Ok(())
    }

    #[test]
    fn a_damaged_snapshot_is_named() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        keep(&folder.path().join("su"), "1", "sid", "version = ")?;

        let refused = Reviewed::<Kept>::read(folder.path()).err().unwrap_or_default();
        assert!(refused.contains("su/1@sid.toml"), "{refused}");
        Ok(())
    }

    #[test]
    fn a_difference_shows_its_lines() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), "");
        let text = difference("a\nb\n", "a\nc\n");
        assert!(text.contains("-b") && text.contains("+c"), "{text}");
    }
}
