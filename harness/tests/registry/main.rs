//! What the binary of a suite answers to nextest, to `cargo ci` and to a person.
//!
//! This binary is two: started as nextest starts it, it lists and runs the checks; each check
//! starts it again with `PLAY_SUITE` set, and then it is the small suite of `suite.rs`. That one
//! has a test that fails, which nextest must not see.

mod checks;
mod forking;
mod suite;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// Set in the environment of the process that plays the small suite.
const PLAY_SUITE: &str = "HARNESS_TEST_PLAY_SUITE";

fn main() -> ExitCode {
    if std::env::var_os(PLAY_SUITE).is_some() {
        return harness::suite::main();
    }
    if std::env::var_os(forking::PLAY).is_some() {
        return forking::play();
    }
    let check = |(name, run): (&str, fn())| {
        Trial::test(name, move || {
            run();
            Ok(())
        })
    };
    let trials = checks::ALL.into_iter().chain(forking::ALL).map(check).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
