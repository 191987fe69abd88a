//! What a failed test found, for programs: the steps that differ, as data.
//!
//! The suite writes one file for each test that fails; the guest and `cargo ci` read it. A report that pairs the lines
//! of two texts may pair different steps. Here each difference names its step.

use serde::{Deserialize, Serialize};
use std::fmt;

use crate::listing::{from_line, to_line};

/// The variable with the directory of the files. Without it none is written.
pub const FINDINGS: &str = "USERNS_SUITE_FINDINGS";

/// What one test found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// The name of the test.
    pub test: String,
    /// The first differences, in the order of the scenarios and their steps.
    pub differences: Vec<Difference>,
    /// Why the test could show nothing, if the host was too slow for it: the test breaks no rule then.
    #[serde(default)]
    pub too_slow: Option<String>,
}

/// A point on which the kernel differs from what was expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The number of the scenario among those that the test played, from 1.
    pub scenario: usize,
    /// The step, or the final state.
    pub on: Point,
    /// The kernel's answer, as traces show it: "ok", "EPERM", "open: EACCES".
    pub got: String,
    /// The expected answer.
    pub expected: String,
    /// What expected it.
    pub by: Vec<Expecting>,
    /// The rule by which the model refuses the step, if it does.
    #[serde(default)]
    pub rule: Option<String>,
}

/// The subject of a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// A step.
    Step {
        /// Its number in the scenario, from 1.
        number: usize,
        /// The process that takes it.
        actor: String,
        /// What it does, as traces show it.
        action: String,
    },
    /// The state of a process after the last step.
    Afterwards {
        /// The process.
        actor: String,
    },
}

/// An answer that the kernel is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expecting {
    /// The reviewed snapshot.
    Snapshot,
    /// The model's prediction.
    Model,
    /// The outcome that stands in the test.
    Test,
}

/// What a test that failed leaves for the program that runs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Left {
    /// The steps that differ.
    Findings(Findings),
    /// A snapshot that differs, or that there is not yet.
    Snapshot {
        /// Its path, relative to the workspace.
        path: String,
        /// Its content, with the header.
        text: String,
    },
    /// A program that shows what the test saw.
    Reproducer {
        /// The name of its file.
        name: String,
        /// Its source.
        text: String,
    },
}

impl Left {
    /// The value as a line of JSON.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn to_line(&self) -> Result<String, String> {
        to_line(self)
    }

    /// Reads a line.
    ///
    /// # Errors
    /// When it is no such value, or only part of one.
    pub fn read(line: &str) -> Result<Self, String> {
        from_line("evidence of a test", line)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step { actor, action, .. } => write!(f, "{actor} {action}"),
            Self::Afterwards { actor } => write!(f, "{actor} afterwards"),
        }
    }
}

impl Findings {
    /// The name of the file of a test.
    pub fn file_name(test: &str) -> String {
        format!("{}.json", test.replace("::", "__"))
    }

    /// The findings as a line of JSON.
    ///
    /// # Errors
    /// When they cannot be written as JSON.
    pub fn to_line(&self) -> Result<String, String> {
        to_line(self)
    }

    /// Reads the findings of this test.
    ///
    /// # Errors
    /// When the text is no findings, only part of them, or those of another test.
    pub fn read(test: &str, text: &str) -> Result<Self, String> {
        let findings: Self = from_line("findings", text)?;
        match findings.test == test {
            true => Ok(findings),
            false => Err(format!("the findings of {test} are those of {}", findings.test)),
        }
    }

    /// Adds a difference. What another answer expects as well is one difference with two sources.
    pub fn add(&mut self, difference: Difference) {
        let same = |it: &&mut Difference| {
            (it.scenario, &it.on, &it.expected) == (difference.scenario, &difference.on, &difference.expected)
        };
        let Some(known) = self.differences.iter_mut().find(same) else {
            return self.differences.push(difference);
        };
        let new = difference.by.into_iter().filter(|by| !known.by.contains(by)).collect::<Vec<_>>();
        known.by.extend(new);
        known.rule = known.rule.take().or(difference.rule);
    }

    /// Puts the differences in the order of the steps and keeps the first ones. A state comes after all steps.
    pub fn sort(&mut self, most: usize) {
        let place = |it: &Difference| match &it.on {
            Point::Step { number, .. } => (it.scenario, *number),
            Point::Afterwards { .. } => (it.scenario, usize::MAX),
        };
        self.differences.sort_by_key(place);
        self.differences.iter_mut().for_each(|it| it.by.sort_unstable());
        self.differences.truncate(most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(number: usize, by: Expecting, rule: Option<&str>) -> Difference {
        let on = Point::Step { number, actor: "inside".to_owned(), action: "setgroups([])".to_owned() };
        let (got, expected) = ("ok".to_owned(), "EPERM".to_owned());
        Difference { scenario: 1, on, got, expected, by: vec![by], rule: rule.map(str::to_owned) }
    }

    #[test]
    fn two_answers_that_expect_the_same_are_one_difference_with_the_rule() {
        let mut findings = Findings { test: "a::b".to_owned(), ..Findings::default() };
        findings.add(difference(3, Expecting::Snapshot, None));
        findings.add(difference(2, Expecting::Test, None));
        findings.add(difference(3, Expecting::Model, Some("groups.denied")));
        findings.sort(9);

        let third = Difference {
            by: vec![Expecting::Snapshot, Expecting::Model],
            ..difference(3, Expecting::Snapshot, Some("groups.denied"))
        };
        assert_eq!(findings.differences, [difference(2, Expecting::Test, None), third]);
        findings.sort(1);
        assert_eq!(findings.differences.len(), 1);
    }

    #[test]
    fn findings_come_back_as_they_were_and_only_for_their_test() {
        let mut findings = Findings { test: "a::b".to_owned(), ..Findings::default() };
        findings.add(difference(3, Expecting::Snapshot, None));
        let line = findings.to_line().expect("findings are plain data");

        assert_eq!(Findings::read("a::b", &line), Ok(findings));
        assert_eq!(Findings::read("a::c", &line), Err("the findings of a::c are those of a::b".to_owned()));
        let cut = Findings::read("a::b", &line[..line.len() / 2]).err().unwrap_or_default();
        assert!(cut.starts_with("the suite prints no findings: "), "{cut}");
        assert_eq!(Findings::file_name("a::b"), "a__b.json");
    }
}
