//! A table for a terminal: columns as wide as their widest cell, in colour where a terminal wants it.

use std::fmt;

use anstyle::Style;

use crate::ui::style::BOLD;

/// On which side of a column its cells stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// One cell. The style takes no room.
#[derive(Clone, Debug)]
pub struct Cell {
    text: String,
    style: Style,
}

/// A cell in a style.
pub fn cell(text: impl ToString, style: Style) -> Cell {
    Cell { text: text.to_string(), style }
}

/// A cell without a style.
pub fn plain(text: impl ToString) -> Cell {
    cell(text, Style::new())
}

/// Rows of cells below the titles of their columns.
#[derive(Clone, Debug)]
pub struct Table {
    sides: Vec<Side>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these titles, and the side of each column.
    pub fn new<T: ToString>(columns: impl IntoIterator<Item = (T, Side)>) -> Self {
        let (titles, sides) = columns.into_iter().map(|(title, side)| (cell(title, BOLD), side)).unzip();
        Self { sides, rows: vec![titles] }
    }

    /// Adds a row of one cell for each column.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.text.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.sides.len()).map(width).collect();
        for row in &self.rows {
            let mut last = row.len();
            while last > 0 && row[last - 1].text.is_empty() {
                last -= 1;
            }
            for (column, Cell { text, style }) in row[..last].iter().enumerate() {
                let room = " ".repeat(widths[column] - text.chars().count());
                let (before, after) = match self.sides[column] {
                    Side::Right => (room.as_str(), ""),
                    // No blanks at the end of a line.
                    Side::Left if column + 1 == last => ("", ""),
                    Side::Left => ("", room.as_str()),
                };
                let gap = if column == 0 { "" } else { "  " };
                write!(out, "{gap}{before}{style}{text}{style:#}{after}")?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::style::BAD;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_without_its_style() {
        let mut table = Table::new([("kernel", Side::Left), ("failed", Side::Right), ("why", Side::Left)]);
        table.row(vec![plain("a"), cell(7, BAD), plain("")]);
        table.row(vec![plain("überlang"), plain(1234567), plain("it says so")]);

        let text = table.to_string();
        assert!(text.contains(&format!("{BAD}7{BAD:#}")), "{text:?}");
        assert_eq!(
            anstream::adapter::strip_str(&text).to_string(),
            "kernel     failed  why\n\
             a               7\n\
             überlang  1234567  it says so\n"
        );
    }
}
