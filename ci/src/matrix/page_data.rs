//! What the page shows of a cell that is clicked on: each text once, and each line of all texts once, since
//! reproducers have most of their lines in common.

use std::collections::{BTreeMap, HashMap};

use harness::listing::TestDescription;
use harness_program::protocol::End;
use serde::Serialize;

use crate::matrix::cell::{expected, known};
use crate::matrix::difference::unified;
use crate::matrix::grid::Grid;
use crate::matrix::merge::{Column, Merged};
use crate::report::record::{self, Change, TestReport};
use crate::run::differs;

/// The data of the page's script.
#[derive(Debug, Serialize)]
pub struct PageData<'a> {
    kernels: Vec<Kernel<'a>>,
    rules: Vec<Rule<'a>>,
    tests: Vec<ShownTest<'a>>,
    changes: &'a [Change],
    failures: Vec<Failure>,
    /// Each text by the numbers of its lines.
    texts: Vec<Vec<usize>>,
    lines: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Kernel<'a> {
    name: &'a str,
    release: Option<&'a str>,
    failure: Option<&'a str>,
    console: &'a [String],
    lacks: &'a [String],
    users: Vec<UserEnds>,
}

#[derive(Debug, Serialize)]
struct UserEnds {
    uid: u32,
    /// A code for each test: null where nothing was told, 0 where it passed, the number of a text above 0 where
    /// it was skipped, the number of a failure below 0.
    ends: Vec<Option<i64>>,
}

#[derive(Debug, Serialize)]
struct Rule<'a> {
    #[serde(flatten)]
    rule: &'a record::Rule,
    tests: Vec<usize>,
    cells: Vec<(&'static str, &'a str, Option<&'a str>)>,
}

#[derive(Debug, Serialize)]
struct ShownTest<'a> {
    name: &'a str,
    file: &'a str,
    line: u32,
    varies: &'a [String],
    traces: BTreeMap<&'a str, usize>,
}

#[derive(Debug, Serialize)]
struct Failure {
    how: usize,
    known: Option<usize>,
    diff: Option<usize>,
    output: usize,
    reproducers: Vec<(usize, usize)>,
}

/// Texts by number. The first is empty, so that a number above 0 is a text that says something.
#[derive(Debug)]
struct Texts {
    numbers: HashMap<String, usize>,
    all: Vec<Vec<usize>>,
    line_numbers: HashMap<String, usize>,
    lines: Vec<String>,
}

impl Texts {
    fn new() -> Self {
        let (numbers, line_numbers) = (HashMap::new(), HashMap::new());
        let mut texts = Self { numbers, all: Vec::new(), line_numbers, lines: Vec::new() };
        texts.number("");
        texts
    }

    fn number(&mut self, text: &str) -> usize {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        self.numbers.insert(text.to_owned(), self.all.len());
        let lines = text.split('\n').map(|line| self.line(line)).collect();
        self.all.push(lines);
        self.all.len() - 1
    }

    fn line(&mut self, line: &str) -> usize {
        if let Some(number) = self.line_numbers.get(line) {
            return *number;
        }
        self.line_numbers.insert(line.to_owned(), self.lines.len());
        self.lines.push(line.to_owned());
        self.lines.len() - 1
    }
}

impl<'a> PageData<'a> {
    /// All that can be asked of these cells.
    pub fn new(merged: &'a Merged, grid: &'a Grid) -> Self {
        let asked =
            |test: &&TestDescription| merged.columns.iter().any(|column| column.asked.contains(&test.name));
        let tests: Vec<&TestDescription> = merged.suite.tests.iter().filter(asked).collect();
        let numbers: HashMap<&str, usize> =
            tests.iter().enumerate().map(|(number, test)| (test.name.as_str(), number)).collect();
        let (mut texts, mut failures) = (Texts::new(), Vec::new());
        let kernels = merged
            .columns
            .iter()
            .map(|column| kernel(column, merged, (&tests, &numbers), &mut texts, &mut failures))
            .collect();
        let rules = grid.rows().map(|row| Rule {
            rule: row.rule,
            tests: row.tests.iter().filter_map(|test| numbers.get(test.name.as_str()).copied()).collect(),
            cells: row
                .cells
                .iter()
                .map(|cell| (cell.state.word(), cell.text.as_str(), cell.news.as_deref()))
                .collect(),
        });
        let shown = tests.iter().map(|test| shown(test, merged, &mut texts)).collect();
        let rules = rules.collect();
        let changes = &merged.suite.changes;
        Self { kernels, rules, tests: shown, changes, failures, texts: texts.all, lines: texts.lines }
    }
}

