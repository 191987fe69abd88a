//! What can be wrong with a program.

use std::fmt;

use serde::Serialize;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "kebab-case")]
pub enum Finding {
    /// There is no result.
    CouldNotRun {
        /// Why.
        why: String,
    },
    /// The program does not do under "allow" what the row is about.
    DoesNotWork {
        /// What was seen.
        seen: String,
    },
    /// No version of it has a snapshot.
    NotReviewed,
    /// It behaves differently from the reviewed snapshot.
    Changed {
        /// The state.
        state: String,
        /// The version of the snapshot.
        reviewed: String,
        /// The lines that differ.
        difference: String,
    },
    /// The kernel answers a call differently from the model.
    Model {
        /// The state.
        state: String,
        /// The call, with the answer of the kernel.
        call: String,
        /// The answer of the model.
        model: String,
    },
    /// The first refused call is another one than the order of the calls predicts.
    Unpredicted {
        /// The state.
        state: String,
        /// The predicted one.
        predicted: String,
        /// The one that was seen.
        seen: String,
    },
    /// The row names the state as one in which the prediction misses, and it does not.
    Predicted {
        /// The state.
        state: String,
        /// The reason that the row gives.
        why: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CouldNotRun { why } => write!(out, "could not run: {why}"),
            Self::DoesNotWork { seen } => write!(out, "it does not work under \"allow\": {seen}"),
            Self::NotReviewed => write!(out, "no version has a reviewed snapshot; --accept writes one"),
            Self::Changed { state, reviewed, difference } => {
                write!(out, "{state}: it differs from the reviewed version {reviewed}\n{difference}")
            }
            Self::Model { state, call, model } => {
                write!(out, "{state}: the kernel answers {call}, the model {model}")
            }
            Self::Unpredicted { state, predicted, seen } => {
                write!(out, "{state}: predicted was {predicted}, seen was {seen}")
            }
            Self::Predicted { state, why } => {
                write!(out, "{state}: the prediction holds; remove the miss from ci/programs.toml ({why})")
            }
        }
    }
}
