//! What `cargo ci kernels --json` prints, as far as the page is made from it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The form of the file. Another number is another form.
pub const FORMAT: u32 = 1;

/// One run of `cargo ci kernels`.
#[derive(Clone, Debug, Deserialize)]
pub struct Run {
    /// Rules and tests, whichever of them were asked for.
    pub suite: Suite,
    /// The tests that each kernel of this run was asked for.
    pub asked: BTreeSet<String>,
    /// The reviewed snapshots of these tests.
    pub traces: Traces,
    /// The kernels.
    pub kernels: Vec<Kernel>,
}

/// By the name of a test and the name of a variant, empty for the plain one: a reviewed snapshot without its header.
pub type Traces = BTreeMap<String, BTreeMap<String, String>>;

/// The rules and the tests of one version of the suite.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suite {
    /// Rules by family.
    pub families: Vec<Family>,
    /// What changed between kernels.
    pub changes: Vec<Change>,
    /// All tests.
    pub tests: Vec<Test>,
}

/// A family of rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Family {
    /// Its heading.
    pub title: String,
    /// Its rules.
    pub rules: Vec<Rule>,
}

/// A rule of the kernel, see [`harness::rules::Rule`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// What the kernel does.
    pub sentence: String,
    /// The errno, or "ok".
    pub outcome: String,
    /// Where that is written.
    pub source: String,
    /// The first release that has it, where it is younger than user namespaces.
    pub since: Option<String>,
    /// Why no test pins it, if none does.
    pub untested: Option<String>,
}

/// A change of the kernel, see [`harness::rules::changes::Change`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its name.
    pub name: String,
    /// The rule that it brought or altered.
    pub rule: String,
    /// What it brought.
    pub what: String,
    /// The first release that has it, and the first ones of stable series.
    pub releases: Vec<String>,
    /// The commit.
    pub commit: String,
}

/// A test of the suite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Test {
    /// Its name.
    pub name: String,
    /// Its file, relative to the workspace.
    pub file: String,
    /// Its line there.
    pub line: u32,
    /// The function that it is a case of.
    pub function: String,
    /// The names of the rules that it pins.
    pub rules: Vec<String>,
    /// The names of the changes by which its outcome varies.
    pub varies: Vec<String>,
}

/// One kernel.
#[derive(Clone, Debug, Deserialize)]
pub struct Kernel {
    /// The row's name.
    pub name: String,
    /// How it was started.
    pub start: String,
    /// Package and version, or the file.
    pub origin: String,
    /// `uname -r`.
    pub release: Option<String>,
    /// Why there is no result, or only part of one.
    pub trouble: Option<Trouble>,
    /// The end of its console, where there is trouble.
    #[serde(default)]
    pub console: Vec<String>,
    /// The names of the changes that it is too old for.
    #[serde(default)]
    pub lacks: Vec<String>,
    /// What each user saw.
    pub legs: Vec<Leg>,
    /// Differences that are known of it.
    #[serde(default)]
    pub known: Vec<Known>,
}

/// What keeps a kernel from being judged.
#[derive(Clone, Debug, Deserialize)]
pub struct Trouble {
    /// In a word or two.
    pub kind: String,
    /// In a sentence.
    pub text: String,
}

/// What one user saw.
#[derive(Clone, Debug, Deserialize)]
pub struct Leg {
    /// The effective uid.
    pub uid: u32,
    /// The end of each test.
    pub tests: Vec<Ended>,
}

/// How one test ended.
#[derive(Clone, Debug, Deserialize)]
pub struct Ended {
    /// Its name.
    pub name: String,
    /// In a word.
    pub end: End,
    /// In words; of a skipped test the reason.
    pub how: String,
    /// Whether it failed as it was known to, for this user.
    #[serde(default)]
    pub known: bool,
    /// What it printed, if it did not pass.
    #[serde(default)]
    pub output: String,
    /// The trace that differs from the reviewed one.
    #[serde(default)]
    pub trace: Option<String>,
    /// Programs that show it, by the names of their files.
    #[serde(default)]
    pub reproducers: BTreeMap<String, String>,
}

/// How a test ended, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// It passed.
    Passed,
    /// It failed.
    Failed,
    /// A signal killed it.
    Crashed,
    /// It was killed since it took too long.
    #[serde(rename = "timed out")]
    TimedOut,
    /// It could not run there.
    Skipped,
}

/// A difference that is known of a kernel.
#[derive(Clone, Debug, Deserialize)]
pub struct Known {
    /// What the kernel does.
    pub what: String,
    /// Since when it is known.
    #[serde(default)]
    pub since: Option<String>,
    /// The tests that failed as is known.
    #[serde(default)]
    pub tests: Vec<String>,
    /// The tests that were known to fail and passed.
    #[serde(default)]
    pub gone: Vec<String>,
}
