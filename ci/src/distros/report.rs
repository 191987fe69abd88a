//! The releases side by side, for people and for scripts.

use std::fmt::Write as _;
use std::path::Path;

use anstyle::Style;
use serde_json::{Value, json};

use crate::distros::Played;
use crate::guests::compare::compare;
use crate::guests::outcome::{Outcome, verdict};
use crate::guests::{json, table};
use crate::ui::style::{BAD, BOLD, GOOD, MIDDLING};
use crate::ui::verdict::Verdict;

/// The names of the releases as JSON.
///
/// # Errors
/// When they cannot be written.
pub fn list(releases: &[&str]) -> Result<String, String> {
    json::text(&json!(releases))
}

/// The newest release that was asked in full: they are in the order of their age.
fn newest(played: &[Played]) -> Option<&Outcome> {
    played.iter().rev().map(|it| &it.outcome).find(|outcome| outcome.failure.is_none())
}

/// The table, and what there is to say about releases with failures.
pub fn render(played: &[Played], root: &Path, verbose: bool) -> String {
    let mut text = format!("\n{}", table(played, verbose));
    for Played { outcome, .. } in played {
        table::failures(&mut text, outcome, root, verbose);
        table::failure(&mut text, outcome);
    }
    let outcomes: Vec<Outcome> = played.iter().map(|it| it.outcome.clone()).collect();
    let _ = match verdict(&outcomes) {
        Verdict::Good => writeln!(text, "\n{GOOD}passed{GOOD:#}"),
        Verdict::Failed(why) => writeln!(text, "\n{BAD}failed:{BAD:#} {why}"),
        Verdict::CouldNotRun(why) => writeln!(text, "\n{BAD}could not run:{BAD:#} {why}"),
    };
    text
}

fn table(played: &[Played], verbose: bool) -> String {
    let newest = newest(played);
    let heading = newest.map_or("differs".to_owned(), |it| format!("differs from {}", it.name));
    let cells: Vec<[&str; 4]> = played
        .iter()
        .map(|Played { versions, outcome }| {
            [outcome.name.as_str(), &versions.sudo, &versions.shadow, &versions.util_linux]
        })
        .collect();
    let titles = ["distribution", "sudo", "shadow", "util-linux"];
    let width = |column: usize| cells.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: [usize; 4] = std::array::from_fn(|column| width(column).max(titles[column].len()));
    let line = |row: &[&str; 4]| -> String {
        row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}  ")).collect()
    };
    let mut text = format!(
        "{BOLD}{}{:>6}  {:>6}  {:>7}  {:>7}  {heading}{BOLD:#}\n",
        line(&titles),
        "passed",
        "failed",
        "skipped",
        "time"
    );
    for (row, Played { outcome, .. }) in cells.iter().zip(played) {
        let differs = match (&outcome.failure, newest) {
            (Some(failure), _) => format!("{BAD}{}{BAD:#}", failure.word()),
            (None, Some(newest)) if newest.name == outcome.name => "the newest".to_owned(),
            (None, Some(newest)) => compare(outcome, newest).words(verbose),
            (None, None) => String::new(),
        };
        let failed = if outcome.failed() > 0 { BAD } else { Style::new() };
        let skipped = if outcome.skipped() > 0 { MIDDLING } else { Style::new() };
        let _ = writeln!(
            text,
            "{}{:>6}  {failed}{:>6}{failed:#}  {skipped}{:>7}{skipped:#}  {:>5.1} s  {differs}",
            line(row),
            outcome.passed(),
            outcome.failed(),
            outcome.skipped(),
            outcome.time.as_secs_f64(),
        );
    }
    text
}

/// Everything as JSON, with the end of every test.
///
/// # Errors
/// When it cannot be written.
pub fn json(played: &[Played]) -> Result<String, String> {
    let newest = newest(played);
    let one = |Played { versions, outcome }: &Played| -> Value {
        let difference = newest.filter(|_| outcome.failure.is_none()).map(|newest| compare(outcome, newest));
        json!({
            "name": outcome.name, "sudo": versions.sudo, "shadow": versions.shadow,
            "util_linux": versions.util_linux, "kernel": outcome.release,
            "verdict": json::word_of(&outcome.verdict()),
            "passed": outcome.passed(), "failed": outcome.failed(), "skipped": outcome.skipped(),
            "seconds": outcome.time.as_secs_f64(),
            "trouble": outcome.failure.as_ref().map(ToString::to_string),
            "results": outcome.results,
            "differs": difference.map(|it| json!({"tests": it.tests, "skipped_here": it.skipped_here,
                                                  "skipped_there": it.skipped_there})),
            "legs": outcome.users.iter().map(json::user).collect::<Vec<_>>(),
        })
    };
    let all: Vec<Value> = played.iter().map(one).collect();
    json::text(&json!({"newest": newest.map(|it| &it.name), "distributions": all}))
}

#[cfg(test)]
mod tests {
    use guest::End;

    use super::*;
    use crate::distros::Versions;
    use crate::guests::failure::RunFailure;
    use crate::guests::outcome::tests::outcome;

    fn played() -> [Played; 3] {
        let versions = |sudo: &str| Versions {
            sudo: sudo.to_owned(),
            shadow: "1:4.8".to_owned(),
            util_linux: "2.36".to_owned(),
        };
        let failed = [("a", End::Failed("exit code 101".into())), ("b", End::Passed)];
        let passed = [("a", End::Passed), ("b", End::Passed)];
        let broken =
            Outcome { failure: Some(RunFailure::NotFetched("no".into())), ..outcome("sid", "6", &[], &[]) };
        [
            Played { versions: versions("1.9.5"), outcome: outcome("bullseye", "6", &failed, &[]) },
            Played { versions: versions("1.9.16p2"), outcome: outcome("trixie", "6", &passed, &[]) },
            Played { versions: Versions::default(), outcome: broken },
        ]
    }

    #[test]
    fn releases_are_compared_with_the_newest_that_was_asked() {
        let text = render(&played(), Path::new("/"), false);

        let text = anstream::adapter::strip_str(&text).to_string();
        for line in [
            "distribution  sudo      shadow  util-linux  passed  failed  skipped     time  differs from trixie",
            "bullseye      1.9.5     1:4.8   2.36             1       1        0    9.0 s  a",
            "trixie        1.9.16p2  1:4.8   2.36             2       0        0    9.0 s  the newest",
            "sid                                              0       0        0    9.0 s  not fetched",
            "could not run: sid could not be fetched: no; bullseye: 1 of 2 tests failed",
        ] {
            assert!(text.lines().any(|found| found == line), "no line {line:?} in:\n{text}");
        }
    }

    #[test]
    fn scripts_are_told_the_versions_and_each_end() -> Result<(), Box<dyn std::error::Error>> {
        let value: Value = serde_json::from_str(&json(&played())?)?;

        assert_eq!(value["newest"], "trixie");
        let [old, broken] = [&value["distributions"][0], &value["distributions"][2]];
        assert_eq!((&old["sudo"], &old["verdict"]), (&json!("1.9.5"), &json!("failed")));
        assert_eq!(old["legs"][0]["tests"][0]["how"], "exit code 101");
        assert_eq!(broken["trouble"], "could not be fetched: no");
        Ok(())
    }
}
