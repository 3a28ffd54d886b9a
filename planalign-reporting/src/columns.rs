//! Borderless tables for the console.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};

/// Spaces between columns.
const GAP: u16 = 2;

/// A column, sized to its widest cell.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    alignment: CellAlignment,
    min_width: u16,
}

impl Column {
    /// A left-aligned column, for text.
    #[must_use]
    pub fn left() -> Self {
        Self { alignment: CellAlignment::Left, min_width: 0 }
    }

    /// A right-aligned column, for numbers.
    #[must_use]
    pub fn right() -> Self {
        Self { alignment: CellAlignment::Right, min_width: 0 }
    }

    /// Sets a minimum width in characters, so that stacked tables line up.
    #[must_use]
    pub fn min_width(self, min_width: u16) -> Self {
        Self { min_width, ..self }
    }
}

/// Lays out rows in these columns, without trailing spaces. A row may have fewer cells than there are columns.
#[must_use]
pub fn in_columns(columns: &[Column], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.add_rows(rows);
    for (column, &Column { alignment, min_width }) in table.column_iter_mut().zip(columns) {
        column.set_padding((0, GAP)).set_cell_alignment(alignment);
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(min_width + GAP)));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(columns: &[Column], rows: &[&[&str]], expect: &str) {
        let rows = rows.iter().map(|row| row.iter().map(|&cell| cell.to_owned()).collect());
        assert_eq!(in_columns(columns, rows), expect);
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let columns = [Column::left(), Column::right(), Column::left()];
        let rows: &[&[&str]] = &[&["a", "1", "x y"], &["bcd", "1,234", "z"], &["  e"]];
        check(&columns, rows, "a        1  x y\nbcd  1,234  z\n  e");
    }

    #[test]
    fn a_column_may_be_wider_than_its_cells() {
        check(&[Column::left().min_width(3), Column::right().min_width(4)], &[&["a", "1"]], "a       1");
        check(&[Column::left().min_width(3), Column::right().min_width(4)], &[&["abcd", "12345"]], "abcd  12345");
    }

    #[test]
    fn no_rows_are_an_empty_text() {
        check(&[Column::left()], &[], "");
    }
}
