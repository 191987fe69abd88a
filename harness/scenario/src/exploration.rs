//! How much of the generated scenarios the suite's tests play: sweeps, and the search.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The variable that says how much: the words of [`Exploration`]. Unset or empty: all.
pub const EXPLORATION: &str = "USERNS_SUITE_EXPLORATION";

/// How much of the generated scenarios is played.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exploration {
    /// All of them.
    #[default]
    Full,
    /// Sequences that are one step shorter, texts that are one byte shorter, and a fifth of the drawn scenarios: some
    /// twentieth of the time, for kernels that play one scenario in the time in which a host plays five.
    Brief,
}

impl Exploration {
    /// What the tables say of it, if something was left out.
    pub fn left_out(self) -> Option<&'static str> {
        match self {
            Self::Full => None,
            Self::Brief => Some(
                "sweeps and search were brief: sequences one step shorter, texts one byte shorter, a fifth of the drawn \
                 scenarios; --exploration full plays all",
            ),
        }
    }
}

impl fmt::Display for Exploration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "full",
            Self::Brief => "brief",
        })
    }
}

/// A word that is none of [`Exploration`]'s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownExploration(String);

impl fmt::Display for UnknownExploration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is neither \"full\" nor \"brief\"", self.0)
    }
}

impl std::error::Error for UnknownExploration {}

impl FromStr for Exploration {
    type Err = UnknownExploration;

    /// "full" or "brief".
    fn from_str(word: &str) -> Result<Self, UnknownExploration> {
        match word {
            "full" => Ok(Self::Full),
            "brief" => Ok(Self::Brief),
            other => Err(UnknownExploration(other.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Exploration, UnknownExploration};

    #[test]
    fn a_word_is_read_back_and_another_one_is_refused() {
        for exploration in [Exploration::Full, Exploration::Brief] {
            assert_eq!(exploration.to_string().parse(), Ok(exploration));
        }
        let unknown: Result<Exploration, UnknownExploration> = "most".parse();
        assert_eq!(
            unknown.map_err(|error| error.to_string()),
            Err("\"most\" is neither \"full\" nor \"brief\"".to_owned())
        );
    }
}
