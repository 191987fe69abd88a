//! The rules down, the kernels across.

use harness::listing::TestDescription;

use crate::matrix::cell::{self, Cell, STATES, State};
use crate::matrix::merge::Merged;
use crate::report::record::Rule;

/// All that the pages show in their tables.
#[derive(Debug)]
pub struct Grid<'a> {
    /// Families with a rule that some kernel was asked about.
    pub families: Vec<Section<'a>>,
    /// Rules that no test pins.
    pub untested: Vec<&'a Rule>,
    /// The number of rules with tests of which none was selected.
    pub not_asked: usize,
}

/// A family of rules.
#[derive(Debug)]
pub struct Section<'a> {
    /// Its heading.
    pub title: &'a str,
    /// Its rules.
    pub rows: Vec<Row<'a>>,
}

/// One rule on all kernels.
#[derive(Debug)]
pub struct Row<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// The tests that pin it.
    pub tests: Vec<&'a TestDescription>,
    /// A cell for each kernel.
    pub cells: Vec<Cell>,
}

impl Row<'_> {
    /// Whether any kernel differs from the others or from what it did before.
    pub fn differs(&self) -> bool {
        self.cells.iter().any(|cell| cell.state.is_difference() || cell.news.is_some())
    }
}

impl<'a> Grid<'a> {
    /// Judges each rule on each kernel.
    pub fn new(merged: &'a Merged) -> Self {
        let mut grid = Self { families: Vec::new(), untested: Vec::new(), not_asked: 0 };
        for family in &merged.suite.families {
            let mut rows = Vec::new();
            for rule in &family.rules {
                let tests: Vec<&TestDescription> =
                    merged.suite.tests.iter().filter(|test| test.rules.contains(&rule.name)).collect();
                let cells: Vec<Cell> =
                    merged.columns.iter().map(|column| cell::judge(rule, &tests, column, merged)).collect();
                match (tests.is_empty(), cells.iter().all(|cell| cell.state == State::NotAsked)) {
                    (true, _) => grid.untested.push(rule),
                    (_, true) => grid.not_asked += 1,
                    _ => rows.push(Row { rule, tests, cells }),
                }
            }
            if !rows.is_empty() {
                grid.families.push(Section { title: &family.title, rows });
            }
        }
        grid
    }

    /// All rows.
    pub fn rows(&self) -> impl Iterator<Item = &Row<'a>> {
        self.families.iter().flat_map(|family| &family.rows)
    }

    /// How many rules are in each of [`STATES`] on the kernel of this column.
    pub fn counts(&self, column: usize) -> [usize; STATES.len()] {
        STATES.map(|state| self.rows().filter(|row| row.cells[column].state == state).count())
    }
}
