//! The rules on a terminal or in a bug report.

use std::fmt::Write as _;

use anstyle::Style;
use harness::rules::FAMILIES;

use crate::rules::state::{Ruling, State};
use crate::run::user_run::UserRun;
use harness_program::ui::style::{BAD, BOLD, GOOD, MIDDLING};

/// How much is said of each rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// One line, and more only of rules that differ.
    Short,
    /// Sentence, source and every test.
    Full,
}

/// All rulings by family, and their sums.
pub fn render(rulings: &[Ruling], run: &UserRun, length: Length) -> String {
    let mut text = String::new();
    for family in FAMILIES {
        let mut of_family = rulings
            .iter()
            .filter(|ruling| family.rules.iter().any(|rule| rule.name == ruling.rule.name))
            .peekable();
        if of_family.peek().is_some() {
            let _ = writeln!(text, "\n{BOLD}{}{BOLD:#}", family.title);
        }
        of_family.for_each(|ruling| one(&mut text, ruling, length));
    }
    let count = |word: &str| rulings.iter().filter(|ruling| ruling.state.word() == word).count();
    let noun = if rulings.len() == 1 { "rule" } else { "rules" };
    let _ = writeln!(
        text,
        "\n{} {noun} {}: {} hold, {} differ, {} skipped, {} untested",
        rulings.len(),
        run.who,
        count("holds"),
        count("differs"),
        count("skipped"),
        count("untested")
    );
    text
}

fn one(text: &mut String, ruling: &Ruling, length: Length) {
    let style = style(&ruling.state);
    let tests = match ruling.tests.len() {
        0 => String::new(),
        1 => "1 test".to_owned(),
        number => format!("{number} tests"),
    };
    let (name, outcome) = (ruling.rule.name, ruling.rule.outcome());
    let word = ruling.state.word();
    let line = format!("  {name:<30} {outcome:<24} {tests:>9}  {style}{word}{style:#}{}", why(ruling));
    let _ = writeln!(text, "{line}");
    if length == Length::Full || ruling.state == State::Differs {
        details(text, ruling, length);
    }
}

fn why(ruling: &Ruling) -> String {
    match ruling.state.reason() {
        "" => match ruling.skipped() {
            0 => String::new(),
            skipped => format!(" ({skipped} skipped)"),
        },
        reason => format!(": {reason}"),
    }
}

fn details(text: &mut String, ruling: &Ruling, length: Length) {
    let rule = ruling.rule;
    let since = rule.since.map(|release| format!(" Since Linux {release}.")).unwrap_or_default();
    let _ = writeln!(text, "      {}{since}\n      Source: {}", rule.sentence, rule.source);
    for test in ruling.tests.iter().filter(|test| length == Length::Full || test.end.is_failure()) {
        let reason = if test.reason().is_empty() { String::new() } else { format!(": {}", test.reason()) };
        let _ = writeln!(text, "      {:<8} {}{reason}", test.label(), test.name);
    }
}

fn style(state: &State) -> Style {
    match state {
        State::Holds => GOOD,
        State::Differs => BAD,
        State::Skipped(_) | State::Untested(_) => MIDDLING,
    }
}

#[cfg(test)]
mod tests {
    use harness_program::protocol::End;

    use super::*;
    use crate::catalogue::listing;
    use crate::rules::state::Results;
    use crate::run::junit::Test;

    fn shown(end: End, length: Length) -> String {
        let listed = [listing::tests::test("topic::claim", "t.rs", "claim", &["map.written-once"])];
        let tests = vec![Test { name: "topic::claim".into(), end }];
        let run = UserRun { who: "as root".into(), tests, ..UserRun::default() };
        let ruling = Results::of(&run, &listed).rule(harness::rules::named("map.written-once"));
        anstream::adapter::strip_str(&render(&[ruling], &run, length)).to_string()
    }

    #[test]
    fn a_rule_that_holds_is_a_line() {
        let text = shown(End::Passed, Length::Short);

        let line = "  map.written-once               EPERM                       1 test  holds\n";
        assert!(text.contains(line), "{text}");
        assert!(text.ends_with("1 rule as root: 1 hold, 0 differ, 0 skipped, 0 untested\n"), "{text}");
        assert!(!text.contains("Source"), "{text}");
    }

    #[test]
    fn a_rule_that_differs_names_its_tests_and_its_source() {
        let text = shown(End::TimedOut, Length::Short);

        assert!(text.contains("A map is written once."), "{text}");
        assert!(text.contains("Source: user_namespaces(7)"), "{text}");
        assert!(text.contains("failed   topic::claim"), "{text}");
    }
}