fn shown<'a>(test: &'a TestDescription, merged: &'a Merged, texts: &mut Texts) -> ShownTest<'a> {
    let traces = merged.traces.get(&test.name).into_iter().flatten();
    let traces = traces.map(|(variant, trace)| (variant.as_str(), texts.number(trace))).collect();
    ShownTest { name: &test.name, file: &test.file, line: test.line, varies: &test.varies, traces }
}

fn kernel<'a>(
    column: &'a Column,
    merged: &Merged,
    (tests, numbers): (&[&TestDescription], &HashMap<&str, usize>),
    texts: &mut Texts,
    failures: &mut Vec<Failure>,
) -> Kernel<'a> {
    let kernel = &column.kernel;
    let mut users = Vec::new();
    for user in &kernel.users {
        let mut ends = vec![None; tests.len()];
        for ended in &user.tests {
            let Some(number) = numbers.get(ended.name.as_str()) else { continue };
            ends[*number] = Some(match &ended.end {
                End::Passed | End::Flaky => 0,
                // An empty reason would have the number of a test that passed.
                End::Skipped(reason) if reason.is_empty() => code(texts.number("no reason is given")),
                End::Skipped(reason) | End::TooSlow(reason) => code(texts.number(reason)),
                End::Failed(_) | End::Crashed(_) | End::TimedOut => {
                    failures.push(failure(tests[*number], ended, column, merged, texts));
                    -code(failures.len())
                }
            });
        }
        users.push(UserEnds { uid: user.uid, ends });
    }
    Kernel {
        name: &kernel.name,
        release: kernel.release.as_deref(),
        failure: kernel.failure.as_ref().map(|failure| failure.text.as_str()),
        console: &kernel.console,
        lacks: &kernel.lacks,
        users,
    }
}

fn code(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn failure(
    test: &TestDescription,
    ended: &TestReport,
    column: &Column,
    merged: &Merged,
    texts: &mut Texts,
) -> Failure {
    let known = known(test, ended, column).map(|known| match known.since.as_str() {
        "" => known.what.clone(),
        since => format!("{} (since {since})", known.what),
    });
    let traces = expected(test, column, merged).zip(ended.trace());
    let diff = traces.map(|(expected, seen)| unified(expected, seen));
    let mut number = |text: &str| texts.number(text);
    Failure {
        how: number(&how(test, ended)),
        known: known.map(|text| number(&text)),
        diff: diff.map(|text| number(&text)),
        output: number(ended.output()),
        reproducers: ended
            .evidence
            .iter()
            .flat_map(|it| &it.reproducers)
            .map(|(name, text)| (number(name), number(text)))
            .collect(),
    }
}

/// How a test failed: the first step that differs and how many more there are, or else how it ended.
fn how(test: &TestDescription, ended: &TestReport) -> String {
    match ended.differences() {
        [] => ended.end.to_string(),
        [only] => differs::with_rule(only, &test.rules),
        [first, more @ ..] => {
            format!("{}; and {} more differences", differs::with_rule(first, &test.rules), more.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::listing;
    use crate::run::differs::example;

    #[test]
    fn a_failure_names_its_first_step_and_the_number_of_the_others() {
        let test = listing::tests::test("a", "a.rs", "a", &["map.written-once"]);
        let ended = |differences: Vec<_>| TestReport {
            name: "a".into(),
            end: End::Failed("exit code 101".into()),
            seconds: None,
            output: None,
            evidence: Some(record::Evidence { differences, ..Default::default() }),
        };
        let one = || example(3, "ok", "EPERM", None);

        let words = "map.written-once: inside gid_map <- \"0 own 1\": ok, expected EPERM";
        assert_eq!(how(&test, &ended(vec![one()])), words);
        assert_eq!(how(&test, &ended(vec![one(), one()])), format!("{words}; and 1 more differences"));
        assert_eq!(how(&test, &ended(Vec::new())), "exit code 101");
    }

    #[test]
    fn a_text_comes_back_as_it_was_and_is_kept_once() {
        let mut texts = Texts::new();
        for text in ["one\ntwo\n", "two\n\none", "x", "\n", ""] {
            let number = texts.number(text);

            let lines: Vec<&str> = texts.all[number].iter().map(|line| texts.lines[*line].as_str()).collect();
            assert_eq!(lines.join("\n"), text);
            assert_eq!((number, number == 0), (texts.number(text), text.is_empty()));
        }
        assert_eq!((texts.all.len(), texts.lines.len()), (5, 4));
    }
}
