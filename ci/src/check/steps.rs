//! Steps of `cargo ci test`: what one is, how it is timed, and the closing table.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anstyle::Style;

use crate::check::context::Context;
use harness_program::ui::print::print;
use harness_program::ui::style::{BAD, BOLD, GOOD, MIDDLING};
use harness_program::ui::verdict::Verdict;

/// One thing that CI checks.
#[derive(Debug)]
pub struct Step {
    /// What `--only` takes.
    pub name: &'static str,
    /// What it checks, in one line.
    pub about: &'static str,
    /// Does it.
    pub run: fn(&Context) -> Outcome,
}

/// How a step ended; the text is shown in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Checked and good.
    Passed(String),
    /// Good as far as it could be checked here. Says how far that is, and why.
    Partial(String),
    /// Checked and bad.
    Failed(String),
    /// Does not apply here, or needs what is out of reach. Says why.
    NotRun(String),
    /// It had to run and could not. Says why.
    CouldNotRun(String),
}

impl From<Result<(), String>> for Outcome {
    fn from(result: Result<(), String>) -> Self {
        result.map_or_else(Self::Failed, |()| Self::Passed(String::new()))
    }
}

impl Outcome {
    fn word(&self) -> (Style, &'static str, &str) {
        match self {
            Self::Passed(text) => (GOOD, "passed", text),
            Self::Partial(text) => (MIDDLING, "passed in part", text),
            Self::Failed(text) => (BAD, "failed", text),
            Self::NotRun(text) => (MIDDLING, "not run", text),
            Self::CouldNotRun(text) => (BAD, "could not run", text),
        }
    }
}

/// A step that was played.
#[derive(Debug)]
pub struct Played {
    /// Its name.
    pub name: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
}

/// Plays one step and says so before and after.
pub fn play(step: &Step, number: usize, of: usize, context: &Context) -> Played {
    print(format_args!("\n{BOLD}[{number}/{of}] {}: {}{BOLD:#}\n", step.name, step.about));
    let start = Instant::now();
    let outcome = (step.run)(context);
    let took = start.elapsed();
    let (style, word, text) = outcome.word();
    let text = if text.is_empty() { String::new() } else { format!(": {text}") };
    print(format_args!("{style}{word}{style:#} after {:.1} s{text}\n", took.as_secs_f64()));
    Played { name: step.name, outcome, took }
}

/// The closing table, with the verdict below it.
pub fn table(played: &[Played], verdict: &Verdict) -> String {
    let mut text = format!("\n{BOLD}{:<12} {:<14} {:>8}{BOLD:#}\n", "step", "result", "seconds");
    for Played { name, outcome, took } in played {
        let (style, word, why) = outcome.word();
        let line = format!("{name:<12} {style}{word:<14}{style:#} {:>8.1}  {why}", took.as_secs_f64());
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let total: f64 = played.iter().map(|step| step.took.as_secs_f64()).sum();
    let not_run = played.iter().filter(|step| matches!(step.outcome, Outcome::NotRun(_))).count();
    let left = if not_run == 0 { String::new() } else { format!(", {not_run} not run") };
    let _ = writeln!(text, "\n{} in {total:.0} s{left}", verdict.line());
    text
}

/// What a step that did not run means for the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRun {
    /// It is reported and nothing else.
    Reported,
    /// The result is `could not run`.
    Counts,
}

/// The result of all steps: a failure is worth more than a step that could not run.
pub fn verdict(played: &[Played], not_run: NotRun) -> Verdict {
    let named = |wanted: &dyn Fn(&Outcome) -> bool| -> Vec<&str> {
        played.iter().filter(|step| wanted(&step.outcome)).map(|step| step.name).collect()
    };
    let failed = named(&|outcome| matches!(outcome, Outcome::Failed(_)));
    if !failed.is_empty() {
        return Verdict::Failed(failed.join(", "));
    }
    let stuck = named(&|outcome| match outcome {
        Outcome::CouldNotRun(_) => true,
        Outcome::NotRun(_) => not_run == NotRun::Counts,
        _ => false,
    });
    if !stuck.is_empty() {
        return Verdict::CouldNotRun(stuck.join(", "));
    }
    let partial = played.iter().filter_map(|step| match &step.outcome {
        Outcome::Partial(why) => Some(format!("{}: {why}", step.name)),
        _ => None,
    });
    let partial: Vec<String> = partial.collect();
    if !partial.is_empty() {
        return Verdict::Partial(partial.join("; "));
    }
    if named(&|outcome| matches!(outcome, Outcome::Passed(_))).is_empty() {
        return Verdict::CouldNotRun("no step ran".to_owned());
    }
    Verdict::Good
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(outcomes: &[Outcome]) -> Vec<Played> {
        let played = |outcome: &Outcome| Played { name: "s", outcome: outcome.clone(), took: Duration::ZERO };
        outcomes.iter().map(played).collect()
    }

    #[test]
    fn a_step_that_did_not_run_never_counts_as_passed() {
        let passed = Outcome::Passed(String::new());
        let not_run = Outcome::NotRun("needs root".into());

        assert_eq!(verdict(&played(&[passed.clone(), not_run.clone()]), NotRun::Reported), Verdict::Good);
        assert_eq!(
            verdict(&played(&[passed, not_run.clone()]), NotRun::Counts),
            Verdict::CouldNotRun("s".into())
        );
        assert_eq!(
            verdict(&played(&[not_run]), NotRun::Reported),
            Verdict::CouldNotRun("no step ran".into())
        );
    }

    #[test]
    fn a_step_that_passed_in_part_makes_the_result_partial_and_a_failure_outweighs_it() {
        let partial = Outcome::Partial("9 of 10 tests could not run here".into());
        let passed = Outcome::Passed(String::new());

        let both = verdict(&played(&[passed, partial.clone()]), NotRun::Reported);
        assert_eq!(both, Verdict::Partial("s: 9 of 10 tests could not run here".into()));
        let failed = verdict(&played(&[partial, Outcome::Failed("y".into())]), NotRun::Reported);
        assert_eq!(failed, Verdict::Failed("s".into()));
    }

    #[test]
    fn a_failure_outweighs_what_could_not_run() {
        let both = played(&[Outcome::CouldNotRun("x".into()), Outcome::Failed("y".into())]);

        assert_eq!(verdict(&both, NotRun::Reported), Verdict::Failed("s".into()));
    }

    #[test]
    fn the_table_gives_each_reason() {
        let played = played(&[Outcome::Passed(String::new()), Outcome::NotRun("needs root".into())]);
        let table = anstream::adapter::strip_str(&table(&played, &Verdict::Good)).to_string();

        assert!(table.contains("s            not run             0.0  needs root\n"), "{table}");
        assert!(table.ends_with("passed in 0 s, 1 not run\n"), "{table}");
    }
}
