//! A run as KTAP, version 1: a subtest for each topic.
//!
//! Source: Documentation/dev-tools/ktap.rst of the kernel.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use harness::findings::{Difference, Expecting};
use harness::listing::Listing;

use crate::protocol::{End, Event};
use crate::report::user_run::UserRun;

/// A run that is written while it goes on: a topic is printed when its last test is over.
#[derive(Debug)]
pub struct Ktap {
    topics: BTreeMap<String, Topic>,
    rules: BTreeMap<String, Vec<String>>,
    /// How many topics are printed.
    printed: usize,
    header: String,
}

#[derive(Debug, Default)]
struct Topic {
    tests: usize,
    lines: Vec<String>,
    failed: bool,
    ran: bool,
}

impl Ktap {
    /// A run of these tests.
    pub fn begin(listing: &Listing, asked: &BTreeSet<String>) -> Self {
        let mut topics = BTreeMap::<String, Topic>::new();
        for name in asked {
            topics.entry(parts(name).0.to_owned()).or_default().tests += 1;
        }
        let rules = listing.tests.iter().map(|it| (it.test.name.clone(), it.test.rules.clone()));
        let header = format!("KTAP version 1\n1..{}\n", topics.len());
        Self { topics, rules: rules.collect(), printed: 0, header }
    }

    /// What is to be printed after an event.
    pub fn heard(&mut self, event: &Event) -> String {
        let mut text = std::mem::take(&mut self.header);
        match event {
            Event::Skipped { test, reason, .. } => {
                text += &self.over(test, &End::Skipped(reason.clone()), &[], "");
            }
            Event::Ended { test, end, differences, output, .. } => {
                text += &self.over(test, end, differences, output);
            }
            _ => {}
        }
        text
    }

    fn over(&mut self, test: &str, end: &End, differences: &[Difference], output: &str) -> String {
        let (name, case) = parts(test);
        let rules = self.rules.get(test).map(Vec::as_slice).unwrap_or_default();
        let Some(topic) = self.topics.get_mut(name) else { return String::new() };
        topic.lines.push(lines(topic.lines.len() + 1, case, end, (differences, rules), output));
        topic.failed |= end.is_failure();
        topic.ran |= !end.shows_nothing();
        if topic.lines.len() < topic.tests {
            return String::new();
        }
        self.printed += 1;
        let mut text = format!("    KTAP version 1\n    # Subtest: {name}\n    1..{}\n", topic.tests);
        topic.lines.iter().flat_map(|lines| lines.lines()).for_each(|line| {
            let _ = writeln!(text, "    {line}");
        });
        let (not, skip) = (if topic.failed { "not " } else { "" }, if topic.ran { "" } else { " # SKIP" });
        let _ = writeln!(text, "{not}ok {} {name}{skip}", self.printed);
        text
    }

    /// What is to be printed after the last event: why the run ended early, the verdict and the facts as diagnostics.
    pub fn end(self, run: &UserRun) -> String {
        let mut text = self.header;
        let verdict = anstream::adapter::strip_str(&run.verdict.line()).to_string();
        if self.printed < self.topics.len() {
            let _ = writeln!(text, "Bail out! {verdict}");
        }
        let _ = writeln!(text, "# {verdict}\n# {}", run.who);
        run.facts.lines().for_each(|line| {
            let _ = writeln!(text, "# {line}");
        });
        text
    }
}

/// The topic of a test, and the rest of its name.
fn parts(test: &str) -> (&str, &str) {
    test.split_once("::").unwrap_or(("userns", test))
}

/// The result of a test, and before it the diagnostics of one that failed.
fn lines(
    number: usize,
    case: &str,
    end: &End,
    (differences, rules): (&[Difference], &[String]),
    output: &str,
) -> String {
    let mut text = String::new();
    if end.is_failure() {
        let _ = writeln!(text, "# {case}: {}", one_line(&end.to_string()));
        let _ = writeln!(text, "# rules: {}", rules.join(", "));
        differences.iter().for_each(|difference| text += &answers(difference));
        output.lines().filter(|line| !line.trim().is_empty()).for_each(|line| {
            let _ = writeln!(text, "#   {}", printable(line));
        });
    }
    let result = match end {
        End::Passed | End::Flaky => format!("ok {number} {case}"),
        End::Skipped(why) | End::TooSlow(why) => format!("ok {number} {case} # SKIP {}", one_line(why)),
        End::TimedOut => format!("not ok {number} {case} # TIMEOUT"),
        End::Failed(_) | End::Crashed(_) => format!("not ok {number} {case}"),
    };
    text + &result + "\n"
}

