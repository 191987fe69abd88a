//! docs/rules.md: the rules and their tests for readers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use harness::listing::TestDescription;
use harness::rules::{self, FAMILIES, Family, Rule};

use crate::catalogue::listing::pins;

const HEAD: &str = "\
# The rules

This page lists what the Linux kernel does with user namespaces, as far as this suite knows, and the tests that pin
each rule. The outcome is the errno that a program gets when the rule refuses a call, or `ok`. If a rule is younger than
user namespaces (3.8), the column `since` has its first release.

`cargo ci rules` prints which rules hold on a kernel. `cargo ci rules map.written-once` prints everything about one rule.
`cargo ci rules --write` generates this page from `harness/spec/src/rules` and the attributes of the tests.
";

/// The page.
pub fn render(tests: &[TestDescription]) -> String {
    let tested = rules::all().filter(|rule| tests.iter().any(|test| pins(test, rule))).count();
    let mut text = format!("{HEAD}\n{tested} of {} rules have a test.\n", rules::all().count());
    FAMILIES.iter().for_each(|family| section(&mut text, family, tests));
    text
}

fn section(text: &mut String, family: &Family, tests: &[TestDescription]) {
    let _ = writeln!(text, "\n## {}\n", family.title);
    let _ =
        writeln!(text, "| rule | outcome | what the kernel does | since | tests |\n|---|---|---|---|---|");
    for rule in family.rules {
        let cells = [
            format!("`{}`", rule.name),
            rule.outcome(),
            format!("{}<br><sub>{}</sub>", rule.sentence, rule.source),
            rule.since.unwrap_or_default().to_owned(),
            functions(rule, tests),
        ];
        let cells = cells.map(|cell| cell.replace('|', "\\|"));
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
}

/// The functions that pin the rule, by file; or why there are none.
fn functions(rule: &Rule, tests: &[TestDescription]) -> String {
    let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for test in tests.iter().filter(|test| pins(test, rule)) {
        let functions = files.entry(&test.file).or_default();
        if !functions.contains(&test.function.as_str()) {
            functions.push(&test.function);
        }
    }
    if files.is_empty() {
        return format!("none: {}", rule.untested.unwrap_or("no reason is given"));
    }
    let of_file = |(file, functions): (&&str, &Vec<&str>)| {
        let stem = Path::new(file).file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
        let functions: Vec<String> = functions.iter().map(|function| format!("`{function}`")).collect();
        format!("[{stem}](../{file}): {}", functions.join(", "))
    };
    files.iter().map(of_file).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::listing;

    #[test]
    fn a_rule_names_its_functions_once_each() {
        let test =
            |name: &str, file, function| listing::tests::test(name, file, function, &["map.written-once"]);
        let tests = [
            test("a::f::x", "tests/userns/a.rs", "f"),
            test("a::f::y", "tests/userns/a.rs", "f"),
            test("b::g", "tests/userns/b.rs", "g"),
        ];

        let page = render(&tests);

        assert!(
            page.contains("| [a](../tests/userns/a.rs): `f`; [b](../tests/userns/b.rs): `g` |"),
            "{page}"
        );
        assert!(page.contains(&format!("\n1 of {} rules have a test.\n", rules::all().count())), "{page}");
        assert!(page.contains("| none: it needs a security module"), "{page}");
    }
}
