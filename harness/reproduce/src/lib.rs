//! A scenario as a program of its own, for a reader who has the kernel and not this suite.
//!
//! The program runs the steps of the scenario, prints each outcome, and compares it with a [`Prediction`]. Its exit
//! status is 0 if the kernel does as predicted, 1 if it does not, and 2 if the program cannot run. A C program can
//! run nearly every step, a shell script only a few. If a program cannot run a step, the result is [`NotPossible`]
//! with the reason.
#![forbid(unsafe_code)]

mod c;
mod calls;
mod files;
mod helpers;
mod ids;
mod numbers;
mod outcomes;
mod raw;
mod report;
mod save;
mod shell;
mod statements;
mod text;

use harness_scenario::scenario::Scenario;
use harness_scenario::show;
use std::fmt;
use std::path::PathBuf;

pub use harness_scenario::prediction::Prediction;
pub use report::report;
pub use save::{file_name, save, texts};

/// The host on which a program is made.
#[derive(Debug, Clone)]
pub struct Host {
    /// Its kernel, as in "6.1.0-26-amd64 x86_64".
    pub kernel: String,
    /// The directories that the scenario's programs get as PATH, separated by colons.
    pub path: &'static str,
    /// The file of a program of this name; `None` if it is not there.
    pub find: fn(&str) -> Option<PathBuf>,
    /// Parts of paths that only a test has: a program of its own cannot name them.
    pub private: Vec<String>,
}

/// The header of a program.
#[derive(Debug, Clone)]
pub struct Header {
    /// The name of the test.
    pub name: String,
    /// What the program shows, in any number of lines: the rule, its sentence, its source.
    pub about: Vec<String>,
    /// Where it was made.
    pub host: Host,
}

/// The reason why a scenario cannot become a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotPossible(pub String);

impl std::error::Error for NotPossible {}

impl fmt::Display for NotPossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no program can show this: {}", self.0)
    }
}

/// A C program in one file, for any C library, that needs nothing else.
///
/// # Errors
/// The step that C cannot run.
pub fn c(scenario: &Scenario, prediction: &Prediction, header: &Header) -> Result<String, NotPossible> {
    c::program(scenario, prediction, header)
}

/// A script for sh(1) that needs util-linux, and the core utilities.
///
/// # Errors
/// The step that such a script cannot run. It cannot run most steps, because a shell cannot change its own
/// credentials.
pub fn shell(scenario: &Scenario, prediction: &Prediction, header: &Header) -> Result<String, NotPossible> {
    shell::script(scenario, prediction, header)
}

impl Header {
    /// The comment at the head of a program.
    fn lines(&self, scenario: &Scenario, prediction: &Prediction, kind: &str) -> Vec<String> {
        let file = save::file_name(&self.name);
        let mut lines = vec![self.name.clone(), String::new()];
        if !self.about.is_empty() {
            lines.extend(self.about.iter().cloned().chain([String::new()]));
        }
        lines.push("Expected, step by step:".to_owned());
        lines.extend(predicted(scenario, prediction));
        lines.push(String::new());
        lines.push(format!("Made by userns-suite on Linux {}. Run it with", self.host.kernel));
        lines.push(match kind {
            "c" => format!("    cc -Wall -Wextra -o {file} {file}.c && ./{file}"),
            other => format!("    sh {file}.{other}"),
        });
        lines.push(
            "Exit status: 0 if the kernel does as expected, 1 if not, 2 if this cannot be run.".to_owned(),
        );
        lines
    }
}

/// The steps and their expected outcomes, as traces show them.
fn predicted(scenario: &Scenario, prediction: &Prediction) -> Vec<String> {
    let name = scenario.steps.iter().map(|step| step.actor.to_string().len()).max().unwrap_or(0);
    let actions: Vec<String> =
        scenario.steps.iter().map(|step| show::action(step.actor, &step.action)).collect();
    let width = actions.iter().map(|action| action.chars().count()).max().unwrap_or(0).min(48);
    scenario
        .steps
        .iter()
        .zip(&actions)
        .enumerate()
        .map(|(index, (step, action))| {
            let shown = prediction.outcome(index).map_or("anything".to_owned(), |outcome| {
                show::outcome(outcome, &step.action, &prediction.names)
            });
            format!("  {:name$}  {action:width$}  {}", step.actor, shown.replace('\n', "; "))
        })
        .collect()
}
