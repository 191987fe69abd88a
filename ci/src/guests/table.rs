//! The kernels side by side, for people.

use std::fmt::Write as _;
use std::path::Path;

use anstyle::Style;
use guest::End;

use crate::guests::compare::{compare, newest};
use crate::guests::expected_failures::{ExpectedFailureSeen, FILE};
use crate::guests::outcome::{Outcome, verdict};
use crate::ui::style::{BAD, BOLD, GOOD, MIDDLING};
use crate::ui::verdict::Verdict;

/// How many failed tests of a kernel are named when not all are asked for.
const FEW: usize = 10;

/// The table, and what there is to say about kernels with failures.
pub fn render(outcomes: &[Outcome], root: &Path, verbose: bool) -> String {
    let mut text = format!("\n{}", table(outcomes, verbose));
    for outcome in outcomes {
        failures(&mut text, outcome, root, verbose);
        differences(&mut text, outcome);
        if verbose {
            skips(&mut text, outcome);
        }
        failure(&mut text, outcome);
    }
    let _ = match verdict(outcomes) {
        Verdict::Good => writeln!(text, "\n{GOOD}passed{GOOD:#}"),
        Verdict::Failed(why) => writeln!(text, "\n{BAD}failed:{BAD:#} {why}"),
        Verdict::CouldNotRun(why) => writeln!(text, "\n{BAD}could not run:{BAD:#} {why}"),
    };
    text
}

fn table(outcomes: &[Outcome], verbose: bool) -> String {
    let newest = newest(outcomes);
    let heading = newest.map_or("differs".to_owned(), |it| format!("differs from {}", it.name));
    let release = |it: &Outcome| it.release.clone().unwrap_or("-".to_owned());
    let width = |of: &dyn Fn(&Outcome) -> usize| outcomes.iter().map(of).max().unwrap_or(0).max(7);
    let (name_width, release_width) = (width(&|it| it.name.len()), width(&|it| release(it).len()));
    let mut text = format!(
        "{BOLD}{:<name_width$}  {:<release_width$}  {:>6}  {:>6}  {:>5}  {:>7}  {:>7}  {heading}{BOLD:#}\n",
        "kernel", "release", "passed", "failed", "known", "skipped", "time"
    );
    for it in outcomes {
        let differs = match (&it.failure, newest) {
            (Some(failure), _) => format!("{BAD}{}{BAD:#}", failure.word()),
            (None, Some(newest)) if newest.name == it.name => "the newest".to_owned(),
            (None, Some(newest)) => compare(it, newest).words(verbose),
            (None, None) => String::new(),
        };
        let failed = if it.failed() > 0 { BAD } else { Style::new() };
        let known = if it.known() > 0 { MIDDLING } else { Style::new() };
        let skipped = if it.skipped() > 0 { MIDDLING } else { Style::new() };
        let _ = writeln!(
            text,
            "{:<name_width$}  {:<release_width$}  {:>6}  {failed}{:>6}{failed:#}  {known}{:>5}{known:#}  {skipped}{:>7}{skipped:#}  {:>5.1} s  {differs}",
            it.name,
            release(it),
            it.passed(),
            it.failed(),
            it.known(),
            it.skipped(),
            it.time.as_secs_f64(),
        );
    }
    text
}

