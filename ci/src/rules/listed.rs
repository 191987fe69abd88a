//! What the suite says of its tests: which rules each of them pins.

use harness::rules::{self, Rule};

/// One test, one case of a test of many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// The source file, relative to the workspace.
    pub file: String,
    /// The function that it is a case of.
    pub function: String,
    /// The names of the rules that it pins.
    rules: Vec<String>,
}

impl Listed {
    /// Whether the test pins the rule.
    pub fn pins(&self, rule: &Rule) -> bool {
        self.rules.iter().any(|name| name == rule.name)
    }

    /// A test with these rules.
    #[cfg(test)]
    pub fn new(name: &str, file: &str, function: &str, rules: &[&str]) -> Self {
        let rules = rules.iter().map(|rule| (*rule).to_owned()).collect();
        Self { name: name.to_owned(), file: file.to_owned(), function: function.to_owned(), rules }
    }
}

/// Reads what the suite prints for `--rules`: name, file, function and rules, parted by tabs.
///
/// # Errors
/// Names the first line that is not of that form, or a rule that is not in the table: then the suite was
/// built from other sources than this program.
pub fn parse(text: &str) -> Result<Vec<Listed>, String> {
    if text.is_empty() || !text.ends_with('\n') {
        return Err("the suite's list of tests and rules is empty or cut short".to_owned());
    }
    text.lines().map(line).collect()
}

fn line(line: &str) -> Result<Listed, String> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [name, file, function, pinned] = fields[..] else {
        return Err(format!("the suite's list of tests and rules has a line of another form: {line:?}"));
    };
    let pinned: Vec<String> = pinned.split_whitespace().map(str::to_owned).collect();
    match pinned.iter().find(|rule| !rules::all().any(|known| known.name == **rule)) {
        Some(rule) => {
            Err(format!("{name} pins the rule {rule}, which `cargo ci` does not know: build both anew"))
        }
        None => Ok(Listed { name: name.into(), file: file.into(), function: function.into(), rules: pinned }),
    }
}

/// A line for each function whose tests pin nothing.
pub fn unpinned(tests: &[Listed]) -> Vec<String> {
    let mut bare: Vec<String> = tests
        .iter()
        .filter(|test| test.rules.is_empty())
        .map(|test| format!("{}: {} pins no rule: name one in its attribute", test.file, test.function))
        .collect();
    bare.dedup();
    bare
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_test_with_its_rules() {
        let tests = parse("a::b::c\ttests/a.rs\tb\tmap.written-once text.nul\na::d\ttests/a.rs\td\t\n");

        let expected = [
            Listed::new("a::b::c", "tests/a.rs", "b", &["map.written-once", "text.nul"]),
            Listed::new("a::d", "tests/a.rs", "d", &[]),
        ];
        assert_eq!(tests.as_deref(), Ok(expected.as_slice()));
        assert_eq!(unpinned(&expected), ["tests/a.rs: d pins no rule: name one in its attribute"]);
    }

    #[test]
    fn half_an_answer_is_refused() {
        let short = "the suite's list of tests and rules is empty or cut short";
        let form =
            |line: &str| format!("the suite's list of tests and rules has a line of another form: {line:?}");
        let unknown = "a pins the rule d.e, which `cargo ci` does not know: build both anew";
        for (lie, why) in [
            ("", short.to_owned()),
            ("a\tb\tc\t", short.to_owned()),
            ("a\tb\n", form("a\tb")),
            ("a\tb\tc\td.e\n", unknown.to_owned()),
            ("error: two tests are called a\n", form("error: two tests are called a")),
        ] {
            assert_eq!(parse(lie).err(), Some(why));
        }
    }
}
