//! The closing summary of one run of the suite.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use crate::protocol::End;
use anstyle::Style;

use crate::invocation::{self, CARGO};
use crate::report::differs;
use crate::report::user_run::Test;
use crate::report::user_run::UserRun;
use crate::sys::programs;
use crate::ui::style::{BAD, BOLD, GOOD, MIDDLING};

/// How many names of a group are shown when not all are asked for.
const FEW: usize = 5;

/// Which names of a long group are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// All of them.
    All,
    /// The first few.
    Few,
}

impl Names {
    /// All when `--verbose` was given.
    pub fn all_if(verbose: bool) -> Self {
        if verbose { Self::All } else { Self::Few }
    }

    fn of<'a>(self, names: &'a [&'a str]) -> &'a [&'a str] {
        // Hiding a single name saves no line.
        if self == Self::All || names.len() <= FEW + 1 { names } else { &names[..FEW] }
    }
}

/// The summary of a run. Paths below `root` are shown relative to it.
pub fn render(run: &UserRun, root: &Path, names: Names) -> String {
    let sections = [
        host(run),
        skipped(run, names),
        flaky(run),
        too_slow(run),
        failed(run),
        snapshots(run, root),
        figures(run, root),
        programs(run),
        run.verdict.line(),
    ];
    format!(
        "\n{}\n",
        sections.into_iter().filter(|section| !section.is_empty()).collect::<Vec<_>>().join("\n")
    )
}

/// The figures of a run for a table: "12 ran, 3 skipped".
pub fn in_one_line(run: &UserRun) -> String {
    let ran = run.tests.iter().filter(|test| !test.end.shows_nothing());
    format!("{} ran, {} skipped", ran.count(), run.skipped().len())
}

fn heading(text: &str) -> String {
    format!("{BOLD}{text}{BOLD:#}\n")
}

fn host(run: &UserRun) -> String {
    let mut text = heading("host");
    for line in run.facts.trim_end().lines() {
        let _ = writeln!(text, "  {line}");
    }
    text
}

fn skipped(run: &UserRun, names: Names) -> String {
    if run.skipped().is_empty() {
        return String::new();
    }
    let mut text = heading("skipped, and why");
    for (reason, tests) in by_reason(&run.skipped()) {
        let _ = writeln!(text, "{MIDDLING}{:>5}{MIDDLING:#}  {reason}", tests.len());
        let shown = names.of(&tests);
        for name in shown {
            let _ = writeln!(text, "         {name}");
        }
        if shown.len() < tests.len() {
            let _ = writeln!(text, "         and {} more; --verbose names them", tests.len() - shown.len());
        }
    }
    text
}

/// The names of the skipped tests under each reason, the most frequent reason first. Reasons of one need that differ in
/// the step alone are one, and the first of them is shown.
fn by_reason<'a>(skipped: &BTreeMap<&'a str, &'a str>) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut groups: BTreeMap<&str, (&str, Vec<&str>)> = BTreeMap::new();
    for (name, reason) in skipped {
        let need = reason.split_once(": step ").map_or(*reason, |(need, _)| need);
        groups.entry(need).or_insert((reason, Vec::new())).1.push(name);
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    // Stable: reasons with equal counts stay in alphabetical order.
    groups.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    groups
}

fn flaky(run: &UserRun) -> String {
    list("flaky: passed after a try that failed", run, |test| (test.end == End::Flaky).then(String::new))
}

/// What failed: the step that differs, or else how the test ended.
fn failed(run: &UserRun) -> String {
    list("failed", run, |test| {
        let rules = run.rules.get(&test.name).map(Vec::as_slice).unwrap_or_default();
        let differs = run.differences.get(&test.name).and_then(|all| all.first());
        let how = || differs.map_or_else(|| test.end.to_string(), |it| differs::with_rule(it, rules));
        test.end.is_failure().then(how)
    })
}

fn too_slow(run: &UserRun) -> String {
    let slow = |test: &Test| matches!(test.end, End::TooSlow(_)).then(|| test.end.to_string());
    list("too slow here: no rule is broken, and nothing is shown", run, slow)
}

/// How to get the programs that alone keep tests from running.
fn programs(run: &UserRun) -> String {
    let lacking = || run.skipped().into_keys().filter_map(|test| run.programs.get(test));
    let programs: BTreeSet<&str> = lacking().flatten().map(String::as_str).collect();
    match lacking().count() {
        0 => String::new(),
        count => {
            let tests = if count == 1 { "1 test needs" } else { &format!("{count} tests need") };
            let programs: Vec<&str> = programs.into_iter().collect();
            let typed =
                programs::advice(&programs).map(|it| format!(", or as root: {it}")).unwrap_or_default();
            let how = match invocation::name() {
                CARGO => format!("cargo ci suite --setup{typed}"),
                _ => typed.trim_start_matches(", or ").to_owned(),
            };
            let how = if how.is_empty() { how } else { format!(": {how}") };
            format!("{tests} {}{how}\n", programs.join(", "))
        }
    }
}

/// One line a test and end; repetitions of a stress run are counted, not repeated.
fn list(title: &str, run: &UserRun, describe: impl Fn(&Test) -> Option<String>) -> String {
    let mut lines: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for test in &run.tests {
        if let Some(how) = describe(test) {
            *lines.entry((&test.name, how)).or_default() += 1;
        }
    }
    if lines.is_empty() {
        return String::new();
    }
    let width = lines.keys().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text = heading(title);
    for ((name, how), times) in lines {
        let repeated = if times > 1 { format!(" ({times} times)") } else { String::new() };
        let line = format!("  {name:<width$}  {how}{repeated}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// Where snapshots that differ are, and how to review them; nothing if none differ.
pub fn snapshots(run: &UserRun, root: &Path) -> String {
    if run.pending.is_empty() {
        return String::new();
    }
    let dir = run.snapshots.strip_prefix(root).unwrap_or(&run.snapshots);
    let mut text = heading(&format!("snapshots that differ, below {}", dir.display()));
    for file in &run.pending {
        let _ = writeln!(text, "  {}", file.display());
    }
    let _ = writeln!(text, "  to review them, in {}:", root.display());
    let _ = writeln!(text, "  INSTA_PENDING_DIR={} cargo insta review", run.snapshots.display());
    text
}

fn figures(run: &UserRun, root: &Path) -> String {
    let count = |wanted: fn(&End) -> bool| run.tests.iter().filter(|test| wanted(&test.end)).count();
    let rows = [
        ("ran", count(|end| !end.shows_nothing()), BOLD),
        ("passed", count(End::is_pass), GOOD),
        ("failed", count(End::is_failure), BAD),
        ("flaky", count(|end| *end == End::Flaky), MIDDLING),
        ("too slow", count(|end| matches!(end, End::TooSlow(_))), MIDDLING),
        ("skipped", run.skipped().len(), MIDDLING),
    ];
    let mut text = heading(&format!("userns-suite {}", run.who));
    for (what, number, style) in rows {
        let style = if number == 0 { Style::new() } else { style };
        let _ = writeln!(text, "  {what:<8}{style}{number:>6}{style:#}");
    }
    let junit = run.junit.strip_prefix(root).unwrap_or(&run.junit);
    if run.junit.exists() {
        let _ = writeln!(text, "  JUnit     {}", junit.display());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_reason_comes_first() {
        let skipped = BTreeMap::from([("a", "sudo"), ("b", "root"), ("c", "root")]);

        assert_eq!(by_reason(&skipped), [("root", vec!["b", "c"]), ("sudo", vec!["a"])]);
    }

    #[test]
    fn reasons_that_differ_in_the_step_are_one() {
        let first = "needs CAP_CHOWN: step 3 (outside: chown)";
        let skipped = BTreeMap::from([("a", first), ("b", "needs CAP_CHOWN: step 9 (inside: chown)")]);

        assert_eq!(by_reason(&skipped), [(first, vec!["a", "b"])]);
    }
}
