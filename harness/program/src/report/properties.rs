//! The properties of a suite in a JUnit file: the verdict, how much was seen, and the facts of the host.

use quick_junit::{Property, TestSuite};
use serde_json::Value;

use crate::report::coverage::Coverage;
use crate::ui::verdict::Verdict;

/// Adds them all.
pub fn add(
    suite: &mut TestSuite,
    verdict: &Verdict,
    coverage: &Coverage,
    facts: impl IntoIterator<Item = (String, String)>,
) {
    let numbers = [("ran", coverage.ran.to_string()), ("could_not_run", coverage.could_not_run.to_string())];
    suite.add_property(Property::new("verdict", verdict.label()));
    numbers.into_iter().for_each(|(name, value)| {
        suite.add_property(Property::new(name, value));
    });
    for reason in &coverage.reasons {
        let value = format!("{}: {}", reason.tests, reason.why);
        suite.add_property(Property::new("could_not_run.reason", value));
    }
    for family in &coverage.unseen {
        suite.add_property(Property::new("could_not_run.family", family.as_str()));
    }
    for (name, value) in facts {
        suite.add_property(Property::new(format!("host.{name}"), value));
    }
}

/// The facts of a host as names and values: `system.kernel_release`.
pub fn of_facts(facts: &Value) -> Vec<(String, String)> {
    let mut all = Vec::new();
    flatten(facts, String::new(), &mut all);
    all
}

fn flatten(value: &Value, name: String, all: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(field, value)| {
            let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
            flatten(value, name, all);
        }),
        Value::Null => {}
        Value::String(text) => all.push((name, text.clone())),
        other => all.push((name, other.to_string())),
    }
}

/// The facts of a host from the lines of `cargo ci facts`, whose names end at two blanks.
pub fn of_lines(facts: &str) -> Vec<(String, String)> {
    let line = |line: &str| {
        let (name, value) = line.trim().split_once("  ")?;
        Some((name.to_owned(), value.trim().to_owned()))
    };
    facts.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_names_and_values_from_data_and_from_lines() {
        let facts = serde_json::json!({"system": {"kernel_release": "7.2", "page": 4096}, "gone": null});
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());

        assert_eq!(of_facts(&facts), [pair("system.kernel_release", "7.2"), pair("system.page", "4096")]);
        assert_eq!(
            of_lines("kernel version    #1 SMP\n  ...  absent\n"),
            [pair("kernel version", "#1 SMP"), pair("...", "absent")]
        );
    }
}
