//! What the suite prints for programs: its tests, and the ends of the tests that it serves. One line of JSON a value.
//!
//! The suite writes these types; the guest and `cargo ci` read them. JSON that is cut short is no JSON, so that half an
//! answer cannot pass for a whole one.

pub use crate::outcome::TOO_SLOW_HERE;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// One test, or one case of a test of many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestDescription {
    /// Its name.
    pub name: String,
    /// The source file, relative to the workspace.
    pub file: String,
    /// The line of its attribute there.
    pub line: u32,
    /// The function that it is a case of.
    pub function: String,
    /// The names of the rules that it pins.
    pub rules: Vec<String>,
    /// The names of the changes of the kernel, or of programs, by which its outcome varies.
    pub varies: Vec<String>,
}

/// A test, and whether it can run on this host as this user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedTest {
    /// The test.
    #[serde(flatten)]
    pub test: TestDescription,
    /// Why it is skipped, if it is.
    pub skipped: Option<String>,
    /// Whether the skip shows nothing about the host: the test needs another kind of caller (root, where the caller is
    /// not), or needs something to be missing. Every host skips such tests for this caller.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skipped_everywhere: bool,
    /// The programs that are missing, if nothing else keeps the test from running.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_programs: Vec<String>,
}

/// What `--list --format json` prints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// The tests, sorted by name.
    pub tests: Vec<ListedTest>,
}

impl Listing {
    /// The listing as a line of JSON.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn to_line(&self) -> Result<String, String> {
        to_line(self)
    }

    /// Reads what the suite printed.
    ///
    /// # Errors
    /// When it is no listing, or only part of one; the message holds where it ends.
    pub fn read(text: &str) -> Result<Self, String> {
        from_line("list of tests", text)
    }
}

/// What `--serve` prints about the test that it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Served {
    /// The test begins, in a process that leads the process group of this number.
    Started(i32),
    /// The process of the test exited with this status.
    Exited(i32),
    /// A signal of this number killed the process of the test.
    Killed(i32),
}

impl Served {
    /// The answer as a line of JSON.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn to_line(self) -> Result<String, String> {
        to_line(&self)
    }

    /// Reads a line.
    ///
    /// # Errors
    /// When it is no such answer, or only part of one.
    pub fn read(line: &str) -> Result<Self, String> {
        from_line("answer", line)
    }
}

pub(crate) fn to_line(value: &impl Serialize) -> Result<String, String> {
    serde_json::to_string(value).map(|line| line + "\n").map_err(|error| format!("no JSON: {error}"))
}

pub(crate) fn from_line<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("the suite prints no {what}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing() -> Listing {
        let test = TestDescription {
            name: "map::own::before".to_owned(),
            file: "tests/userns/map.rs".to_owned(),
            line: 7,
            function: "own".to_owned(),
            rules: vec!["map.written-once".to_owned()],
            varies: Vec::new(),
        };
        let skipped = Some("needs root: euid is 1000".to_owned());
        Listing {
            tests: vec![
                ListedTest { test: test.clone(), skipped, skipped_everywhere: true, ..ListedTest::default() },
                ListedTest { test, missing_programs: vec!["sudo".to_owned()], ..ListedTest::default() },
            ],
        }
    }

    #[test]
    fn a_listing_is_one_line_and_comes_back_as_it_was() {
        let line = listing().to_line().expect("a listing is plain data");

        assert_eq!(line.matches('\n').count(), 1, "{line}");
        assert_eq!(Listing::read(&line), Ok(listing()));
    }

    #[test]
    fn a_listing_cut_short_anywhere_is_refused() {
        let line = listing().to_line().expect("a listing is plain data");

        for cut in 0..line.trim_end().len() {
            let refused = Listing::read(&line[..cut]).err().unwrap_or_default();
            assert!(
                refused.starts_with("the suite prints no list of tests: "),
                "the first {cut} bytes: {refused}"
            );
        }
    }

    #[test]
    fn an_answer_of_another_form_is_refused() {
        assert_eq!(Served::read("{\"exited\":101}"), Ok(Served::Exited(101)));
        for wrong in ["exited 101", "{\"exited\":\"101\"}", "{\"ended\":1}", "{\"exited\":1", ""] {
            let refused = Served::read(wrong).err().unwrap_or_default();
            assert!(refused.starts_with("the suite prints no answer: "), "{wrong}: {refused}");
        }
    }
}
