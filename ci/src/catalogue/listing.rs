//! What the suite says of its tests: which rules each of them pins.

use harness::rules::changes;
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
    pub rules: Vec<String>,
    /// The line of its attribute.
    pub line: u32,
    /// The names of the changes of the kernel, or of programs, by which its outcome varies.
    pub varies: Vec<String>,
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
        let (name, file, function) = (name.to_owned(), file.to_owned(), function.to_owned());
        Self { name, file, function, rules, line: 1, varies: Vec::new() }
    }
}

/// Reads what the suite prints for `--rules`: name, file, function, rules, line and changes, parted by tabs.
///
/// # Errors
/// Names the first line that is not of that form, or a rule or change that is in no table: then the suite was
/// built from other sources than this program.
pub fn parse(text: &str) -> Result<Vec<Listed>, String> {
    if text.is_empty() || !text.ends_with('\n') {
        return Err("the suite's list of tests and rules is empty or cut short".to_owned());
    }
    text.lines().map(line).collect()
}

fn line(line: &str) -> Result<Listed, String> {
    let odd = || format!("the suite's list of tests and rules has a line of another form: {line:?}");
    let fields: Vec<&str> = line.split('\t').collect();
    let [name, file, function, pinned, number, varies] = fields[..] else { return Err(odd()) };
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<String>>();
    let (rules, varies) = (words(pinned), words(varies));
    if let Some(rule) = rules.iter().find(|rule| !rules::all().any(|known| known.name == **rule)) {
        return Err(format!("{name} pins the rule {rule}, which `cargo ci` does not know: build both anew"));
    }
    if let Some(change) =
        varies.iter().find(|change| !changes::variations().any(|known| known.name() == **change))
    {
        return Err(format!("{name} varies by {change}, which `cargo ci` does not know: build both anew"));
    }
    let line = number.parse().map_err(|_| odd())?;
    Ok(Listed { name: name.into(), file: file.into(), function: function.into(), rules, line, varies })
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
        let tests = parse(
            "a::b::c\ttests/a.rs\tb\tmap.written-once text.nul\t1\t\n\
             a::d\ttests/a.rs\td\t\t7\tsaturating-numbers\n",
        );

        let expected = [
            Listed::new("a::b::c", "tests/a.rs", "b", &["map.written-once", "text.nul"]),
            Listed {
                line: 7,
                varies: vec!["saturating-numbers".to_owned()],
                ..Listed::new("a::d", "tests/a.rs", "d", &[])
            },
        ];
        assert_eq!(tests.as_deref(), Ok(expected.as_slice()));
        assert_eq!(unpinned(&expected), ["tests/a.rs: d pins no rule: name one in its attribute"]);
    }

    #[test]
    fn half_an_answer_is_refused() {
        let short = "the suite's list of tests and rules is empty or cut short".to_owned();
        let form =
            |line: &str| format!("the suite's list of tests and rules has a line of another form: {line:?}");
        let unknown = |what: &str| format!("a {what}, which `cargo ci` does not know: build both anew");
        for (lie, why) in [
            ("", short.clone()),
            ("a\tb\tc\t\t1\t", short),
            ("a\tb\n", form("a\tb")),
            ("a\tb\tc\td.e\t1\t\n", unknown("pins the rule d.e")),
            ("a\tb\tc\t\tone\t\n", form("a\tb\tc\t\tone\t")),
            ("a\tb\tc\t\t1\tno-such-change\n", unknown("varies by no-such-change")),
            ("error: two tests are called a\n", form("error: two tests are called a")),
        ] {
            assert_eq!(parse(lie).err(), Some(why));
        }
    }
}
