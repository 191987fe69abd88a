//! What the program makes of tests that fail, crash, hang, and end the process that serves them.
//!
//! This binary is two: started as nextest starts it, it lists and runs the checks; each check starts it again with
//! `PLAY_FAULTY` set, and then it is the program with the faulty tests of `suite.rs`.

mod checks;
mod suite;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// Set in the environment of the process that is the program.
const PLAY_FAULTY: &str = "HARNESS_PROGRAM_PLAY_FAULTY";

fn main() -> ExitCode {
    if std::env::var_os(PLAY_FAULTY).is_some() {
        return harness_program::main();
    }
    let check = |(name, run): (&str, fn())| {
        Trial::test(name, move || {
            run();
            Ok(())
        })
    };
    let trials = checks::ALL.into_iter().map(check).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