/// Names the tests of a kernel that failed, and where their outputs are.
pub fn failures(text: &mut String, outcome: &Outcome, root: &Path, verbose: bool) {
    let failed: Vec<(u32, &String, &End)> = outcome
        .users
        .iter()
        .flat_map(|user| user.failures().map(|(test, ended)| (user.uid, test, &ended.end)))
        .collect();
    if failed.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{BOLD}{}: failed{BOLD:#}", outcome.name);
    // Hiding a single name saves no line.
    let shown = if verbose || failed.len() <= FEW + 1 { failed.len() } else { FEW };
    for (uid, test, end) in &failed[..shown] {
        let _ = writeln!(text, "  uid {uid:<5}  {test}  {}", words(end));
    }
    if shown < failed.len() {
        let _ = writeln!(text, "  and {} more; --verbose names them", failed.len() - shown);
    }
    let results = outcome.results.strip_prefix(root).unwrap_or(&outcome.results);
    let _ = writeln!(text, "  outputs and snapshots that differ are below {}", results.display());
}

/// What is known that a kernel does otherwise, with how many tests showed it; and what is known no more.
fn differences(text: &mut String, outcome: &Outcome) {
    let shown: Vec<&ExpectedFailureSeen> =
        outcome.differences.iter().filter(|it| !it.tests.is_empty()).collect();
    if !shown.is_empty() {
        let _ = writeln!(text, "\n{BOLD}{}: known differences{BOLD:#}", outcome.name);
    }
    for ExpectedFailureSeen { rule, what, tests, .. } in shown {
        let count = format!("{MIDDLING}{:>6}{MIDDLING:#}", tests.len());
        let _ = writeln!(text, "{count}  {rule}: {what}");
    }
    let gone = || outcome.differences.iter().filter(|it| !it.gone.is_empty());
    if gone().next().is_some() {
        let _ = writeln!(text, "\n{BOLD}{}: passed, and known to fail{BOLD:#}", outcome.name);
    }
    for ExpectedFailureSeen { rule, gone, .. } in gone() {
        for test in gone {
            let _ = writeln!(text, "  {test}  {rule}; remove it from {FILE}, or narrow what covers it");
        }
    }
}

fn skips(text: &mut String, outcome: &Outcome) {
    if outcome.skipped() > 0 {
        let _ = writeln!(text, "\n{BOLD}{}: skipped, and why{BOLD:#}", outcome.name);
    }
    for (reason, tests) in outcome.skips() {
        let _ = writeln!(text, "{MIDDLING}{tests:>6}{MIDDLING:#}  {reason}");
    }
}

/// How a test ended, in words.
pub fn words(end: &End) -> String {
    match end {
        End::Passed => "passed".to_owned(),
        End::Failed(how) => how.clone(),
        End::Crashed(how) => format!("crashed: {how}"),
        End::TimedOut => "timed out and was killed".to_owned(),
    }
}

/// Tells why a kernel could not be judged.
pub fn failure(text: &mut String, outcome: &Outcome) {
    let Some(failure) = &outcome.failure else { return };
    let _ = writeln!(text, "\n{BOLD}{}{BOLD:#} {failure}", outcome.name);
    if !outcome.console.is_empty() {
        let _ = writeln!(text, "  the end of its console:");
    }
    for line in &outcome.console {
        let _ = writeln!(text, "  | {line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guests::failure::RunFailure;
    use crate::guests::outcome::tests::outcome;

    #[test]
    fn kernels_are_side_by_side_and_trouble_is_explained() {
        let new = outcome("debian-7.3", "7.3.4", &[("a", End::Passed), ("b", End::Passed)], &[]);
        let old = outcome("old", "5.10", &[("a", End::Passed), ("b", End::TimedOut)], &[]);
        let broken = Outcome {
            failure: Some(RunFailure::Panicked("Kernel panic - x".into())),
            console: vec!["Kernel panic - x".into()],
            ..outcome("broken", "6.1", &[], &[])
        };

        let text = render(&[new, old, broken], Path::new("/"), false);
        let text = anstream::adapter::strip_str(&text).to_string();
        for line in [
            "kernel      release  passed  failed  known  skipped     time  differs from debian-7.3",
            "debian-7.3  7.3.4         2       0      0        0    9.0 s  the newest",
            "old         5.10          1       1      0        0    9.0 s  b",
            "broken      6.1           0       0      0        0    9.0 s  panicked",
            "  uid 0      b  timed out and was killed",
            "broken panicked: Kernel panic - x",
            "  | Kernel panic - x",
            "could not run: broken panicked: Kernel panic - x; old: 1 of 2 tests failed",
        ] {
            assert!(text.lines().any(|found| found == line), "no line {line:?} in:\n{text}");
        }
    }
}
