//! The text of a report.

use std::fmt::Write as _;

use harness::rules;
use harness_explain::explanation::Explanation;
use harness_explain::text;

use crate::report::differs;
use crate::report::summary;
use crate::report::user_run::{Test, UserRun};
use crate::run::gathered::Gathered;

/// How many tests that failed are shown with what they printed; the archive has all.
const SHOWN: usize = 5;
/// How many lines of what a test printed are shown.
const LINES: usize = 60;

/// What a report is made of.
#[derive(Debug)]
pub struct Parts<'a> {
    /// The run.
    pub run: &'a UserRun,
    /// What its tests left.
    pub gathered: &'a Gathered,
    /// Programs with their versions.
    pub versions: &'a [(String, String)],
    /// This process, or why it could not be looked at.
    pub explained: Result<&'a Explanation, &'a str>,
    /// The lines of the kernel's log that tell of refusals, or why it could not be read.
    pub log: &'a Result<Vec<String>, String>,
}

/// The report as Markdown: the verdict first, then what failed, and last the details.
pub fn text(parts: &Parts) -> String {
    let run = parts.run;
    let verdict = plain(&run.verdict.line());
    let mut text = format!("# userns-suite {}: {verdict}\n\n", env!("CARGO_PKG_VERSION"));
    let system = &harness::facts().system;
    let distribution = system.distribution.known().map(|name| format!(", {name}")).unwrap_or_default();
    let _ = writeln!(
        text,
        "Linux {} {}{distribution}; {}, {}\n",
        system.kernel_release,
        system.architecture,
        run.who,
        summary::in_one_line(run)
    );
    failures(&mut text, parts);
    skips(&mut text, run);
    let explained = match parts.explained {
        Ok(explanation) => text::explanation(explanation),
        Err(why) => format!("this process could not be looked at: {why}"),
    };
    details(&mut text, "What the kernel answers to this process", &explained);
    let versions: String = parts.versions.iter().map(|(name, line)| format!("{name:<12} {line}\n")).collect();
    details(&mut text, "Programs", &versions);
    let log = match parts.log {
        Ok(lines) if lines.is_empty() => "no line tells of a refusal".to_owned(),
        Ok(lines) => lines.join("\n"),
        Err(why) => format!("not readable: {why}"),
    };
    details(&mut text, "Kernel log: refusals of security modules and filters", &log);
    details(&mut text, "Facts of the host", &run.facts);
    text
}

/// Each test that failed: the rules, the step that differs, and what it printed.
fn failures(text: &mut String, parts: &Parts) {
    let failed: Vec<&Test> = parts.run.tests.iter().filter(|test| test.end.is_failure()).collect();
    if failed.is_empty() {
        return;
    }
    let _ = writeln!(text, "## Failed\n");
    for (number, test) in failed.iter().enumerate() {
        let pinned = parts.run.rules.get(&test.name).map(Vec::as_slice).unwrap_or_default();
        let differs = parts.run.differences.get(&test.name).and_then(|all| all.first());
        let how = differs.map_or_else(|| test.end.to_string(), |it| differs::with_rule(it, pinned));
        let _ = writeln!(text, "- `{}`: {how}", test.name);
        for rule in pinned.iter().filter_map(|name| rules::find(name)) {
            let _ = writeln!(text, "  - {}: {} ({})", rule.name, rule.sentence, rule.source);
        }
        let output = parts.gathered.outputs.get(&test.name).filter(|_| number < SHOWN);
        if let Some(output) = output {
            let _ = writeln!(text, "\n{}", fenced(&first_lines(output)));
        }
    }
    if failed.len() > SHOWN {
        let _ = writeln!(text, "\nThe archive has what all {} of them printed.", failed.len());
    }
    text.push('\n');
}

fn skips(text: &mut String, run: &UserRun) {
    if run.coverage.reasons.is_empty() {
        return;
    }
    let _ = writeln!(text, "## Could not run here\n");
    for reason in &run.coverage.reasons {
        let _ = writeln!(text, "- {} tests: {}", reason.tests, reason.why);
    }
    text.push('\n');
}

/// A part that a reader opens.
fn details(text: &mut String, title: &str, body: &str) {
    let _ = writeln!(text, "<details><summary>{title}</summary>\n\n{}\n\n</details>\n", fenced(body));
}

/// A block of code whose fence is longer than any in the text.
fn fenced(body: &str) -> String {
    let longest = body.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}", plain(body).trim_end())
}

fn first_lines(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    match lines.len() > LINES {
        true => format!("{}\n... and {} more lines", lines[..LINES].join("\n"), lines.len() - LINES),
        false => lines.join("\n"),
    }
}

/// Text without the colours of a terminal.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{End, Event};
    use crate::report::differs::example;
    use crate::ui::verdict::Verdict;

    #[test]
    fn a_failure_stands_first_with_its_rule_and_its_step() {
        let differs = vec![example(2, "ok", "EPERM", Some("groups.denied"))];
        let end = End::Failed("exit code 101".into());
        let run = UserRun {
            who: "as root (uid 0)".into(),
            tests: vec![Test { name: "a::b".into(), end: end.clone() }],
            rules: [("a::b".to_owned(), vec!["groups.denied".to_owned()])].into(),
            differences: [("a::b".to_owned(), differs.clone())].into(),
            verdict: Verdict::Failed("1 of 1 tests failed".into()),
            ..UserRun::default()
        };
        let mut gathered = Gathered::default();
        let (milliseconds, output) = (1, "```\nwords".into());
        gathered.hear(Event::Ended { test: "a::b".into(), end, milliseconds, output, differences: differs });
        let (explained, log) = (Err("no /proc"), Err("/dev/kmsg: EPERM".to_owned()));
        let parts = Parts { run: &run, gathered: &gathered, versions: &[], explained, log: &log };

        let text = text(&parts);

        assert!(text.contains(": failed: 1 of 1 tests failed\n"), "{text}");
        let line =
            "- `a::b`: groups.denied: inside gid_map <- \"0 own 1\": ok, expected EPERM\n  - groups.denied: ";
        assert!(text.contains(line), "{text}");
        assert!(text.contains("````text\n```\nwords\n````"), "{text}");
        assert!(text.contains("not readable: /dev/kmsg: EPERM"), "{text}");
    }
}
