//! How one test ended, as the JSON documents of runs have it.

use std::collections::BTreeMap;

use harness::findings::Difference;
use serde::{Deserialize, Serialize};

use crate::protocol::End;

/// The form of the document that is written. Since form 2 the facts of a user are data, which were text before. Since
/// form 3 a verdict says how much was seen, and a failed test brings the steps that differ.
pub const FORMAT: u32 = 3;
/// How one test ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestReport {
    /// Its name.
    pub name: String,
    /// How it ended: `end` in a word or two, `how` in a sentence.
    #[serde(flatten, with = "labelled")]
    pub end: End,
    /// How long it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// What it printed, if it did not pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Of a test that did not pass: what there is to see.
    #[serde(flatten)]
    pub evidence: Option<Evidence>,
}

/// What a test left that ran and did not pass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Whether it failed as it was expected to, for this user.
    #[serde(default)]
    pub known: bool,
    /// The steps that differ, in their order; empty before form 3, and of a test that compared no step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    /// The trace that differs from the reviewed one.
    pub trace: Option<String>,
    /// Programs that show it, by the names of their files.
    pub reproducers: BTreeMap<String, String>,
}

impl TestReport {
    /// Whether it failed as it was expected to.
    pub fn is_expected_failure(&self) -> bool {
        self.evidence.as_ref().is_some_and(|evidence| evidence.known)
    }

    /// The trace that differs from the reviewed one.
    pub fn trace(&self) -> Option<&str> {
        self.evidence.as_ref()?.trace.as_deref()
    }

    /// The steps that differ.
    pub fn differences(&self) -> &[Difference] {
        self.evidence.as_ref().map(|evidence| evidence.differences.as_slice()).unwrap_or_default()
    }

    /// What it printed, if that is kept.
    pub fn output(&self) -> &str {
        self.output.as_deref().unwrap_or_default()
    }
}

/// An [`End`] as two fields.
mod labelled {
    use crate::protocol::End;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Written {
        end: String,
        how: String,
    }

    pub fn serialize<S: Serializer>(end: &End, out: S) -> Result<S::Ok, S::Error> {
        Written { end: end.label().to_owned(), how: end.to_string() }.serialize(out)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<End, D::Error> {
        let Written { end, how } = Written::deserialize(from)?;
        End::labelled(&end, &how).ok_or_else(|| D::Error::custom(format!("no test ends as {end:?}")))
    }
}
