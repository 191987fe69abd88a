//! A verdict in a document: its word, and how much of the suite it is about.

use serde::{Deserialize, Deserializer, Serialize};

use crate::report::coverage::{Coverage, Reason};
use crate::ui::verdict::Verdict;

/// How a run ended, and how much was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictReport {
    /// "good", "partial", "failed" or "could not run".
    pub word: String,
    /// The same as a sentence, as the last line of the summary has it.
    pub text: String,
    /// The tests that ran, of those that this kind of caller runs on a plain host.
    pub ran: usize,
    /// Those of them that could show nothing here.
    pub could_not_run: usize,
    /// Why, the most frequent reason first.
    pub reasons: Vec<Reason>,
    /// The large families of rules of which nothing ran.
    #[serde(default)]
    pub unseen: Vec<String>,
}

impl VerdictReport {
    /// A verdict with what it is about.
    pub fn new(verdict: &Verdict, coverage: &Coverage) -> Self {
        Self {
            word: verdict.label().to_owned(),
            text: anstream::adapter::strip_str(&verdict.line()).to_string(),
            ran: coverage.ran,
            could_not_run: coverage.could_not_run,
            reasons: coverage.reasons.clone(),
            unseen: coverage.unseen.clone(),
        }
    }
}

impl VerdictReport {
    /// The sentence of a run that passed, and of which little could run.
    pub fn partial(&self) -> Option<&str> {
        (self.word == Verdict::Partial(String::new()).label()).then_some(self.text.as_str())
    }
}

/// Reads a verdict; before form 3 it was its word alone.
///
/// # Errors
/// When it is neither.
pub fn read<'de, D: Deserializer<'de>>(from: D) -> Result<VerdictReport, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Word(String),
        Report(VerdictReport),
    }
    Ok(match Written::deserialize(from)? {
        Written::Word(word) => VerdictReport { text: word.clone(), word, ..VerdictReport::default() },
        Written::Report(report) => report,
    })
}
