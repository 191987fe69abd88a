//! The step that differs, in words.

use harness::findings::Difference;

/// How much of a step or an outcome is shown.
const MOST: usize = 60;

/// The step, the kernel's answer and the expected one: `inside gid_map <- "0 own 1": ok, expected EPERM`.
pub fn words(difference: &Difference) -> String {
    let Difference { on, got, expected, .. } = difference;
    format!("{}: {}, expected {}", short(&on.to_string()), short(got), short(expected))
}

/// The same with the rule in front: the one by which the model refuses the step, or else those that the test pins.
pub fn with_rule(difference: &Difference, pinned: &[String]) -> String {
    let rule = difference.rule.clone().unwrap_or_else(|| pinned.join(", "));
    match rule.is_empty() {
        true => words(difference),
        false => format!("{rule}: {}", words(difference)),
    }
}

/// The first line of a text, and of that the beginning if it is long.
pub fn short(text: &str) -> String {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    match (first.char_indices().nth(MOST), lines.next()) {
        (Some((at, _)), _) => format!("{}\u{2026}", &first[..at]),
        (None, Some(_)) => format!("{first}\u{2026}"),
        (None, None) => first.to_owned(),
    }
}

/// A difference for tests.
#[doc(hidden)]
pub fn example(number: usize, got: &str, expected: &str, rule: Option<&str>) -> Difference {
    use harness::findings::{Expecting, Point};
    let on = Point::Step { number, actor: "inside".into(), action: "gid_map <- \"0 own 1\"".into() };
    let by = vec![Expecting::Snapshot, Expecting::Model];
    let rule = rule.map(str::to_owned);
    Difference { scenario: 1, on, got: got.to_owned(), expected: expected.to_owned(), by, rule }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_stands_with_both_answers_and_its_rule() {
        let pinned = ["map.written-once".to_owned()];
        let told = |rule| with_rule(&example(3, "ok", "EPERM", rule), &pinned);

        let step = "inside gid_map <- \"0 own 1\": ok, expected EPERM";
        assert_eq!(told(Some("allow.own-id")), format!("allow.own-id: {step}"));
        assert_eq!(told(None), format!("map.written-once: {step}"));
        assert_eq!(with_rule(&example(3, "ok", "EPERM", None), &[]), step);
        assert_eq!(short("a\nb"), "a\u{2026}");
        assert_eq!(short(&"x".repeat(99)).chars().count(), MOST + 1);
    }
}
