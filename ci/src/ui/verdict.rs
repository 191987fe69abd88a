//! How a command ends, for people and for scripts.

use std::process::ExitCode;

/// The result of a command or of one run of the suite.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(Default))]
pub enum Verdict {
    /// Everything that was asked for ran and passed.
    #[cfg_attr(test, default)]
    Good,
    /// Something ran and failed; says what, in one line.
    Failed(String),
    /// No result can be given; says why, in one line.
    CouldNotRun(String),
}

impl Verdict {
    /// The result in a word or three, for scripts.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Failed(_) => "failed",
            Self::CouldNotRun(_) => "could not run",
        }
    }

    /// The status that scripts see: 0, 1 or 2.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Good => 0,
            Self::Failed(_) => 1,
            Self::CouldNotRun(_) => 2,
        })
    }
}
