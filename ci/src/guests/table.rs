//! The kernels side by side, for people.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use anstyle::Style;

use crate::guests::compare::{compare, newest};
use crate::guests::expected_failures::FILE;
use crate::guests::outcome::{Outcome, verdict};
use crate::guests::start::Start;
use crate::report::record::ExpectedFailureSeen;
use harness_program::ui::style::{BAD, BOLD, MIDDLING};
use harness_program::ui::table::{Side, Table, cell, plain};

/// How many failed tests of a kernel are named when not all are asked for.
const FEW: usize = 10;

/// The table, and what there is to say about kernels with failures.
pub fn render(outcomes: &[Outcome], root: &Path, verbose: bool) -> String {
    let mut text = format!("\n{}", table(outcomes, verbose));
    for outcome in outcomes {
        failures(&mut text, outcome, root, verbose);
        too_slow(&mut text, outcome);
        differences(&mut text, outcome);
        if verbose {
            skips(&mut text, outcome);
        }
        failure(&mut text, outcome);
    }
    let left_out: BTreeSet<&str> = outcomes.iter().filter_map(|it| it.exploration.left_out()).collect();
    for words in left_out {
        let _ = writeln!(text, "\n{words}");
    }
    let _ = writeln!(text, "\n{}", verdict(outcomes).line());
    text
}

fn table(outcomes: &[Outcome], verbose: bool) -> Table {
    let newest = newest(outcomes);
    let heading = newest.map_or("differs".to_owned(), |it| format!("differs from {}", it.name));
    let programs: BTreeSet<&String> = outcomes.iter().flat_map(|it| it.programs.keys()).collect();
    let first = match outcomes.iter().all(|it| it.start == Start::Rootfs) {
        true => "distribution",
        false => "kernel",
    };
    let words = [first, "release"].into_iter().chain(programs.iter().map(|name| name.as_str()));
    let numbers = ["passed", "failed", "known", "skipped", "time"].map(|title| (title, Side::Right));
    let columns =
        words.map(|title| (title, Side::Left)).chain(numbers).chain([(heading.as_str(), Side::Left)]);
    let mut table = Table::new(columns);
    for it in outcomes {
        let differs = match (&it.failure, newest) {
            (Some(failure), _) => cell(failure.word(), BAD),
            (None, Some(newest)) if newest.name == it.name => plain("the newest"),
            (None, Some(newest)) => plain(compare(it, newest).words(verbose)),
            (None, None) => plain(""),
        };
        let version = |name: &&String| plain(it.programs.get(*name).map_or("-", String::as_str));
        let counted = |count: usize, style: Style| cell(count, if count > 0 { style } else { Style::new() });
        let mut row = vec![plain(&it.name), plain(it.release.as_deref().unwrap_or("-"))];
        row.extend(programs.iter().map(version));
        row.extend([
            plain(it.passed()),
            counted(it.failed(), BAD),
            counted(it.known(), MIDDLING),
            counted(it.skipped(), MIDDLING),
            plain(format!("{:.1} s", it.time.as_secs_f64())),
            differs,
        ]);
        table.row(row);
    }
    table
}

/// Names the tests of a kernel that failed, and where their outputs are.
pub fn failures(text: &mut String, outcome: &Outcome, root: &Path, verbose: bool) {
    let failed: Vec<(u32, &String, String)> = outcome
        .users
        .iter()
        .flat_map(|user| user.failures().map(|(test, ended)| (user.uid, test, ended.how())))
        .collect();
    if failed.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{BOLD}{}: failed{BOLD:#}", outcome.name);
    // Hiding a single name saves no line.
    let shown = if verbose || failed.len() <= FEW + 1 { failed.len() } else { FEW };
    for (uid, test, how) in &failed[..shown] {
        let _ = writeln!(text, "  uid {uid:<5}  {test}  {how}");
    }
    if shown < failed.len() {
        let _ = writeln!(text, "  and {} more; --verbose names them", failed.len() - shown);
    }
    let results = outcome.results.strip_prefix(root).unwrap_or(&outcome.results);
    let _ = writeln!(text, "  outputs and snapshots that differ are below {}", results.display());
}

/// The known differences of a kernel, with the number of tests that showed each, and the unexpected passes.
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

/// The tests that the kernel was too slow for.
fn too_slow(text: &mut String, outcome: &Outcome) {
    let slow = || {
        outcome.users.iter().flat_map(|user| user.too_slow().map(move |(test, why)| (user.uid, test, why)))
    };
    if slow().next().is_some() {
        let _ = writeln!(text, "\n{BOLD}{}: too slow here, no rule is broken{BOLD:#}", outcome.name);
    }
    for (uid, test, why) in slow() {
        let _ = writeln!(text, "  uid {uid:<5}  {test}  {why}");
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
    use harness_program::protocol::End;

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
            "kernel      release  passed  failed  known  skipped   time  differs from debian-7.3",
            "debian-7.3  7.3.4         2       0      0        0  9.0 s  the newest",
            "old         5.10          1       1      0        0  9.0 s  b",
            "broken      6.1           0       0      0        0  9.0 s  panicked",
            "  uid 0      b  timed out and was killed",
            "broken panicked: Kernel panic - x",
            "  | Kernel panic - x",
            "could not run: broken panicked: Kernel panic - x; old: 1 of 2 tests failed",
        ] {
            assert!(text.lines().any(|found| found == line), "no line {line:?} in:\n{text}");
        }
    }

    #[test]
    fn distributions_show_their_programs_and_the_last_is_the_newest() {
        let distribution = |name: &str, sudo: &str| {
            let programs = [("sudo".to_owned(), sudo.to_owned())].into();
            Outcome { start: Start::Rootfs, programs, ..outcome(name, "6.18", &[("a", End::Passed)], &[]) }
        };

        let text = render(
            &[distribution("bullseye", "1.9.5"), distribution("trixie", "1.9.16p2")],
            Path::new("/"),
            false,
        );
        let text = anstream::adapter::strip_str(&text).to_string();
        for line in [
            "distribution  release  sudo      passed  failed  known  skipped   time  differs from trixie",
            "bullseye      6.18     1.9.5          1       0      0        0  9.0 s  same",
            "trixie        6.18     1.9.16p2       1       0      0        0  9.0 s  the newest",
        ] {
            assert!(text.lines().any(|found| found == line), "no line {line:?} in:\n{text}");
        }
    }
}
