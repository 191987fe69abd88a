//! What the suite did on a host: which tests ran and how they ended, which were skipped, what is left.

use std::collections::BTreeMap;

use harness::listing::TOO_SLOW_HERE;
use harness_program::protocol::End;

/// A test that ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Its name.
    pub test: String,
    /// How it ended.
    pub end: End,
    /// What it printed, if it did not pass.
    pub output: String,
}

/// What the suite did on a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// The tests that ran.
    pub ran: Vec<Ran>,
    /// The reasons of those that were skipped, by name.
    pub skipped: BTreeMap<String, String>,
    /// Each test is skipped, and the suite reports success nevertheless.
    pub success_without_a_test: bool,
    /// What it left behind, a line each.
    pub residue: Vec<String>,
}

impl Answers {
    /// How many of the tests that ran showed something of a rule.
    pub fn shown(&self) -> usize {
        self.ran.iter().filter(|ran| !ran.end.shows_nothing()).count()
    }

    /// How many of the tests that ran this machine was too slow for.
    pub fn too_slow(&self) -> usize {
        self.ran.len() - self.shown()
    }
}

/// A test that failed because this machine is too slow for it breaks no rule, and says so in a line of its own.
pub fn judged(end: End, said: &str) -> End {
    let slow = said.lines().find(|line| line.starts_with(TOO_SLOW_HERE));
    match (end, slow) {
        (End::Failed(_), Some(why)) => End::TooSlow(why.to_owned()),
        (end, _) => end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_this_machine_is_too_slow_for_has_not_failed() {
        let failed = || End::Failed("exit code 101".into());
        let said = "thread 'main' panicked at tests/userns/races.rs:97:42:\ntoo slow here: 2 of 512 rounds\nnote: run";

        assert_eq!(judged(failed(), said), End::TooSlow("too slow here: 2 of 512 rounds".into()));
        assert_eq!(judged(failed(), "it is not too slow here: it is wrong"), failed());
        assert_eq!(judged(End::Passed, said), End::Passed);
    }
}
