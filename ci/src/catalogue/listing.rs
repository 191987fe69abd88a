//! What the suite reports of its tests, held against the rules and changes that this program knows.

use harness::listing::TestDescription;
use harness::rules::changes;
use harness::rules::{self, Rule};

/// Whether the test pins the rule.
pub fn pins(test: &TestDescription, rule: &Rule) -> bool {
    test.rules.iter().any(|name| name == rule.name)
}

/// That this program knows every rule and every change that the tests name.
///
/// # Errors
/// The first that it does not: the suite was built from other sources then.
pub fn known(tests: &[TestDescription]) -> Result<(), String> {
    let anew = "which `cargo ci` does not know: build both anew";
    for TestDescription { name, rules, varies, .. } in tests {
        if let Some(rule) = rules.iter().find(|rule| !rules::all().any(|known| known.name == **rule)) {
            return Err(format!("{name} pins the rule {rule}, {anew}"));
        }
        let is_known = |change: &str| changes::variations().any(|known| known.name() == change);
        if let Some(change) = varies.iter().find(|change| !is_known(change)) {
            return Err(format!("{name} varies by {change}, {anew}"));
        }
    }
    Ok(())
}

/// A line for each function whose tests pin nothing.
pub fn unpinned(tests: &[TestDescription]) -> Vec<String> {
    let mut bare: Vec<String> = tests
        .iter()
        .filter(|test| test.rules.is_empty())
        .map(|test| format!("{}: {} pins no rule: name one in its attribute", test.file, test.function))
        .collect();
    bare.dedup();
    bare
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A test with these rules.
    pub fn test(name: &str, file: &str, function: &str, rules: &[&str]) -> TestDescription {
        let rules = rules.iter().map(|rule| (*rule).to_owned()).collect();
        let (name, file, function) = (name.to_owned(), file.to_owned(), function.to_owned());
        TestDescription { name, file, function, rules, line: 1, varies: Vec::new() }
    }

    #[test]
    fn a_function_that_pins_nothing_is_named_once() {
        let tests = [
            test("a::b::c", "tests/a.rs", "b", &["map.written-once", "text.nul"]),
            test("a::d::x", "tests/a.rs", "d", &[]),
            test("a::d::y", "tests/a.rs", "d", &[]),
        ];

        assert_eq!(unpinned(&tests), ["tests/a.rs: d pins no rule: name one in its attribute"]);
    }

    #[test]
    fn a_rule_or_change_of_other_sources_is_refused() {
        let unknown = |what: &str| Err(format!("a {what}, which `cargo ci` does not know: build both anew"));
        let plain = test("a", "tests/a.rs", "a", &["map.written-once"]);
        let rule = test("a", "tests/a.rs", "a", &["d.e"]);
        let change = TestDescription { varies: vec!["no-such-change".to_owned()], ..plain.clone() };

        assert_eq!(known(&[plain]), Ok(()));
        assert_eq!(known(&[rule]), unknown("pins the rule d.e"));
        assert_eq!(known(&[change]), unknown("varies by no-such-change"));
    }
}
