//! Excel workbooks.

use std::io::{Cursor, Read};

use calamine::{Data, Range, Reader, Sheets, open_workbook_auto_from_rs};
use jiff::civil::Date;

use super::sheet::Sheet;

/// A workbook that takes more memory than this isn't a census.
const LARGEST: u64 = 2_000_000_000;

/// Why a workbook can't be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum WorkbookProblem {
    /// Not a workbook, or a damaged one.
    Malformed,
    /// It unpacks to more than 2 GB.
    TooLarge,
    /// It has no sheet with this name, but these.
    NoSuchSheet(Vec<String>),
    /// Several sheets have rows.
    SeveralSheets(Vec<String>),
}

/// Reads a sheet of a workbook: the one with this name, or else the only one with rows.
pub(super) fn read(bytes: &[u8], name: Option<&str>) -> Result<Sheet, WorkbookProblem> {
    refuse_large(bytes)?;
    let mut workbook = open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(|_| WorkbookProblem::Malformed)?;
    let names = workbook.sheet_names();
    if let Some(name) = name {
        let Some(found) = names.iter().find(|known| known.trim().eq_ignore_ascii_case(name.trim())) else {
            return Err(WorkbookProblem::NoSuchSheet(names));
        };
        return Ok(sheet(&range(&mut workbook, found)?));
    }
    let mut filled = Vec::new();
    for name in names {
        let range = range(&mut workbook, &name)?;
        // A note to the reader of the workbook isn't a table.
        if range.height() > 1 && range.width() > 1 {
            filled.push((name, range));
        }
    }
    match &filled[..] {
        [(_, only)] => Ok(sheet(only)),
        [] => Ok(Sheet::default()),
        _ => Err(WorkbookProblem::SeveralSheets(filled.into_iter().map(|(name, _)| name).collect())),
    }
}

fn range(workbook: &mut Sheets<Cursor<&[u8]>>, name: &str) -> Result<Range<Data>, WorkbookProblem> {
    workbook.worksheet_range(name).map_err(|_| WorkbookProblem::Malformed)
}

/// Fails if the parts of the workbook unpack to more than 2 GB, whatever they claim.
fn refuse_large(bytes: &[u8]) -> Result<(), WorkbookProblem> {
    // Workbooks of before 2007 aren't packed.
    let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(bytes)) else { return Ok(()) };
    let mut left = LARGEST;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|_| WorkbookProblem::Malformed)?;
        let unpacked =
            std::io::copy(&mut part.take(left + 1), &mut std::io::sink()).map_err(|_| WorkbookProblem::Malformed)?;
        left = left.checked_sub(unpacked).ok_or(WorkbookProblem::TooLarge)?;
    }
    Ok(())
}

fn sheet(range: &Range<Data>) -> Sheet {
    let mut sheet = Sheet::default();
    let (top, left) = range.start().unwrap_or_default();
    for (index, row) in range.rows().enumerate() {
        sheet.start_row(u64::from(top) + index as u64 + 1);
        for _ in 0..left {
            sheet.add("");
        }
        for cell in row {
            add(&mut sheet, cell);
        }
    }
    sheet
}

fn add(sheet: &mut Sheet, cell: &Data) {
    match cell {
        Data::Empty => sheet.add(""),
        Data::DateTime(at) if at.is_datetime() => {
            let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
            let date = i16::try_from(year).ok().zip(i8::try_from(month).ok()).zip(i8::try_from(day).ok());
            match date.and_then(|((year, month), day)| Date::new(year, month, day).ok()) {
                Some(date) if (hour, minute, second) == (0, 0, 0) => sheet.add_date(date),
                Some(date) => sheet.add(&format!("{date} {hour:02}:{minute:02}:{second:02}")),
                None => sheet.add(&at.as_f64().to_string()),
            }
        }
        // What a formula that fails shows is no value, and neither a name nor an amount.
        Data::Error(_) => sheet.add("#N/A"),
        other => sheet.add(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_workbook_is_refused() {
        assert_eq!(read(b"employee_id,pay\n", None).map(|_| ()), Err(WorkbookProblem::Malformed));
        assert_eq!(read(b"PK\x03\x04 and more", None).map(|_| ()), Err(WorkbookProblem::Malformed));
    }
}
