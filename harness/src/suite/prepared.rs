//! The suite for a program of its own, which lists and runs the tests in its own way.

use std::collections::BTreeSet;
use std::env;

use super::{REQUIRE, TESTS, Test, UnmetIs, names, played, serve, shares, this_process, unmet_is};
use crate::listing::{Listing, TestDescription};
use crate::rehearsal;
use harness_play::{observe, rehearse_with};

/// The registered tests, in a process that is ready to list and to run them.
pub struct Prepared {
    tests: Vec<(String, &'static Test)>,
    unmet_is: UnmetIs,
}

impl Prepared {
    /// Prepares this process, once: undoes what a parent left to it, and has each scenario compared with the model.
    ///
    /// # Errors
    /// A sentence: about what a parent left and could not be undone, about a variable with a word that there is not, or
    /// about tests that are written wrongly.
    pub fn new() -> Result<Self, String> {
        this_process::settle()?;
        let tests = names::collect(&TESTS, None)?;
        let unmet_is = unmet_is(env::var_os(REQUIRE).as_deref())?;
        rehearse_with(rehearsal::stand_in).map_err(|error| error.to_string())?;
        observe(played).map_err(|error| error.to_string())?;
        Ok(Self { tests, unmet_is })
    }

    /// All tests.
    pub fn tests(&self) -> Vec<TestDescription> {
        self.tests.iter().map(|(name, test)| test.description(name)).collect()
    }

    /// The tests of these names, and whether they can run here: that takes a while to find out.
    pub fn listing(&self, names: &BTreeSet<String>) -> Listing {
        let asked: Vec<_> = self.tests.iter().filter(|(name, _)| names.contains(name)).cloned().collect();
        shares::learn(&asked);
        super::listing(&asked)
    }

    /// Runs the tests that standard input names, each in a child, until it ends; see [`crate::listing::Served`]. The answers
    /// go to standard output. What tests print goes to standard error.
    ///
    /// # Errors
    /// What cannot be read, written, forked or waited for.
    pub fn serve(&self) -> Result<(), String> {
        serve::serve(&self.tests, self.unmet_is)
    }
}