/// A step that differs: the answer of the kernel, and that of each who expected another.
fn answers(difference: &Difference) -> String {
    let Difference { on, got, expected, by, rule, .. } = difference;
    let mut text = format!("# {}\n#   kernel    {}\n", one_line(&on.to_string()), one_line(got));
    for expecting in by {
        let who = match expecting {
            Expecting::Snapshot => "snapshot",
            Expecting::Model => "model",
            Expecting::Test => "test",
        };
        let _ = writeln!(text, "#   {who:<9} {}", one_line(expected));
    }
    if let Some(rule) = rule {
        let _ = writeln!(text, "#   rule      {rule}");
    }
    text
}

/// Text in a line. A "#" would begin a directive.
fn one_line(text: &str) -> String {
    printable(text).replace('#', "no.")
}

fn printable(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::differs::example;
    use harness::listing::{ListedTest, TestDescription};

    fn begin(names: &[&str]) -> Ktap {
        let test = |name: &&str| ListedTest {
            test: TestDescription {
                name: (*name).to_owned(),
                rules: vec!["groups.denied".into()],
                ..TestDescription::default()
            },
            ..ListedTest::default()
        };
        let listing = Listing { tests: names.iter().map(test).collect() };
        Ktap::begin(&listing, &names.iter().map(|&name| name.to_owned()).collect())
    }

    fn ended(test: &str, end: End, differences: Vec<Difference>) -> Event {
        Event::Ended { test: test.into(), end, milliseconds: 1, output: "its words\n".into(), differences }
    }

    #[test]
    fn a_topic_is_a_subtest_that_is_printed_when_it_is_over() {
        let mut ktap = begin(&["a::one", "a::two", "b::three"]);
        let skipped =
            Event::Skipped { test: "b::three".into(), reason: "needs #1".into(), everywhere: false };

        let first = ktap.heard(&skipped);
        assert_eq!(ktap.heard(&ended("a::two", End::Passed, Vec::new())), "");
        let last = ktap.heard(&ended("a::one", End::TimedOut, Vec::new()));

        assert_eq!(
            first,
            "KTAP version 1\n1..2\n    KTAP version 1\n    # Subtest: b\n    1..1\n    \
             ok 1 three # SKIP needs no.1\nok 1 b # SKIP\n"
        );
        assert_eq!(
            last,
            "    KTAP version 1\n    # Subtest: a\n    1..2\n    ok 1 two\n    \
             # one: timed out and was killed\n    # rules: groups.denied\n    #   its words\n    \
             not ok 2 one # TIMEOUT\nnot ok 2 a\n"
        );
    }

    #[test]
    fn a_failure_shows_the_answers_and_the_rule() {
        let differs = vec![example(2, "ok", "EPERM", Some("groups.denied"))];

        let text = begin(&["a::one"]).heard(&ended("a::one", End::Failed("exit code 101".into()), differs));

        for line in ["kernel    ok", "snapshot  EPERM", "model     EPERM", "rule      groups.denied"] {
            assert!(text.contains(&format!("    #   {line}\n")), "no {line} in\n{text}");
        }
        assert!(text.ends_with("    not ok 1 one\nnot ok 1 a\n"), "{text}");
    }

    #[test]
    fn a_run_that_ends_early_bails_out() {
        let mut ktap = begin(&["a::one", "b::two"]);
        ktap.heard(&ended("a::one", End::Passed, Vec::new()));
        let verdict = crate::ui::verdict::Verdict::CouldNotRun("interrupted".to_owned());
        let run = UserRun { verdict, facts: "kernel  7.2\n".to_owned(), ..UserRun::default() };

        let text = ktap.end(&run);

        assert!(text.starts_with("Bail out! could not run: interrupted\n"), "{text}");
        assert!(text.ends_with("# kernel  7.2\n"), "{text}");
    }
}
