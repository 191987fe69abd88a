//! The first refused call of a program, from the order of its calls under "allow" and the rules.

use std::fmt;

use serde::Serialize;

use crate::field::model::{Namespace, Said, answers};
use crate::programs::calls::Sequence;

/// The first refused call, as far as the model knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Predicted {
    /// This call, by its name, with this errno, by this rule.
    Refused(String, String, Option<&'static str>),
    /// None.
    Nothing,
    /// That is not known: the program changes its capabilities in a way that the model does not follow.
    Open,
}

impl fmt::Display for Predicted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(call, errno, _) => write!(out, "{call} {errno}"),
            Self::Nothing => write!(out, "no refused call"),
            Self::Open => write!(out, "not known"),
        }
    }
}

/// The first refused call that follows from the order of the calls under "allow" and from the rules.
pub fn predict(namespace: &Namespace, allow: &[Sequence]) -> Predicted {
    let mut predicted = Predicted::Nothing;
    for sequence in allow {
        for (call, said) in sequence.whole.iter().zip(answers(namespace, &sequence.whole)) {
            match said {
                Said::Fails { errno, rule } => return Predicted::Refused(call.name.clone(), errno, rule),
                Said::Open => predicted = Predicted::Open,
                Said::Succeeds => {}
            }
        }
    }
    predicted
}
