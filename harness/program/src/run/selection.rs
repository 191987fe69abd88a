//! The tests that the options select.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;

use harness::listing::TestDescription;

use crate::run::options::SelectionOptions;

/// The names of the selected tests, all of them if nothing is asked for.
///
/// # Errors
/// When a word or a rule selects no test, or a name is that of no test.
pub fn selected(tests: &[TestDescription], options: &SelectionOptions) -> Result<BTreeSet<String>, String> {
    if let Some(file) = &options.tests_from {
        return named(tests, &read(file)?);
    }
    for word in &options.filter {
        if !tests.iter().any(|it| it.name.contains(word.as_str())) {
            return Err(format!("no test's name contains {word:?}; `userns-suite list` prints the names"));
        }
    }
    for rule in &options.rule {
        if !tests.iter().any(|it| pins(it, rule)) {
            return Err(format!(
                "no test pins a rule whose name begins with {rule:?}; `userns-suite rules` lists them"
            ));
        }
    }
    let by_word = |it: &&TestDescription| {
        options.filter.is_empty() || options.filter.iter().any(|word| it.name.contains(word.as_str()))
    };
    let by_rule =
        |it: &&TestDescription| options.rule.is_empty() || options.rule.iter().any(|rule| pins(it, rule));
    let names = tests.iter().filter(|it| by_word(it) && by_rule(it));
    let names: BTreeSet<String> = names.map(|it| it.name.clone()).collect();
    match names.is_empty() {
        true => Err("no test is selected by both the words and the rules".to_owned()),
        false => Ok(names),
    }
}

fn pins(test: &TestDescription, rule: &str) -> bool {
    test.rules.iter().any(|name| name.starts_with(rule))
}

fn read(file: &Path) -> Result<String, String> {
    if file == Path::new("-") {
        let mut text = String::new();
        let read = std::io::stdin().read_to_string(&mut text);
        return read.map(|_| text).map_err(|error| format!("cannot read standard input: {error}"));
    }
    std::fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

fn named(tests: &[TestDescription], text: &str) -> Result<BTreeSet<String>, String> {
    let known: BTreeSet<&str> = tests.iter().map(|it| it.name.as_str()).collect();
    let names: BTreeSet<String> = text.lines().map(str::to_owned).filter(|name| !name.is_empty()).collect();
    match names.iter().find(|name| !known.contains(name.as_str())) {
        Some(name) => Err(format!("there is no test {name:?}")),
        None if names.is_empty() => Err("the file names no test".to_owned()),
        None => Ok(names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tests() -> [TestDescription; 2] {
        let test = |name: &str, rule: &str| TestDescription {
            name: name.into(),
            rules: vec![rule.into()],
            ..TestDescription::default()
        };
        [test("map_order::own", "allow.own-id"), test("groups::denied", "groups.denied")]
    }

    fn names(filter: &[&str], rule: &[&str]) -> Result<Vec<String>, String> {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let options = SelectionOptions { filter: words(filter), rule: words(rule), tests_from: None };
        selected(&tests(), &options).map(|names| names.into_iter().collect())
    }

    #[test]
    fn words_and_rules_select_tests() {
        assert_eq!(names(&[], &[]).map(|names| names.len()), Ok(2));
        assert_eq!(names(&["own", "denied"], &[]).map(|names| names.len()), Ok(2));
        assert_eq!(names(&[], &["groups."]), Ok(vec!["groups::denied".to_owned()]));
    }

    #[test]
    fn what_selects_nothing_is_an_error_that_names_it() {
        assert!(names(&["own", "nothing"], &[]).is_err_and(|why| why.contains("contains \"nothing\"")));
        assert!(names(&[], &["amp."]).is_err_and(|why| why.contains("begins with \"amp.\"")));
        assert!(names(&["own"], &["groups."]).is_err_and(|why| why.contains("both")));
    }

    #[test]
    fn a_file_names_tests_that_there_are() {
        assert_eq!(named(&tests(), "groups::denied\n").map(|names| names.len()), Ok(1));
        assert_eq!(named(&tests(), "gone\n"), Err("there is no test \"gone\"".to_owned()));
        assert_eq!(named(&tests(), "\n"), Err("the file names no test".to_owned()));
    }
}
