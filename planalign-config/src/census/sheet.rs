//! The cells of a census file as text, whatever its format.

/// A table of cells. Rows have the numbers that spreadsheets show.
#[derive(Clone, Debug, Default)]
pub(super) struct Sheet {
    text: String,
    /// Where each cell ends in the text.
    ends: Vec<usize>,
    rows: Vec<RowStart>,
    /// Cells whose type in the file is a date, by index; they are written YYYY-MM-DD.
    typed_dates: Vec<bool>,
}

#[derive(Clone, Copy, Debug)]
struct RowStart {
    number: u64,
    first_cell: usize,
}

/// A row of a [`Sheet`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'s> {
    sheet: &'s Sheet,
    first: usize,
    end: usize,
    /// Its number, as a spreadsheet shows it.
    pub(super) number: u64,
}

impl Sheet {
    /// Starts a row; the following cells belong to it.
    pub(super) fn start_row(&mut self, number: u64) {
        self.rows.push(RowStart { number, first_cell: self.ends.len() });
    }

    /// Adds a cell to the row that was started last.
    pub(super) fn add(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends.push(self.text.len());
    }

    /// Adds a cell that the file stores as a date.
    pub(super) fn add_date(&mut self, date: jiff::civil::Date) {
        self.typed_dates.resize(self.ends.len(), false);
        self.typed_dates.push(true);
        self.add(&date.to_string());
    }

    /// Removes the rows before this one.
    pub(super) fn start_at(&mut self, row: usize) {
        self.rows.drain(..row);
    }

    pub(super) fn row_count(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn row(&self, index: usize) -> Row<'_> {
        let end = self.rows.get(index + 1).map_or(self.ends.len(), |next| next.first_cell);
        Row { sheet: self, first: self.rows[index].first_cell, end, number: self.rows[index].number }
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.rows.len()).map(|index| self.row(index))
    }
}

impl<'s> Row<'s> {
    /// The number of cells.
    pub(super) fn len(self) -> usize {
        self.end - self.first
    }

    /// The cell in a column; empty in a row that is too short.
    pub(super) fn cell(self, column: usize) -> &'s str {
        let index = self.first + column;
        if index >= self.end {
            return "";
        }
        let start = if index == 0 { 0 } else { self.sheet.ends[index - 1] };
        &self.sheet.text[start..self.sheet.ends[index]]
    }

    /// Whether the file stores this cell as a date.
    pub(super) fn is_typed_date(self, column: usize) -> bool {
        self.first + column < self.end && self.sheet.typed_dates.get(self.first + column).copied().unwrap_or(false)
    }

    pub(super) fn cells(self) -> impl Iterator<Item = &'s str> {
        (0..self.len()).map(move |column| self.cell(column))
    }

    /// The cells that aren't blank.
    pub(super) fn filled(self) -> impl Iterator<Item = &'s str> {
        self.cells().map(str::trim).filter(|cell| !cell.is_empty())
    }
}
