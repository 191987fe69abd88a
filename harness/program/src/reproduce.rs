//! `reproduce`: what a test plays, as programs that need no suite.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use harness::findings::Left;
use harness::record;
use harness::suite::Prepared;

use crate::run::server::{ProcessEnd, Server, wait_for};
use crate::ui::print::{note, print};
use crate::ui::verdict::Verdict;

/// How long the test may take.
const LIMIT: Duration = Duration::from_secs(120);

/// What the help closes with.
pub const AFTER: &str = "\
Examples:
  userns-suite reproduce map_order::own_gid_needs_deny::before_deny > a.c
  userns-suite reproduce map_order::own_gid_needs_deny::before_deny --language sh
  userns-suite reproduce setgroups::denied --directory /tmp/programs

The test is played once. A program expects what the model of the rules predicts, and what the kernel did where the model says
nothing. It ends with 0 if the kernel does as expected, with 1 if not, and with 2 if it cannot be run.";

/// Options of `reproduce`.
#[derive(Args, Debug)]
pub struct ReproduceOptions {
    /// The test, by its whole name
    #[arg(value_name = "TEST")]
    pub test: String,
    /// The language of the program; a shell cannot run every step
    #[arg(long, value_enum, default_value_t, value_name = "LANGUAGE")]
    pub language: Language,
    /// Write the programs of all scenarios of the test to files in this directory
    #[arg(long, value_name = "DIR")]
    pub directory: Option<PathBuf>,
}

/// The language of a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// C, in one file, for any C library
    #[default]
    C,
    /// A script for sh(1) with util-linux
    Sh,
}

/// Plays a test, and prints or writes the programs of its scenarios.
///
/// # Errors
/// When there is no such test, it cannot run here, none of its scenarios can be a program in this language, or a file cannot be
/// written.
pub fn run(suite: &Prepared, options: &ReproduceOptions) -> Result<Verdict, String> {
    let listing = suite.listing(&[options.test.clone()].into());
    let listed = listing.tests.first();
    let listed = listed.ok_or_else(|| {
        format!("there is no test {:?}; `userns-suite list` prints the names", options.test)
    })?;
    if let Some(reason) = &listed.skipped {
        return Err(format!("{} cannot run here: {reason}", options.test));
    }
    record::send_all();
    let programs = of(played(suite, &options.test)?, options.language);
    if programs.is_empty() {
        return Err(format!("no scenario of {} can be a program in this language", options.test));
    }
    match &options.directory {
        Some(directory) => write(directory, &programs)?,
        None => {
            if programs.len() > 1 {
                note(format_args!("the first of {} programs; --directory writes all\n", programs.len()));
            }
            programs.first().into_iter().for_each(|(_, text)| print(text));
        }
    }
    Ok(Verdict::Good)
}

/// Plays a test. Returns what it left.
fn played(suite: &Prepared, test: &str) -> Result<Vec<Left>, String> {
    let mut server = Server::fork(suite)?;
    server.ask(test, LIMIT)?;
    let ended = loop {
        wait_for(&[&server], &[])?;
        match server.advance() {
            Ok(Some(ended)) => break ended,
            Ok(None) => {}
            Err(why) => return Err(format!("{test}: {why}\n{}", server.last_words())),
        }
    };
    drop(server.finish());
    match ended.process {
        ProcessEnd::TooLate => Err(format!("{test} took longer than {} s", LIMIT.as_secs())),
        ProcessEnd::ByItself(_) => Ok(ended.left),
    }
}

/// The programs in a language, in the order in which their scenarios were played. A program that was made twice is one.
fn of(left: Vec<Left>, language: Language) -> Vec<(String, String)> {
    let ending = match language {
        Language::C => ".c",
        Language::Sh => ".sh",
    };
    let mut programs: Vec<(String, String)> = Vec::new();
    for left in left {
        if let Left::Reproducer { name, text } = left
            && name.ends_with(ending)
            && programs.iter().all(|(known, _)| *known != name)
        {
            programs.push((name, text));
        }
    }
    programs
}

fn write(directory: &PathBuf, programs: &[(String, String)]) -> Result<(), String> {
    std::fs::create_dir_all(directory)
        .map_err(|error| format!("cannot make {}: {error}", directory.display()))?;
    for (name, text) in programs {
        let path = directory.join(name);
        std::fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        print(format_args!("{}\n", path.display()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_a_language_come_out_once_each() {
        let left = |name: &str| Left::Reproducer { name: name.into(), text: "x".into() };

        let found = of(vec![left("a.c"), left("a.sh"), left("b.c"), left("a.c")], Language::C);

        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a.c", "b.c"]);
        assert_eq!(of(vec![left("a.c")], Language::Sh), []);
    }
}
