//! How a command ends, for people and for scripts.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::ui::style::{BAD, GOOD, MIDDLING};

/// The result of a command or of one run of the suite.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// Everything that was asked for ran and passed.
    #[default]
    Good,
    /// Everything that ran passed, and too little ran. The text says how much could not run here, and why.
    Partial(String),
    /// Something ran and failed; says what, in one line.
    Failed(String),
    /// No result can be given; says why, in one line.
    CouldNotRun(String),
}

/// What a run is that passed and could not run much of the suite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Partial {
    /// Status 3
    #[default]
    Tell,
    /// Status 0: for a host that is known to be restricted
    Ok,
    /// Status 1: for a host that is meant to run everything
    Fail,
}

/// The option by which a caller of a run chooses what a partial one is.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct PartialOption {
    /// How a run ends that passed, but could not run much of the suite here
    #[arg(long, value_enum, default_value_t, value_name = "WORD")]
    pub partial: Partial,
}

impl Verdict {
    /// The result in a word or three, for scripts.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Partial(_) => "partial",
            Self::Failed(_) => "failed",
            Self::CouldNotRun(_) => "could not run",
        }
    }

    /// The result as the last line of a summary.
    pub fn line(&self) -> String {
        match self {
            Self::Good => format!("{GOOD}passed{GOOD:#}"),
            Self::Partial(why) => format!("{MIDDLING}passed, but{MIDDLING:#} {why}"),
            Self::Failed(why) => format!("{BAD}failed:{BAD:#} {why}"),
            Self::CouldNotRun(why) => format!("{BAD}could not run:{BAD:#} {why}"),
        }
    }

    /// The status that scripts see.
    pub fn status(&self, partial: Partial) -> u8 {
        match (self, partial) {
            (Self::Good, _) | (Self::Partial(_), Partial::Ok) => 0,
            (Self::Failed(_), _) | (Self::Partial(_), Partial::Fail) => 1,
            (Self::CouldNotRun(_), _) => 2,
            (Self::Partial(_), Partial::Tell) => 3,
        }
    }

    /// The status as a process ends with it.
    pub fn exit_code(&self, partial: Partial) -> ExitCode {
        ExitCode::from(self.status(partial))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_has_a_status_of_its_own_and_the_caller_chooses_that_of_a_partial_run() {
        let partial = Verdict::Partial("7 of 9 tests could not run here".to_owned());
        let all = [Verdict::Good, Verdict::Failed(String::new()), Verdict::CouldNotRun(String::new())];

        assert_eq!(all.map(|verdict| verdict.status(Partial::Tell)), [0, 1, 2]);
        let chosen = [Partial::Tell, Partial::Ok, Partial::Fail].map(|how| partial.status(how));
        assert_eq!(chosen, [3, 0, 1]);
        let line = anstream::adapter::strip_str(&partial.line()).to_string();
        assert_eq!(line, "passed, but 7 of 9 tests could not run here");
    }
}
